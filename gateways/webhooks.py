"""
The webhook side of a marketplace: who may hand something in, and what it says, in the same words for all.

A door judges a webhook over its raw bytes and headers and knows secrets; a dialect reads what was recorded, is pure and
knows none. A marketplace is one of each, in `gateways.dialects` and in what the ingress is put together from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from schemas.commands import Command, RecordOrder
from schemas.values import Person

Headers = Sequence[tuple[str, bytes]]
"""What stands beside a webhook on its topic."""


class Secret(NamedTuple):
    """A webhook secret, and until when it is valid (None: for good)."""

    value: bytes
    valid_until: datetime | None = None


def valid(secrets: Sequence[Secret]) -> list[bytes]:
    """The secrets that are good now. An empty one never is: it would let everybody sign."""
    now = datetime.now(UTC)
    return [each.value for each in secrets if each.value and (each.valid_until is None or now < each.valid_until)]


class Delivery(NamedTuple):
    """
    A genuine webhook: under which id it is known, where it belongs (None: under its id) and what is written beside it.

    The answer comes within `answer_within_seconds`, or the sender hangs up; `tells_id`: it says what became of which.
    """

    event_id: str
    key: str | None
    headers: tuple[tuple[str, bytes], ...]
    answer_within_seconds: float | None = None
    tells_id: bool = False


class Turned(NamedTuple):
    """A webhook that is not taken: the HTTP status, the word it is counted under, and what of it is our own fault."""

    status: int
    answer: str
    fault: str = ""


BAD_SIGNATURE = Turned(401, "bad_signature")


class WebhookDoor(Protocol):
    """Who may hand in webhooks of one marketplace."""

    @property
    def topic(self) -> str:
        """The topic that the raw bytes stand on."""
        ...

    def admit(self, body: bytes, headers: Mapping[str, str]) -> Delivery | Turned:
        """Judge one webhook; header names have no case. Raises nothing, whatever the bytes are."""
        ...


class Parsed(NamedTuple):
    """
    What a webhook that shows an order says: a command without personal data, and apart from it the person and the
    buyer's outside id, for whoever holds the keys to seal them.
    """

    command: Command
    order_number: str
    shop: str
    buyer_id: str
    person: Person | None


class Hint(NamedTuple):
    """
    What a webhook that shows no order asks for: the orders to be read again (`urgent` where units may come free, or a
    parcel be stopped) and the commands that it is by itself. Nothing of either where it is only kept, and then the shop
    may be anybody's (`only_kept`).

    It was pushed `at`, and says of our access to the shop that it ended, or when it will.
    """

    shop: str
    topic: int | str
    orders: tuple[str, ...] = ()
    urgent: bool = False
    commands: tuple[Command, ...] = ()
    at: datetime | None = None
    access_ended: bool = False
    access_ends_at: datetime | None = None
    only_kept: bool = False


class Shown(NamedTuple):
    """An order without personal data, and apart from it the person and the buyer's id, for whoever seals them."""

    order: RecordOrder
    person: Person | None
    buyer_id: str


class Dialect(NamedTuple):
    """
    How one marketplace writes. Both raise `BadInput` or `BadMessage` naming what is wrong, never its value.

    `parse`: what a recorded webhook says, of its body, what stands beside it, and now. `show`: what an order says that
    was read there, of its JSON, its shop, and now.
    """

    marketplace: str
    topic: str
    parse: Callable[[bytes, Headers, datetime], Parsed | Hint]
    show: Callable[[bytes, str, datetime], Shown]

    @property
    def agent(self) -> str:
        """The agent that reads the topic."""
        return f"intake.{self.marketplace}"
