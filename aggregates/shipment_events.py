"""
The private events of a shipment, and how each changes it.

A package may hold lines of several orders: an event that they are told of names one of them, and the others beside it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from eventsourcing.domain import Aggregate

from aggregates.shipment_event import Event, Part, Share, Stage
from aggregates.shipment_handling_events import (
    HandedOver,
    HandOverRefused,
    Packed,
    Printed,
    PutBack,
    Resumed,
    Stopped,
)
from aggregates.shipment_share_events import (
    LabelDeferred,
    LabelRecalled,
    OrderAdded,
    OrderNotAdded,
    OrderTakenOut,
    OrderWithdrawn,
)
from schemas.events import CarrierOption
from schemas.shipping import Label, LabelRequest
from schemas.values import Address, Deadlines, Money, Need

if TYPE_CHECKING:
    from aggregates.shipment_state import Shipment

__all__ = [
    "Cancelled",
    "CancelledTooLate",
    "CarrierChosen",
    "Delivered",
    "Event",
    "HandOverRefused",
    "HandedOver",
    "Held",
    "LabelBought",
    "LabelDeferred",
    "LabelRecalled",
    "LabelRefused",
    "LabelRequested",
    "LabelVoided",
    "Opened",
    "OrderAdded",
    "OrderNotAdded",
    "OrderTakenOut",
    "OrderWithdrawn",
    "Packed",
    "Parked",
    "Part",
    "Printed",
    "PutBack",
    "Readdressed",
    "ReaddressedTooLate",
    "Refused",
    "Resumed",
    "Returned",
    "Scanned",
    "Share",
    "Stage",
    "Stopped",
    "TrackingNumberShared",
    "VoidParked",
    "VoidRefused",
    "VoidRequested",
]


class Opened(Event, Aggregate.Created):
    """A package is to be sent. `weight_grams` None: a line did not say."""

    TOPIC = "shipment.opened"

    order_id: UUID
    marketplace: str
    shop: str
    order_number: str
    package: str
    contents: tuple[Need, ...]
    address: Address
    deadlines: Deadlines
    priority: int
    value: Money | None
    weight_grams: int | None

    def apply(self, aggregate: Shipment) -> None:
        aggregate.marketplace = self.marketplace
        aggregate.shop = self.shop
        aggregate.address = self.address
        aggregate.shares[self.order_id] = Share(
            order_id=self.order_id,
            order_number=self.order_number,
            contents=self.contents,
            weight_grams=self.weight_grams,
            value=self.value,
            deadlines=self.deadlines,
            priority=self.priority,
        )


class Refused(Event, Aggregate.Created):
    """The package was given up before it was opened: it will not be."""

    TOPIC = "shipment.refused"

    order_id: UUID | None
    reason: str

    def apply(self, aggregate: Shipment) -> None:
        aggregate.cancelled = True


class CarrierChosen(Event):
    """Which carrier takes the package, why, and what else was possible. `weight_grams` is what it is taken to weigh."""

    TOPIC = "shipment.carrier-chosen"

    carrier: str
    service: str
    cost: Money
    reason: str
    options: tuple[CarrierOption, ...]
    weight_grams: int
    weight_assumed: bool

    def apply(self, aggregate: Shipment) -> None:
        aggregate.quoted = self.cost


class Held(Event):
    """No carrier can take the package as it is."""

    TOPIC = "shipment.held"

    order_id: UUID
    reason: str
    options: tuple[CarrierOption, ...]
    others: tuple[Part, ...] = ()

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "held"


class LabelRequested(Event):
    """One carrier is asked for one label: the whole request, and how urgent it is."""

    TOPIC = "shipment.label-requested"

    carrier: str
    attempt: int
    request: LabelRequest
    shop: str
    priority: int
    dispatch_by: datetime | None
    marketplace: str = "tiktok"

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "requested"
        aggregate.attempt = self.attempt
        aggregate.request = self.request
        aggregate.requested_for = aggregate.wanted


class LabelBought(Event):
    """The carrier sold the label. `scan_by`: until when a carrier should have scanned it."""

    TOPIC = "shipment.label-bought"

    order_id: UUID
    carrier: str
    service: str
    tracking_number: str
    carrier_reference: str
    cost: Money | None
    scan_by: datetime | None = None
    others: tuple[Part, ...] = ()

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "bought"
        aggregate.sold = self
        aggregate.numbers.add((self.carrier, self.tracking_number))


class LabelRefused(Event):
    """The carrier will not sell a label for this package."""

    TOPIC = "shipment.label-refused"

    order_id: UUID
    reason: str
    others: tuple[Part, ...] = ()
    wanted: bool = True

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "refused"


class LabelWithheld(Event):
    """No carrier was asked: the shop only observes. Nothing is bought until a person asks again."""

    TOPIC = "shipment.label-withheld"

    order_id: UUID
    reason: str

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "withheld"


class Parked(Event):
    """Whether a label was bought cannot be learnt without a person."""

    TOPIC = "shipment.parked"

    order_id: UUID
    reason: str
    others: tuple[Part, ...] = ()
    wanted: bool = True

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "parked"


class TrackingNumberShared(Event):
    """The label's number is, or was, that of other packages too: a scan must name the package."""

    TOPIC = "shipment.tracking-number-shared"

    order_id: UUID
    carrier: str
    tracking_number: str
    others: tuple[UUID, ...]


class VoidRequested(Event):
    """The carrier is asked to take the label back; it is not handed out any more."""

    TOPIC = "shipment.void-requested"

    order_id: UUID
    attempt: int
    label: Label
    shop: str
    reason: str

    @property
    def tracking_number(self) -> str:
        """The number of the label that goes back."""
        return self.label.tracking_number

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "voiding"


class LabelVoided(Event):
    """The carrier took the label back."""

    TOPIC = "shipment.label-voided"

    order_id: UUID
    tracking_number: str

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "voided"


class VoidRefused(Event):
    """The carrier will not take the label back. It is written off, and what it cost is lost (None: unknown)."""

    TOPIC = "shipment.void-refused"

    order_id: UUID
    tracking_number: str
    reason: str
    lost: Money | None

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "written off"


class VoidParked(Event):
    """Whether the carrier took the label back cannot be learnt without a person."""

    TOPIC = "shipment.void-parked"

    order_id: UUID
    tracking_number: str
    reason: str

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "void parked"


class Cancelled(Event):
    """The package is not to be sent. `label_live`: it has a label, or may have one."""

    TOPIC = "shipment.cancelled"

    order_id: UUID
    reason: str
    label_live: bool
    stage: Stage = ""

    def apply(self, aggregate: Shipment) -> None:
        aggregate.cancelled = True


class CancelledTooLate(Event):
    """The order does not want the package, and it is on its way: its goods are gone until they come back."""

    TOPIC = "shipment.cancelled-too-late"

    order_id: UUID
    reason: str

    def apply(self, aggregate: Shipment) -> None:
        aggregate.too_late.add(self.order_id)


class Readdressed(Event):
    """The package goes to another address. `stage`: how far it was."""

    TOPIC = "shipment.readdressed"

    order_id: UUID
    address: Address
    updated_at: datetime
    stage: Stage

    def apply(self, aggregate: Shipment) -> None:
        aggregate.address = self.address
        aggregate.addressed_at = self.updated_at


class ReaddressedTooLate(Event):
    """The buyer gave another address, and the parcel is on its way to the old one."""

    TOPIC = "shipment.readdressed-too-late"

    order_id: UUID
    updated_at: datetime

    def apply(self, aggregate: Shipment) -> None:
        aggregate.addressed_at = self.updated_at


class Scanned(Event):
    """A carrier scanned the parcel, under a number that the package has or had (empty in old events)."""

    TOPIC = "shipment.scanned"

    scan_id: str
    status: str
    occurred_at: datetime
    place: str
    carrier: str = ""
    tracking_number: str = ""

    def apply(self, aggregate: Shipment) -> None:
        aggregate.see(self.carrier, self.tracking_number, self.scan_id)
        if self.status != "EXCEPTION":
            aggregate.moving = True


class Delivered(Event):
    """The parcel reached the buyer."""

    TOPIC = "shipment.delivered"

    order_id: UUID
    occurred_at: datetime
    others: tuple[Part, ...] = ()

    def apply(self, aggregate: Shipment) -> None:
        aggregate.delivered = True


class Returned(Event):
    """The parcel is on its way back."""

    TOPIC = "shipment.returned"

    order_id: UUID
    occurred_at: datetime
    others: tuple[Part, ...] = ()

    def apply(self, aggregate: Shipment) -> None:
        aggregate.returned = True


class AlertAcknowledged(Event):
    """Somebody saw the alert of this kind that opened at this log position."""

    TOPIC = "shipment.alert-acknowledged"

    kind: str
    opened_position: int
    by: str
    note: str

    def apply(self, aggregate: Shipment) -> None:
        aggregate.acknowledged[self.kind] = self.opened_position
