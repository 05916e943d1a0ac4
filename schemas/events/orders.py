"""Public events of orders, on orders.events.v1."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from schemas.events.base import Event
from schemas.values import Address, Deadlines, LineQuantity, Money, Need, OrderLine, Value


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
    """
    An update that changes nothing, and why: older, a step back, or the same again.

    `about` names what it was told of where that is not the order itself; the status is then that thing's.
    """

    order_id: UUID
    marketplace_status: str
    updated_at: datetime
    reason: str
    created_at: datetime | None = None
    about: str = ""


class OrderAddressChanged(Event):
    """
    The order goes to another address; `too_late` where a package has left already. `flags`: what was mended.

    The shared packages in `closed` are left, those in `stopped` once they were put back.
    """

    order_id: UUID
    address: Address
    updated_at: datetime
    too_late: bool = False
    fulfilment_state: str = ""
    closed: tuple[UUID, ...] = ()
    stopped: tuple[UUID, ...] = ()
    flags: tuple[str, ...] = ()


class OrderMissing(Event):
    """
    The marketplace spoke of an order `since` then and never showed it; `what` it said first waits until it does.

    `kept` is all that was told of it, in the order in which it came.
    """

    order_id: UUID
    what: str
    since: datetime
    kept: tuple[str, ...] = ()


class OrderAddressMissing(Event):
    """The marketplace let the order go at `since`, and still shows no address."""

    order_id: UUID
    since: datetime


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
    """The buyer asks to cancel, the whole order without `lines`. HELD: a person must answer before `deadline_at`."""

    order_id: UUID
    reason: str
    requested_at: datetime
    cancel_id: str = ""
    lines: tuple[LineQuantity, ...] = ()
    deadline_at: datetime | None = None
    fulfilment_state: str = ""


class OrderCancellationAnswered(Event):
    """
    Somebody, or a rule, answered a buyer's wish to cancel.

    `still_asked`: wishes that are open after it, here and in what else settles one.
    """

    order_id: UUID
    cancel_id: str
    approved: bool
    by: str
    reason: str = ""
    fulfilment_state: str = ""
    still_asked: int = 0


class OrderCancellationWithdrawn(Event):
    """The buyer asks to cancel no more."""

    order_id: UUID
    cancel_id: str
    withdrawn_at: datetime
    fulfilment_state: str = ""
    still_asked: int = 0


class OrderCancellationDue(Event):
    """A buyer's wish to cancel is still unanswered, and its deadline is near."""

    order_id: UUID
    cancel_id: str
    deadline_at: datetime


class OrderLineCancelled(Event):
    """
    Units of some lines are cancelled; `release` goes back to stock.

    The packages in `closed` are replaced, those in `stopped` once they were put back.
    """

    order_id: UUID
    lines: tuple[LineQuantity, ...]
    release: tuple[Need, ...]
    reason: str
    by: str
    cancelled_at: datetime
    closed: tuple[UUID, ...] = ()
    stopped: tuple[UUID, ...] = ()
    fulfilment_state: str = ""
    still_asked: int = 0


class OrderCancelled(Event):
    """The order is cancelled; what it held goes back. `handed_over`: some of it had left, and is not back."""

    order_id: UUID
    reason: str
    cancelled_at: datetime
    by: str
    handed_over: bool = False


class OrderRefunded(Event):
    """The marketplace gave the money back; no goods move by it."""

    order_id: UUID
    refunded_at: datetime


class OrderReturnOpened(Event):
    """
    The buyer sends goods back, all of the order without `lines`: somebody is to inspect them.

    `settled`: nobody is, as it is dropped already, or was inspected before the marketplace told of it.
    """

    order_id: UUID
    return_id: str
    status: str
    updated_at: datetime
    lines: tuple[LineQuantity, ...] = ()
    awaits: tuple[Need, ...] = ()
    settled: bool = False


class OrderReturnAdvanced(Event):
    """
    The marketplace shows a return further on; `dropped`: nothing will come back after all.

    `returns_open` of the order's returns are still to be inspected.
    """

    order_id: UUID
    return_id: str
    status: str
    updated_at: datetime
    dropped: bool = False
    returns_open: int = 0


class OrderGoodsInspected(Event):
    """
    A person booked units that came back, `good` or `damaged`.

    `about` is the return or package that awaited them, empty where none did; it still awaits `left`. `returns_open` and
    `packages_open` of the order are still to be inspected.
    """

    order_id: UUID
    stock_item_id: UUID
    quantity: int
    condition: Literal["good", "damaged"]
    reference: str
    occurred_at: datetime
    about: str = ""
    left: tuple[Need, ...] = ()
    returns_open: int = 0
    packages_open: int = 0


class OrderAlertAcknowledged(Event):
    """Somebody saw an open alert about this order: the one that opened at this log position."""

    order_id: UUID
    kind: str
    opened_position: int
    by: str
    note: str = ""


class OrderRequestRefused(Event):
    """What somebody asked of the order (`cancel`, `split`, …) cannot be, and why."""

    order_id: UUID
    request: str
    reason: str
    operator: str = ""


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
    promised_at: datetime | None = None
    closed: tuple[UUID, ...] = ()


class OrderHoldExpired(Event):
    """The payment did not come in time: what the order held, or queued for, goes back."""

    order_id: UUID
    release: tuple[Need, ...]
    fulfilment_state: str


class OrderReservationsGivenBack(Event):
    """A short item is not promised in time: what the others hold goes to orders that can ship, until it is."""

    order_id: UUID
    release: tuple[Need, ...]


class OrderDelayed(Event):
    """A backordered order was promised a date, and the marketplace is told."""

    order_id: UUID
    promised_at: datetime


class OrderReadyToShip(Event):
    """All units of a package are reserved and the marketplace lets the order go."""

    order_id: UUID
    shipment_id: UUID | None = None
    package: str = ""
    contents: tuple[Need, ...] = ()
    fulfilment_state: str = ""


class OrderSplit(Event):
    """A person sends the order in several packages; those in `closed` are replaced."""

    order_id: UUID
    packages: tuple[tuple[LineQuantity, ...], ...]
    operator: str
    closed: tuple[UUID, ...] = ()
    fulfilment_state: str = ""


class OrderLabelled(Event):
    """A package of this order has its label. `fulfilment_state` is where the order stands after it."""

    order_id: UUID
    shipment_id: UUID
    carrier: str
    tracking_number: str
    fulfilment_state: str = ""


class OrderLabelReplaced(Event):
    """A package was labelled again; its old label is void."""

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
    """One of the order's packages left the house; those in `closed` held the same once more, and are not sent."""

    order_id: UUID
    shipment_id: UUID
    occurred_at: datetime
    closed: tuple[UUID, ...] = ()
    fulfilment_state: str = ""


class OrderShownDispatched(Event):
    """
    The marketplace shows that the order left, and nobody here told of it.

    `contents` went without a package of ours; `closed` are packages that had no label.
    """

    order_id: UUID
    occurred_at: datetime
    contents: tuple[Need, ...] = ()
    closed: tuple[UUID, ...] = ()
    fulfilment_state: str = ""


class OrderPackageMoved(Event):
    """
    A package is `printed`, `put back`, `returned`, or `delivered` while others are not.

    Returned, somebody is to inspect what it `awaits`, unless all of it was booked before (`settled`).
    """

    order_id: UUID
    shipment_id: UUID
    stage: str
    occurred_at: datetime
    awaits: tuple[Need, ...] = ()
    settled: bool = False


class OrderDelivered(Event):
    """Every package was delivered."""

    order_id: UUID
    occurred_at: datetime


class OrderCompleted(Event):
    """The marketplace closed the order."""

    order_id: UUID
    occurred_at: datetime


class OrderPackageOffered(Event):
    """A person sends this order's package and those of the orders in `to` as one parcel."""

    order_id: UUID
    shipment_id: UUID
    package: str
    to: tuple[UUID, ...]
    operator: str = ""


class OrderPackageJoined(Event):
    """What this order had in the packages in `closed` goes in another order's package."""

    order_id: UUID
    shipment_id: UUID
    package: str
    contents: tuple[Need, ...]
    closed: tuple[UUID, ...]
    fulfilment_state: str
    operator: str = ""


class OrderLeftOut(Event):
    """Another order's package did not take this order's lines in: they go in one of their own."""

    order_id: UUID
    shipment_id: UUID
    reason: str
    fulfilment_state: str
