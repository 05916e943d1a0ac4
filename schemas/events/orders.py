"""Public events of orders, on orders.events.v1."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from schemas.events.base import Event
from schemas.values import Address, Deadlines, Money, Need, OrderLine, Value


class OrderPlaced(Event):
    """An order was seen for the first time. `needs` is what it asks of stock, over all lines and bundle parts."""

    order_id: UUID
    marketplace: str
    shop: str
    number: str
    marketplace_status: str
    fulfilment_state: str
    created_at: datetime
    updated_at: datetime
    lines: tuple[OrderLine, ...]
    needs: tuple[Need, ...]
    total: Money
    paid_at: datetime | None = None
    address: Address | None = None
    deadlines: Deadlines = Deadlines()
    buyer: str = ""
    shipping_type: str = "SELLER"
    content_id: str = ""
    flags: tuple[str, ...] = ()


class OrderStatusAdvanced(Event):
    """The marketplace's status moved on, as of `updated_at` (marketplace time)."""

    order_id: UUID
    marketplace_status: str
    updated_at: datetime
    fulfilment_state: str
    created_at: datetime | None = None
    paid_at: datetime | None = None
    deadlines: Deadlines | None = None
    address: Address | None = None


class OrderUpdateSuperseded(Event):
    """An update that changes nothing, and why: older, a step back, or the same again."""

    order_id: UUID
    marketplace_status: str
    updated_at: datetime
    reason: str
    created_at: datetime | None = None


class OrderStatusFlagged(Event):
    """The marketplace uses a status that we do not know; the order stays where it was."""

    order_id: UUID
    marketplace_status: str
    updated_at: datetime


class PriorityPoint(Value):
    """One factor of a priority: what went in (`unknown` is a value of its own) and the points it gave."""

    factor: str
    input: str
    points: float


class OrderClassified(Event):
    """How urgent the order is, 1 to 100, and the points of each factor that made it so."""

    order_id: UUID
    score: int
    level: str
    points: tuple[PriorityPoint, ...]
    floor: str = ""
    overridden_by: str = ""
    reason: str = ""


class OrderHeld(Event):
    """A person must act before work goes on."""

    order_id: UUID
    reason: str
    operator: str = ""


class OrderReleased(Event):
    """A hold ended; `fulfilment_state` is where the order goes on."""

    order_id: UUID
    fulfilment_state: str
    operator: str = ""


class OrderCancellationRequested(Event):
    """A cancellation met a package that already has a label: somebody must void it."""

    order_id: UUID
    reason: str
    requested_at: datetime


class OrderCancelled(Event):
    """The order is cancelled; what it held goes back."""

    order_id: UUID
    reason: str
    cancelled_at: datetime
    by: str


class OrderStockReserved(Event):
    """One stock item holds this order's units. `fulfilment_state` is where the order stands after it."""

    order_id: UUID
    stock_item_id: UUID
    quantity: int
    fulfilment_state: str = ""


class OrderBackordered(Event):
    """One stock item has too few units for this order. `fulfilment_state` is where the order stands after it."""

    order_id: UUID
    stock_item_id: UUID
    quantity: int
    short_by: int
    stock_unknown: bool = False
    fulfilment_state: str = ""


class OrderDelayed(Event):
    """A backordered order was promised a date, and the marketplace is told."""

    order_id: UUID
    promised_at: datetime


class OrderReadyToShip(Event):
    """All units are reserved and the marketplace lets the order go."""

    order_id: UUID


class OrderLabelled(Event):
    """A package of this order has its label. `fulfilment_state` is where the order stands after it."""

    order_id: UUID
    shipment_id: UUID
    carrier: str
    tracking_number: str
    fulfilment_state: str = ""


class OrderFulfilled(Event):
    """Every package has its label; the push to the marketplace follows."""

    order_id: UUID


class OrderFulfilmentPushed(Event):
    """The marketplace knows the tracking number."""

    order_id: UUID
    shipment_id: UUID


class OrderDispatched(Event):
    """The first of the order's packages left the house."""

    order_id: UUID
    shipment_id: UUID
    occurred_at: datetime


class OrderDelivered(Event):
    """Every package was delivered."""

    order_id: UUID
    occurred_at: datetime


class OrderCompleted(Event):
    """The marketplace closed the order."""

    order_id: UUID
    occurred_at: datetime
