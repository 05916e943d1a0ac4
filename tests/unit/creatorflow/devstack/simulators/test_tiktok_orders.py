"""An order's way through TikTok, and how it is read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.creatorflow.devstack.simulators.tiktok_world import BUYER, PRODUCT, SKU, TikTokWorld

DETAIL = "/order/202507/orders"
SEARCH = "/order/202309/orders/search"
NUMBER = {"tracking_number": "9400188999098483311200", "shipping_provider_id": "7000000000000000001"}


async def _detail(world: TikTokWorld, *ids: str) -> list[dict[str, Any]]:
    orders: list[dict[str, Any]] = (await world.ask("GET", DETAIL, ids=",".join(ids)))["data"]["orders"]
    return orders


async def test_an_order_goes_its_whole_way(world: TikTokWorld) -> None:
    """Paid it is on hold for an hour; arranged, scanned and brought by others; each status is later than the last."""
    order = await world.place(paid=False)
    seen = [order["status"]]
    for step, body in (("pay", None), ("arrange", NUMBER), ("collect", None), ("deliver", None), ("complete", None)):
        world.pass_time(10)
        seen.append((await world.drive(f"orders/{order['id']}/{step}", body))["status"])
        if step == "pay":
            world.pass_time(3_600)
            seen.append((await world.order(order["id"]))["status"])
    assert seen == [
        *("UNPAID", "ON_HOLD", "AWAITING_SHIPMENT", "AWAITING_COLLECTION"),
        *("IN_TRANSIT", "DELIVERED", "COMPLETED"),
    ]
    assert (await world.order(order["id"]))["update_time"] == int(world.wall)


async def test_elsewhere_nothing_is_held(elsewhere: TikTokWorld) -> None:
    """Where buyers have no hour to think better of it, a paid order waits for shipment at once, with a parcel."""
    order = await elsewhere.place(hold_seconds=None)
    assert order["status"] == "AWAITING_SHIPMENT"
    assert len(order["packages"]) == 1


async def test_what_does_not_stand_so_cannot_happen(world: TikTokWorld) -> None:
    """A carrier scans nothing that is not arranged, and nobody pays twice."""
    order = await world.place()
    assert "AWAITING_SHIPMENT" in await world.impossible(f"orders/{order['id']}/collect")
    assert "AWAITING_SHIPMENT" in await world.impossible(f"orders/{order['id']}/pay")


async def test_each_unit_is_a_line_of_its_own(world: TikTokWorld) -> None:
    """Done: there is no quantity; three units are three lines of one SKU, and the total is theirs."""
    order = await world.place(3, shipping_fee="2.50")
    (seen,) = await _detail(world, order["id"])
    assert [line["sku_id"] for line in seen["line_items"]] == [SKU] * 3
    assert (seen["payment"]["sub_total"], seen["payment"]["total_amount"]) == ("29.97", "32.47")
    assert seen["shipping_due_time"] > seen["tts_sla_time"] > seen["rts_sla_time"] > seen["paid_time"]


async def test_a_discount_is_in_the_prices_to_the_cent(world: TikTokWorld) -> None:
    """The sub-total is what the lines cost after it, and with the fee it is the total."""
    order = await world.place(3, shipping_fee="2.50", platform_discount="1.00")
    prices = [Decimal(line["sale_price"]) for line in order["line_items"]]
    assert sum(prices) == Decimal(order["payment"]["sub_total"]) == Decimal("28.97")
    assert order["payment"]["total_amount"] == "31.47"


async def test_the_buyer_is_masked_until_the_seller_has_to_ship(world: TikTokWorld) -> None:
    """Name, phone and street are hidden on hold and shown after it; the country never is."""
    order = await world.place(hold_seconds=3_600)
    (held,) = await _detail(world, order["id"])
    world.pass_time(3_600)
    (free,) = await _detail(world, order["id"])
    hidden, shown = held["recipient_address"], free["recipient_address"]
    assert (hidden["name"], hidden["address_line1"], hidden["region_code"]) == ("***", "***", "US")
    assert (shown["name"], shown["address_line1"]) == (BUYER["name"], BUYER["street1"])
    assert BUYER["street1"] not in str(held)


async def test_a_month_after_its_completion_the_buyer_is_masked_again(world: TikTokWorld) -> None:
    """Thirty days, to the second."""
    order = await world.place()
    for step, body in (("arrange", NUMBER), ("collect", None), ("deliver", None), ("complete", None)):
        await world.drive(f"orders/{order['id']}/{step}", body)
    world.pass_time(30 * 86_400 - 1)
    assert (await world.order(order["id"]))["recipient_address"]["name"] == BUYER["name"]
    world.pass_time(1)
    assert (await world.order(order["id"]))["recipient_address"]["name"] == "***"


async def test_platform_fulfilled_orders_stay_masked_and_take_no_stock(world: TikTokWorld) -> None:
    """What TikTok's own warehouse ships is none of the seller's stock and shows no address."""
    order = await world.place(2, fulfillment_type="FULFILLMENT_BY_TIKTOK")
    assert order["recipient_address"]["name"] == "***"
    assert world.levels() == (100, 0)


async def test_an_unknown_id_is_left_out(world: TikTokWorld) -> None:
    """Refused: of two ids the known one is answered; none, and more than fifty, are bad parameters."""
    order = await world.place()
    assert [each["id"] for each in await _detail(world, order["id"], "1")] == [order["id"]]
    assert (await world.ask("GET", DETAIL, ids=""))["code"] == 36009004
    assert (await world.ask("GET", DETAIL, ids=",".join(str(number) for number in range(51))))["code"] == 36009004


async def test_reading_again_says_the_same(world: TikTokWorld) -> None:
    """Repeated, and after an answer that was lost: the same order."""
    order = await world.place()
    first = await _detail(world, order["id"])
    await world.spoil({"kind": "act-then-wrong", "status": 500, "requests": 1})
    assert "code" not in await world.ask("GET", DETAIL, ids=order["id"])
    assert await _detail(world, order["id"]) == first


async def test_orders_are_found_by_when_they_changed(world: TikTokWorld) -> None:
    """Done: the window takes its start and leaves out its end; pages follow one another."""
    placed = []
    for _ in range(5):
        placed.append((await world.place())["id"])
        world.pass_time(10)
    start = int(world.wall) - 50
    window = {"update_time_ge": start, "update_time_lt": start + 40}
    found, token = [], ""
    while True:
        query: dict[str, Any] = {
            "page_size": "3",
            "sort_field": "update_time",
            "sort_order": "ASC",
            "page_token": token,
        }
        data = (await world.ask("POST", SEARCH, window, **query))["data"]
        found += [order["id"] for order in data["orders"]]
        token = data["next_page_token"]
        if not token:
            break
    assert found == placed[:4]
    assert data["total_count"] == 4


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ({}, {"page_size": "0"}),
        ({}, {"page_size": "101"}),
        ({}, {}),
        ({}, {"page_size": "10", "page_token": "nowhere"}),
        ({}, {"page_size": "10", "sort_field": "price"}),
        ({"update_time_ge": "soon"}, {"page_size": "10"}),
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(
    world: TikTokWorld, body: dict[str, Any], query: dict[str, Any]
) -> None:
    """Refused: a size, a token, a field or a time that is none."""
    assert (await world.ask("POST", SEARCH, body, **query))["code"] == 36009004


@pytest.mark.parametrize(("shift", "seen"), [(0, [0, 1, 2, 3]), (1, [0, 1, 3]), (-1, [0, 1, 1, 2])])
async def test_pages_can_shift_under_a_reader(world: TikTokWorld, shift: int, seen: list[int]) -> None:
    """Told so, the second page begins late, so that an order is missed, or early, so that one comes twice."""
    placed = [(await world.place())["id"] for _ in range(4)]
    await world.spoil(page_shift=shift)
    query: dict[str, Any] = {"page_size": "2", "sort_order": "ASC"}
    first = (await world.ask("POST", SEARCH, {}, **query))["data"]
    second = (await world.ask("POST", SEARCH, {}, page_token=first["next_page_token"], **query))["data"]
    assert [placed.index(order["id"]) for page in (first, second) for order in page["orders"]] == seen


async def test_an_order_that_nobody_ships_is_cancelled(world: TikTokWorld) -> None:
    """At its due time the system cancels it, and the units are for sale again."""
    order = await world.place(2)
    world.pass_time(order["shipping_due_time"] - int(world.wall))
    seen = await world.order(order["id"])
    assert (seen["status"], seen["cancellation_initiator"]) == ("CANCELLED", "SYSTEM")
    assert world.levels() == (100, 0)


async def test_an_order_that_no_carrier_collects_is_cancelled(world: TikTokWorld) -> None:
    """Arranged and never scanned, it is cancelled when its collection is due."""
    order = await world.place()
    arranged = await world.drive(f"orders/{order['id']}/arrange", NUMBER)
    world.pass_time(arranged["collection_due_time"] - int(world.wall))
    assert (await world.order(order["id"]))["status"] == "CANCELLED"


async def test_another_address_is_told_and_shown(world: TikTokWorld) -> None:
    """A buyer may move until a carrier has the parcel; the same buyer, another street."""
    order = await world.place()
    await world.drive(f"orders/{order['id']}/address", {**BUYER, "street1": "1 New Road"})
    (seen,) = await _detail(world, order["id"])
    assert seen["recipient_address"]["address_line1"] == "1 New Road"
    assert seen["has_updated_recipient_address"]
    await world.drive(f"orders/{order['id']}/arrange", NUMBER)
    await world.drive(f"orders/{order['id']}/collect")
    assert "IN_TRANSIT" in await world.impossible(f"orders/{order['id']}/address", BUYER)


async def test_nobody_buys_what_is_not_there(world: TikTokWorld) -> None:
    """A basket that cannot be had whole commits nothing; a product that is off sale is not sold."""
    basket = {"items": [{"sku_id": SKU, "units": 60}, {"sku_id": SKU, "units": 60}]}
    assert "sold out" in await world.impossible("orders", basket)
    oddities: list[dict[str, Any]] = [{"shipping_fee": "free"}, {"items": []}, {"items": [{"sku_id": "1"}]}]
    for odd in oddities:
        await world.impossible("orders", {"items": [{"sku_id": SKU}], **odd})
    assert world.levels() == (100, 0)
    await world.ask("POST", "/product/202309/products/deactivate", {"product_ids": [PRODUCT]})
    assert "SELLER_DEACTIVATED" in await world.impossible("orders", {"items": [{"sku_id": SKU}]})


async def test_an_order_id_is_placed_once(world: TikTokWorld) -> None:
    """Repeated: the same id is the same order, and takes no more stock."""
    for _ in range(2):
        await world.place(2, order_id="576800000000000042")
    assert world.levels() == (98, 2)


async def test_the_demos_purchases_become_orders(world: TikTokWorld) -> None:
    """Done: real rows, each unit a line, ready to ship; loaded again with the same start they are there once."""
    wanted = {"orders": 5, "started_at": 1_760_000_000}
    first = (await world.drive("purchases", wanted))["order_ids"]
    assert (await world.drive("purchases", wanted))["order_ids"] == first
    orders = await _detail(world, *first)
    assert {order["status"] for order in orders} == {"AWAITING_SHIPMENT"}
    assert len(world.shop.orders) == len(first) == 5
