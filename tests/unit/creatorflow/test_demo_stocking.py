"""The shelves are filled so that every story shows."""

from __future__ import annotations

from collections import Counter

import pytest

from creatorflow.demo.purchases import read_purchases
from creatorflow.demo.stocking import Delivery, StockingRefused, deliver, plan_stock
from creatorflow.demo.webhooks import sku_of
from tests.unit.creatorflow.demo_system import DemoSystem

PURCHASES = read_purchases(5_000)


def wanted() -> Counter[str]:
    """Units of each SKU that the run asks for."""
    units: Counter[str] = Counter()
    for purchase in PURCHASES:
        units[sku_of(purchase)] += purchase.quantity
    return units


def test_share_of_the_orders_meets_scarce_stock_and_half_of_it_is_filled() -> None:
    """SKUs behind a tenth of the orders have too little at the start; every second one has enough after the middle."""
    plan = plan_stock(PURCHASES, "run", scarce_share=0.1, seed=1)
    start = {delivery.sku_id: delivery.quantity for delivery in plan.at_start}
    middle = {delivery.sku_id: delivery.quantity for delivery in plan.in_the_middle}
    scarce = {sku for sku, units in wanted().items() if start[sku] < units}
    left_short = {sku for sku in scarce if start[sku] + middle.get(sku, 0) < wanted()[sku]}
    met = sum(sku_of(purchase) in scarce for purchase in PURCHASES)
    assert start.keys() == wanted().keys()
    assert 0.09 < met / len(PURCHASES) <= 0.1
    assert middle.keys() <= scarce
    assert abs(len(left_short) - len(scarce) / 2) <= 1


def test_plenty_for_all() -> None:
    """With no scarce share nothing is missing and nothing comes later."""
    plan = plan_stock(PURCHASES, "run", scarce_share=0, seed=1)
    assert all(delivery.quantity > wanted()[delivery.sku_id] for delivery in plan.at_start)
    assert plan.in_the_middle == ()


async def test_deliveries_are_booked_once() -> None:
    """A delivery is one receipt, however often it is sent; one of no units is not sent."""
    system = DemoSystem()
    async with system.served() as served:
        deliveries = [Delivery("1729000000000000011", 5, "a"), Delivery("1729000000000000012", 0, "b")]
        await deliver(served.ingress_url, deliveries)
        await deliver(served.ingress_url, deliveries)
    assert {reference: movement["quantity"] for reference, movement in system.movements.items()} == {"a": 5}
    assert len(system.log.rows) == 1


async def test_refusal_is_said() -> None:
    """A receipt that is refused ends the run with the path and the answer."""
    async with DemoSystem(breaks="refuses").served() as served:
        with pytest.raises(StockingRefused, match=r"POST /stock-items/.*: 404 no such path"):
            await deliver(served.ingress_url, [Delivery("1", 1, "a")])
