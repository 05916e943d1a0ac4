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
    """The carrier sold one label."""

    shipment_id: UUID
    order_id: UUID
    carrier: str
    service: str
    tracking_number: str
    cost: Money | None = None


class LabelRefused(Event):
    """The carrier will not sell a label for this package."""

    shipment_id: UUID
    order_id: UUID
    reason: str


class ShipmentParked(Event):
    """Whether a label was bought cannot be learnt without a person; nothing is bought again until then."""

    shipment_id: UUID
    reason: str


class ShipmentCancelled(Event):
    """The package is not to be sent. `label_live`: it already has a label, which somebody must void."""

    shipment_id: UUID
    order_id: UUID
    reason: str
    label_live: bool = False


class ShipmentHandedOver(Event):
    """The parcel was given to the carrier."""

    shipment_id: UUID
    order_id: UUID
    occurred_at: datetime


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
