"""
Fold the log into what it says of each order, stock item and package, and note what cannot be.

It reads the public form of the stored events, which is a contract, and works out stock from the movements by
itself: the figures that an event carries are compared with the sum, not believed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from creatorflow.log import Logged, StoredEvent
from schemas import events
from schemas.events import Event

EXAMPLES_KEPT = 20
"""Faults of one invariant that are kept with their subject; beyond that they are only counted."""


class Fault(NamedTuple):
    """One thing that must not be: which invariant it breaks, of what, where in the log (0: not at one place)."""

    invariant: str
    subject: str
    what: str
    position: int = 0


class Findings:
    """Faults as they are found: all of them counted, the first of each invariant kept."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.kept: list[Fault] = []

    def copy(self) -> Findings:
        """A copy to go on with, so that what is judged at the end can be judged again later."""
        other = Findings()
        other.counts, other.kept = self.counts.copy(), list(self.kept)
        return other

    def add(self, invariant: str, subject: object, what: str, position: int = 0) -> None:
        """Note one fault."""
        self.counts[invariant] += 1
        if self.counts[invariant] <= EXAMPLES_KEPT:
            self.kept.append(Fault(invariant, str(subject), what, position))


@dataclass(slots=True)
class OrderFacts:
    """What the log says of one order."""

    number: str = ""
    placed: int = 0
    needs: dict[UUID, int] = field(default_factory=dict)
    marketplace_status: str = ""
    fulfilment_state: str = ""
    ready: bool = False
    short_at: set[UUID] = field(default_factory=set)
    was_short: bool = False
    labels: dict[UUID, str] = field(default_factory=dict)
    pushed: set[UUID] = field(default_factory=set)
    fulfilled: bool = False
    cancelled: bool = False
    cancellation_asked: bool = False
    held: bool = False
    touched_by_person: bool = False
    last_at: datetime | None = None

    @property
    def state(self) -> str:
        """Where the order stands, in one word; the states of `SETTLED` are ends as far as nobody else acts."""
        if self.cancelled:
            return "CANCELLED"
        if self.held:
            return "HELD"
        if self.cancellation_asked:
            return "CANCELLATION_ASKED"
        if self.fulfilled:
            return "FULFILLED" if self.pushed >= self.labels.keys() else "TO_PUSH"
        if self.short_at:
            return "BACKORDERED"
        return "WAITING" if self.fulfilment_state == "WAITING" else "IN_PROGRESS"


SETTLED = frozenset({"CANCELLED", "HELD", "CANCELLATION_ASKED", "FULFILLED", "BACKORDERED", "WAITING"})


@dataclass(slots=True)
class StockFacts:
    """What the log says of one stock item, added up from its movements."""

    on_hand: int = 0
    reserved: int = 0
    reservations: dict[UUID, int] = field(default_factory=dict)
    queue: dict[UUID, int] = field(default_factory=dict)
    left: dict[UUID, int] = field(default_factory=dict)
    given_back: dict[UUID, int] = field(default_factory=dict)
    uncounted: dict[tuple[str, UUID], int] = field(default_factory=dict)
    packed: dict[tuple[str, UUID], tuple[datetime, int]] = field(default_factory=dict)
    known: bool = False
    counted_at: datetime | None = None
    missing_is_known: bool = False

    def takes_in(self, occurred_at: datetime) -> bool:
        """Whether a movement moves the figure: what is dated before the last count was counted."""
        return self.known and (self.counted_at is None or occurred_at >= self.counted_at)


@dataclass(slots=True)
class PackageFacts:
    """What the log says of one package."""

    order: UUID | None = None
    tracking_numbers: list[str] = field(default_factory=list)
    cancelled: bool = False
    labelled_at: datetime | None = None


class Ledger:
    """
    Everything the log says, after `add` was called with each of its rows in order of position.

    Memory: about 3 kB for each order with its package, whatever the number of its events.
    """

    def __init__(self, findings: Findings, follow_ups: Callable[[StoredEvent], Iterable[str]]) -> None:
        self.orders: dict[UUID, OrderFacts] = {}
        self.stock: dict[UUID, StockFacts] = {}
        self.packages: dict[UUID, PackageFacts] = {}
        self.outside_causes: dict[str, int] = {}
        self.decided_twice: list[tuple[str, UUID, int]] = []
        self.events = 0
        self.last_position = 0
        self._findings = findings
        self._follow_ups = follow_ups
        self._positions = array("q")
        self._follow_up_keys: set[str] = set()
        self._versions: dict[UUID, int] = {}
        self._last_cause: dict[UUID, str] = {}
        self._decided: set[int] = set()

    def add(self, row: Logged) -> None:
        """Take in one row."""
        self._check_place(row)
        self._check_cause(row)
        self.events += 1
        self._follow_up_keys.update(self._follow_ups(row.event))
        if row.public is not None:
            handle = _HANDLERS.get(type(row.public))
            if handle is not None:
                handle(self, row, row.public)
            self._touch(row, row.public)

    def _check_place(self, row: Logged) -> None:
        aggregate, version = row.event.originator_id, row.event.originator_version
        if row.position <= self.last_position:
            self._findings.add(
                "positions-increase", aggregate, f"comes after position {self.last_position}", row.position
            )
        self.last_position = max(self.last_position, row.position)
        self._positions.append(self.last_position)
        expected = self._versions.get(aggregate, 0) + 1
        if version != expected:
            self._findings.add("versions-gapless", aggregate, f"version {version} follows {expected - 1}", row.position)
        self._versions[aggregate] = version

    def _check_cause(self, row: Logged) -> None:
        cause, aggregate = row.cause, row.event.originator_id
        kind, _, rest = cause.partition(":")
        before, _, number = cause.partition(".")
        if before.isdecimal() and number.isdecimal():
            resolves = self._knows_position(int(before), row.position)
        elif kind == "call" and rest:
            resolves = rest.rpartition(":")[0] in self._follow_up_keys
        elif kind == "timer" and rest:
            resolves = rest in self._follow_up_keys
        elif cause in self._follow_up_keys:
            resolves = True
        else:
            resolves = bool(cause)
            self.outside_causes.setdefault(cause, row.position)
        if not resolves:
            self._findings.add("causes-resolve", aggregate, f"cause {cause!r} leads to nothing earlier", row.position)
        self._check_decided_once(cause, aggregate, row.position)

    def _knows_position(self, wanted: int, before: int) -> bool:
        place = bisect_left(self._positions, wanted)
        return wanted < before and place < len(self._positions) and self._positions[place] == wanted

    def _check_decided_once(self, cause: str, aggregate: UUID, position: int) -> None:
        """The events of one command stand together; a cause that comes back later was decided a second time."""
        if self._last_cause.get(aggregate) == cause:
            return
        self._last_cause[aggregate] = cause
        decision = hash((aggregate, cause))
        if decision in self._decided:
            self.decided_twice.append((cause, aggregate, position))
        self._decided.add(decision)

    def _touch(self, row: Logged, public: Event) -> None:
        order = self.orders.get(row.event.originator_id)
        if order is None:
            return
        order.last_at = row.event.timestamp
        order.fulfilment_state = getattr(public, "fulfilment_state", order.fulfilment_state)
        order.marketplace_status = getattr(public, "marketplace_status", order.marketplace_status)
        if getattr(public, "operator", ""):
            order.touched_by_person = True

    def order(self, order_id: UUID) -> OrderFacts:
        """The facts of an order, empty ones if the log does not know it."""
        return self.orders.setdefault(order_id, OrderFacts())

    def package(self, shipment_id: UUID) -> PackageFacts:
        """The facts of a package, empty ones if the log does not know it."""
        return self.packages.setdefault(shipment_id, PackageFacts())

    def fault(self, invariant: str, row: Logged, what: str) -> None:
        """Note a fault of the aggregate of this row."""
        self._findings.add(invariant, row.event.originator_id, what, row.position)


def _order_placed(ledger: Ledger, row: Logged, event: events.OrderPlaced) -> None:
    order = ledger.order(event.order_id)
    order.placed += 1
    if order.placed > 1:
        ledger.fault("nothing-doubled", row, f"order {event.number} was placed {order.placed} times")
    order.number = event.number
    for need in event.needs if order.placed == 1 else ():
        order.needs[need.stock_item_id] = order.needs.get(need.stock_item_id, 0) + need.quantity


def _order_stock_reserved(ledger: Ledger, row: Logged, event: events.OrderStockReserved) -> None:
    ledger.order(event.order_id).short_at.discard(event.stock_item_id)


def _order_backordered(ledger: Ledger, row: Logged, event: events.OrderBackordered) -> None:
    order = ledger.order(event.order_id)
    order.short_at.add(event.stock_item_id)
    order.was_short = True


def _order_ready(ledger: Ledger, row: Logged, event: events.OrderReadyToShip) -> None:
    ledger.order(event.order_id).ready = True


def _order_held(ledger: Ledger, row: Logged, event: events.OrderHeld) -> None:
    order = ledger.order(event.order_id)
    order.held = order.touched_by_person = True


def _order_released(ledger: Ledger, row: Logged, event: events.OrderReleased) -> None:
    ledger.order(event.order_id).held = False


def _order_cancelled(ledger: Ledger, row: Logged, event: events.OrderCancelled) -> None:
    ledger.order(event.order_id).cancelled = True


def _cancellation_requested(ledger: Ledger, row: Logged, event: events.OrderCancellationRequested) -> None:
    order = ledger.order(event.order_id)
    order.cancellation_asked = order.touched_by_person = True


def _order_labelled(ledger: Ledger, row: Logged, event: events.OrderLabelled) -> None:
    labels = ledger.order(event.order_id).labels
    if event.shipment_id in labels:
        ledger.fault("nothing-doubled", row, f"package {event.shipment_id} was labelled twice for its order")
    labels[event.shipment_id] = event.tracking_number


def _order_fulfilled(ledger: Ledger, row: Logged, event: events.OrderFulfilled) -> None:
    order = ledger.order(event.order_id)
    if order.fulfilled:
        ledger.fault("nothing-doubled", row, "the order was fulfilled twice")
    order.fulfilled = True


def _order_pushed(ledger: Ledger, row: Logged, event: events.OrderFulfilmentPushed) -> None:
    ledger.order(event.order_id).pushed.add(event.shipment_id)


def _stock_changed(ledger: Ledger, row: Logged, event: Any) -> None:
    """Move the sum by what the event says happened, then compare it with the figures the event carries."""
    item = ledger.stock.setdefault(event.stock_item_id, StockFacts())
    _MOVES[type(event)](ledger, row, item, event)
    if (item.on_hand, item.reserved) != (event.on_hand, event.reserved):
        ledger.fault(
            "stock-adds-up",
            row,
            f"has {event.on_hand} on hand, {event.reserved} reserved; its movements: {item.on_hand}, {item.reserved}",
        )
        item.on_hand, item.reserved = event.on_hand, event.reserved
    available = item.on_hand - item.reserved
    # A count or correction is a fact, even below what is promised; nothing may be promised on top of it.
    found_short = _is_a_fact(event)
    promises = isinstance(event, events.StockReserved | events.BackorderFilled)
    item.missing_is_known = available < 0 and (item.missing_is_known or found_short)
    if available < 0 and (promises or not item.missing_is_known):
        ledger.fault(
            "stock-never-negative", row, f"{item.on_hand} on hand, {item.reserved} reserved: {available} available"
        )


def _is_a_fact(event: Event) -> bool:
    """Whether an event may leave fewer units than are held: what was found, or left without being held."""
    if isinstance(event, events.StockHandedOver):
        taken = event.from_reservation
        return taken is not None and taken + event.from_given_back < event.quantity
    return isinstance(event, events.StockCounted | events.StockCorrected | events.StockPutBack)


def _came(ledger: Ledger, row: Logged, item: StockFacts, event: Any) -> None:
    item.known = item.known or isinstance(event, events.StockReceived)
    item.on_hand += event.quantity if item.takes_in(event.occurred_at) else 0


def _counted(ledger: Ledger, row: Logged, item: StockFacts, event: events.StockCounted) -> None:
    """A count says what is there, so the sum starts anew from it."""
    item.on_hand, item.known, item.counted_at = event.on_hand, True, event.counted_at
    item.uncounted = {} if event.packed_included else _packed_before(item, event.counted_at)


def _packed_before(item: StockFacts, counted_at: datetime) -> dict[tuple[str, UUID], int]:
    return {key: units for key, (packed_at, units) in item.packed.items() if packed_at < counted_at}


def _nothing_moved(ledger: Ledger, row: Logged, item: StockFacts, event: Any) -> None:
    """What is only said moves no unit."""


def _reserved(ledger: Ledger, row: Logged, item: StockFacts, event: Any) -> None:
    if item.reservations.get(event.order_id) == event.quantity:
        ledger.fault("nothing-doubled", row, f"units for order {event.order_id} were reserved twice")
    item.queue.pop(event.order_id, None)
    kept = getattr(event, "kept", 0)
    item.reserved += event.quantity - item.reservations.get(event.order_id, 0) + kept
    item.reservations[event.order_id] = event.quantity
    _give_back(item, event.order_id, kept)


def _queued(ledger: Ledger, row: Logged, item: StockFacts, event: Any) -> None:
    item.queue[event.order_id] = event.quantity


def _released(ledger: Ledger, row: Logged, item: StockFacts, event: events.StockReservationReleased) -> None:
    if event.was_queued:
        _set(item.queue, event.order_id, event.left)
        return
    if item.reservations.get(event.order_id, 0) != event.quantity + event.kept + event.left:
        ledger.fault("reservations-match", row, f"order {event.order_id} gave back units that it did not hold")
    _set(item.reservations, event.order_id, event.left)
    _give_back(item, event.order_id, event.kept)
    item.reserved -= event.quantity


def _shortened(ledger: Ledger, row: Logged, item: StockFacts, event: events.StockReservationShortened) -> None:
    if item.reservations.pop(event.order_id, 0) != event.quantity:
        ledger.fault("reservations-match", row, f"order {event.order_id} lost units that it did not hold")
    item.queue[event.order_id] = event.quantity
    item.reserved -= event.quantity


def _packaged(ledger: Ledger, row: Logged, item: StockFacts, event: events.StockPackaged) -> None:
    key = (event.reference, event.order_id)
    _give_back(item, event.order_id, event.taken)
    item.reserved += event.taken
    item.on_hand += event.added
    if event.stage == "packed":
        item.packed[key] = (event.occurred_at, event.quantity)
    if event.added:
        item.uncounted[key] = event.added


def _left(ledger: Ledger, row: Logged, item: StockFacts, event: events.StockHandedOver) -> None:
    key, held = (event.reference, event.order_id), item.reservations.get(event.order_id, 0)
    from_reservation = held if event.from_reservation is None else event.from_reservation
    _set(item.reservations, event.order_id, held - from_reservation)
    _give_back(item, event.order_id, -event.from_given_back)
    item.reserved -= from_reservation + event.from_given_back
    leaves = item.uncounted.pop(key, None) is not None or item.takes_in(event.occurred_at)
    item.packed.pop(key, None)
    item.on_hand -= event.quantity if leaves else 0
    item.left[event.order_id] = item.left.get(event.order_id, 0) + event.quantity


def _put_back(ledger: Ledger, row: Logged, item: StockFacts, event: events.StockPutBack) -> None:
    key = (event.reference, event.order_id)
    item.packed.pop(key, None)
    item.uncounted.pop(key, None)
    _give_back(item, event.order_id, -event.freed)
    item.reserved += event.returned - event.freed
    if event.was_sent:
        _set(item.reservations, event.order_id, item.reservations.get(event.order_id, 0) + event.returned)
        _set(item.left, event.order_id, item.left.get(event.order_id, 0) - event.quantity)
        item.on_hand += event.quantity if item.takes_in(event.occurred_at) else 0


def _give_back(item: StockFacts, order_id: UUID, units: int) -> None:
    _set(item.given_back, order_id, item.given_back.get(order_id, 0) + units)


def _set(units_of: dict[UUID, int], order_id: UUID, units: int) -> None:
    if units:
        units_of[order_id] = units
    else:
        units_of.pop(order_id, None)


def _shipment_opened(ledger: Ledger, row: Logged, event: events.ShipmentOpened) -> None:
    ledger.package(event.shipment_id).order = event.order_id


def _label_bought(ledger: Ledger, row: Logged, event: events.LabelBought) -> None:
    package = ledger.package(event.shipment_id)
    package.tracking_numbers.append(event.tracking_number)
    package.labelled_at = package.labelled_at or row.event.timestamp
    if package.order is None:
        ledger.fault("one-label-per-package", row, "a label was bought for a package that was never opened")
    if len(package.tracking_numbers) > 1:
        ledger.fault("one-label-per-package", row, f"label {len(package.tracking_numbers)} was bought for one package")


def _shipment_cancelled(ledger: Ledger, row: Logged, event: events.ShipmentCancelled) -> None:
    ledger.package(event.shipment_id).cancelled = True


def _person_needed(ledger: Ledger, row: Logged, event: Any) -> None:
    package = ledger.package(event.shipment_id)
    if package.order is not None:
        ledger.order(package.order).held = ledger.order(package.order).touched_by_person = True


_MOVES: dict[type[Event], Callable[[Ledger, Logged, StockFacts, Any], None]] = {
    events.StockReceived: _came,
    events.StockCorrected: _came,
    events.StockReturned: _came,
    events.StockCounted: _counted,
    events.StockWrittenOff: _nothing_moved,
    events.PickShortageFound: _nothing_moved,
    events.StockReserved: _reserved,
    events.BackorderFilled: _reserved,
    events.StockShortageRecorded: _queued,
    events.StockReservationReleased: _released,
    events.StockReservationShortened: _shortened,
    events.StockPackaged: _packaged,
    events.StockHandedOver: _left,
    events.StockPutBack: _put_back,
}

_HANDLERS: dict[type[Event], Callable[[Ledger, Logged, Any], None]] = {
    **dict.fromkeys(_MOVES, _stock_changed),
    events.OrderPlaced: _order_placed,
    events.OrderStockReserved: _order_stock_reserved,
    events.OrderBackordered: _order_backordered,
    events.OrderReadyToShip: _order_ready,
    events.OrderHeld: _order_held,
    events.OrderReleased: _order_released,
    events.OrderCancelled: _order_cancelled,
    events.OrderCancellationRequested: _cancellation_requested,
    events.OrderLabelled: _order_labelled,
    events.OrderFulfilled: _order_fulfilled,
    events.OrderFulfilmentPushed: _order_pushed,
    events.ShipmentOpened: _shipment_opened,
    events.LabelBought: _label_bought,
    events.LabelRefused: _person_needed,
    events.ShipmentHeld: _person_needed,
    events.ShipmentParked: _person_needed,
    events.ShipmentCancelled: _shipment_cancelled,
}
