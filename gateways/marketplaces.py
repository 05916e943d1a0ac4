"""
The door to a marketplace: what is asked of each, in the same words for all.

Every answer says one of the same things. done: it is so there. refused: the marketplace will not (`reason`).
unavailable: surely nothing happened, again after `retry_after` seconds at the earliest; `attempted` is false where
nothing was sent, as while the breaker is open. unknown: it may have happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from schemas.calls import PushDelayCall, PushFulfilmentCall, ReadOrderCall


class Capabilities(NamedTuple):
    """
    What a marketplace can do that not every one can.

    `reads_orders`: an order can be read by its number, and those that changed can be found. `keeps_stock`: it has
    figures of stock that can be read and changed. `backorders`: a listing may be sold beyond its stock, with a time
    until it is sent. `tells_delays`: an order can be told to be late. `answers_cancellations`: a buyer's wish to cancel
    awaits the seller's answer there.
    """

    reads_orders: bool
    keeps_stock: bool
    backorders: bool
    tells_delays: bool
    answers_cancellations: bool


class PushResult(NamedTuple):
    """What came of one push. unknown: pushing again is safe."""

    outcome: Literal["done", "refused", "unavailable", "unknown"]
    reason: str = ""
    retry_after: float | None = None
    attempted: bool = True


DONE = PushResult("done")


class OrderRead(NamedTuple):
    """
    What came of reading one order.

    done: `order` is its raw JSON, as the marketplace's own order call shows one. missing: the marketplace answered, and
    knows no such order. The rest as of a push; reading again is always safe.
    """

    outcome: Literal["done", "refused", "unavailable", "unknown", "missing"]
    reason: str = ""
    retry_after: float | None = None
    attempted: bool = True
    order: bytes = b""


class FoundOrder(NamedTuple):
    """An order that a search found: its number, when it last changed there, and its raw JSON as `OrderRead.order`."""

    number: str
    updated_at: datetime
    order: bytes


class OrdersFound(NamedTuple):
    """One page of a search, the orders that changed first coming first; `next_page` is empty after the last one."""

    result: PushResult
    orders: Sequence[FoundOrder] = ()
    next_page: str = ""


class StockLevel(NamedTuple):
    """
    What a marketplace says of one listing, in units over all its places: what it still offers, and what it sold that is
    not shipped. `locked` is the part of `available` that campaigns and creators hold; `places` how many warehouses or
    locations have it.
    """

    sku_id: str
    available: int
    committed: int
    locked: int = 0
    places: int = 1


class StockRead(NamedTuple):
    """The levels of listings by `sku_id`; one that the marketplace does not know is left out."""

    result: PushResult
    levels: dict[str, StockLevel]


class Backorder(NamedTuple):
    """How many units a listing sells beyond its stock, and within how many days they are sent."""

    quantity: int
    handling_days: int


class StockChange(NamedTuple):
    """
    Units to add to what a listing offers, negative to take away; the figure is never written below 0.

    `backorder` is what else is told of it; None leaves that as it is, a quantity of 0 ends it. `key` is the change's
    own, for a marketplace that takes an idempotency key.
    """

    sku_id: str
    difference: int
    key: str
    backorder: Backorder | None = None


class StockChanged(NamedTuple):
    """
    What came of one change, with the levels before and after it, where they could be read.

    done: `after` is what stands there now; units that were sold in between show in its `committed`. unknown: the levels
    must be read and compared before anything is changed again, as a difference counts twice if it is made twice.
    """

    result: PushResult
    before: StockLevel | None = None
    after: StockLevel | None = None


class Marketplace(Protocol):
    """
    One marketplace, for all its shops. Makes one attempt, and answers for each thing by its place in the list.

    Raises nothing of its own. What it cannot do at all (`capabilities`) it refuses.
    """

    @property
    def name(self) -> str:
        """The marketplace's name in orders: `tiktok`."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    async def push_fulfilment(self, pushes: Sequence[PushFulfilmentCall]) -> Sequence[PushResult]:
        """
        Tell the tracking numbers of packages, up to 50 of one shop.

        Repeated: a package that is known with the same tracking number is done.
        """
        ...

    async def push_delay(self, call: PushDelayCall) -> PushResult:
        """Tell that an order is late, and until when. Repeated: the same date again, harmlessly."""
        ...

    async def read_orders(self, calls: Sequence[ReadOrderCall]) -> Sequence[OrderRead]:
        """Read up to 50 orders of one shop in one request."""
        ...

    async def find_orders(self, shop: str, since: datetime, until: datetime, page: str = "") -> OrdersFound:
        """
        One page of the orders of a shop that changed from `since` until before `until`.

        An order that changes meanwhile moves to the end and shifts those after it, so whoever must miss none looks at
        overlapping spans.
        """
        ...

    async def read_stock(self, shop: str, sku_ids: Sequence[str]) -> StockRead:
        """What the marketplace says of these listings, any number of them."""
        ...

    async def change_stock(self, shop: str, changes: Sequence[StockChange]) -> Sequence[StockChanged]:
        """
        Add to what these listings of a shop offer, each named once, and read back.

        A target is reached by the difference from what is known, never by writing a total: what is sold there in
        between must not be given back.
        """
        ...
