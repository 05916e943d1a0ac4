"""Public events of packages, on shipping.events.v1."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from schemas.events.base import Event
from schemas.values import Address, Money, Need, Value


class ShipmentOpened(Event):
    """A package is to be sent for one order."""

    shipment_id: UUID
    order_id: UUID
    marketplace: str
    shop: str
    order_number: str
    package: str
    contents: tuple[Need, ...]
    address: Address


class CarrierOption(Value):
    """One carrier that was looked at: its price, or why it cannot take the package."""

    carrier: str
    service: str = ""
    cost: Money | None = None
    refused: str = ""


class CarrierChosen(Event):
    """Which carrier takes the package, and what else was possible."""

    shipment_id: UUID
    carrier: str
    service: str
    cost: Money
    reason: str
    options: tuple[CarrierOption, ...] = ()


class ShipmentHeld(Event):
    """No carrier can take the package as it is: somebody must act."""

    shipment_id: UUID
    reason: str
    options: tuple[CarrierOption, ...] = ()


class LabelRequested(Event):
    """The carrier was asked for one label; `attempt` counts requests that a person started anew."""

    shipment_id: UUID
    carrier: str
    attempt: int


class LabelBought(Event):
    """The carrier sold one label. Not scanned by `scan_by`, somebody should look where the parcel is."""

    shipment_id: UUID
    order_id: UUID
    carrier: str
    service: str
    tracking_number: str
    cost: Money | None = None
    scan_by: datetime | None = None


class LabelRefused(Event):
    """The carrier will not sell a label for this package, which is still to be sent where it is `wanted`."""

    shipment_id: UUID
    order_id: UUID
    reason: str
    wanted: bool = True


class ShipmentParked(Event):
    """
    Whether a label was bought cannot be learnt without a person; nothing is bought again until then.

    Not `wanted`: the package was cancelled meanwhile, and its label may be live.
    """

    shipment_id: UUID
    reason: str
    wanted: bool = True


class LabelWithheld(Event):
    """No carrier was asked: the shop only observes. A person may ask for the label once the shop is live."""

    shipment_id: UUID
    order_id: UUID
    reason: str


class VoidRequested(Event):
    """The carrier was asked to take the label back; from here on its file is not handed out."""

    shipment_id: UUID
    order_id: UUID
    tracking_number: str
    reason: str


class LabelVoided(Event):
    """The carrier took the label back."""

    shipment_id: UUID
    order_id: UUID
    tracking_number: str


class VoidRefused(Event):
    """The carrier will not take the label back: what it cost is lost."""

    shipment_id: UUID
    order_id: UUID
    tracking_number: str
    reason: str
    lost: Money | None = None


class VoidParked(Event):
    """Whether the label was taken back cannot be learnt without a person."""

    shipment_id: UUID
    order_id: UUID
    tracking_number: str
    reason: str


class TrackingNumberShared(Event):
    """The carrier gave this package a number that other packages have or had: the number alone names none of them."""

    shipment_id: UUID
    order_id: UUID
    carrier: str
    tracking_number: str
    others: tuple[UUID, ...]


class ShipmentCancelled(Event):
    """
    The package is not to be sent. `label_live`: it has a label, or may have one.

    `stage` says how far it was: opened, parked, labelled, printed or packed; empty in old events.
    """

    shipment_id: UUID
    order_id: UUID
    reason: str
    label_live: bool = False
    stage: str = ""


class ShipmentCancelledTooLate(Event):
    """The order does not want the package, and it is on its way: its goods are not back until they come."""

    shipment_id: UUID
    order_id: UUID
    reason: str


class ShipmentReaddressed(Event):
    """The package goes to another address. `stage` says how far it was when it learnt of it."""

    shipment_id: UUID
    order_id: UUID
    address: Address
    updated_at: datetime
    stage: str


class ShipmentReaddressedTooLate(Event):
    """The buyer gave another address, and the parcel is on its way to the one on its label."""

    shipment_id: UUID
    order_id: UUID
    updated_at: datetime


class ShipmentStopped(Event):
    """The package stays in the house until it is let go or cancelled."""

    shipment_id: UUID
    order_id: UUID
    reason: str


class ShipmentResumed(Event):
    """This order stops the package no more; `stopped` says why another one still does."""

    shipment_id: UUID
    order_id: UUID
    stopped: str = ""


class ShipmentPrinted(Event):
    """The label is on paper."""

    shipment_id: UUID
    order_id: UUID
    occurred_at: datetime


class ShipmentPacked(Event):
    """The units are in the parcel."""

    shipment_id: UUID
    order_id: UUID
    occurred_at: datetime


class ShipmentHandedOver(Event):
    """The parcel was given to the carrier."""

    shipment_id: UUID
    order_id: UUID
    occurred_at: datetime


class ShipmentHandOverRefused(Event):
    """Somebody told of a hand-over of a package that must stay in the house."""

    shipment_id: UUID
    order_id: UUID
    reason: str


class ShipmentPutBack(Event):
    """The units are on the shelf again, and the parcel is empty. `was_handed_over`: its hand-over is undone."""

    shipment_id: UUID
    order_id: UUID
    occurred_at: datetime
    was_handed_over: bool = False


class ShipmentScanned(Event):
    """A carrier scanned the parcel."""

    shipment_id: UUID
    scan_id: str
    status: str
    occurred_at: datetime
    place: str = ""


class ShipmentDelivered(Event):
    """The parcel reached the buyer."""

    shipment_id: UUID
    order_id: UUID
    occurred_at: datetime


class ShipmentReturned(Event):
    """The parcel is on its way back to the sender."""

    shipment_id: UUID
    order_id: UUID
    occurred_at: datetime


class LabelDeferred(Event):
    """The label is bought at `until`, or (None) when the package is printed, so that other orders may join it."""

    shipment_id: UUID
    order_id: UUID
    until: datetime | None = None


class LabelRecalled(Event):
    """The carrier was not asked for the label after all: the package was stopped or changed before it was."""

    shipment_id: UUID
    attempt: int


class ShipmentOrderAdded(Event):
    """The package holds lines of one more order."""

    shipment_id: UUID
    order_id: UUID
    order_number: str
    contents: tuple[Need, ...]


class ShipmentOrderNotAdded(Event):
    """The package does not take another order's lines in, and why."""

    shipment_id: UUID
    order_id: UUID
    reason: str


class ShipmentOrderWithdrawn(Event):
    """An order no longer wants its part of a package that is on paper: somebody must put it back. `stage`: how far."""

    shipment_id: UUID
    order_id: UUID
    reason: str
    stage: str


class ShipmentOrderTakenOut(Event):
    """
    The package holds nothing of this order any more.

    It goes on as the package of the orders in `remaining`, of which the first has this number. `stopped` says why one
    of them still stops it.
    """

    shipment_id: UUID
    order_id: UUID
    reason: str
    contents: tuple[Need, ...]
    remaining: tuple[UUID, ...]
    order_number: str
    stopped: str = ""


class ShipmentAlertAcknowledged(Event):
    """Somebody saw an open alert about this package: the one that opened at this log position."""

    shipment_id: UUID
    kind: str
    opened_position: int
    by: str
    note: str = ""
