"""What the events of a stock item say of what is there and what paid orders ask."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from aggregates.policies.demand_rates import Span
from aggregates.policies.shelf_windows import Demand, Shelf, Sold, demand_after, shelf_after, sold
from schemas import events
from tests.builders import NOON, an_order, item_of

ITEM, ORDER = item_of(), an_order().id
HOUR = timedelta(hours=1)
FIGURES: dict[str, Any] = {"on_hand": 5, "reserved": 0, "backordered": 0}


def a_shelf() -> Shelf:
    """A shelf of which nothing is known."""
    return Shelf(ITEM, NOON)


def counted(on_hand: int) -> events.StockCounted:
    """The shelf was counted."""
    return events.StockCounted(
        stock_item_id=ITEM, quantity=on_hand, counted_at=NOON, on_hand=on_hand, reserved=0, backordered=0
    )


def reserved(quantity: int, order: UUID = ORDER, **more: Any) -> events.StockReserved:
    """Units were reserved for an order."""
    figures = {**FIGURES, "reserved": quantity}
    return events.StockReserved(stock_item_id=ITEM, order_id=order, quantity=quantity, **figures, **more)


def test_what_was_never_counted_is_unknown_and_not_empty() -> None:
    """A shortage of an item that nobody counted leaves its shelf unknown, and no time without stock begins."""
    short = events.StockShortageRecorded(
        stock_item_id=ITEM,
        order_id=ORDER,
        quantity=2,
        short_by=2,
        on_hand=0,
        reserved=0,
        backordered=2,
        stock_unknown=True,
    )
    after, ended = shelf_after(a_shelf(), short, NOON)
    assert (after.stock_unknown, after.backordered, after.empty_since, ended) == (True, 2, None, None)


def test_the_time_without_stock_is_left_out_once_it_ends() -> None:
    """From the moment at which nothing is free until something is."""
    empty, _ = shelf_after(a_shelf(), reserved(5), NOON + HOUR)
    assert empty.empty_since == NOON + HOUR
    still, ended = shelf_after(empty, reserved(5), NOON + 2 * HOUR)
    assert (still.empty_since, ended) == (NOON + HOUR, None)
    after, ended = shelf_after(still, counted(3), NOON + 3 * HOUR)
    assert (after.available, after.empty_since, ended) == (3, None, Span(NOON + HOUR, NOON + 3 * HOUR))


def test_an_imported_order_makes_the_history_longer() -> None:
    """What was paid before we knew of the item is history too, as far back as windows look."""
    told = events.DemandRecorded(stock_item_id=ITEM, order_id=ORDER, quantity=1, paid_at=NOON - 30 * HOUR)
    assert shelf_after(a_shelf(), told, NOON)[0].known_since == NOON - 30 * HOUR
    long_ago = msgspec.structs.replace(told, paid_at=NOON - 29 * 24 * HOUR)
    assert shelf_after(a_shelf(), long_ago, NOON)[0].known_since == NOON


def test_a_paid_reservation_is_a_demand_once() -> None:
    """The first one counts; later ones of the same order, and those of an unpaid one, say nothing of demand."""
    demand = demand_after(None, reserved(3, paid_at=NOON, buyer="hashed"))
    assert demand == Demand(ITEM, ORDER, NOON, 3, "hashed")
    assert demand_after(demand, reserved(2, paid_at=NOON, buyer="hashed")) is None
    assert demand_after(None, reserved(3)) is None
    assert demand_after(None, counted(3)) is None


def test_a_change_of_demand_keeps_what_it_does_not_tell() -> None:
    """A cancellation knows neither when it was paid nor by whom; it takes off where the demand stands."""
    demand = Demand(ITEM, ORDER, NOON, 12, "hashed")
    less = demand_after(demand, events.DemandRecorded(stock_item_id=ITEM, order_id=ORDER, quantity=4))
    assert less == demand._replace(units=4)
    assert list(sold(demand, less)) == [Sold(NOON, -1, -10), Sold(NOON, 1, 4)]
    none = less._replace(units=0)
    assert list(sold(less, none)) == [Sold(NOON, -1, -4)]


def test_a_cancellation_that_comes_first_wins() -> None:
    """What is cancelled before anything was told of it stays no demand."""
    none = demand_after(None, events.DemandRecorded(stock_item_id=ITEM, order_id=ORDER, quantity=0))
    assert none is not None
    assert list(sold(None, none)) == []
    assert demand_after(none, reserved(3, paid_at=NOON)) is None
