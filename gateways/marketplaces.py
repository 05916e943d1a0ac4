"""What is asked of a marketplace, in its most general form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from schemas.calls import PushDelayCall, PushFulfilmentCall, ReadOrderCall


class PushResult(NamedTuple):
    """
    What came of one push.

    done: the marketplace knows it. refused: it will not take it (`reason`). unavailable: surely nothing happened,
    again after `retry_after` seconds at the earliest; `attempted` is false where nothing was sent because the breaker
    is open. unknown: it may have happened; pushing again is safe.
    """

    outcome: Literal["done", "refused", "unavailable", "unknown"]
    reason: str = ""
    retry_after: float | None = None
    attempted: bool = True


DONE = PushResult("done")


class OrderRead(NamedTuple):
    """
    What came of reading one order.

    done: `order` is its raw JSON, as the marketplace's own order call shows one. missing: the marketplace answered, and
    knows no such order. refused, unavailable, unknown: as of a push; reading again is always safe.
    """

    outcome: Literal["done", "refused", "unavailable", "unknown", "missing"]
    reason: str = ""
    retry_after: float | None = None
    attempted: bool = True
    order: bytes = b""


class Marketplace(Protocol):
    """
    One marketplace, for all its shops. Makes one attempt, and answers for each push by its place in the list.

    Repeated: a push that the marketplace already knows with the same tracking number is done.
    """

    @property
    def name(self) -> str:
        """The marketplace's name in orders: `tiktok`."""
        ...

    async def push_fulfilment(self, pushes: Sequence[PushFulfilmentCall]) -> Sequence[PushResult]:
        """Tell the tracking numbers of packages, up to 50 in one request. Raises nothing of its own."""
        ...

    async def push_delay(self, call: PushDelayCall) -> PushResult:
        """Tell that an order is late, and until when."""
        ...

    async def read_orders(self, calls: Sequence[ReadOrderCall]) -> Sequence[OrderRead]:
        """Read up to 50 orders of one shop in one request. Raises nothing of its own."""
        ...
