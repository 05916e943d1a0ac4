"""A package as its history made it: the facts, and what they allow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple
from uuid import UUID

from eventsourcing.domain import Aggregate

from aggregates import shipment_events
from aggregates.shipment_events import Stage
from schemas.shipping import LabelRequest, Tariff
from schemas.values import Address, Deadlines, Money, Need

LabelState = Literal[
    "none",
    "requested",
    "bought",
    "refused",
    "withheld",
    "parked",
    "held",
    "voiding",
    "voided",
    "written off",
    "void parked",
]
"""Where the purchase of the latest label stands. `parked`: it may have been bought. `void parked`: it may be live."""


class Known(NamedTuple):
    """
    What a decision about a package may ask: the moment, what carriers charge, which other packages have or had the
    number of the label that the command tells of, and what a unit of a stock item weighs, in grams.
    """

    at: datetime
    tariffs: tuple[Tariff, ...]
    sharing: tuple[UUID, ...] = ()
    weights: Mapping[UUID, int] = MappingProxyType({})


class Shipment(Aggregate):
    """One package of one order."""

    TOPIC = "shipment"

    Event = shipment_events.Event
    Created = shipment_events.Opened
    Opened = shipment_events.Opened
    Refused = shipment_events.Refused
    CarrierChosen = shipment_events.CarrierChosen
    Held = shipment_events.Held
    LabelRequested = shipment_events.LabelRequested
    LabelBought = shipment_events.LabelBought
    LabelRefused = shipment_events.LabelRefused
    LabelWithheld = shipment_events.LabelWithheld
    Parked = shipment_events.Parked
    TrackingNumberShared = shipment_events.TrackingNumberShared
    VoidRequested = shipment_events.VoidRequested
    LabelVoided = shipment_events.LabelVoided
    VoidRefused = shipment_events.VoidRefused
    VoidParked = shipment_events.VoidParked
    Cancelled = shipment_events.Cancelled
    CancelledTooLate = shipment_events.CancelledTooLate
    Readdressed = shipment_events.Readdressed
    ReaddressedTooLate = shipment_events.ReaddressedTooLate
    Stopped = shipment_events.Stopped
    Resumed = shipment_events.Resumed
    Printed = shipment_events.Printed
    Packed = shipment_events.Packed
    HandedOver = shipment_events.HandedOver
    HandOverRefused = shipment_events.HandOverRefused
    PutBack = shipment_events.PutBack
    Scanned = shipment_events.Scanned
    Delivered = shipment_events.Delivered
    Returned = shipment_events.Returned
    AlertAcknowledged = shipment_events.AlertAcknowledged

    def __init__(self) -> None:
        self.order_id: UUID | None = None
        self.marketplace = ""
        self.shop = ""
        self.order_number = ""
        self.contents: tuple[Need, ...] = ()
        self.address: Address | None = None
        self.addressed_at: datetime | None = None
        self.deadlines = Deadlines()
        self.priority = 1
        self.value: Money | None = None
        self.weight_grams: int | None = None
        self.label: LabelState = "none"
        self.attempt = 0
        self.quoted: Money | None = None
        self.request: LabelRequest | None = None
        self.sold: shipment_events.LabelBought | None = None
        self.numbers: set[tuple[str, str]] = set()
        self.stopped: str | None = None
        self.cancelled = False
        self.cancelled_too_late = False
        self.printed = False
        self.packed = False
        self.handed_over = False
        self.hand_over_refused = False
        self.moving = False
        self.delivered = False
        self.returned = False
        self.scans: set[str] = set()
        self.acknowledged: dict[str, int] = {}

    def see(self, carrier: str, tracking_number: str, scan_id: str) -> None:
        """Remember a scan. Called by events alone."""
        self.scans.add(_scan_key(carrier, tracking_number, scan_id))

    def has_seen(self, carrier: str, tracking_number: str, scan_id: str) -> bool:
        """Whether this scan was told before: its id is the carrier's, under one number."""
        return _scan_key(carrier, tracking_number, scan_id) in self.scans

    @property
    def stage(self) -> Stage:
        """How far the package is."""
        if self.handed_over:
            return "handed over"
        if self.packed:
            return "packed"
        if self.printed:
            return "printed"
        return "labelled" if self.label == "bought" else "parked" if self.label == "parked" else "opened"

    @property
    def wants_label(self) -> bool:
        """Whether a label may be asked for, if there is none."""
        return not self.cancelled and not self.handed_over and self.stopped is None

    @property
    def outdated(self) -> bool:
        """Whether the label shows another address than the package goes to."""
        return self.label == "bought" and self.request is not None and self.request.parcel.address != self.address

    @property
    def kept_back(self) -> str:
        """Why the package must not leave the house, empty where it may."""
        if self.cancelled:
            return "it is cancelled"
        if self.stopped is not None:
            return f"it is stopped: {self.stopped}"
        if self.label != "bought":
            return "its label is void, or about to be"
        return "its label shows another address" if self.outdated else ""


def _scan_key(carrier: str, tracking_number: str, scan_id: str) -> str:
    return f"{carrier} {tracking_number} {scan_id}"
