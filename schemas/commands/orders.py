"""Commands for one order."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from schemas.commands.base import Command
from schemas.values import Address, Deadlines, LineQuantity, Money, OrderLine, ShippingType


class RecordOrder(Command):
    """
    The marketplace shows this order as it stood at `updated_at` (marketplace time).

    `status` is the marketplace's word; one we do not know is kept and flagged. `buyer` is the HMAC of shop and
    buyer id. `flags` name what intake had to mend (control characters removed, a total that does not add up …).
    `read`: somebody looked at the marketplace, where the order can be looked at again.
    """

    order_id: UUID
    marketplace: str
    shop: str
    number: str
    status: str
    created_at: datetime
    updated_at: datetime
    lines: tuple[OrderLine, ...]
    total: Money
    paid_at: datetime | None = None
    shipping_fee: Money | None = None
    discount: Money | None = None
    address: Address | None = None
    deadlines: Deadlines = Deadlines()
    buyer: str = ""
    shipping_type: ShippingType = "SELLER"
    content_id: str = ""
    flags: tuple[str, ...] = ()
    read: bool = False


class RecordCancellation(Command):
    """
    The marketplace tells of a cancellation, as it stood at `cancelled_at` (marketplace time).

    `status` PENDING: the buyer asks, and somebody must answer before `deadline_at`; WITHDRAWN: asks no more;
    COMPLETE: it is done and final. Without `lines` it is the whole order, unless `lines_told` says that nobody knows.
    """

    order_id: UUID
    cancelled_at: datetime
    reason: str = ""
    cancel_id: str = ""
    status: Literal["PENDING", "WITHDRAWN", "COMPLETE"] = "COMPLETE"
    lines: tuple[LineQuantity, ...] = ()
    deadline_at: datetime | None = None
    lines_told: bool = True


class RecordAddress(Command):
    """
    The marketplace shows another address for this order, as of `updated_at` (marketplace time).

    `flags` name what intake had to mend, as those of an order do.
    """

    order_id: UUID
    updated_at: datetime
    address: Address
    flags: tuple[str, ...] = ()


class RecordReturn(Command):
    """
    The marketplace tells of a return, as it stood at `updated_at`.

    Without `lines` it is the whole order, unless `lines_told` says that nobody knows.
    """

    order_id: UUID
    return_id: str
    status: str
    updated_at: datetime
    lines: tuple[LineQuantity, ...] = ()
    lines_told: bool = True


class RecordInspection(Command):
    """A person booked units of this order that came back. `about` names the return or package, empty: what awaits."""

    order_id: UUID
    stock_item_id: UUID
    quantity: int
    condition: Literal["good", "damaged"]
    reference: str
    occurred_at: datetime
    about: str = ""


class RecordReservation(Command):
    """A stock item reserved this order's units."""

    order_id: UUID
    stock_item_id: UUID
    quantity: int


class RecordShortage(Command):
    """A stock item has too few units; the order waits there. `promised_at` is None while nothing is on order."""

    order_id: UUID
    stock_item_id: UUID
    quantity: int
    short_by: int
    promised_at: datetime | None = None
    stock_unknown: bool = False


class RecordLabel(Command):
    """A package of this order has its label, or (`refused`) will not get one without a person."""

    order_id: UUID
    shipment_id: UUID
    carrier: str = ""
    tracking_number: str = ""
    refused: str = ""


class RecordFulfilmentPushed(Command):
    """The marketplace knows of the label with this tracking number; without one, of whichever it was."""

    order_id: UUID
    shipment_id: UUID
    pushed_at: datetime
    tracking_number: str = ""


class RecordTracking(Command):
    """A package of this order was printed, put back, handed over, or is on its way, at `occurred_at` (event time)."""

    order_id: UUID
    shipment_id: UUID
    status: Literal["HANDED_OVER", "IN_TRANSIT", "DELIVERED", "RETURNED", "PRINTED", "PUT_BACK"]
    occurred_at: datetime


class HoldOrder(Command):
    """An operator stops work on this order."""

    order_id: UUID
    reason: str
    operator: str = ""


class ReleaseOrder(Command):
    """An operator lets work on this order go on."""

    order_id: UUID
    operator: str = ""


class CancelOrder(Command):
    """An operator cancels this order, or units of some of its lines, once per `reference`."""

    order_id: UUID
    reason: str
    operator: str = ""
    lines: tuple[LineQuantity, ...] = ()
    reference: str = ""


class AnswerCancellation(Command):
    """A person answers a buyer's wish to cancel."""

    order_id: UUID
    cancel_id: str
    approve: bool
    reason: str = ""
    operator: str = ""


class SplitOrder(Command):
    """A person sends the order in several packages: which units of which lines go into each."""

    order_id: UUID
    packages: tuple[tuple[LineQuantity, ...], ...]
    operator: str = ""


class OverridePriority(Command):
    """An operator sets the priority, 1 to 100, with a reason."""

    order_id: UUID
    score: int
    reason: str
    operator: str = ""


class CombineOrders(Command):
    """A person sends the open package of this order and those of others in one parcel, this order's."""

    order_id: UUID
    others: tuple[UUID, ...]
    operator: str = ""


class JoinPackage(Command):
    """Put what this order has in open packages into another order's package, which goes to this address."""

    order_id: UUID
    shipment_id: UUID
    package: str
    marketplace: str
    shop: str
    address: Address
    operator: str = ""


class RecordLeftOut(Command):
    """A package did not take this order's lines in. `joined` is the order's version at which it asked for it."""

    order_id: UUID
    shipment_id: UUID
    joined: int
    reason: str


class AcknowledgeOrderAlert(Command):
    """A person saw the alert of this kind about this order that opened at this log position."""

    order_id: UUID
    kind: str
    opened_position: int
    by: str
    note: str = ""
