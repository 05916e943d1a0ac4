"""What TikTok tells by webhook, signed, and how often it tries."""

from __future__ import annotations

import json

import pytest

from creatorflow.devstack.simulators.tiktok.notices import sign_body
from gateways.tiktok.client import App
from tests.unit.creatorflow.devstack.simulators.tiktok_world import ADDRESS, PRODUCT, SHOP, SKU, TikTokWorld

NUMBER = {"tracking_number": "9400188999098483311200", "shipping_provider_id": "7000000000000000001"}
HOUR = 3_600


@pytest.fixture
async def told(world: TikTokWorld) -> TikTokWorld:
    """A world that tells an address of orders, parcels and what is asked after the sale."""
    await world.drive("webhooks", {"address": ADDRESS, "topics": [1, 3, 4, 6, 11, 12]})
    return world


async def test_each_status_of_an_order_is_told(told: TikTokWorld) -> None:
    """A hint: four fields, the hold marked, CANCELLED spelled CANCEL; ids that differ, and a time that is of now."""
    order = await told.place(hold_seconds=HOUR)
    await told.drive(f"orders/{order['id']}/cancellation")
    said = [body for body in await told.deliver() if body["type"] == 1]
    assert [(body["data"]["order_status"], body["data"]["is_on_hold_order"]) for body in said] == [
        *(("UNPAID", False), ("ON_HOLD", True), ("CANCEL", False)),
    ]
    assert {body["shop_id"] for body in said} == {SHOP}
    assert len({body["tts_notification_id"] for body in said}) == 3
    assert set(said[0]["data"]) == {"order_id", "order_status", "is_on_hold_order", "update_time"}


async def test_a_status_that_time_brings_is_told_when_it_comes(told: TikTokWorld) -> None:
    """Nothing is told before the hold ends, though nobody asks meanwhile."""
    await told.place(hold_seconds=HOUR)
    await told.deliver()
    told.pass_time(HOUR - 1)
    assert await told.deliver() == []
    told.pass_time(1)
    (body,) = await told.deliver()
    assert body["data"]["order_status"] == "AWAITING_SHIPMENT"


async def test_the_bytes_are_signed_for_the_app(told: TikTokWorld) -> None:
    """`Authorization` is over key and exact bytes; another app's is another."""
    await told.place()
    await told.deliver()
    address, notice = told.received[0]
    assert (address, len(notice.signature)) == (ADDRESS, 64)
    assert notice.signature == sign_body(App("demo_app_key", "demo_secret"), notice.body)
    assert notice.signature != sign_body(App("demo_app_key", "other"), notice.body)


async def test_what_follows_a_sale_is_told_by_topic(told: TikTokWorld) -> None:
    """Address, split parcel, cancellation, return and withdrawal of consent each have a topic of their own."""
    order = await told.place(2)
    await told.drive(f"orders/{order['id']}/address", {"name": "N", "street1": "1 New Road"})
    request = await told.drive(f"orders/{order['id']}/cancellation")
    await told.drive(f"cancellations/{request['cancel_id']}/withdraw")
    for line in order["line_items"]:
        body = {"order_line_list": [{"order_line_id": line["id"]}], "shipping_info_list": [NUMBER]}
        await told.ask("POST", f"/fulfillment/202610/orders/{order['id']}/packages", body)
    for step in ("collect", "deliver", "return"):
        await told.drive(f"orders/{order['id']}/{step}")
    await told.drive("tokens/deauthorise")
    bodies = await told.deliver()
    assert "tts_notification_id" not in next(body for body in bodies if body["type"] == 3)
    cancellations = [body["data"]["cancel_status"] for body in bodies if body["type"] == 11]
    assert cancellations == ["CANCELLATION_REQUEST_PENDING", "CANCELLATION_REQUEST_CANCELLED"]
    assert next(body for body in bodies if body["type"] == 4)["data"]["sc_type"] == "SPLIT"
    assert next(body for body in bodies if body["type"] == 12)["data"]["return_type"] == "RETURN_AND_REFUND"
    assert bodies[-1]["type"] == 6


async def test_a_level_is_told_in_both_bookkeepings(world: TikTokWorld) -> None:
    """71 has the change with locked units within available, 27 the level without them; ids of 71 are bare numbers."""
    await world.drive(f"skus/{SKU}/locks", {"creator_locked": 10})
    await world.drive("webhooks", {"address": ADDRESS, "topics": [27, 71]})
    await world.place(80)
    change, level = await world.deliver()
    snapshot = change["data"]["quantity_snapshot_after_change"]
    assert (change["type"], change["data"]["sku_id"], change["data"]["shop_id"]) == (71, int(SKU), int(SHOP))
    assert (snapshot["total_available_quantity"], snapshot["in_shop_quantity"]) == (20, 10)
    (delta,) = change["data"]["change_detail"]
    assert (delta["available_quantity_delta"], delta["committed_quantity_delta"]) == (-80, 80)
    assert (level["type"], level["data"]["current_inventory_status"]) == (27, "LOW_STOCK")
    assert level["data"]["inventory_distribution"]["available_quantity"] == 10


async def test_a_product_that_goes_off_sale_is_told(world: TikTokWorld) -> None:
    """Topic 5 has the product as a bare number."""
    await world.drive("webhooks", {"address": ADDRESS})
    await world.ask("POST", "/product/202309/products/deactivate", {"product_ids": [PRODUCT]})
    (body,) = await world.deliver()
    assert (body["type"], body["data"]["product_id"]) == (5, int(PRODUCT))


@pytest.mark.parametrize("answer", [500, 503, 404, 302, None])
async def test_what_is_not_taken_comes_four_times_more(told: TikTokWorld, answer: int | None) -> None:
    """After 2 min, 30 min, 3 h and 12 h the same bytes come again; then nothing more is sent."""
    told.accepts = answer
    await told.place(paid=False)
    waited = []
    for seconds in (0, 2 * 60, 30 * 60, 3 * HOUR, 12 * HOUR):
        told.pass_time(seconds - 1)
        early = len(await told.deliver())
        told.pass_time(1)
        waited.append((early, len(await told.deliver())))
    told.pass_time(30 * 24 * HOUR)
    assert waited[1:] == [(0, 1)] * 4
    assert await told.deliver() == []
    assert len({notice.body for _, notice in told.received}) == 1
    assert len(told.received) == 5


@pytest.mark.parametrize("answer", [200, 401])
async def test_taken_or_turned_away_it_comes_no_more(told: TikTokWorld, answer: int) -> None:
    """A 401 ends it as a 200 does: an event that a wrong secret turns away is lost."""
    told.accepts = answer
    await told.place(paid=False)
    await told.deliver()
    told.pass_time(2 * 24 * HOUR)
    assert await told.deliver() == []


async def test_a_receiver_that_recovers_gets_it(told: TikTokWorld) -> None:
    """The second attempt is taken, and there is no third."""
    told.accepts = 503
    await told.place(paid=False)
    await told.deliver()
    told.accepts = 200
    told.pass_time(2 * 60)
    (body,) = await told.deliver()
    assert json.loads(told.received[0][1].body) == body
    told.pass_time(24 * HOUR)
    assert await told.deliver() == []


async def test_what_happens_while_webhooks_are_cut_off_is_never_told(told: TikTokWorld) -> None:
    """Lost ones do not come later; what comes after the cut is told again."""
    await told.drive("webhooks", {"address": ADDRESS, "topics": [1], "lost": True})
    await told.place(paid=False)
    lost = (await told.drive("webhooks", {"address": ADDRESS, "topics": [1]}))["lost"]
    order = await told.place(paid=False)
    bodies = await told.deliver()
    assert lost == 1
    assert [body["data"]["order_id"] for body in bodies] == [order["id"]]


async def test_without_an_address_nothing_is_kept(world: TikTokWorld) -> None:
    """Who subscribes later learns only what happens then."""
    await world.place()
    await world.drive("webhooks", {"address": ADDRESS})
    assert await world.deliver() == []
