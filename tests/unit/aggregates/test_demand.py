"""Demand: what paid orders ask of a stock item, told with the reservation or, where it comes apart, by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from aggregates import order
from aggregates.publication import public
from schemas import events
from schemas.commands import CancelOrder, Command, RecordDemand, ReserveStock
from tests.builders import NOON, a_line, an_order, item_of, one_part_per_line
from tests.unit.aggregates.scenario import following, given_order, given_stock, names, reserved, when
from tests.unit.aggregates.test_stock_item import count

ITEM = item_of()
ORDER = an_order().id
TOLD = RecordDemand(
    stock_item_id=ITEM, order_id=ORDER, quantity=3, reference=f"{ORDER}:4", paid_at=NOON, buyer="hashed"
)


def only(kind: type[Any], commands: list[Command]) -> list[Any]:
    """Those of one kind."""
    return [command for command in commands if isinstance(command, kind)]


def test_a_paid_order_tells_its_demand_with_the_reservation() -> None:
    """The reservation of a paid order carries when it was paid and the hashed buyer, and both are published."""
    placed = order.decide(None, replace(an_order(), buyer="hashed").record(), order.Known(NOON, one_part_per_line, 0))
    assert placed is not None
    (asked,) = only(ReserveStock, following(list(placed.collect_events())))
    assert asked.paid_at == placed.paid_at is not None
    (event,) = when(given_stock(count(5)), asked)
    told = public(event)
    assert isinstance(told, events.StockReserved)
    assert (told.quantity, told.paid_at, told.buyer) == (1, asked.paid_at, asked.buyer)


def test_an_unpaid_order_is_no_demand_until_it_is_paid() -> None:
    """What is reserved for an unpaid order is told as a demand when the payment comes, and once."""
    known = given_order(an_order().unpaid().record(), reserved())
    paid = an_order().paid(after=600).record()
    (told,) = only(RecordDemand, following(when(known, paid)))
    assert (told.stock_item_id, told.quantity, told.paid_at) == (ITEM, 1, NOON + timedelta(seconds=600))
    assert only(RecordDemand, following(when(known, paid))) == []


def test_an_unpaid_order_that_is_cancelled_was_no_demand() -> None:
    """Nothing is taken off a demand that never was."""
    known = given_order(an_order().unpaid().record(), reserved())
    assert only(RecordDemand, following(when(known, CancelOrder(order_id=ORDER, reason="no")))) == []


def test_a_cancelled_order_is_no_demand_any_more() -> None:
    """Every stock item of a paid order learns that it asks nothing more, whoever cancels."""
    known = given_order(an_order().of(a_line("sku-1"), a_line("sku-2")).record())
    told = only(RecordDemand, following(when(known, CancelOrder(order_id=ORDER, reason="no"))))
    assert {(each.stock_item_id, each.quantity) for each in told} == {(item_of("sku-1"), 0), (item_of("sku-2"), 0)}


def test_a_demand_is_recorded_once() -> None:
    """Done, and repeated: the same reference records nothing; another one is news."""
    item = given_stock(count(5))
    (event,) = when(item, TOLD)
    told = public(event)
    assert isinstance(told, events.DemandRecorded)
    assert (told.order_id, told.quantity, told.paid_at, told.buyer) == (ORDER, 3, NOON, "hashed")
    assert when(item, TOLD) == []
    assert (item.on_hand, item.reserved) == (5, 0)


def test_a_demand_opens_a_stock_item_that_nobody_saw() -> None:
    """Raced: an order's demand may be the first that is heard of an item; its stock stays unknown."""
    item = given_stock(TOLD)
    assert item is not None
    assert not item.known
    assert names(when(item, count(2))) == ["Counted"]
