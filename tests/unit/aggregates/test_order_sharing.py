"""An order of several items that lacks one: it keeps the others only while the short one is promised in time."""

from __future__ import annotations

from datetime import timedelta

from schemas.commands import ReleaseStock, ReserveStock
from tests.builders import NOON, a_line, an_order, item_of
from tests.unit.aggregates.scenario import following, given_order, names, reserved, short, when

TWO = an_order().of(a_line("sku-1"), a_line("sku-2"))
TOMORROW = NOON + timedelta(days=1)
NEXT_WEEK = NOON + timedelta(days=7)


def test_without_a_date_the_others_go_back_and_are_asked_for_again_when_there_is_one() -> None:
    """Not promised: the other item's units go to who can ship. Promised, or filled: they are asked for again."""
    known = given_order(TWO.record(), reserved("sku-1"))
    events = when(known, short("sku-2"))
    assert names(events) == ["Backordered", "ReservationsGivenBack"]
    (released,) = following(events)
    assert isinstance(released, ReleaseStock)
    assert (released.stock_item_id, released.quantity) == (item_of("sku-1"), None)
    assert names(when(known, reserved("sku-1"))) == ["ReservationDeclined"]
    events = when(known, short("sku-2", promised_at=TOMORROW))
    assert names(events) == ["Delayed", "Classified"]
    (asked,) = following(events)
    assert isinstance(asked, ReserveStock)
    assert asked.stock_item_id == item_of("sku-1")
    assert names(when(known, reserved("sku-1"))) == ["StockReserved"]
    assert names(when(known, reserved("sku-2"))) == ["StockReserved", "ReadyToShip"]


def test_a_date_after_cancel_by_is_none() -> None:
    """Promised after the marketplace would cancel is not promised; before it the units are kept."""
    due = TWO.due(cancel_by=TOMORROW + timedelta(days=1))
    late = given_order(due.record(), reserved("sku-1"))
    assert names(when(late, short("sku-2", promised_at=NEXT_WEEK)))[-1] == "ReservationsGivenBack"
    in_time = given_order(due.record(), reserved("sku-1"))
    assert "ReservationsGivenBack" not in names(when(in_time, short("sku-2", promised_at=TOMORROW)))


def test_units_that_come_while_another_item_has_no_date_go_back() -> None:
    """Short first, reserved then: the units go back as well."""
    known = given_order(TWO.record(), short("sku-2"))
    assert names(when(known, reserved("sku-1"))) == ["StockReserved", "ReservationsGivenBack"]


def test_what_was_given_back_is_asked_for_again_when_the_short_item_is_filled() -> None:
    """The short item is filled without ever having been promised: the order asks for the other one again."""
    known = given_order(TWO.record(), reserved("sku-1"), short("sku-2"))
    events = when(known, reserved("sku-2"))
    assert names(events) == ["StockReserved", "Classified"]
    assert [command.stock_item_id for command in following(events) if isinstance(command, ReserveStock)] == [
        item_of("sku-1")
    ]


def test_a_cancelled_order_gives_back_what_it_asked_for() -> None:
    """Cancelled while its units are given back it still releases every item it asked."""
    known = given_order(TWO.record(), reserved("sku-1"), short("sku-2"))
    events = when(known, TWO.cancelled().record())
    assert {command.stock_item_id for command in following(events) if isinstance(command, ReleaseStock)} == {
        item_of("sku-1"),
        item_of("sku-2"),
    }


def test_another_cancel_by_decides_anew() -> None:
    """A promise that was in time is so no more once the marketplace cancels earlier."""
    due = TWO.due(cancel_by=TOMORROW + timedelta(days=1))
    known = given_order(due.record(), reserved("sku-1"), short("sku-2", promised_at=TOMORROW))
    earlier = TWO.due(cancel_by=TOMORROW - timedelta(hours=1)).paid(90)
    assert "ReservationsGivenBack" in names(when(known, earlier.record()))
