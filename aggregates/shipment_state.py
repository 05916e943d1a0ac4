"""A package as its history made it: the facts, and what they allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, NamedTuple
from uuid import UUID

from eventsourcing.domain import Aggregate

from aggregates import shipment_events
from aggregates.policies.clocks import NO_CALENDARS, Calendars
from aggregates.shipment_event import Part, Share, Stage
from schemas.shipping import LabelRequest, LabelTiming, Tariff
from schemas.values import Address, Deadlines, Money

LabelState = Literal[
    "none",
    "deferred",
    "requested",
    "recalled",
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
"""
Where the purchase of the latest label stands. `recalled`: the carrier was not asked. `parked`: it may have been bought.
`void parked`: it may be live.
"""

AT_ONCE = LabelTiming()


class Known(NamedTuple):
    """
    What a decision about a package may ask: the moment, what carriers charge, which other packages have or had the
    number of the label that the command tells of, what a unit of a stock item weighs, in grams, the calendars of shops,
    and when the shop buys its labels.
    """

    at: datetime
    tariffs: tuple[Tariff, ...]
    sharing: tuple[UUID, ...] = ()
    weights: Mapping[UUID, int] = MappingProxyType({})
    calendars: Calendars = NO_CALENDARS
    timing: LabelTiming = AT_ONCE


class Shipment(Aggregate):
    """One package, with lines of one order or of several."""

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
    OrderAdded = shipment_events.OrderAdded
    OrderNotAdded = shipment_events.OrderNotAdded
    OrderWithdrawn = shipment_events.OrderWithdrawn
    OrderTakenOut = shipment_events.OrderTakenOut
    LabelDeferred = shipment_events.LabelDeferred
    LabelRecalled = shipment_events.LabelRecalled
    AlertAcknowledged = shipment_events.AlertAcknowledged

    def __init__(self) -> None:
        self.marketplace = ""
        self.shop = ""
        self.shares: dict[UUID, Share] = {}
        self.withdrawn: set[UUID] = set()
        self.not_added: dict[UUID, int] = {}
        self.address: Address | None = None
        self.addressed_at: datetime | None = None
        self.label: LabelState = "none"
        self.deferred_until: datetime | None = None
        self.attempt = 0
        self.quoted: Money | None = None
        self.request: LabelRequest | None = None
        self.requested_for: tuple[Share, ...] = ()
        self.sold: shipment_events.LabelBought | None = None
        self.numbers: set[tuple[str, str]] = set()
        self.stops: dict[UUID, str] = {}
        self.cancelled = False
        self.too_late: set[UUID] = set()
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
    def wanted(self) -> tuple[Share, ...]:
        """The parts that their orders want sent; where none does, those that are in it."""
        shares = tuple(self.shares.values())
        return tuple(share for share in shares if share.order_id not in self.withdrawn) or shares

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that is in the parcel, what somebody has to take out of it too."""
        return tuple(share.part for share in self.shares.values())

    @property
    def order_id(self) -> UUID:
        """The order whose package it is: the first one that wants it."""
        return self.wanted[0].order_id

    @property
    def order_number(self) -> str:
        """The number of that order."""
        return self.wanted[0].order_number

    @property
    def deadlines(self) -> Deadlines:
        """The earliest of each of the orders' deadlines."""
        each = [share.deadlines for share in self.wanted]
        return Deadlines(
            dispatch_by=_earliest(deadlines.dispatch_by for deadlines in each),
            cancel_by=_earliest(deadlines.cancel_by for deadlines in each),
            deliver_by=_earliest(deadlines.deliver_by for deadlines in each),
        )

    @property
    def priority(self) -> int:
        """That of the most urgent order."""
        return max(share.priority for share in self.wanted)

    @property
    def value(self) -> Money | None:
        """What the goods cost together, None where one order does not say or says it in another currency."""
        each = [share.value for share in self.wanted]
        known = [value for value in each if value is not None]
        if len(known) < len(each) or len({value.currency for value in known}) != 1:
            return None
        return Money(amount=sum((value.amount for value in known), Decimal(0)), currency=known[0].currency)

    @property
    def weight_grams(self) -> int | None:
        """What the goods weigh together, None where that is not known of all."""
        each = [share.weight_grams for share in self.wanted]
        known = [weight for weight in each if weight is not None]
        return sum(known) if len(known) == len(each) else None

    @property
    def stopped(self) -> str | None:
        """Why an order stops the package, None where none does."""
        return next(iter(self.stops.values()), None)

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
        """Whether the label was bought for another address than the package goes to, or for other contents."""
        return self.label == "bought" and (self._moved or self.requested_for != self.wanted)

    @property
    def _moved(self) -> bool:
        return self.request is not None and self.request.parcel.address != self.address

    @property
    def kept_back(self) -> str:
        """Why the package must not leave the house, empty where it may."""
        if self.cancelled:
            return "it is cancelled"
        if self.stopped is not None:
            return f"it is stopped: {self.stopped}"
        if self.withdrawn:
            return "an order is to be taken out of it"
        if self.label != "bought":
            return "its label is void, or about to be"
        if self._moved:
            return "its label shows another address"
        return "its label is older than its contents" if self.outdated else ""


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _scan_key(carrier: str, tracking_number: str, scan_id: str) -> str:
    return f"{carrier} {tracking_number} {scan_id}"
