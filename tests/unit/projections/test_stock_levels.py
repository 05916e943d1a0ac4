"""The stock levels, given events."""

from datetime import timedelta
from typing import Any

import pytest

from projections.published import HistoryMissing
from projections.stock_levels import StockRow, change
from schemas import events
from schemas.events import Event
from schemas.values import Need
from tests.unit.projections.histories import HAT, NOON, Numbered, hats, published, received, short


def after(*said: Event) -> StockRow:
    """The row after these events."""
    row = None
    for each in published(said):
        row = change(row, each)
    assert row is not None
    return row


def expected(reorder: str, quantity: int, days: int | None) -> events.SupplyExpected:
    """Hats that are on order."""
    due_at = None if days is None else NOON + timedelta(days=days)
    return events.SupplyExpected(stock_item_id=HAT, reorder_id=reorder, quantity=quantity, due_at=due_at)


def test_unknown_stock_is_not_zero() -> None:
    """Before its first count a stock item has no available figure at all."""
    row = after(hats()[0], short(Numbered("1"), stock_unknown=True))
    assert (row.known, row.available, row.backordered) == (False, None, 1)


def test_first_count_makes_stock_known() -> None:
    """After a count, what is available is what is there and not reserved."""
    row = after(*hats())
    assert (row.known, row.on_hand, row.available) == (True, 10, 10)


def test_first_receipt_makes_stock_known() -> None:
    """A receipt alone makes a stock item known too."""
    assert after(hats()[0], received(5)).available == 5


def test_more_reserved_than_there_is_shows_as_missing() -> None:
    """Available is never below 0; the rest is missing."""
    correction = events.StockCorrected(
        stock_item_id=HAT, quantity=-9, reference="C1", occurred_at=NOON, on_hand=1, reserved=3, backordered=0
    )
    row = after(*hats(), correction)
    assert (row.available, row.missing) == (0, 2)


def test_units_in_packages_are_shown_until_they_leave() -> None:
    """Printed, then packed, then gone: the row shows where the units are."""
    moved: dict[str, Any] = {
        "stock_item_id": HAT,
        "order_id": Numbered("1").id,
        "reference": "P1",
        "quantity": 2,
        "occurred_at": NOON,
        "backordered": 0,
    }
    said: list[Event] = [
        events.StockPackaged(**moved, stage="printed", holds=2, on_hand=10, reserved=2, printed=2, packed=0),
        events.StockPackaged(**moved, stage="packed", holds=2, on_hand=10, reserved=2, printed=0, packed=2),
        events.StockHandedOver(**moved, from_reservation=2, on_hand=8, reserved=0),
        events.StockPutBack(**moved, was_sent=True, returned=2, on_hand=10, reserved=2, printed=0, packed=0),
    ]
    rows = [after(*hats(), *said[:number]) for number in range(1, 5)]
    assert [(row.printed, row.packed, row.on_hand) for row in rows] == [(2, 0, 10), (0, 2, 10), (0, 0, 8), (0, 0, 10)]


def test_listings_of_a_shelf_are_shown_with_their_latest_parts() -> None:
    """A listing that is mapped anew stands once."""

    def mapped(sku: str, units: int) -> events.ListingMapped:
        parts = (Need(stock_item_id=HAT, quantity=units),)
        return events.ListingMapped(
            stock_item_id=HAT, marketplace="tiktok", shop="s", sku_id=sku, parts=parts, mapped_at=NOON
        )

    row = after(*hats(), mapped("a", 1), mapped("b", 2), mapped("a", 3))
    assert [(each.sku_id, each.parts[0].quantity) for each in row.listings] == [("b", 2), ("a", 3)]


def test_supplies_add_up_and_the_next_one_is_named() -> None:
    """What is on order is the sum over supplier orders; the earliest date is the next supply."""
    row = after(*hats(), expected("A", 10, 3), expected("B", 5, 1), expected("C", 2, None))
    assert (row.on_order, row.next_supply_at) == (17, NOON + timedelta(days=1))


def test_supply_that_is_told_again_replaces_itself() -> None:
    """The same supplier order counts once, with its latest rest; one with nothing left is gone."""
    row = after(*hats(), expected("A", 10, 3), expected("A", 4, 3), expected("B", 5, 1), expected("B", 0, None))
    assert (row.on_order, [supply.reorder_id for supply in row.supplies]) == (4, ["A"])


def test_event_before_the_first_one_stops_the_projection() -> None:
    """A stock item that never was opened here has no row to change."""
    with pytest.raises(HistoryMissing):
        after(received(1))
