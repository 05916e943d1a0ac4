"""The private events of a shipment, and how each changes it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from eventsourcing.domain import Aggregate

from schemas.events import CarrierOption
from schemas.shipping import LabelRequest
from schemas.values import Address, Deadlines, Money, Need

if TYPE_CHECKING:
    from aggregates.shipment import Shipment


class Event(Aggregate.Event):
    """Something that happened to a package."""


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
        aggregate.order_id = self.order_id
        aggregate.marketplace = self.marketplace
        aggregate.shop = self.shop
        aggregate.order_number = self.order_number
        aggregate.contents = self.contents
        aggregate.address = self.address
        aggregate.deadlines = self.deadlines
        aggregate.priority = self.priority
        aggregate.value = self.value
        aggregate.weight_grams = self.weight_grams


class Refused(Event, Aggregate.Created):
    """The package was given up before it was opened: it will not be."""

    TOPIC = "shipment.refused"

    order_id: UUID | None
    reason: str

    def apply(self, aggregate: Shipment) -> None:
        aggregate.order_id = self.order_id
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


class Held(Event):
    """No carrier can take the package as it is."""

    TOPIC = "shipment.held"

    order_id: UUID
    reason: str
    options: tuple[CarrierOption, ...]

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

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "requested"
        aggregate.attempt = self.attempt


class LabelBought(Event):
    """The carrier sold the label."""

    TOPIC = "shipment.label-bought"

    order_id: UUID
    carrier: str
    service: str
    tracking_number: str
    carrier_reference: str
    cost: Money | None

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "bought"


class LabelRefused(Event):
    """The carrier will not sell a label for this package."""

    TOPIC = "shipment.label-refused"

    order_id: UUID
    reason: str

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "refused"


class Parked(Event):
    """Whether a label was bought cannot be learnt without a person."""

    TOPIC = "shipment.parked"

    order_id: UUID
    reason: str

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "parked"


class Cancelled(Event):
    """The package is not to be sent. `label_live`: it has a label, or may have one, which somebody must void."""

    TOPIC = "shipment.cancelled"

    order_id: UUID
    reason: str
    label_live: bool

    def apply(self, aggregate: Shipment) -> None:
        aggregate.cancelled = True


class HandedOver(Event):
    """The parcel was given to the carrier, and its contents left the house."""

    TOPIC = "shipment.handed-over"

    order_id: UUID
    occurred_at: datetime
    contents: tuple[Need, ...]

    def apply(self, aggregate: Shipment) -> None:
        aggregate.handed_over = True


class Scanned(Event):
    """A carrier scanned the parcel."""

    TOPIC = "shipment.scanned"

    scan_id: str
    status: str
    occurred_at: datetime
    place: str

    def apply(self, aggregate: Shipment) -> None:
        aggregate.scans.add(self.scan_id)


class Delivered(Event):
    """The parcel reached the buyer."""

    TOPIC = "shipment.delivered"

    order_id: UUID
    occurred_at: datetime

    def apply(self, aggregate: Shipment) -> None:
        aggregate.delivered = True


class Returned(Event):
    """The parcel is on its way back."""

    TOPIC = "shipment.returned"

    order_id: UUID
    occurred_at: datetime

    def apply(self, aggregate: Shipment) -> None:
        aggregate.returned = True
