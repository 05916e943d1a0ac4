"""Who holds units of a stock item: reserve, release, share out what is free, take back what is not there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from aggregates.policies.filling import Ask, fill, last_first, newest_unpaid, promise_for_last
from aggregates.stock_item_state import StockItem
from schemas import commands

EVENTS_MAX = 500
"""How many events one command makes at most; the rest is a continuation."""

FILLS_MAX = EVENTS_MAX - 3
"""What filling may take of them: beside it stand what opened it, the Opened of a new item, and Depleted."""

SHORTENED_MAX = 400
"""How many reservations one command shortens at most, which leaves room for what is filled after it."""

TOO_FEW = "there are fewer than were thought"
PAID_FIRST = "a paid order takes them"


def reserve_stock(item: StockItem, command: commands.ReserveStock, at: datetime) -> None:
    """
    Reserve units of this stock item for one order, all or nothing. A paid order takes the newest unpaid reservations.

    Refused: ShortageRecorded, and a place in the queue, when fewer units are free than asked for or others wait.
    Repeated: the same order reserves once; another quantity, priority, deadline or permission replaces the old one.
    """
    order_id = command.order_id
    ask = Ask(
        quantity=command.quantity,
        priority=command.priority,
        created_at=command.created_at,
        number=command.number,
        deadlines=command.deadlines,
        may_ship=command.may_ship,
        paid_at=command.paid_at,
        buyer=command.buyer,
    )
    held = item.reservations.get(order_id)
    if held is not None:
        _ask_again(item, order_id, held, ask, at)
    elif item.queue.get(order_id) is not None:
        _ask_again_in_queue(item, order_id, ask, at)
    else:
        _ask_first(item, order_id, ask, at)


def _ask_first(item: StockItem, order_id: UUID, ask: Ask, at: datetime) -> None:
    if _may_take(item, ask, at) and not item.queue.has_a_candidate(at):
        _take_from_unpaid(item, order_id, ask.quantity, at)
    if _serves_at_once(item, ask, at):
        _hold(item, order_id, ask, at, reserved=item.reserved + ask.quantity)
    else:
        _let_wait(item, order_id, ask, at)


def _serves_at_once(item: StockItem, ask: Ask, at: datetime) -> bool:
    """Whether free units go to this order: while others wait whom a receipt would fill, it joins them."""
    if not item.known or ask.quantity > item.available:
        return False
    return not item.queue or (ask.may_ship and not item.queue.has_a_candidate(at))


def _hold(item: StockItem, order_id: UUID, ask: Ask, at: datetime, *, reserved: int, kept: int = 0) -> None:
    item.trigger_event(
        StockItem.Reserved,
        timestamp=at,
        order_id=order_id,
        ask=ask,
        kept=kept,
        on_hand=item.on_hand,
        reserved=reserved,
        backordered=item.queue.units,
    )


def _let_wait(item: StockItem, order_id: UUID, ask: Ask, at: datetime) -> None:
    waiting = item.queue.get(order_id)
    others = item.queue.units - (waiting.ask.quantity if waiting else 0)
    free = 0 if others else item.available
    item.trigger_event(
        StockItem.ShortageRecorded,
        timestamp=at,
        order_id=order_id,
        ask=ask,
        short_by=max(ask.quantity - free, 1),
        promised_at=promise_for_last(others + ask.quantity - item.available, item.dated_supplies()),
        stock_unknown=not item.known,
        on_hand=item.on_hand,
        reserved=item.reserved,
        backordered=others + ask.quantity,
    )


def _ask_again(item: StockItem, order_id: UUID, held: Ask, ask: Ask, at: datetime) -> None:
    """Replace what an order with a reservation asks: fewer units free the rest, more than are free give all back."""
    if ask == held:
        return
    more = ask.quantity - held.quantity
    if more == 0:
        item.trigger_event(StockItem.ReservationUpdated, timestamp=at, order_id=order_id, ask=ask)
    elif more < 0 or (more <= item.available and not item.queue):
        kept = max(item.in_packages(order_id) - ask.quantity, 0)
        _hold(item, order_id, ask, at, reserved=item.reserved + more + kept, kept=kept)
        settle(item, at)
    else:
        _give_back(item, order_id, "asks for more than is free", at)
        _let_wait(item, order_id, ask, at)
        settle(item, at)


def _ask_again_in_queue(item: StockItem, order_id: UUID, ask: Ask, at: datetime) -> None:
    """Replace what a queued order asks, and see whether it can be served now."""
    waiting = item.queue.get(order_id)
    if waiting is None or waiting.ask == ask:
        return
    if waiting.ask.quantity == ask.quantity:
        item.trigger_event(StockItem.QueueUpdated, timestamp=at, order_id=order_id, ask=ask)
    else:
        _let_wait(item, order_id, ask, at)
    taken = 0
    if _may_take(item, ask, at) and next(item.queue.in_order(at), (None, None))[0] == order_id:
        taken = _take_from_unpaid(item, order_id, ask.quantity, at)
    fill_queue(item, at, FILLS_MAX - taken)


def _may_take(item: StockItem, ask: Ask, at: datetime) -> bool:
    """Whether an order that is paid and short, and not past its `cancel_by`, is whole with what unpaid ones hold."""
    cancel_by = ask.deadlines.cancel_by
    enough = item.available < ask.quantity <= item.available + item.unpaid_units
    return enough and ask.may_ship and (cancel_by is None or cancel_by > at)


def _take_from_unpaid(item: StockItem, order_id: UUID, quantity: int, at: datetime) -> int:
    """Let the newest unpaid reservations go that a paid order needs to be whole, and say how many that were."""
    free = item.available
    chosen: list[UUID] = []
    for other in newest_unpaid(item.reservations):
        if free >= quantity or len(chosen) == SHORTENED_MAX:
            break
        if not item.in_packages(other):
            chosen.append(other)
            free += item.reservations[other].quantity
    if free < quantity:
        return 0
    for other in chosen:
        _shorten(item, other, PAID_FIRST, at, taken_for=order_id)
    return len(chosen)


def release_stock(item: StockItem, command: commands.ReleaseStock, at: datetime) -> None:
    """
    Give an order's units or place back, or some of them, and share them out anew.

    What a printed package holds stays there until it is put back or handed over.
    Refused: nothing where the order has nothing here. Repeated: nothing, for a part by its reference.
    """
    if command.reference and (f"release:{command.order_id}", command.reference) in item.references:
        return
    if _give_back(item, command.order_id, command.reason, at, units=command.quantity, reference=command.reference):
        settle(item, at)


def _give_back(
    item: StockItem, order_id: UUID, reason: str, at: datetime, *, units: int | None = None, reference: str = ""
) -> bool:
    """Whether anything was given back; all of it where `units` is None."""
    held, waiting = item.reservations.get(order_id), item.queue.get(order_id)
    has = held.quantity if held is not None else waiting.ask.quantity if waiting is not None else 0
    gives = has if units is None else min(units, has)
    if gives <= 0:
        return False
    left = has - gives
    kept = max(item.in_packages(order_id) - left, 0) if held is not None else 0
    freed = gives - kept
    item.trigger_event(
        StockItem.ReservationReleased,
        timestamp=at,
        order_id=order_id,
        quantity=freed,
        reason=reason,
        was_queued=held is None,
        left=left,
        kept=kept,
        reference=reference,
        on_hand=item.on_hand,
        reserved=item.reserved - (0 if held is None else freed),
        backordered=item.queue.units - (freed if held is None else 0),
    )
    return True


def settle(item: StockItem, at: datetime) -> None:
    """
    Make holds and queue agree with what is there now.

    Too few: reservations are shortened in the reverse of the filling order, never those with a printed package; what
    those lack is told. Enough: the queue is filled. What does not fit in one command continues in another.
    """
    shortened = _shorten_until_enough(item, at)
    fill_queue(item, at, FILLS_MAX - shortened)
    if item.missing != item.missing_told and item.missing and not item.shortening:
        item.trigger_event(
            StockItem.PickShortageFound,
            timestamp=at,
            quantity=item.missing,
            on_hand=item.on_hand,
            reserved=item.reserved,
            backordered=item.queue.units,
        )


def _shorten_until_enough(item: StockItem, at: datetime) -> int:
    """How many reservations were shortened."""
    missing = item.missing
    if not missing:
        return 0
    chosen: list[UUID] = []
    for order_id in last_first(item.reservations, at):
        if missing <= 0 or len(chosen) > SHORTENED_MAX:
            break
        if not item.in_packages(order_id):
            chosen.append(order_id)
            missing -= item.reservations[order_id].quantity
    more = len(chosen) > SHORTENED_MAX
    now = chosen[:SHORTENED_MAX]
    for number, order_id in enumerate(now, start=1):
        _shorten(item, order_id, TOO_FEW, at, continues=more and number == len(now))
    return len(now)


def _shorten(
    item: StockItem,
    order_id: UUID,
    reason: str,
    at: datetime,
    *,
    taken_for: UUID | None = None,
    continues: bool = False,
) -> None:
    quantity = item.reservations[order_id].quantity
    free = item.on_hand - item.reserved
    item.trigger_event(
        StockItem.ReservationShortened,
        timestamp=at,
        order_id=order_id,
        quantity=quantity,
        reason=reason,
        short_by=quantity if taken_for is not None else min(max(-free, 1), quantity),
        promised_at=promise_for_last(item.queue.units + quantity, item.dated_supplies()),
        taken_for=taken_for,
        continues=continues,
        on_hand=item.on_hand,
        reserved=item.reserved - quantity,
        backordered=item.queue.units + quantity,
    )


def fill_queue(item: StockItem, at: datetime, limit: int = FILLS_MAX) -> None:
    """Share free units among those who wait, as `policies/filling` says; what does not fit in one command continues."""
    if item.available <= 0 or not item.queue:
        return
    fills, more = fill(item.queue, item.available, at, limit)
    for number, chosen in enumerate(fills, start=1):
        quantity = chosen.ask.quantity
        item.trigger_event(
            StockItem.BackorderFilled,
            timestamp=at,
            order_id=chosen.order_id,
            quantity=quantity,
            passed_over=chosen.passed_over,
            continues=more and number == len(fills),
            on_hand=item.on_hand,
            reserved=item.reserved + quantity,
            backordered=item.queue.units - quantity,
        )
