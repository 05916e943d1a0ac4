"""Goods that come back: each return and package is inspected once, by a movement that names the order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import pytest
from msgspec.structs import replace as with_fields

from aggregates.order import Order
from aggregates.policies.returning import about_package, about_return
from aggregates.publication import public
from schemas.commands import Command, RecordCount, RecordInspection, RecordMovement, RecordReturn, RecordTracking
from schemas.values import Need
from tests.builders import NOON, a_line, an_order, item_of
from tests.unit.aggregates.order_days import package, units
from tests.unit.aggregates.scenario import (
    PACKAGE,
    following,
    given_order,
    given_stock,
    labelled,
    names,
    reserved,
    when,
)

ORDER = an_order().id
LATER = NOON + timedelta(days=3)
TEN = an_order().of(a_line("sku-1", 10), a_line("sku-2", 10))


def sent(number: str = "R1", *lines: tuple[str, int], status: str = "REQUESTED", after: int = 0) -> RecordReturn:
    """The marketplace tells of a return."""
    return RecordReturn(
        order_id=ORDER,
        return_id=number,
        status=status,
        updated_at=LATER + timedelta(minutes=after),
        lines=tuple(unit for sku, quantity in lines for unit in units(sku, quantity)),
    )


def booked(
    quantity: int,
    sku: str = "sku-1",
    *,
    condition: Literal["good", "damaged"] = "good",
    reference: str = "B1",
    about: str = "",
) -> RecordInspection:
    """A person booked units."""
    return RecordInspection(
        order_id=ORDER,
        stock_item_id=item_of(sku),
        quantity=quantity,
        condition=condition,
        reference=reference,
        occurred_at=LATER,
        about=about,
    )


def shipped(*commands: Command) -> Order:
    """An order of ten of two items that was delivered, after these commands."""
    delivered = RecordTracking(order_id=ORDER, shipment_id=PACKAGE, status="DELIVERED", occurred_at=NOON)
    return given_order(TEN.record(), reserved("sku-1", 10), reserved("sku-2", 10), labelled(), delivered, *commands)


def told(events: list[Any]) -> list[tuple[str, int, int, int]]:
    """What each inspection counted for, how many units, and what is still open."""
    return [(event.about, event.quantity, event.returns_open, event.packages_open) for event in events]


def test_a_return_opens_one_inspection() -> None:
    """A return is opened once, noted as it advances, and an older word about it is superseded."""
    opened = sent("R1", ("sku-1", 1))
    known = shipped()
    assert names(when(known, opened)) == ["ReturnOpened"]
    assert when(known, opened) == []
    assert names(when(known, with_fields(opened, status="RECEIVED", updated_at=LATER + timedelta(hours=1)))) == [
        "ReturnAdvanced"
    ]
    assert names(when(known, with_fields(opened, status="APPROVED"))) == ["UpdateSuperseded"]


def test_goods_are_booked_part_by_part_until_all_is_inspected() -> None:
    """Good and damaged units settle the return together; the last one ends it. Repeated: nothing."""
    known = shipped(sent("R1", ("sku-1", 2), ("sku-2", 1)))
    one = about_return("R1")
    assert told(when(known, booked(1))) == [(one, 1, 1, 0)]
    assert when(known, booked(1)) == []
    assert told(when(known, booked(1, "sku-2", condition="damaged"))) == [(one, 1, 1, 0)]
    assert told(when(known, booked(1, condition="damaged", reference="B2"))) == [(one, 1, 0, 0)]
    assert known.coming_back.awaited == {}


def test_a_return_without_lines_awaits_the_whole_order() -> None:
    """All units that the order asks for come back."""
    (event,) = when(shipped(), sent())
    assert event.awaits == (
        Need(stock_item_id=item_of("sku-1"), quantity=10),
        Need(stock_item_id=item_of("sku-2"), quantity=10),
    )


def test_units_count_for_the_oldest_return_and_go_on_to_the_next() -> None:
    """Unnamed, two units settle two returns of one each; named, the other stays open."""
    known = shipped(sent("R1", ("sku-1", 1)), sent("R2", ("sku-1", 1)))
    assert told(when(known, booked(2))) == [(about_return("R1"), 1, 1, 0), (about_return("R2"), 1, 0, 0)]
    named = shipped(sent("R1", ("sku-1", 1)), sent("R2", ("sku-1", 1)))
    assert told(when(named, booked(1, about=about_return("R2")))) == [(about_return("R2"), 1, 1, 0)]


def test_goods_that_come_before_the_marketplace_tells_of_them_are_known() -> None:
    """Raced: units that nothing awaited settle the return that is told of later, and no other one."""
    known = shipped()
    assert told(when(known, booked(1))) == [("", 1, 0, 0)]
    (event,) = when(known, sent("R1", ("sku-1", 1)))
    assert (event.settled, known.coming_back.awaited) == (True, {})
    (event,) = when(known, sent("R2", ("sku-1", 1)))
    assert not event.settled


def test_part_that_came_before_is_not_awaited_again() -> None:
    """Raced: the return awaits what is still to come."""
    known = shipped(booked(1))
    (event,) = when(known, sent("R1", ("sku-1", 3)))
    assert (event.settled, event.awaits) == (False, (Need(stock_item_id=item_of("sku-1"), quantity=2),))


@pytest.mark.parametrize("status", ["RETURN_OR_REFUND_REQUEST_CANCEL", "REJECTED"])
def test_a_dropped_return_awaits_nothing(status: str) -> None:
    """Dropped, it is inspected no more; another one of the order still is. Told so at once, it never was."""
    known = shipped(sent("R1", ("sku-1", 1)), sent("R2", ("sku-1", 1)))
    (event,) = when(known, sent("R1", ("sku-1", 1), status=status, after=1))
    assert (event.dropped, event.returns_open) == (True, 1)
    assert list(known.coming_back.awaited) == [about_return("R2")]
    (event,) = when(known, sent("R3", status=status))
    assert event.settled


def test_a_package_that_comes_back_awaits_what_is_in_it() -> None:
    """A return to the sender is inspected like a return of the buyer."""
    back = RecordTracking(order_id=ORDER, shipment_id=PACKAGE, status="RETURNED", occurred_at=LATER)
    known = given_order(an_order().record(), reserved(), labelled())
    assert names(when(known, back)) == ["Dispatched", "PackageMoved"]
    assert told(when(known, booked(1))) == [(about_package(package(an_order())), 1, 0, 0)]


def movement(kind: Literal["return_good", "return_damaged"], reference: str = "B1") -> RecordMovement:
    """A person books a unit of the order."""
    return RecordMovement(
        stock_item_id=item_of("sku-1"),
        kind=kind,
        quantity=1,
        reference=reference,
        occurred_at=LATER,
        order_id=ORDER,
        about=about_return("R1"),
    )


@pytest.mark.parametrize(("kind", "condition"), [("return_good", "good"), ("return_damaged", "damaged")])
def test_a_movement_that_names_an_order_tells_it(
    kind: Literal["return_good", "return_damaged"], condition: Literal["good", "damaged"]
) -> None:
    """The stock item moves its figures, and the order learns that somebody looked."""
    shelf = given_stock(RecordCount(stock_item_id=item_of("sku-1"), quantity=5, counted_at=NOON))
    events = when(shelf, movement(kind))
    assert following(events)[:1] == [booked(1, condition=condition, about=about_return("R1"))]
    assert shelf.on_hand == (6 if condition == "good" else 5)


def test_one_reference_counts_once_for_each_order() -> None:
    """Two orders may be booked under the same words; one of them twice is booked once."""
    shelf = given_stock(RecordCount(stock_item_id=item_of("sku-1"), quantity=5, counted_at=NOON))
    assert names(when(shelf, movement("return_good"))) == ["Returned"]
    assert when(shelf, movement("return_good")) == []
    other = with_fields(movement("return_good"), order_id=an_order().numbered(2).id)
    assert names(when(shelf, other)) == ["Returned"]
    assert shelf.on_hand == 7


def test_a_movement_without_an_order_tells_nobody() -> None:
    """Goods that came from somewhere are only units."""
    shelf = given_stock(RecordCount(stock_item_id=item_of("sku-1"), quantity=5, counted_at=NOON))
    assert following(when(shelf, with_fields(movement("return_good"), order_id=None))) == []


def test_a_return_told_before_units_were_known_is_settled_by_any() -> None:
    """An old log says nothing of what a return awaits: the first units that are booked settle it."""
    known = shipped()
    opened_before: Any = Order.ReturnOpened
    opened = opened_before(
        originator_id=ORDER,
        originator_version=known.version + 1,
        timestamp=LATER,
        return_id="R1",
        status="REQUESTED",
        updated_at=LATER,
        lines=(),
    )
    opened.mutate(known)
    assert told(when(known, booked(3))) == [(about_return("R1"), 3, 0, 0)]
    assert public(opened) is not None


def test_a_return_that_names_no_lines_takes_whatever_comes() -> None:
    """TikTok does not say which of several units come back: the first booking settles it; of one unit it is known."""
    order = given_order(TEN.record())
    when(order, with_fields(sent(), lines_told=False))
    assert names(when(order, booked(2, "sku-2"))) == ["GoodsInspected"]
    assert order.coming_back.awaited == {}
    single = given_order(an_order().record())
    when(single, with_fields(sent(), lines_told=False))
    assert single.coming_back.awaited == {about_return("R1"): {item_of(): 1}}
