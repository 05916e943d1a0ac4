"""The private events of an order whose goods come back: told by the marketplace, then looked at by a person."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aggregates.order_event import Event
from aggregates.policies.returning import about_return, is_dropped
from schemas.values import LineQuantity, Need

if TYPE_CHECKING:
    from aggregates.order_state import Order


class ReturnOpened(Event):
    """
    The buyer sends goods back: somebody is to inspect them. Without `lines` it is all of the order.

    `awaits` are the units to inspect, `ahead` those that were booked before the marketplace told of the return. Where
    neither is known, any units settle it.
    """

    TOPIC = "order.return-opened"

    return_id: str
    status: str
    updated_at: datetime
    lines: tuple[LineQuantity, ...]
    awaits: tuple[Need, ...] = ()
    ahead: tuple[Need, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether nothing is left to inspect: it is dropped already, or all of it was booked before."""
        return is_dropped(self.status) or (bool(self.ahead) and not self.awaits)

    def apply(self, aggregate: Order) -> None:
        aggregate.see(f"return {self.return_id}{self.status}", self.updated_at)
        aggregate.coming_back.returns[self.return_id] = (self.updated_at, self.status)
        for need in self.ahead:
            aggregate.coming_back.came_ahead(need.stock_item_id, -need.quantity)
        if not self.settled:
            aggregate.coming_back.expect(about_return(self.return_id), self.awaits)


class ReturnAdvanced(Event):
    """The marketplace shows a return further on; `returns_open` of the order's returns are still to be inspected."""

    TOPIC = "order.return-advanced"

    return_id: str
    status: str
    updated_at: datetime
    returns_open: int = 0

    @property
    def dropped(self) -> bool:
        """Whether nothing will come back after all."""
        return is_dropped(self.status)

    def apply(self, aggregate: Order) -> None:
        aggregate.see(f"return {self.return_id}{self.status}", self.updated_at)
        aggregate.coming_back.returns[self.return_id] = (self.updated_at, self.status)
        if self.dropped:
            aggregate.coming_back.forget(about_return(self.return_id))


class GoodsInspected(Event):
    """
    A person booked units that came back.

    `about` is the return or package that awaited them, empty where none did; it still awaits `left`, where `settled`
    is false. `returns_open` and `packages_open` are what is still to be inspected of the order.
    """

    TOPIC = "order.goods-inspected"

    stock_item_id: UUID
    quantity: int
    condition: Literal["good", "damaged"]
    reference: str
    occurred_at: datetime
    about: str
    settled: bool
    left: tuple[Need, ...]
    returns_open: int
    packages_open: int

    def apply(self, aggregate: Order) -> None:
        goods = aggregate.coming_back
        goods.inspected.add((self.stock_item_id, self.condition, self.reference))
        if not self.about:
            goods.came_ahead(self.stock_item_id, self.quantity)
        elif self.settled:
            goods.forget(self.about)
        else:
            goods.expect(self.about, self.left)
