"""
A stock item: what is on the shelf, for whom it is held, and who waits for more.

`available = on_hand - reserved` and no reservation takes it below 0. What is unknown (never counted, never
received) is not 0: it reserves nothing and says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.domain import Aggregate

from aggregates import stock_item_events
from aggregates.policies.filling import Ask, Queue, Supply, fill, promise_for_last, promises
from schemas import commands
from schemas.commands import Command

EVENTS_MAX = 500
"""How many events one command makes at most; the rest is a continuation."""

FILLS_MAX = EVENTS_MAX - 3
"""What filling may take of them: beside it stand what opened it, the Opened of a new item, and Depleted."""

PROMISES_MAX = 500
REFERENCES_KEPT = 10_000
"""How many of the latest movements' references are remembered, so that the same one counts once."""

MOVEMENTS_KEPT = 10_000
"""How many of the latest movements a count can look back over."""


class Known(NamedTuple):
    """What a decision about stock may ask: the moment."""

    at: datetime


class StockItem(Aggregate):
    """One shelf. It forgets an order whose units have left."""

    TOPIC = "stock-item"

    Event = stock_item_events.Event
    Created = stock_item_events.Opened
    Opened = stock_item_events.Opened
    Described = stock_item_events.Described
    Received = stock_item_events.Received
    Counted = stock_item_events.Counted
    Corrected = stock_item_events.Corrected
    Returned = stock_item_events.Returned
    WrittenOff = stock_item_events.WrittenOff
    HandedOver = stock_item_events.HandedOver
    Reserved = stock_item_events.Reserved
    ReservationUpdated = stock_item_events.ReservationUpdated
    ShortageRecorded = stock_item_events.ShortageRecorded
    QueueUpdated = stock_item_events.QueueUpdated
    ReservationReleased = stock_item_events.ReservationReleased
    BackorderFilled = stock_item_events.BackorderFilled
    Depleted = stock_item_events.Depleted
    SupplyExpected = stock_item_events.SupplyExpected

    def __init__(self) -> None:
        self.known = False
        self.on_hand = 0
        self.reserved = 0
        self.reservations: dict[UUID, Ask] = {}
        self.queue = Queue()
        self.description: tuple[str, str, str, str, int | None] | None = None
        self.counted: tuple[datetime, int] | None = None
        self.movements: deque[tuple[datetime, int]] = deque(maxlen=MOVEMENTS_KEPT)
        self.references: dict[tuple[str, str], None] = {}
        self.supplies: dict[str, tuple[int, datetime | None]] = {}
        self.filling = 0
        self.promising: tuple[int, str] | None = None

    @property
    def available(self) -> int:
        """Units that are free. What facts took below what is held shows as 0."""
        return max(self.on_hand - self.reserved, 0)

    def dated_supplies(self) -> list[Supply]:
        """What is on order with a date, earliest first."""
        dated = [Supply(units, due_at) for units, due_at in self.supplies.values() if due_at is not None]
        return sorted(dated, key=lambda supply: supply.due_at)

    def note_movement(self, kind: str, reference: str, units: int, occurred_at: datetime) -> None:
        """Remember a movement, so that it counts once and a count can look back. Called by events alone."""
        self.references[kind, reference] = None
        if len(self.references) > REFERENCES_KEPT:
            del self.references[next(iter(self.references))]
        self.movements.append((occurred_at, units))

    def note_count(self, quantity: int, counted_at: datetime) -> None:
        """Remember a count; movements before it are in it. Called by events alone."""
        self.counted = (counted_at, quantity)
        since = [movement for movement in self.movements if movement[0] >= counted_at]
        self.movements = deque(since, maxlen=MOVEMENTS_KEPT)

    def expect(self, reorder_id: str, quantity: int, due_at: datetime | None) -> None:
        """Remember what is on order; nothing left is forgotten. Called by events alone."""
        if quantity > 0:
            self.supplies[reorder_id] = (quantity, due_at)
        else:
            self.supplies.pop(reorder_id, None)


def decide(item: StockItem | None, command: Command, known: Known) -> StockItem | None:
    """The stock item with what the command brings about. Facts and reservations open an item that nobody saw."""
    if item is None:
        if not isinstance(command, OPENING):
            return None
        item = StockItem._create(StockItem.Opened, id=command.stock_item_id, timestamp=known.at)
    free_before = item.available
    HANDLERS[type(command)](item, command, known.at)
    if free_before > 0 and item.available == 0:
        item.trigger_event(StockItem.Depleted, timestamp=known.at, occurred_at=known.at)
    return item


def _reserve_stock(item: StockItem, command: commands.ReserveStock, at: datetime) -> None:
    """
    Reserve units of this stock item for one order, all or nothing.

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
    )
    held = item.reservations.get(order_id)
    if held is not None:
        _ask_again(item, order_id, held, ask, at)
    elif item.queue.get(order_id) is not None:
        _ask_again_in_queue(item, order_id, ask, at)
    elif _serves_at_once(item, ask, at):
        _hold(item, order_id, ask, at, reserved=item.reserved + ask.quantity)
    else:
        _let_wait(item, order_id, ask, at)


def _serves_at_once(item: StockItem, ask: Ask, at: datetime) -> bool:
    """Whether free units go to this order: while others wait whom a receipt would fill, it joins them."""
    if not item.known or ask.quantity > item.available:
        return False
    return not item.queue or (ask.may_ship and not item.queue.has_a_candidate(at))


def _hold(item: StockItem, order_id: UUID, ask: Ask, at: datetime, *, reserved: int) -> None:
    item.trigger_event(
        StockItem.Reserved,
        timestamp=at,
        order_id=order_id,
        ask=ask,
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
        _hold(item, order_id, ask, at, reserved=item.reserved + more)
        _fill(item, at)
    else:
        _give_back(item, order_id, "asks for more than is free", at)
        _let_wait(item, order_id, ask, at)
        _fill(item, at)


def _ask_again_in_queue(item: StockItem, order_id: UUID, ask: Ask, at: datetime) -> None:
    """Replace what a queued order asks, and see whether it can be served now."""
    waiting = item.queue.get(order_id)
    if waiting is None or waiting.ask == ask:
        return
    if waiting.ask.quantity == ask.quantity:
        item.trigger_event(StockItem.QueueUpdated, timestamp=at, order_id=order_id, ask=ask)
    else:
        _let_wait(item, order_id, ask, at)
    _fill(item, at)


def _release_stock(item: StockItem, command: commands.ReleaseStock, at: datetime) -> None:
    """Give an order's units or place back, and fill the queue with them. Refused and repeated: nothing."""
    if _give_back(item, command.order_id, command.reason, at):
        _fill(item, at)


def _give_back(item: StockItem, order_id: UUID, reason: str, at: datetime) -> bool:
    held, waiting = item.reservations.get(order_id), item.queue.get(order_id)
    if held is None and waiting is None:
        return False
    from_shelf = held.quantity if held is not None else 0
    from_queue = waiting.ask.quantity if waiting is not None else 0
    item.trigger_event(
        StockItem.ReservationReleased,
        timestamp=at,
        order_id=order_id,
        quantity=from_shelf or from_queue,
        reason=reason,
        was_queued=held is None,
        on_hand=item.on_hand,
        reserved=item.reserved - from_shelf,
        backordered=item.queue.units - from_queue,
    )
    return True


def _fill(item: StockItem, at: datetime) -> None:
    """Share free units among those who wait, as `policies/filling` says; what does not fit in one command continues."""
    if item.available <= 0 or not item.queue:
        return
    fills, more = fill(item.queue, item.available, at, FILLS_MAX)
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


def _fill_backorders(item: StockItem, command: commands.FillBackorders, at: datetime) -> None:
    """
    Go on filling and promising.

    Refused: nothing unless the filling or the promising that it was set for is the latest one. Repeated: nothing.
    """
    if command.set_for == item.filling:
        _fill(item, at)
    elif item.promising is not None and command.set_for == item.promising[0]:
        reorder_id = item.promising[1]
        _expect(item, reorder_id, *item.supplies.get(reorder_id, (0, None)), at)


def _record_movement(item: StockItem, command: commands.RecordMovement, at: datetime) -> None:
    """
    Take over that units came or went, and fill the queue with what is free now.

    A receipt onto an unknown item makes it known at that quantity; other movements leave it unknown. What is
    dated before the last count was counted, so it moves no figure but the reservation that leaves with it.
    Refused: nothing for a quantity of 0, or a negative one that is no correction. Repeated: nothing for
    the same reference, kind and order.
    """
    kind, quantity = command.kind, command.quantity
    if quantity == 0 or (quantity < 0 and kind != "correction"):
        return
    if kind == "dispatch" and command.order_id is not None:
        _hand_over(item, command, command.order_id, at)
    elif kind == "dispatch":
        _move(item, command, "correction", -quantity, at)
    else:
        _move(item, command, kind, quantity, at)
    _fill(item, at)


def _move(item: StockItem, command: commands.RecordMovement, kind: str, quantity: int, at: datetime) -> None:
    if (kind, command.reference) in item.references:
        return
    event_class = MOVEMENTS[kind]
    item.trigger_event(
        event_class,
        timestamp=at,
        quantity=quantity,
        reference=command.reference,
        occurred_at=command.occurred_at,
        on_hand=item.on_hand + _effect(item, command, 0 if kind == "return_damaged" else quantity),
        reserved=item.reserved,
        backordered=item.queue.units,
        **({"stock_unknown": not item.known} if kind == "correction" else {}),
    )


def _effect(item: StockItem, command: commands.RecordMovement, units: int) -> int:
    """What a movement does to `on_hand`: nothing if it is in the last count, or if nothing is known to take it from."""
    if item.counted is not None and command.occurred_at < item.counted[0]:
        return 0
    return units if item.known or command.kind == "receipt" else 0


def _hand_over(item: StockItem, command: commands.RecordMovement, order_id: UUID, at: datetime) -> None:
    if (f"dispatch:{order_id}", command.reference) in item.references:
        return
    held = item.reservations.get(order_id)
    from_reservation = 0 if held is None else min(held.quantity, command.quantity)
    item.trigger_event(
        StockItem.HandedOver,
        timestamp=at,
        order_id=order_id,
        quantity=command.quantity,
        from_reservation=from_reservation,
        reference=command.reference,
        occurred_at=command.occurred_at,
        on_hand=item.on_hand + _effect(item, command, -command.quantity),
        reserved=item.reserved - from_reservation,
        backordered=item.queue.units,
    )


def _record_count(item: StockItem, command: commands.RecordCount, at: datetime) -> None:
    """
    Take over what somebody counted, with what moved since the count on top, and fill the queue.

    Refused: nothing for a count older than the last one. Repeated: nothing.
    """
    told = (command.counted_at, command.quantity)
    if item.counted is not None and (command.counted_at < item.counted[0] or told == item.counted):
        return
    moved_since = sum(units for occurred_at, units in item.movements if occurred_at >= command.counted_at)
    item.trigger_event(
        StockItem.Counted,
        timestamp=at,
        quantity=command.quantity,
        counted_at=command.counted_at,
        packed_included=command.packed_included,
        reference=command.reference,
        on_hand=command.quantity + moved_since,
        reserved=item.reserved,
        backordered=item.queue.units,
    )
    _fill(item, at)


def _describe(item: StockItem, command: commands.DescribeStockItem, at: datetime) -> None:
    """Say what the item is. Repeated: nothing."""
    told = (command.marketplace, command.shop, command.sku_id, command.seller_sku, command.weight_grams)
    if told != item.description:
        item.trigger_event(
            StockItem.Described,
            timestamp=at,
            marketplace=command.marketplace,
            shop=command.shop,
            sku_id=command.sku_id,
            seller_sku=command.seller_sku,
            weight_grams=command.weight_grams,
        )


def _record_supply(item: StockItem, command: commands.RecordSupply, at: datetime) -> None:
    """Note what is on order, and promise those who wait a date. Repeated: nothing."""
    told = (command.quantity, command.due_at)
    if item.supplies.get(command.reorder_id, (0, None)) != told:
        _expect(item, command.reorder_id, command.quantity, command.due_at, at)


def _expect(item: StockItem, reorder_id: str, quantity: int, due_at: datetime | None, at: datetime) -> None:
    supplies = {**item.supplies, reorder_id: (quantity, due_at)}
    dated = sorted((due, units) for units, due in supplies.values() if due is not None and units > 0)
    made, more = promises(item.queue, item.available, [Supply(units, due) for due, units in dated], at, PROMISES_MAX)
    item.trigger_event(
        StockItem.SupplyExpected,
        timestamp=at,
        reorder_id=reorder_id,
        quantity=quantity,
        due_at=due_at,
        promises=tuple(made),
        continues=more,
    )


OPENING = (commands.ReserveStock, commands.RecordMovement, commands.RecordCount, commands.DescribeStockItem)

MOVEMENTS = {
    "receipt": StockItem.Received,
    "return_good": StockItem.Returned,
    "return_damaged": StockItem.WrittenOff,
    "correction": StockItem.Corrected,
}
"""What each kind of movement is. A dispatch that names no order is a correction."""

HANDLERS: dict[type[Command], Callable[[StockItem, Any, datetime], None]] = {
    commands.ReserveStock: _reserve_stock,
    commands.ReleaseStock: _release_stock,
    commands.RecordMovement: _record_movement,
    commands.RecordCount: _record_count,
    commands.DescribeStockItem: _describe,
    commands.RecordSupply: _record_supply,
    commands.FillBackorders: _fill_backorders,
}
