"""
The private events of an order, and how each changes it.

They live beside `order.py` so that a policy may speak of an order's events without its decisions. An event that
moves the order from one state to another carries the state it leads to, decided before it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aggregates.order_cancellation_events import (
    CancellationAnswered,
    CancellationDue,
    CancellationRequested,
    CancellationWithdrawn,
    Cancelled,
    LineCancelled,
    Refunded,
    RequestRefused,
)
from aggregates.order_event import Event, LineParts, Opening, Package, Push, Shortage
from aggregates.order_package_events import (
    Delivered,
    Dispatched,
    Fulfilled,
    FulfilmentPushed,
    LabelBought,
    LabelDeclined,
    LabelReplaced,
    LeftOut,
    PackageJoined,
    PackageMoved,
    PackageOffered,
    ReadyToShip,
    ShownDispatched,
    Split,
)
from aggregates.order_read_events import ReadAsked
from aggregates.order_return_events import GoodsInspected, ReturnAdvanced, ReturnOpened
from schemas.commands import RecordAddress, RecordCancellation, RecordReturn
from schemas.events import PriorityPoint
from schemas.values import Address, Deadlines, Money, Need, OrderLine, ShippingType

if TYPE_CHECKING:
    from aggregates.order_state import Order

__all__ = [
    "AddressChanged",
    "AddressMissing",
    "AlertAcknowledged",
    "Backordered",
    "CancellationAnswered",
    "CancellationDue",
    "CancellationRequested",
    "CancellationWithdrawn",
    "Cancelled",
    "Classified",
    "Completed",
    "Delayed",
    "Delivered",
    "Dispatched",
    "Event",
    "Foretold",
    "Fulfilled",
    "FulfilmentPushed",
    "GoodsInspected",
    "Held",
    "HoldExpired",
    "LabelBought",
    "LabelDeclined",
    "LabelReplaced",
    "LeftOut",
    "LineCancelled",
    "Missing",
    "Package",
    "PackageJoined",
    "PackageMoved",
    "PackageOffered",
    "Placed",
    "PriorityOverridden",
    "Push",
    "ReadAsked",
    "ReadyToShip",
    "Refunded",
    "Released",
    "RequestRefused",
    "ReservationDeclined",
    "ReservationsGivenBack",
    "ReturnAdvanced",
    "ReturnOpened",
    "Shortage",
    "ShownDispatched",
    "Split",
    "StatusAdvanced",
    "StatusFlagged",
    "StockReserved",
    "UpdateSuperseded",
]

Early = RecordCancellation | RecordAddress | RecordReturn
"""What may come before the order that it is about."""

FORETOLD_KEPT = 100
"""How many of the latest messages are kept for an order that was not seen yet."""

SEEN_UPDATES_KEPT = 20
"""How many of the latest updates of one order are remembered, so that a repeat records nothing."""


class Foretold(Opening):
    """The marketplace told something of an order that it has not shown yet. It counts once the order is placed."""

    TOPIC = "order.foretold"

    cancellation: RecordCancellation | None = None
    address: RecordAddress | None = None
    returned: RecordReturn | None = None

    @property
    def command(self) -> Early:
        """What was told."""
        told = self.cancellation or self.address or self.returned
        assert told is not None
        return told

    def apply(self, aggregate: Order) -> None:
        aggregate.foretold = (*aggregate.foretold[1 - FORETOLD_KEPT :], self.command)


class Missing(Event):
    """An order that was foretold was not seen in time; `kept` is what was told of it, in the order in which it came."""

    TOPIC = "order.missing"

    what: str
    since: datetime
    kept: tuple[str, ...] = ()


class Placed(Opening):
    """
    The order was seen for the first time; everything that it is made of.

    `line_parts` is left out where one line asks for all of `needs`. `readable`: it can be read again there.
    """

    TOPIC = "order.placed"

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
    paid_at: datetime | None
    shipping_fee: Money | None
    discount: Money | None
    address: Address | None
    deadlines: Deadlines
    buyer: str
    shipping_type: ShippingType
    content_id: str
    flags: tuple[str, ...]
    line_parts: tuple[LineParts, ...] = ()
    readable: bool = False

    def apply(self, aggregate: Order) -> None:
        aggregate.marketplace = self.marketplace
        aggregate.readable = self.readable
        aggregate.shop = self.shop
        aggregate.number = self.number
        aggregate.status = self.marketplace_status
        aggregate.state = self.fulfilment_state
        aggregate.created_at = self.created_at
        aggregate.updated_at = self.updated_at
        aggregate.unpaid_since = self.created_at
        aggregate.lines = self.lines
        aggregate.note_parts(self.lines, self.needs, self.line_parts)
        aggregate.needs = {need.stock_item_id: need.quantity for need in self.needs}
        aggregate.total = self.total
        aggregate.paid_at = self.paid_at
        aggregate.address = self.address
        aggregate.address_at = self.updated_at
        aggregate.deadlines = self.deadlines
        aggregate.buyer = self.buyer
        aggregate.shipping_type = self.shipping_type
        aggregate.see(self.marketplace_status, self.updated_at)


class StatusAdvanced(Event):
    """An update of the marketplace counts; what is None did not change. Paid with it, `demand` is what it asks."""

    TOPIC = "order.status-advanced"

    marketplace_status: str
    updated_at: datetime
    fulfilment_state: str
    created_at: datetime | None = None
    paid_at: datetime | None = None
    deadlines: Deadlines | None = None
    address: Address | None = None
    demand: tuple[Need, ...] = ()
    buyer: str = ""

    def apply(self, aggregate: Order) -> None:
        aggregate.see(self.marketplace_status, self.updated_at)
        aggregate.status = self.marketplace_status
        aggregate.updated_at = self.updated_at
        aggregate.state = self.fulfilment_state
        aggregate.created_at = self.created_at or aggregate.created_at
        aggregate.paid_at = self.paid_at or aggregate.paid_at
        aggregate.deadlines = self.deadlines or aggregate.deadlines
        if self.address is not None:
            aggregate.address = self.address
            aggregate.address_at = self.updated_at


class AddressChanged(Event):
    """
    The order goes to another address, as the marketplace showed it at `updated_at`.

    `readdress` are the packages that learn of it; `too_late` says that one has left already. `closed` are packages that
    others share, which it leaves, `stopped` those of them that are on paper and wait to be put back.
    """

    TOPIC = "order.address-changed"

    address: Address
    updated_at: datetime
    readdress: tuple[UUID, ...]
    too_late: bool
    fulfilment_state: str
    closed: tuple[UUID, ...] = ()
    stopped: tuple[UUID, ...] = ()
    flags: tuple[str, ...] = ()

    def apply(self, aggregate: Order) -> None:
        aggregate.address = self.address
        aggregate.address_at = self.updated_at
        aggregate.close(self.closed)
        aggregate.withdraw(self.stopped)
        aggregate.state = self.fulfilment_state


class AddressMissing(Event):
    """The marketplace let the order go a while ago, and still shows no address to send it to."""

    TOPIC = "order.address-missing"

    since: datetime

    def apply(self, aggregate: Order) -> None:
        aggregate.address_missed = True


class UpdateSuperseded(Event):
    """
    An update changes nothing, and why; at most it knows of an earlier `created_at`.

    `about` names what it was told of where that is not the order itself; the status is then that thing's.
    """

    TOPIC = "order.update-superseded"

    marketplace_status: str
    updated_at: datetime
    reason: str
    created_at: datetime | None = None
    about: str = ""

    def apply(self, aggregate: Order) -> None:
        aggregate.see(self.about + self.marketplace_status, self.updated_at)
        aggregate.created_at = self.created_at or aggregate.created_at


class StatusFlagged(Event):
    """The marketplace used a status that we do not know; the order stays where it was."""

    TOPIC = "order.status-flagged"

    marketplace_status: str
    updated_at: datetime

    def apply(self, aggregate: Order) -> None:
        aggregate.flagged = (*aggregate.flagged, self.marketplace_status)


class Classified(Event):
    """
    How urgent the order is, and why.

    `reserve` is what stock is asked for with it: each stock item whose reservation is to be made, or to learn
    of a new priority, deadline or permission to ship. Everything that this takes stands in the event.
    `kept_orders` of the buyer is remembered, for a later classification that is not told of it.
    """

    TOPIC = "order.classified"

    score: int
    level: str
    points: tuple[PriorityPoint, ...]
    floor: str
    may_ship: bool
    created_at: datetime
    number: str
    deadlines: Deadlines
    reserve: tuple[Need, ...] = ()
    overridden_by: str = ""
    reason: str = ""
    kept_orders: int | None = None
    paid_at: datetime | None = None
    buyer: str = ""

    def apply(self, aggregate: Order) -> None:
        aggregate.score = self.score
        aggregate.floor = self.floor
        aggregate.asked_to_ship = self.may_ship
        aggregate.kept_orders = self.kept_orders
        aggregate.given_back -= {need.stock_item_id for need in self.reserve}
        if self.reserve:
            aggregate.hold_expired = False


class PriorityOverridden(Event):
    """An operator set the priority; it stands until another override."""

    TOPIC = "order.priority-overridden"

    score: int
    reason: str
    operator: str

    def apply(self, aggregate: Order) -> None:
        aggregate.override = self


class Held(Event):
    """
    A person must act before work goes on. A label that comes after all ends only a hold of its own `kind`.

    `shipments` are packages that will not get a label by themselves; they are asked for again on release. `stop` are
    packages that stay in the house until then.
    """

    TOPIC = "order.held"

    kind: Literal["operator", "review", "label"]
    reason: str
    operator: str = ""
    shipments: tuple[UUID, ...] = ()
    stop: tuple[UUID, ...] = ()

    def apply(self, aggregate: Order) -> None:
        aggregate.hold = self
        aggregate.refused.update(self.shipments)
        aggregate.state = "HELD"


class Released(Event):
    """A hold ended. `retry` are the packages whose label is asked for again, `resume` those that may leave again."""

    TOPIC = "order.released"

    fulfilment_state: str
    operator: str = ""
    retry: tuple[UUID, ...] = ()
    resume: tuple[UUID, ...] = ()

    def apply(self, aggregate: Order) -> None:
        aggregate.hold = None
        aggregate.refused.clear()
        aggregate.state = self.fulfilment_state


class HoldExpired(Event):
    """The payment did not come in time: what the order held, or queued for, goes back."""

    TOPIC = "order.hold-expired"

    release: tuple[Need, ...]
    fulfilment_state: str

    def apply(self, aggregate: Order) -> None:
        aggregate.hold_expired = True
        aggregate.forget_stock()
        aggregate.state = self.fulfilment_state


class StockReserved(Event):
    """One stock item holds this order's units."""

    TOPIC = "order.stock-reserved"

    stock_item_id: UUID
    quantity: int
    fulfilment_state: str

    def apply(self, aggregate: Order) -> None:
        aggregate.reserved[self.stock_item_id] = self.quantity
        aggregate.short.pop(self.stock_item_id, None)
        aggregate.state = self.fulfilment_state


class Backordered(Event):
    """One stock item has too few units; the order waits in its queue, and packages that held them are `closed`."""

    TOPIC = "order.backordered"

    stock_item_id: UUID
    quantity: int
    short_by: int
    stock_unknown: bool
    promised_at: datetime | None
    fulfilment_state: str
    closed: tuple[UUID, ...] = ()

    def apply(self, aggregate: Order) -> None:
        aggregate.reserved.pop(self.stock_item_id, None)
        aggregate.short[self.stock_item_id] = Shortage(self.short_by, self.stock_unknown, self.promised_at)
        aggregate.close(self.closed)
        if self.promised_at is None:
            aggregate.promised_at = None
        aggregate.state = self.fulfilment_state


class ReservationsGivenBack(Event):
    """A short item is not promised in time: what the others hold goes to orders that can ship, until it is."""

    TOPIC = "order.reservations-given-back"

    release: tuple[Need, ...]

    def apply(self, aggregate: Order) -> None:
        for need in self.release:
            aggregate.reserved.pop(need.stock_item_id, None)
            aggregate.given_back.add(need.stock_item_id)


class Delayed(Event):
    """Every short item was promised: the order goes on `promised_at`, which is the latest of their dates."""

    TOPIC = "order.delayed"

    stock_item_id: UUID
    item_promised_at: datetime
    promised_at: datetime
    marketplace: str
    shop: str
    order_number: str

    def apply(self, aggregate: Order) -> None:
        shortage = aggregate.short[self.stock_item_id]
        aggregate.short[self.stock_item_id] = shortage._replace(promised_at=self.item_promised_at)
        aggregate.promised_at = self.promised_at


class ReservationDeclined(Event):
    """A stock item told of units, or of a place in its queue, that the order does not want: they go back."""

    TOPIC = "order.reservation-declined"

    stock_item_id: UUID
    quantity: int
    reason: str


class Completed(Event):
    """The marketplace closed the order."""

    TOPIC = "order.completed"

    occurred_at: datetime


class AlertAcknowledged(Event):
    """Somebody saw the alert of this kind that opened at this log position."""

    TOPIC = "order.alert-acknowledged"

    kind: str
    opened_position: int
    by: str
    note: str

    def apply(self, aggregate: Order) -> None:
        aggregate.acknowledged[self.kind] = self.opened_position
