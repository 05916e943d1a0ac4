"""Who gets units first when stock arrives, and the queue that keeps the waiting orders in that order."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import ItemsView, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from schemas.values import Deadlines, Value

CANCELLED_WITHIN = timedelta(hours=24)
PASSED_OVER_NAMED = 500
"""How many newly passed over orders one filling names; those further back keep their place without it."""

FIRST, SOON_CANCELLED, IN_TIME, LATE = range(4)
NEVER = float("inf")

Rank = tuple[int, float, int, float, str, UUID]


class Ask(Value):
    """
    What one order asks of one stock item. `may_ship` false takes free units, and is passed over in a queue.

    `paid_at` and the hashed `buyer` are those of an order that was paid when it asked: then it is a demand.
    """

    quantity: int
    priority: int
    created_at: datetime
    number: str
    deadlines: Deadlines = Deadlines()
    may_ship: bool = True
    paid_at: datetime | None = None
    buyer: str = ""


class Waiting(NamedTuple):
    """One queued order: what it asks and lacked, whether it was passed over, and the date that it was promised."""

    ask: Ask
    short_by: int
    passed_over: bool = False
    promised_at: datetime | None = None


class Fill(NamedTuple):
    """Units for one queued order; `passed_over` are larger ones before it that had to wait, named once."""

    order_id: UUID
    ask: Ask
    passed_over: tuple[UUID, ...] = ()


def rank(order_id: UUID, waiting: Waiting, at: datetime) -> Rank | None:
    """
    An order's place in the filling order at a moment, None where it is not filled.

    Passed over before: first. Then `cancel_by` within 24 h; then who still makes `dispatch_by`, earliest first;
    then the late ones by `cancel_by`. Within each by priority, then age. Past `cancel_by`, or not to be shipped
    yet: not filled.
    """
    ask = waiting.ask
    dispatch_by, cancel_by = ask.deadlines.dispatch_by, ask.deadlines.cancel_by
    if not ask.may_ship or (cancel_by is not None and cancel_by <= at):
        return None
    due: datetime | None
    if cancel_by is not None and cancel_by - at <= CANCELLED_WITHIN:
        group, due = SOON_CANCELLED, cancel_by
    elif dispatch_by is None or dispatch_by > at:
        group, due = IN_TIME, dispatch_by
    else:
        group, due = LATE, cancel_by
    if waiting.passed_over:
        group = FIRST
    due_seconds = NEVER if due is None else due.timestamp()
    return (group, due_seconds, -ask.priority, ask.created_at.timestamp(), ask.number, order_id)


def rank_changes_at(ask: Ask, at: datetime) -> datetime | None:
    """The next moment at which an order's place becomes another one, None if it never does."""
    dispatch_by, cancel_by = ask.deadlines.dispatch_by, ask.deadlines.cancel_by
    moments = [] if dispatch_by is None else [dispatch_by]
    if cancel_by is not None:
        moments += [cancel_by - CANCELLED_WITHIN, cancel_by]
    return min((moment for moment in moments if moment > at), default=None)


class Queue:
    """
    The waiting orders of one stock item.

    Joining and leaving costs next to nothing until the queue is asked for its order; from then on the order is
    kept, and only those whose place changes with time are placed anew.
    """

    def __init__(self) -> None:
        self.units = 0
        self.may_ship_orders = 0
        self._waiting: dict[UUID, Waiting] = {}
        self._moment: datetime | None = None
        self._order: list[Rank] = []
        self._rank_of: dict[UUID, Rank] = {}
        self._changes: list[tuple[datetime, UUID]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def get(self, order_id: UUID) -> Waiting | None:
        """The order's entry, None if it does not wait here."""
        return self._waiting.get(order_id)

    def entries(self) -> ItemsView[UUID, Waiting]:
        """All that wait, in no order that counts."""
        return self._waiting.items()

    def put(self, order_id: UUID, waiting: Waiting) -> None:
        """Let an order wait, or take over what changed about it."""
        self.drop(order_id)
        self._waiting[order_id] = waiting
        self.units += waiting.ask.quantity
        self.may_ship_orders += waiting.ask.may_ship
        if self._moment is not None:
            self._place(order_id, waiting, self._moment)

    def promise(self, order_id: UUID, promised_at: datetime) -> None:
        """Note the date that an order was promised; its place stays."""
        self._waiting[order_id] = self._waiting[order_id]._replace(promised_at=promised_at)

    def pass_over(self, order_id: UUID) -> None:
        """Let an order be first next time."""
        self.put(order_id, self._waiting[order_id]._replace(passed_over=True))

    def drop(self, order_id: UUID) -> None:
        """Let an order go. Repeated: nothing."""
        waiting = self._waiting.pop(order_id, None)
        if waiting is None:
            return
        self.units -= waiting.ask.quantity
        self.may_ship_orders -= waiting.ask.may_ship
        self._displace(order_id)

    def lower(self, order_id: UUID, units: int) -> None:
        """Let an order ask for so many units less; for none, it goes."""
        waiting = self._waiting.get(order_id)
        if waiting is None:
            return
        left = waiting.ask.quantity - units
        if left <= 0:
            self.drop(order_id)
            return
        ask = msgspec.structs.replace(waiting.ask, quantity=left)
        self.put(order_id, waiting._replace(ask=ask, short_by=max(waiting.short_by - units, 1)))

    def in_order(self, at: datetime) -> Iterator[tuple[UUID, Waiting]]:
        """Those that may be filled, first one first. The queue must not change meanwhile."""
        self._bring_to(at)
        waiting = self._waiting
        return ((ranked[-1], waiting[ranked[-1]]) for ranked in self._order)

    def has_a_candidate(self, at: datetime) -> bool:
        """Whether anyone here may be filled."""
        if not self.may_ship_orders:
            return False
        self._bring_to(at)
        return bool(self._order)

    def _bring_to(self, at: datetime) -> None:
        if self._moment is None:
            self._moment = at
            for order_id, waiting in self._waiting.items():
                self._place(order_id, waiting, at, sort=False)
            self._order.sort()
            heapq.heapify(self._changes)
            return
        if at <= self._moment:
            return
        self._moment = at
        while self._changes and self._changes[0][0] <= at:
            _, order_id = heapq.heappop(self._changes)
            if order_id in self._waiting:
                self._displace(order_id)
                self._place(order_id, self._waiting[order_id], at)

    def _place(self, order_id: UUID, waiting: Waiting, at: datetime, *, sort: bool = True) -> None:
        changes_at = rank_changes_at(waiting.ask, at)
        if changes_at is not None:
            if sort:
                heapq.heappush(self._changes, (changes_at, order_id))
            else:
                self._changes.append((changes_at, order_id))
        place = rank(order_id, waiting, at)
        if place is not None:
            self._rank_of[order_id] = place
            if sort:
                insort(self._order, place)
            else:
                self._order.append(place)

    def _displace(self, order_id: UUID) -> None:
        place = self._rank_of.pop(order_id, None)
        if place is not None:
            del self._order[bisect_left(self._order, place)]


def last_first(held: Mapping[UUID, Ask], at: datetime) -> list[UUID]:
    """Orders in the reverse of the filling order; before them those that would not be filled at all, newest first."""

    def place(order_id: UUID) -> tuple[bool, Any]:
        ask = held[order_id]
        place = rank(order_id, Waiting(ask, 0), at)
        return (place is None, place or (ask.created_at, ask.number, order_id))

    return sorted(held, key=place, reverse=True)


def newest_unpaid(held: Mapping[UUID, Ask]) -> list[UUID]:
    """Orders that may not ship yet, newest first."""
    unpaid = [(ask.created_at, ask.number, order_id) for order_id, ask in held.items() if not ask.may_ship]
    return [order_id for *_, order_id in sorted(unpaid, reverse=True)]


class Supply(NamedTuple):
    """Units that are on order, and the day they are due."""

    units: int
    due_at: datetime


class Promised(Value):
    """The day on which one queued order's units are due, with what it waits for."""

    order_id: UUID
    promised_at: datetime
    quantity: int
    short_by: int


def promise_for_last(missing: int, supplies: list[Supply]) -> datetime | None:
    """The day on which the last order of a queue that misses so many units is served, None if nothing covers it."""
    for supply in supplies:
        missing -= supply.units
        if missing <= 0:
            return supply.due_at
    return None


def promises(
    queue: Queue, free_units: int, supplies: list[Supply], at: datetime, limit: int
) -> tuple[list[Promised], bool]:
    """
    The new promises that dated supplies allow in filling order, and whether there are more than `limit`.

    Supplies come earliest first. An order whose date stays the same gets none; one that nothing covers keeps its date.
    """
    made: list[Promised] = []
    left = iter(supplies)
    covered, due_at = free_units, at
    for order_id, waiting in queue.in_order(at):
        covered -= waiting.ask.quantity
        while covered < 0:
            supply = next(left, None)
            if supply is None:
                return made, False
            covered, due_at = covered + supply.units, supply.due_at
        if due_at not in {waiting.promised_at, at}:
            if len(made) == limit:
                return made, True
            made.append(
                Promised(
                    order_id=order_id, promised_at=due_at, quantity=waiting.ask.quantity, short_by=waiting.short_by
                )
            )
    return made, False


def fill(queue: Queue, units: int, at: datetime, limit: int) -> tuple[list[Fill], bool]:
    """
    Share units out, at most to `limit` orders, and whether there is more to do.

    An order larger than what is left is passed over, named once, and first next time.
    """
    fills: list[Fill] = []
    newly_passed: list[UUID] = []
    named = 0
    for order_id, waiting in queue.in_order(at):
        if units <= 0:
            break
        if waiting.ask.quantity > units:
            if not waiting.passed_over and named < PASSED_OVER_NAMED:
                newly_passed.append(order_id)
                named += 1
            continue
        if len(fills) == limit:
            return fills, True
        fills.append(Fill(order_id, waiting.ask, tuple(newly_passed)))
        newly_passed = []
        units -= waiting.ask.quantity
    return fills, False
