"""An order that the marketplace ships out of its own warehouse: shown, and never anything to do with our stock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.commands import CancelOrder, RecordReturn, SplitOrder
from schemas.timers import CheckAddress
from schemas.values import LineQuantity
from tests.builders import a_line, an_order
from tests.unit.aggregates.scenario import following, given_order, names, when

FBT = replace(an_order(), shipping_type="FBT").of(a_line("sku-1", 2), a_line("sku-2"))
RETURN = RecordReturn(order_id=FBT.id, return_id="R1", status="BUYER_SHIPPED_ITEM", updated_at=FBT.created_at)
ONE = (LineQuantity(line_id="line-sku-1", quantity=1),)


def test_it_is_placed_and_asks_for_nothing() -> None:
    """No unit is asked for, no package opened, no address waited for; the same again records nothing."""
    order = given_order(FBT.to(None).record())
    assert (order.state, order.needs, order.packages) == ("RECEIVED", {}, {})
    assert when(order, CheckAddress(order_id=order.id)) == []
    assert when(order, FBT.to(None).record()) == []


@pytest.mark.parametrize("status", ["AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED"])
def test_its_way_moves_none_of_our_units(status: str) -> None:
    """Seen on its way at first or later, nothing leaves our shelves."""
    later = FBT.shown_as(status, 300).record()
    order = given_order(FBT.record())
    assert following(when(order, later)) == []
    assert order.status == status
    assert given_order(later).needs == {}


def test_what_ends_it_gives_nothing_back() -> None:
    """Cancelled by line or as a whole, our stock is told nothing; splitting it is refused."""
    order = given_order(FBT.record())
    assert names(when(order, SplitOrder(order_id=order.id, packages=(ONE,)))) == ["RequestRefused"]
    cancelled = when(order, CancelOrder(order_id=order.id, reason="one less", lines=ONE, reference="1"))
    assert (names(cancelled), following(cancelled)) == (["LineCancelled"], [])
    assert following(when(order, FBT.cancelled().record())) == []
    assert order.state == "CANCELLED"


def test_what_comes_back_of_it_is_inspected_by_nobody_here() -> None:
    """It goes back to the marketplace's warehouse: no inspection is opened."""
    assert when(given_order(FBT.record()), RETURN) == []
