"""A stock item as its history made it: what is on the shelf, for whom it is held, and who waits for more."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from eventsourcing.domain import Aggregate

from aggregates import stock_item_events
from aggregates.policies.filling import Ask, Queue, Supply
from aggregates.stock_packages import SENT_KEPT, Moved, PackageKey, Packages, Sent
from schemas.values import SupplyTerms

REFERENCES_KEPT = 10_000
"""How many of the latest movements' references are remembered, so that the same one counts once."""

MOVEMENTS_KEPT = 10_000
"""How many of the latest movements a count can look back over."""

ListingName = tuple[str, str, str]
"""Marketplace, shop and sku_id of a listing."""


class Description(NamedTuple):
    """The listing that opened the item, the label a person knows it by, what one unit weighs, how it is bought."""

    marketplace: str = ""
    shop: str = ""
    sku_id: str = ""
    seller_sku: str = ""
    weight_grams: int | None = None
    supply: SupplyTerms | None = None


class Count(NamedTuple):
    """The last count: when, how many, and whether the packed parcels were in it."""

    counted_at: datetime
    quantity: int
    packed_included: bool


class StockItem(Aggregate):
    """
    One shelf. It forgets an order whose units have left.

    `reserved` is what is held for orders, and what orders gave back that is still in a printed package.
    """

    TOPIC = "stock-item"

    Event = stock_item_events.Event
    Created = stock_item_events.Opened
    Opened = stock_item_events.Opened
    Described = stock_item_events.Described
    ListingMapped = stock_item_events.ListingMapped
    Received = stock_item_events.Received
    Counted = stock_item_events.Counted
    Corrected = stock_item_events.Corrected
    Returned = stock_item_events.Returned
    WrittenOff = stock_item_events.WrittenOff
    HandedOver = stock_item_events.HandedOver
    Packaged = stock_item_events.Packaged
    PutBack = stock_item_events.PutBack
    Reserved = stock_item_events.Reserved
    ReservationUpdated = stock_item_events.ReservationUpdated
    ShortageRecorded = stock_item_events.ShortageRecorded
    QueueUpdated = stock_item_events.QueueUpdated
    ReservationReleased = stock_item_events.ReservationReleased
    ReservationShortened = stock_item_events.ReservationShortened
    PickShortageFound = stock_item_events.PickShortageFound
    BackorderFilled = stock_item_events.BackorderFilled
    DemandRecorded = stock_item_events.DemandRecorded
    Depleted = stock_item_events.Depleted
    SupplyExpected = stock_item_events.SupplyExpected
    AlertAcknowledged = stock_item_events.AlertAcknowledged

    def __init__(self) -> None:
        self.known = False
        self.on_hand = 0
        self.reserved = 0
        self.reservations: dict[UUID, Ask] = {}
        self.unpaid_units = 0
        self.given_back: dict[UUID, int] = {}
        self.packages = Packages()
        self.sent: dict[PackageKey, Sent] = {}
        self.queue = Queue()
        self.description = Description()
        self.listings: dict[ListingName, datetime] = {}
        self.counted: Count | None = None
        self.movements: deque[Moved] = deque(maxlen=MOVEMENTS_KEPT)
        self.references: dict[tuple[str, str], None] = {}
        self.supplies: dict[str, tuple[int, datetime | None]] = {}
        self.filling = 0
        self.shortening = 0
        self.promising: tuple[int, str] | None = None
        self.missing_told = 0
        self.acknowledged: dict[str, int] = {}

    @property
    def available(self) -> int:
        """Units that are free. What facts took below what is held shows as 0."""
        return max(self.on_hand - self.reserved, 0)

    @property
    def missing(self) -> int:
        """Units that are held and are not there."""
        return max(self.reserved - self.on_hand, 0) if self.known else 0

    def in_packages(self, order_id: UUID) -> int:
        """Units of this order's reservation that a printed package holds: no decision takes them."""
        return self.packages.holds(order_id) - self.given_back.get(order_id, 0)

    def dated_supplies(self) -> list[Supply]:
        """What is on order with a date, earliest first."""
        dated = [Supply(units, due_at) for units, due_at in self.supplies.values() if due_at is not None]
        return sorted(dated, key=lambda supply: supply.due_at)

    # What follows is called by events alone.

    def hold(self, order_id: UUID, ask: Ask | None) -> None:
        """Hold for an order what it asks, None or nothing to hold no more."""
        before = self.reservations.pop(order_id, None)
        if before is not None and not before.may_ship:
            self.unpaid_units -= before.quantity
        if ask is not None and ask.quantity > 0:
            self.reservations[order_id] = ask
            if not ask.may_ship:
                self.unpaid_units += ask.quantity

    def hold_fewer(self, order_id: UUID, units: int) -> None:
        """Hold so many units less for an order."""
        ask = self.reservations.get(order_id)
        if ask is not None and units:
            self.hold(order_id, msgspec.structs.replace(ask, quantity=ask.quantity - units))

    def keep_given_back(self, order_id: UUID, units: int) -> None:
        """Add to what the order gave back and a printed package still holds."""
        kept = self.given_back.get(order_id, 0) + units
        if kept > 0:
            self.given_back[order_id] = kept
        else:
            self.given_back.pop(order_id, None)

    def note_sent(self, key: PackageKey, sent: Sent) -> None:
        """Remember what left with a package, so that it can be put back."""
        self.sent[key] = sent
        if len(self.sent) > SENT_KEPT:
            del self.sent[next(iter(self.sent))]

    def note_reference(self, kind: str, reference: str) -> None:
        """Remember a reference, so that it counts once."""
        self.references[kind, reference] = None
        if len(self.references) > REFERENCES_KEPT:
            del self.references[next(iter(self.references))]

    def note_movement(self, kind: str, reference: str, moved: Moved) -> None:
        """Remember a movement, so that it counts once and a count can look back."""
        self.note_reference(kind, reference)
        self.movements.append(moved)

    def note_count(self, counted_at: datetime, quantity: int, *, packed_included: bool) -> None:
        """Remember a count; movements before it are in it, and packed parcels where they were counted."""
        self.counted = Count(counted_at, quantity, packed_included)
        since = [moved for moved in self.movements if moved.occurred_at >= counted_at]
        self.movements = deque(since, maxlen=MOVEMENTS_KEPT)
        for key, package in list(self.packages.held.items()):
            uncounted = not packed_included and package.was_packed(counted_at)
            if uncounted != package.uncounted:
                self.packages.put(key, msgspec.structs.replace(package, uncounted=uncounted))

    def expect(self, reorder_id: str, quantity: int, due_at: datetime | None) -> None:
        """Remember what is on order; nothing left is forgotten."""
        if quantity > 0:
            self.supplies[reorder_id] = (quantity, due_at)
        else:
            self.supplies.pop(reorder_id, None)
