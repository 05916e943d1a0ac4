"""What every call of the API has: a shop, parameters, a body; and how its parts are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from creatorflow.devstack.simulators.tiktok.answers import BAD_PARAMETERS, Refused
from creatorflow.devstack.simulators.tiktok.shop import Shop

T = TypeVar("T")
PAGE_TOKEN_PREFIX: Final = "from-"  # noqa: S105 - where a page begins is no secret
PAGE_SIZE: Final = 20


class Call(NamedTuple):
    """
    A verified request. `queries` has every value of a parameter, of which most have one.

    `page_shift`: by how many entries the list moved under a reader since the first page; see `Control`. `base`: where
    this simulator is reached.
    """

    shop: Shop
    path: Mapping[str, str]
    queries: Mapping[str, Sequence[str]]
    body: bytes
    page_shift: int = 0
    base: str = ""

    def query(self, name: str) -> str:
        """One parameter; empty where it is absent."""
        return next(iter(self.queries.get(name, ())), "")

    def read(self, kind: type[T]) -> T:
        """The body. Refused: one that lacks a required field, or has a wrong type somewhere."""
        try:
            return msgspec.json.decode(self.body or b"{}", type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Refused(BAD_PARAMETERS, f"invalid parameters: {error}", status=400) from None

    def page(self, entries: Sequence[T], most: int, *, required: bool = False) -> tuple[Sequence[T], dict[str, Any]]:
        """
        One page of all entries, with what is said beside it.

        A token is a place in the list, so that entries which move while somebody reads come twice or not at all.
        """
        text = self.query("page_size")
        size = int(text) if text.isdecimal() else 0 if text or required else PAGE_SIZE
        token = self.query("page_token")
        place = token.removeprefix(PAGE_TOKEN_PREFIX)
        if not 1 <= size <= most:
            raise Refused(BAD_PARAMETERS, f"page_size must be 1 to {most}", status=400)
        if token and not place.isdecimal():
            raise Refused(BAD_PARAMETERS, "page_token is invalid", status=400)
        start = max(0, int(place) + self.page_shift) if token else 0
        end = start + size
        more = f"{PAGE_TOKEN_PREFIX}{end}" if end < len(entries) else ""
        return entries[start:end], {"next_page_token": more, "total_count": len(entries)}


class Endpoint(NamedTuple):
    """One path of the API: the class that its requests count to, and what answers them with `data`."""

    method: str
    path: str
    kind: str
    answer: Callable[[Call], dict[str, Any]]


def within(at: int, ge: int | None, lt: int | None) -> bool:
    """Whether a moment is in a window that may be open at either end."""
    return (ge is None or at >= ge) and (lt is None or at < lt)
