"""A stock item: what is on hand, for whom it is held, and who waits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import pytest

from aggregates import stock_item
from aggregates.policies.fulfilment import commands_after
from aggregates.stock_item import EVENTS_MAX, StockItem
from aggregates.stock_item_state import REFERENCES_KEPT
from schemas.commands import (
    AssessStockRisk,
    Command,
    DescribeStockItem,
    FillBackorders,
    RecordCount,
    RecordMovement,
    RecordReceipt,
    RecordReservation,
    RecordShortage,
    RecordSupply,
    ReleaseStock,
    ReserveStock,
)
from schemas.values import Deadlines
from tests.builders import MARKETPLACE, NOON, SHOP, an_order, item_of
from tests.unit.aggregates.scenario import following, given_stock, names, when

ITEM = item_of()
HOUR = timedelta(hours=1)
Kind = Literal["receipt", "dispatch", "return_good", "return_damaged", "correction"]


def buyer(number: int) -> UUID:
    """The id of one of many orders."""
    return an_order().numbered(number).id


def reserve(
    number: int, quantity: int = 1, *, may_ship: bool = True, priority: int = 50, deadlines: Deadlines | None = None
) -> ReserveStock:
    """An order asks for units."""
    return ReserveStock(
        stock_item_id=ITEM,
        order_id=buyer(number),
        quantity=quantity,
        priority=priority,
        created_at=NOON + timedelta(seconds=number),
        number=f"{number:06}",
        deadlines=deadlines or Deadlines(),
        may_ship=may_ship,
    )


def release(number: int) -> ReleaseStock:
    """An order gives its units back."""
    return ReleaseStock(stock_item_id=ITEM, order_id=buyer(number), reason="cancelled")


def move(kind: Kind, quantity: int, reference: str = "r1", *, at: datetime = NOON, order: int | None = None) -> Command:
    """Units come or go."""
    return RecordMovement(
        stock_item_id=ITEM,
        kind=kind,
        quantity=quantity,
        reference=reference,
        occurred_at=at,
        order_id=None if order is None else buyer(order),
    )


def count(quantity: int, at: datetime = NOON) -> RecordCount:
    """Somebody counts the shelf."""
    return RecordCount(stock_item_id=ITEM, quantity=quantity, counted_at=at)


def figures(item: StockItem) -> tuple[int, int, int]:
    """On hand, reserved, backordered."""
    return item.on_hand, item.reserved, item.queue.units


# Reserving


def test_free_units_are_reserved_and_the_order_told() -> None:
    """Free units are held for the order that asks, and it is told."""
    item = given_stock(count(5))
    events = when(item, reserve(1, 2))
    assert names(events) == ["Reserved"]
    assert (events[0].on_hand, events[0].reserved, events[0].backordered) == (5, 2, 0)
    assert following(events) == [RecordReservation(order_id=buyer(1), stock_item_id=ITEM, quantity=2)]


def test_all_or_nothing() -> None:
    """An order that asks for more than is free gets nothing, queues, and buying is told."""
    item = given_stock(count(5))
    events = when(item, reserve(1, 6))
    assert names(events) == ["ShortageRecorded"]
    assert (events[0].short_by, figures(item)) == (1, (5, 0, 6))
    assert [type(command).__name__ for command in following(events)] == ["RecordShortage", "AssessStockRisk"]


@pytest.mark.parametrize("stock", [5, 0])
def test_the_same_reservation_twice_records_nothing(stock: int) -> None:
    """The same order asking the same again records nothing, served or queued."""
    item = given_stock(count(stock), reserve(1))
    assert when(item, reserve(1)) == []


def test_what_was_never_counted_is_unknown() -> None:
    """An item that nobody counted opens, reserves nothing, and says that it is unknown."""
    found = stock_item.decide(None, reserve(1), stock_item.Known(NOON))
    assert found is not None
    events: list[Any] = list(found.collect_events())
    assert names(events) == ["Opened", "ShortageRecorded"]
    assert events[1].stock_unknown


def test_a_receipt_onto_an_unknown_item_makes_it_known() -> None:
    """The first receipt makes an item known at that quantity, and fills who waits."""
    item = given_stock(reserve(1), reserve(2))
    assert names(when(item, move("receipt", 5))) == ["Received", "BackorderFilled", "BackorderFilled"]
    assert item.known
    assert item.available == 3


def test_other_movements_leave_an_unknown_item_unknown() -> None:
    """A correction or a return says nothing about how much there is; the count takes them in by their time."""
    item = given_stock(move("return_good", 2, "r2", at=NOON + 2 * HOUR))
    (told,) = following(when(item, move("correction", 5, at=NOON)))
    assert isinstance(told, AssessStockRisk)
    assert told.stock_unknown
    assert (item.known, item.on_hand) == (False, 0)
    when(item, count(10, NOON + HOUR))
    assert item.on_hand == 12


def test_the_last_free_unit_depletes_once() -> None:
    """Depleted is told when the last free unit goes, and again only after there was one."""
    item = given_stock(count(1))
    assert names(when(item, reserve(1))) == ["Reserved", "Depleted"]
    assert names(when(item, reserve(2))) == ["ShortageRecorded"]
    assert names(when(item, release(1))) == ["ReservationReleased", "BackorderFilled"]
    assert names(when(item, move("receipt", 2, "r2"))) == ["Received"]
    assert names(when(item, reserve(3, 2))) == ["Reserved", "Depleted"]


def test_fc_27_ten_buyers_one_unit() -> None:
    """
    FC-27: one of ten gets the unit and nine queue in order of creation; the oldest gets it after a cancellation, once.

    `available` never falls below 0 at any version, and the item is depleted once.
    """
    log: list[Any] = []
    item = given_stock(count(1))
    for number in range(10):
        log += when(item, reserve(number))
    log += when(item, release(0))
    log += when(item, release(0))
    counted = names(log)
    assert [counted.count(name) for name in ("Reserved", "ShortageRecorded", "BackorderFilled", "Depleted")] == [
        1,
        9,
        1,
        1,
    ]
    assert next(event for event in log if isinstance(event, StockItem.BackorderFilled)).order_id == buyer(1)
    assert [order_id for order_id, _ in item.queue.in_order(NOON)] == [buyer(number) for number in range(2, 10)]
    assert all(event.on_hand - event.reserved >= 0 for event in log if hasattr(event, "on_hand"))


def test_while_others_wait_a_new_order_joins_them() -> None:
    """Free units that are too few for the first in the queue do not go to a smaller order behind it."""
    item = given_stock(count(5), reserve(1, 10))
    assert names(when(item, reserve(2, 1))) == ["ShortageRecorded"]


def test_a_queue_of_unpaid_orders_holds_no_paid_order_back() -> None:
    """Orders that may not ship are passed over: a paid order takes free units past them."""
    item = given_stock(count(0), reserve(1, may_ship=False), move("receipt", 5))
    assert item.available == 5
    assert names(when(item, reserve(2, may_ship=False))) == ["ShortageRecorded"]
    assert names(when(item, reserve(3))) == ["Reserved"]


def test_a_payment_serves_a_queued_order_at_once() -> None:
    """A queued order that may ship now is filled from what is free."""
    item = given_stock(count(0), reserve(1, may_ship=False), move("receipt", 5))
    assert names(when(item, reserve(1))) == ["QueueUpdated", "BackorderFilled"]


def test_a_payment_of_a_reserved_order_is_noted() -> None:
    """A reservation learns that its order may ship; no unit moves and the order is not told again."""
    item = given_stock(count(5), reserve(1, may_ship=False))
    events = when(item, reserve(1))
    assert names(events) == ["ReservationUpdated"]
    assert following(events) == []
    assert item.reservations[buyer(1)].may_ship


@pytest.mark.parametrize(("quantity", "expected"), [(1, ["Reserved", "BackorderFilled"]), (3, ["ReservationReleased"])])
def test_another_quantity_replaces_the_old_one(quantity: int, expected: list[str]) -> None:
    """Asking for fewer units frees the rest for the queue; asking for more than is free gives all back and queues."""
    item = given_stock(count(2), reserve(1, 2), reserve(2, 1))
    events = when(item, reserve(1, quantity))
    assert names(events)[: len(expected)] == expected
    assert item.reserved == sum(ask.quantity for ask in item.reservations.values()) <= 2


# Releasing


def test_released_units_go_to_the_queue() -> None:
    """Units that one order gives back fill the next one; released twice, they go once."""
    item = given_stock(count(1), reserve(1), reserve(2))
    events = when(item, release(1))
    assert names(events) == ["ReservationReleased", "BackorderFilled"]
    assert [type(command) for command in following(events)] == [RecordReservation, AssessStockRisk]
    assert when(item, release(1)) == []
    assert figures(item) == (1, 1, 0)


def test_a_place_in_the_queue_is_given_back() -> None:
    """A queued order that is cancelled leaves the queue, and those behind it may be served."""
    item = given_stock(count(5), reserve(1, 10), reserve(2, 5))
    events = when(item, release(1))
    assert names(events) == ["ReservationReleased", "BackorderFilled", "Depleted"]
    assert events[0].was_queued


def test_an_order_that_nobody_knows_releases_nothing() -> None:
    """Releasing what was never reserved records nothing, and opens no item."""
    assert when(given_stock(count(5)), release(1)) == []
    assert stock_item.decide(None, release(1), stock_item.Known(NOON)) is None


# Filling


def test_a_larger_order_is_passed_over_and_first_next_time() -> None:
    """What does not fit is passed over, named once, and first when stock comes again."""
    item = given_stock(count(0), reserve(1, 10), reserve(2, 1), reserve(3, 1), reserve(4, 9))
    first = when(item, move("receipt", 1))
    assert [(event.order_id, event.passed_over) for event in first[1:2]] == [(buyer(2), (buyer(1),))]
    second = when(item, move("receipt", 10, "r2"))
    assert [event.order_id for event in second[1:2]] == [buyer(1)]


def test_filling_makes_at_most_500_events_and_continues() -> None:
    """A receipt for thousands of waiting orders fills them in commands of at most 500 events each."""
    orders = 1_300
    item = given_stock(count(0), *(reserve(number) for number in range(orders)))
    events = when(item, move("receipt", orders))
    filled = 0
    for _ in range(10):
        assert len(events) <= EVENTS_MAX
        filled += names(events).count("BackorderFilled")
        continuations = [command for command in following(events) if isinstance(command, FillBackorders)]
        if not continuations:
            break
        events = when(item, continuations[0])
    assert (filled, figures(item)) == (orders, (orders, orders, 0))
    assert names(events)[-1] == "Depleted"


def test_a_continuation_of_an_earlier_filling_is_ignored() -> None:
    """A continuation names what it was set for; after another filling it is no longer the present one."""
    item = given_stock(count(0), *(reserve(number) for number in range(1_200)))
    (stale,) = [
        command for command in following(when(item, move("receipt", 600))) if isinstance(command, FillBackorders)
    ]
    when(item, move("receipt", 600, "r2"))
    assert when(item, stale) == []


def test_supply_that_is_told_meanwhile_does_not_end_a_filling() -> None:
    """What is on order may change between two parts of a filling; the filling goes on all the same."""
    item = given_stock(count(0), *(reserve(number) for number in range(600)), supply(600, NOON + HOUR))
    filled = following(when(item, move("receipt", 600)))
    (go_on,) = [command for command in filled if isinstance(command, FillBackorders)]
    when(item, supply(0, None))
    when(item, go_on)
    assert figures(item) == (600, 600, 0)


# Movements and counts


def test_a_hand_over_takes_units_and_the_order_is_forgotten() -> None:
    """Units leave `on_hand` and the reservation together, once, and the item forgets the order."""
    item = given_stock(count(5), reserve(1, 2))
    gone = move("dispatch", 2, "package-1", order=1)
    assert names(when(item, gone)) == ["HandedOver"]
    assert (figures(item), item.reservations) == ((3, 0, 0), {})
    assert when(item, gone) == []


def test_one_package_takes_the_units_of_several_orders() -> None:
    """Two orders in one package leave with the same reference, each with its own units."""
    item = given_stock(count(5), reserve(1, 2), reserve(2, 1), move("dispatch", 2, "package-1", order=1))
    assert names(when(item, move("dispatch", 1, "package-1", order=2))) == ["HandedOver"]
    assert figures(item) == (2, 0, 0)


def test_a_hand_over_without_a_reservation_is_a_fact() -> None:
    """Units that left although they were held for others are gone: who held them queues, nothing is refused."""
    item = given_stock(count(1), reserve(1))
    events = when(item, move("dispatch", 1, "package-2", order=2))
    assert names(events) == ["HandedOver", "ReservationShortened"]
    assert (figures(item), item.available) == ((0, 0, 1), 0)


@pytest.mark.parametrize(
    ("kind", "quantity", "name", "on_hand"),
    [
        ("receipt", 3, "Received", 8),
        ("return_good", 3, "Returned", 8),
        ("return_damaged", 3, "WrittenOff", 5),
        ("correction", -7, "Corrected", -2),
        ("dispatch", 3, "Corrected", 2),
    ],
)
def test_each_movement_counts_once(kind: Kind, quantity: int, name: str, on_hand: int) -> None:
    """Each kind of movement moves `on_hand` its way; the same reference of the same kind counts once."""
    item = given_stock(count(5))
    assert names(when(item, move(kind, quantity, "ref")))[0] == name
    assert item.on_hand == on_hand
    assert when(item, move(kind, quantity, "ref")) == []
    assert item.available == max(on_hand, 0)


@pytest.mark.parametrize("movement", [move("receipt", 0), move("receipt", -1), move("correction", 0)])
def test_a_movement_of_nothing_is_refused(movement: Command) -> None:
    """A movement of 0 units, or a negative one that is no correction, records nothing."""
    assert when(given_stock(count(5)), movement) == []


def test_only_the_latest_references_are_remembered() -> None:
    """The memory of references is bounded, and what it forgets is the oldest."""
    item = given_stock(count(0))
    for number in range(REFERENCES_KEPT + 5):
        when(item, move("receipt", 1, f"r{number}"))
    assert len(item.references) == REFERENCES_KEPT
    assert ("receipt", "r4") not in item.references


def test_a_count_takes_in_what_moved_since() -> None:
    """Movements after the moment of a count apply on top of it; those before are in it, even if they come later."""
    item = given_stock(count(100, NOON), reserve(1, 10))
    when(item, move("dispatch", 4, "p1", at=NOON + HOUR, order=1))
    when(item, move("receipt", 20, "r2", at=NOON + 3 * HOUR))
    when(item, count(90, NOON + 2 * HOUR))
    assert item.on_hand == 110
    when(item, move("dispatch", 6, "p2", at=NOON + HOUR, order=1))
    assert figures(item) == (110, 0, 0)


def test_an_older_or_repeated_count_changes_nothing() -> None:
    """A count older than the last one, or the same again, records nothing."""
    item = given_stock(count(100, NOON))
    assert when(item, count(100, NOON)) == []
    assert when(item, count(7, NOON - HOUR)) == []


def test_a_count_fills_the_queue() -> None:
    """Units that a count finds go to who waits, and buying is told."""
    item = given_stock(count(0), reserve(1))
    events = when(item, count(3, NOON + HOUR))
    assert names(events) == ["Counted", "BackorderFilled"]
    assert AssessStockRisk in [type(command) for command in following(events)]


def test_a_receipt_tells_buying() -> None:
    """What came in comes off the supplier's order."""
    events = when(given_stock(count(0)), move("receipt", 3))
    assert [type(command) for command in commands_after(events[0])] == [RecordReceipt, AssessStockRisk]


def test_a_description_is_recorded_once() -> None:
    """What the item is, is recorded when it changes."""
    command = DescribeStockItem(
        stock_item_id=ITEM, marketplace=MARKETPLACE, shop=SHOP, sku_id="sku-1", weight_grams=400
    )
    item = given_stock(count(0))
    assert names(when(item, command)) == ["Described"]
    assert when(item, command) == []


# Promises


def supply(quantity: int, due_at: datetime | None, reorder_id: str = "ro-1") -> RecordSupply:
    """Units are on order."""
    return RecordSupply(stock_item_id=ITEM, reorder_id=reorder_id, quantity=quantity, due_at=due_at)


def test_supply_promises_a_date_in_filling_order() -> None:
    """Queued orders get the day of the supply that covers them; those that nothing covers get none."""
    item = given_stock(count(0), *(reserve(number, 2) for number in range(4)))
    events = when(item, supply(4, NOON + 24 * HOUR))
    assert [(promise.order_id, promise.promised_at) for promise in events[0].promises] == [
        (buyer(0), NOON + 24 * HOUR),
        (buyer(1), NOON + 24 * HOUR),
    ]
    later = when(item, supply(2, NOON + 48 * HOUR, "ro-2"))
    assert [(promise.order_id, promise.promised_at) for promise in later[0].promises] == [(buyer(2), NOON + 48 * HOUR)]
    assert [type(command) for command in following(later)] == [RecordShortage]
    assert when(item, supply(2, NOON + 48 * HOUR, "ro-2")) == []


def test_who_joins_a_queue_is_promised_what_is_left() -> None:
    """A new order in the queue is promised the day of the first supply that still covers it."""
    item = given_stock(count(0), reserve(1, 2), supply(3, NOON + 24 * HOUR), supply(9, NOON + 48 * HOUR, "ro-2"))
    assert when(item, reserve(2, 1))[0].promised_at == NOON + 24 * HOUR
    assert when(item, reserve(3, 1))[0].promised_at == NOON + 48 * HOUR
    assert when(item, reserve(4, 99))[0].promised_at is None


def test_promises_continue_in_further_commands() -> None:
    """Thousands of promises are made in commands that name at most 500 orders each."""
    orders = 1_100
    item = given_stock(count(0), *(reserve(number) for number in range(orders)))
    events = when(item, supply(orders, NOON + 24 * HOUR))
    promised = len(events[0].promises)
    for _ in range(5):
        continuations = [command for command in following(events) if isinstance(command, FillBackorders)]
        if not continuations:
            break
        events = when(item, continuations[0])
        assert len(events[0].promises) <= EVENTS_MAX
        promised += len(events[0].promises)
    assert promised == orders


def test_supply_that_has_come_is_forgotten() -> None:
    """A supply of which nothing is left promises nothing any more."""
    item = given_stock(count(0), reserve(1), supply(5, NOON + HOUR))
    when(item, supply(0, None))
    assert item.supplies == {}
