"""Shelves on the whole product: what is sold from which, whatever it is called."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tests.end_to_end.world import MARKETPLACE, World, a_number, a_sku, item_id_of
from tests.waiting import eventually
from tests.webhooks import CREATED, SHOP, a_cancellation_webhook, an_order_webhook


def named(sku: str) -> str:
    """A listing, and the stock item that it opened."""
    return f"{MARKETPLACE}:{SHOP}:{sku}"


def map_listing(world: World, sku: str, **units_of: int) -> None:
    """Say what a listing is made of, and wait until it counts."""
    parts = [{"stock_item": named(part.removeprefix("sku_")), "units": units} for part, units in units_of.items()]
    world.operate(f"/listings/{MARKETPLACE}/{SHOP}/{sku}", {"parts": parts}, method="PUT")
    first = str(next(iter(units_of))).removeprefix("sku_")
    eventually(lambda: sku in {each["sku_id"] for each in (world.stock(first) or {}).get("listings", ())})


def lines(*said: tuple[str, str, int]) -> list[dict[str, Any]]:
    """Order lines: SKU, label and quantity."""
    return [
        {
            "line_id": f"L{number}",
            "sku_id": sku,
            "seller_sku": label,
            "quantity": quantity,
            "sale_price": "5.00",
            "currency": "USD",
        }
        for number, (sku, label, quantity) in enumerate(said, start=1)
    ]


def test_fc_32_bundle_that_shares_a_part_with_a_single_line(world: World) -> None:
    """FC-32: sets and single lines ask for 5 of one part and 2 of another; with 4 nothing ships, with 5 it does."""
    tea, mug, set_a, set_b = a_sku(), a_sku(), a_sku(), a_sku()
    world.receive(tea, 4)
    world.receive(mug, 9)
    map_listing(world, set_a, **{f"sku_{tea}": 1, f"sku_{mug}": 1})
    map_listing(world, set_b, **{f"sku_{tea}": 2})
    number = a_number()
    asked = lines((set_a, "SET-A", 2), (set_b, "SET-B", 1), (tea, "TEA-30", 1), (mug, "MUG-1", 0))
    world.tell(an_order_webhook(number, order_lines=asked))
    world.eventually_order(number, "BACKORDERED")
    world.eventually_stock(tea, on_hand=4, reserved=0, backordered=5)
    world.receive(tea, 1)
    world.eventually_order(number, "FULFILLED")
    world.eventually_stock(tea, on_hand=5, reserved=5, available=0)
    world.eventually_stock(mug, on_hand=9, reserved=2, available=7)


def test_fc_33_a_label_that_is_renamed_links_nothing(world: World) -> None:
    """FC-33: the listing's id, not its `seller_sku`, leads to the shelf; an old label of a new product neither."""
    sku, new = a_sku(), a_sku()
    world.receive(sku, 1)
    first, second, other = a_number(), a_number(), a_number()
    world.tell(an_order_webhook(first, status="ON_HOLD", order_lines=lines((sku, "TEA-30", 1))))
    world.eventually_stock(sku, on_hand=1, reserved=1)
    renamed = lines((sku, "TEA-30-V2", 1))
    world.tell(an_order_webhook(second, status="ON_HOLD", created=CREATED + 5, order_lines=renamed))
    world.eventually_stock(sku, reserved=1, backordered=1)
    world.tell(an_order_webhook(other, order_lines=lines((new, "TEA-30", 1))))
    world.eventually_stock(new, backordered=1)
    assert (world.stock(new) or {})["known"] is False
    world.tell(a_cancellation_webhook(first))
    world.eventually_order(first, "CANCELLED")
    world.eventually_stock(sku, on_hand=1, reserved=0)
    world.tell(an_order_webhook(second, created=CREATED + 5, updated=CREATED + 700, order_lines=renamed))
    world.eventually_order(second, "FULFILLED")
    found = world.order(first)
    assert found is not None
    assert [line["seller_sku"] for line in found["order"]["lines"]] == ["TEA-30"]


def test_two_listings_are_sold_from_one_shelf(world: World) -> None:
    """A second listing mapped to a shelf takes its units from there, and is one listing of it."""
    sku, second = a_sku(), a_sku()
    world.receive(sku, 3)
    map_listing(world, second, **{f"sku_{sku}": 1})
    numbers = [world.sell(sku), world.sell(second)]
    for number in numbers:
        world.eventually_order(number, "FULFILLED")
    world.eventually_stock(sku, on_hand=3, reserved=2, available=1)
    assert world.stock(second) is None


def test_what_a_shelf_weighs_stays_when_units_come(world: World) -> None:
    """A description stays until it is told anew: a receipt by the listing's name does not empty it."""
    sku = a_sku()
    described = {"seller_sku": "TEA-30", "weight": {"value": 250, "unit": "GRAM"}}
    world.operate(f"/stock-items/{named(sku)}", described, method="PUT")
    world.receive(sku, 1)
    shown = world.stock(sku) or {}
    assert (shown["weight_grams"], shown["seller_sku"]) == (250, "TEA-30")


def test_units_that_are_not_there_leave_the_order(world: World) -> None:
    """A correction that leaves too little lets the order that would be filled last wait, with an alert."""
    sku = a_sku()
    world.receive(sku, 2)
    reserved = [a_number(), a_number()]
    for late, number in enumerate(reserved):
        world.tell(an_order_webhook(number, status="ON_HOLD", created=CREATED + late, sku=sku))
    world.eventually_stock(sku, reserved=2)
    lost = {
        "kind": "correction",
        "quantity": -1,
        "reference": uuid4().hex,
        "occurred_at": datetime.now(UTC).isoformat(),
    }
    world.operate(f"/stock-items/{named(sku)}/movements", lost)
    world.eventually_stock(sku, on_hand=1, reserved=1, backordered=1, missing=0)
    item = str(item_id_of(sku))
    eventually(
        lambda: any(
            alert["kind"] == "stock-short" and alert["subject"] == item
            for alert in world.look("/alerts", limit=200)["items"]
        )
    )
