"""The private events of a package in the house: stopped, printed, packed, handed over, put back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from aggregates.shipment_event import Event, Part
from schemas.values import Need

if TYPE_CHECKING:
    from aggregates.shipment_state import Shipment


class Stopped(Event):
    """The package stays in the house until this order lets it go, or is out of it."""

    TOPIC = "shipment.stopped"

    order_id: UUID
    reason: str

    def apply(self, aggregate: Shipment) -> None:
        aggregate.stops[self.order_id] = self.reason


class Resumed(Event):
    """This order stops the package no more; `stopped` says why another one does."""

    TOPIC = "shipment.resumed"

    order_id: UUID
    stopped: str = ""

    def apply(self, aggregate: Shipment) -> None:
        aggregate.stops.pop(self.order_id, None)
        aggregate.hand_over_refused = False


class Printed(Event):
    """The label is on paper: from here on nobody else gets the units."""

    TOPIC = "shipment.printed"

    order_id: UUID
    occurred_at: datetime
    contents: tuple[Need, ...]
    operator: str
    others: tuple[Part, ...] = ()

    def apply(self, aggregate: Shipment) -> None:
        aggregate.printed = True


class Packed(Event):
    """The units are in the parcel."""

    TOPIC = "shipment.packed"

    order_id: UUID
    occurred_at: datetime
    contents: tuple[Need, ...]
    operator: str
    others: tuple[Part, ...] = ()

    def apply(self, aggregate: Shipment) -> None:
        aggregate.packed = True


class HandedOver(Event):
    """The parcel was given to the carrier, and its contents left the house."""

    TOPIC = "shipment.handed-over"

    order_id: UUID
    occurred_at: datetime
    contents: tuple[Need, ...]
    others: tuple[Part, ...] = ()

    def apply(self, aggregate: Shipment) -> None:
        aggregate.handed_over = True


class HandOverRefused(Event):
    """Somebody told of a hand-over of a package that must stay in the house."""

    TOPIC = "shipment.hand-over-refused"

    order_id: UUID
    reason: str

    def apply(self, aggregate: Shipment) -> None:
        aggregate.hand_over_refused = True


class PutBack(Event):
    """The units are on the shelf again. `was_handed_over`: a hand-over is undone."""

    TOPIC = "shipment.put-back"

    order_id: UUID
    occurred_at: datetime
    contents: tuple[Need, ...]
    was_handed_over: bool
    operator: str
    others: tuple[Part, ...] = ()

    def apply(self, aggregate: Shipment) -> None:
        aggregate.printed = aggregate.packed = aggregate.handed_over = False
        aggregate.hand_over_refused = False
