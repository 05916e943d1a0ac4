"""The private event of an order that is to be read again at its marketplace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aggregates.order_event import Event

if TYPE_CHECKING:
    from aggregates.order_state import Order


class ReadAsked(Event):
    """Something is overdue of which the marketplace may have told in vain: the order is read before it counts."""

    TOPIC = "order.read-asked"

    why: Literal["payment", "address"]
    marketplace: str
    shop: str
    order_number: str

    def apply(self, aggregate: Order) -> None:
        aggregate.read_for.add(self.why)
