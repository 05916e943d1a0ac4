"""
Commands: requests that may be refused, and `Record…`, facts from outside that may not.

Each class is one message on one `*.commands.v1` topic, keyed by the aggregate that decides it. The field
that holds that key is the first one of every command. A command's name and version are its headers.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal, dataclass_transform
from uuid import UUID

import msgspec

from schemas.values import Address, Deadlines, LineQuantity, Money, Need, OrderLine


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One command. `VERSION` rises when a field changes its meaning; fields are only ever added."""

    VERSION: ClassVar[int] = 1


# Orders


class RecordOrder(Command):
    """
    The marketplace shows this order as it stood at `updated_at` (marketplace time).

    `status` is the marketplace's word; one we do not know is kept and flagged. `buyer` is the HMAC of shop and
    buyer id. `flags` name what intake had to mend (control characters removed, a total that does not add up …).
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
    shipping_type: Literal["SELLER", "TIKTOK"] = "SELLER"
    content_id: str = ""
    flags: tuple[str, ...] = ()


class RecordCancellation(Command):
    """
    The marketplace tells of a cancellation, as it stood at `cancelled_at` (marketplace time).

    `status` PENDING: the buyer asks, and somebody must answer before `deadline_at`; WITHDRAWN: asks no more;
    COMPLETE: it is done and final. Without `lines` it is the whole order.
    """

    order_id: UUID
    cancelled_at: datetime
    reason: str = ""
    cancel_id: str = ""
    status: Literal["PENDING", "WITHDRAWN", "COMPLETE"] = "COMPLETE"
    lines: tuple[LineQuantity, ...] = ()
    deadline_at: datetime | None = None


class RecordAddress(Command):
    """The marketplace shows another address for this order, as of `updated_at` (marketplace time)."""

    order_id: UUID
    updated_at: datetime
    address: Address


class RecordReturn(Command):
    """The marketplace tells of a return, as it stood at `updated_at`. Without `lines` it is the whole order."""

    order_id: UUID
    return_id: str
    status: str
    updated_at: datetime
    lines: tuple[LineQuantity, ...] = ()


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
    """The marketplace knows of the label and the tracking number."""

    order_id: UUID
    shipment_id: UUID
    pushed_at: datetime


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


# Inventory


class ReserveStock(Command):
    """
    Reserve units for one order, all or nothing; again with a new quantity, deadline or priority.

    `may_ship` is false while the order is unpaid or held: it takes free stock, and is passed over in a queue.
    """

    stock_item_id: UUID
    order_id: UUID
    quantity: int
    priority: int
    created_at: datetime
    number: str
    deadlines: Deadlines = Deadlines()
    may_ship: bool = True


class ReleaseStock(Command):
    """
    Give this order's reservation or place in the queue back, or `quantity` units of it, once per `reference`.

    Units in a printed package stay held until they are put back or handed over.
    """

    stock_item_id: UUID
    order_id: UUID
    reason: str
    quantity: int | None = None
    reference: str = ""


class RecordMovement(Command):
    """
    Units came or went; a correction is signed. The same `reference` and kind counts once.

    A dispatch names the order whose reservation the units leave with, and the shipment as its reference. A put back
    undoes it, or empties a printed package that was not sent.
    """

    stock_item_id: UUID
    kind: Literal["receipt", "dispatch", "put_back", "return_good", "return_damaged", "correction"]
    quantity: int
    reference: str
    occurred_at: datetime
    order_id: UUID | None = None


class RecordPackage(Command):
    """
    A package holds units: `printed` (its label is on paper) or `packed` (the units left the shelf).

    From printed on no decision gives them to others: they leave by hand-over, or come back by a put back.
    """

    stock_item_id: UUID
    order_id: UUID
    shipment_id: UUID
    quantity: int
    stage: Literal["printed", "packed"]
    occurred_at: datetime


class RecordCount(Command):
    """Somebody counted the shelf at `counted_at`; the first count makes the stock known."""

    stock_item_id: UUID
    quantity: int
    counted_at: datetime
    packed_included: bool = False
    reference: str = ""


class DescribeStockItem(Command):
    """Say what a stock item is: the listing that opened it, its label, its weight. What is left out stays."""

    stock_item_id: UUID
    marketplace: str
    shop: str
    sku_id: str
    seller_sku: str = ""
    weight_grams: int | None = None


class MapListing(Command):
    """A listing is made of these parts, units per unit sold; its first part decides. No `seller_sku` links the two."""

    stock_item_id: UUID
    marketplace: str
    shop: str
    sku_id: str
    parts: tuple[Need, ...]
    mapped_at: datetime


class RecordSupply(Command):
    """What is on order for this stock item and when it is due, so that backorders can be promised a date."""

    stock_item_id: UUID
    reorder_id: str
    quantity: int
    due_at: datetime | None


class FillBackorders(Command):
    """Go on filling the queue: the continuation of a receipt that could not fill all of it in one command."""

    stock_item_id: UUID
    set_for: int


# Shipping


class OpenShipment(Command):
    """One package to send: what is in it, where it goes, until when. Repeated: opens once."""

    shipment_id: UUID
    order_id: UUID
    marketplace: str
    shop: str
    order_number: str
    package: str
    contents: tuple[Need, ...]
    lines: tuple[OrderLine, ...]
    address: Address
    deadlines: Deadlines = Deadlines()
    priority: int = 1
    value: Money | None = None


class BuyLabel(Command):
    """Ask for the label again after a refusal or a parked call, on a person's word."""

    shipment_id: UUID
    operator: str = ""


class RecordLabelOutcome(Command):
    """
    What came of asking a carrier for a label.

    `outcome` bought: carrier, tracking number, service and cost are there. refused: `reason`. parked: the outcome
    cannot be learnt without a person. `attempt` names the request that it answers; a late answer of another one is
    ignored.
    """

    shipment_id: UUID
    attempt: int
    outcome: Literal["bought", "refused", "parked"]
    carrier: str = ""
    service: str = ""
    tracking_number: str = ""
    carrier_reference: str = ""
    cost: Money | None = None
    reason: str = ""


class VoidLabel(Command):
    """The order no longer wants this package. `order_id`: whose it was, where it is not known yet."""

    shipment_id: UUID
    reason: str
    order_id: UUID | None = None


class RecordVoidOutcome(Command):
    """What came of asking a carrier to take a label back. `attempt` names the label's own request."""

    shipment_id: UUID
    attempt: int
    outcome: Literal["voided", "refused", "parked"]
    reason: str = ""


class ReplaceLabel(Command):
    """Take the label of this package back and buy another one, on a person's word."""

    shipment_id: UUID
    reason: str
    operator: str = ""


class ReaddressShipment(Command):
    """The package goes to another address, told at `updated_at`; older than the label's source: nothing."""

    shipment_id: UUID
    address: Address
    updated_at: datetime


class StopShipment(Command):
    """Keep this package in the house, unlabelled where it still is, until it is let go or cancelled."""

    shipment_id: UUID
    reason: str


class ResumeShipment(Command):
    """Let a stopped package go on."""

    shipment_id: UUID


class MarkPrinted(Command):
    """The label is on paper. Repeated: once."""

    shipment_id: UUID
    occurred_at: datetime
    operator: str = ""


class MarkPacked(Command):
    """The units are in the parcel. Repeated: once."""

    shipment_id: UUID
    occurred_at: datetime
    operator: str = ""


class PutBack(Command):
    """The units are on the shelf again: a hand-over undone before its first scan, or a printed package emptied."""

    shipment_id: UUID
    occurred_at: datetime
    operator: str = ""


class HandOver(Command):
    """The parcel was given to the carrier. Repeated: once."""

    shipment_id: UUID
    occurred_at: datetime
    operator: str = ""


class RecordScan(Command):
    """A carrier scanned the parcel. `scan_id` is unique per carrier and number; the same scan counts once."""

    shipment_id: UUID
    scan_id: str
    status: Literal["ACCEPTED", "IN_TRANSIT", "DELIVERED", "RETURNED", "EXCEPTION"]
    occurred_at: datetime
    carrier: str = ""
    tracking_number: str = ""
    place: str = ""


# Replenishment


class AssessStockRisk(Command):
    """An order found this stock item short, or its figures, which are those at that event, moved: order or not?"""

    replenishment_id: UUID
    stock_item_id: UUID
    available: int
    backordered: int
    occurred_at: datetime
    stock_unknown: bool = False


class RecordSupplierAnswer(Command):
    """What the supplier said of an order: placed, confirmed with a date, refused, or parked for a person."""

    replenishment_id: UUID
    reorder_id: str
    outcome: Literal["confirmed", "refused", "parked"]
    due_at: datetime | None = None
    supplier_reference: str = ""
    reason: str = ""


class RecordReceipt(Command):
    """Units came in. They fill the named reorder, else the oldest open one. Repeated: once per reference."""

    replenishment_id: UUID
    quantity: int
    reference: str
    occurred_at: datetime


class ApproveReorder(Command):
    """A person lets a prepared order be placed."""

    replenishment_id: UUID
    reorder_id: str
    operator: str = ""


class DeclineReorder(Command):
    """A person refuses a prepared order."""

    replenishment_id: UUID
    reorder_id: str
    reason: str
    operator: str = ""
