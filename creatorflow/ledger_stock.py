"""What each event of a stock item does to the ledger: units are added up from the movements, never believed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from creatorflow.ledger_facts import StockFacts
from creatorflow.log import Logged
from schemas import events
from schemas.events import Event

if TYPE_CHECKING:
    from creatorflow.ledger import Ledger


def _stock_changed(ledger: Ledger, row: Logged, event: Any) -> None:
    """Move the sum by what the event says happened, then compare it with the figures the event carries."""
    item = ledger.stock.setdefault(event.stock_item_id, StockFacts())
    promised_before = item.reserved
    _MOVES[type(event)](ledger, row, item, event)
    if (item.on_hand, item.reserved) != (event.on_hand, event.reserved):
        ledger.fault(
            "stock-adds-up",
            row,
            f"has {event.on_hand} on hand, {event.reserved} reserved; its movements: {item.on_hand}, {item.reserved}",
        )
        item.on_hand, item.reserved = event.on_hand, event.reserved
    available = item.on_hand - item.reserved
    # A count or correction is a fact, even below what is promised; nothing more may be promised on top of it.
    found_short = _is_a_fact(event)
    promises = isinstance(event, events.StockReserved | events.BackorderFilled) and item.reserved > promised_before
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
    _check_parcel(ledger, row, event)
    key, held = (event.reference, event.order_id), item.reservations.get(event.order_id, 0)
    from_reservation = held if event.from_reservation is None else event.from_reservation
    _set(item.reservations, event.order_id, held - from_reservation)
    _give_back(item, event.order_id, -event.from_given_back)
    item.reserved -= from_reservation + event.from_given_back
    leaves = item.uncounted.pop(key, None) is not None or item.takes_in(event.occurred_at)
    item.packed.pop(key, None)
    item.on_hand -= event.quantity if leaves else 0
    item.left[event.order_id] = item.left.get(event.order_id, 0) + event.quantity


def _check_parcel(ledger: Ledger, row: Logged, event: events.StockHandedOver) -> None:
    """What leaves with a package is what it holds, or held, of that order. Other references name no packages."""
    try:
        package = ledger.packages.get(UUID(event.reference))
    except ValueError:
        return
    if package is None:
        return
    held = (need for order_id, contents in package.held if order_id == event.order_id for need in contents)
    units = {need.quantity for need in held if need.stock_item_id == event.stock_item_id}
    if event.quantity not in units:
        ledger.fault(
            "packages-add-up",
            row,
            f"{event.quantity} units left with package {event.reference} for order {event.order_id}, of which it holds"
            f" {sorted(units)}",
        )


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

STOCK: dict[type[Event], Callable[[Ledger, Logged, Any], None]] = dict.fromkeys(_MOVES, _stock_changed)
