"""An implementation that nobody here wrote, on our simulator: it signs, asks, reads, and verifies what is told."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tiktok_shop_api import (
    AsyncTikTokShop,
    AsyncTikTokShopAuth,
    TikTokShopError,
    UnknownWebhookEvent,
    Webhooks,
    WebhookSignatureError,
)
from tiktok_shop_api.generated import models
from tiktok_shop_api.signing import Signer

from creatorflow.devstack.simulators.tiktok.notices import TOPICS, sign_body
from gateways.tiktok.client import App
from gateways.tiktok.signing import sign
from tests.unit.creatorflow.devstack.simulators.tiktok_world import (
    ACCESS,
    ADDRESS,
    APP,
    BUYER,
    PRODUCT,
    SHOP,
    SKU,
    WAREHOUSE,
    TikTokWorld,
)

URL = "http://tiktok.test"
NUMBER = {"tracking_number": "9400188999098483311200", "shipping_provider_id": "7000000000000000001"}
REASON = "seller_cancel_reason_out_of_stock"
PUBLISHED_APP = App("abcdef", "123")
PUBLISHED_BODY = (
    b'{"type":1,"tts_notification_id":"7380066284010030890","shop_id":"7495540735365777507","timestamp":1718305585,'
    b'"data":{"is_on_hold_order":true,"order_id":"576653688135258178","order_status":"UNPAID","update_time":1718305585}}'
)
PUBLISHED_SIGNATURE = "5dec0f11ec2f6783b8deee53c9ffbf8d024302f7c7e7fa55a35d17629031ac05"


@pytest.fixture
def world(tmp_path: Path) -> TikTokWorld:
    """A world that is of now, since the outside client signs with the time of the wall."""
    return TikTokWorld(tmp_path / "record.jsonl", wall=time.time())


@pytest.fixture
async def client(world: TikTokWorld) -> AsyncIterator[AsyncTikTokShop]:
    """The outside client, signed in at the first shop."""
    access = ACCESS[SHOP]
    async with AsyncTikTokShop(
        APP.key,
        APP.secret,
        access_token=access.access_token,
        shop_cipher=access.cipher,
        base_url=URL,
        transport=httpx.ASGITransport(world.app),
    ) as client:
        yield client


def _data(answer: Any) -> dict[str, Any]:
    data: dict[str, Any] = answer.to_dict()["data"]
    return data


def test_the_published_request_is_signed_alike() -> None:
    """The example of the documentation: our signature, the outside client's and the published one are one."""
    params = {"app_key": "29a39d", "timestamp": "1623812664"}
    published = "b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8"
    path = "/authorization/202309/shops"
    theirs = Signer.sign(path=path, query=list(params.items()), content_type=None, body=None, app_secret="e59af819cc")
    assert sign("e59af819cc", path, params) == theirs == published


def test_the_published_webhook_is_signed_alike() -> None:
    """The example of the documentation: what our simulator signs with is the published digest."""
    assert sign_body(PUBLISHED_APP, PUBLISHED_BODY) == PUBLISHED_SIGNATURE
    assert Webhooks.verify(
        app_key=PUBLISHED_APP.key,
        app_secret=PUBLISHED_APP.secret,
        raw_body=PUBLISHED_BODY,
        signature=PUBLISHED_SIGNATURE,
    )


async def test_it_finds_its_shop_and_reads_orders(world: TikTokWorld, client: AsyncTikTokShop) -> None:
    """Shops without a cipher; orders by page and by id, with the address and a line for each unit."""
    order = await world.place(2)
    shops = _data(await client.authorization.get_authorized_shops())["shops"]
    found = _data(await client.orders.get_order_list(page_size=20))
    (seen,) = _data(await client.orders.get_order_detail(ids=[order["id"], "1"]))["orders"]
    assert [(shop["id"], shop["cipher"]) for shop in shops] == [(SHOP, ACCESS[SHOP].cipher)]
    assert (found["total_count"], found["orders"][0]["id"]) == (1, order["id"])
    assert (seen["recipient_address"]["name"], len(seen["line_items"])) == (BUYER["name"], 2)


async def test_it_ships_and_is_told_what_was_shipped(world: TikTokWorld, client: AsyncTikTokShop) -> None:
    """Marked as shipped it is arranged; again it raises TikTok's own code; the parcel can be read."""
    order = await world.place()
    body = models.MarkPackageAsShippedRequest.from_dict({"shipping_info_list": [NUMBER]})
    package = _data(await client.fulfillment.mark_package_as_shipped(order["id"], body=body))["package_id"]
    detail = _data(await client.fulfillment.get_package_detail(package))
    with pytest.raises(TikTokShopError) as refused:
        await client.fulfillment.mark_package_as_shipped(order["id"], body=body)
    assert (detail["tracking_number"], refused.value.code) == (NUMBER["tracking_number"], 21011020)


async def test_it_ships_a_batch_and_reads_its_errors(world: TikTokWorld, client: AsyncTikTokShop) -> None:
    """A batch with an unknown package succeeds and lists it."""
    await world.place()
    body = models.BatchShipPackagesRequest.from_dict({"packages": [{"id": "42", "self_shipment": NUMBER}]})
    (error,) = _data(await client.fulfillment.batch_ship_packages(body=body))["errors"]
    assert (error["code"], error["detail"]["package_id"]) == (21011028, "42")


async def test_it_buys_a_label_and_finds_its_file(world: TikTokWorld, client: AsyncTikTokShop) -> None:
    """An order that TikTok ships: a parcel with a service, and an address for the label."""
    order = await world.place(shipping_type="TIKTOK")
    body = models.CreatePackagesRequest.from_dict({"ship_type": "1", "order_id": order["id"]})
    bought = _data(await client.fulfillment.create_packages(body=body))
    document = _data(
        await client.fulfillment.get_package_shipping_document(bought["package_id"], document_type="SHIPPING_LABEL")
    )
    assert await world.fetch(document["doc_url"])


async def test_it_writes_stock_and_reads_it_back(world: TikTokWorld, client: AsyncTikTokShop) -> None:
    """An absolute level is there after it; one that leaves out nothing has no errors; warehouses are known."""
    await world.place(3)
    levels = {"skus": [{"id": SKU, "inventory": [{"warehouse_id": WAREHOUSE, "quantity": 40}]}]}
    written = await client.products.update_inventory(PRODUCT, body=models.UpdateInventoryRequest.from_dict(levels))
    read = _data(await client.products.inventory_search(body=models.InventorySearchRequest(sku_ids=[SKU])))
    (sku,) = read["inventory"][0]["skus"]
    warehouses = _data(await client.logistics.get_warehouse_list())["warehouses"]
    assert "errors" not in _data(written)
    assert (sku["total_available_quantity"], sku["total_committed_quantity"]) == (40, 3)
    assert [warehouse["id"] for warehouse in warehouses] == [WAREHOUSE]


async def test_it_switches_a_product_off(world: TikTokWorld, client: AsyncTikTokShop) -> None:
    """Off sale; once more it is listed as an error."""
    body = models.DeactivateProductsRequest.from_dict({"product_ids": [PRODUCT]})
    await client.products.deactivate_products(body=body)
    again = _data(await client.products.deactivate_products(body=body))
    assert (world.shop.products[PRODUCT].status, again["errors"][0]["code"]) == ("SELLER_DEACTIVATED", 12052901)


async def test_it_cancels_answers_and_searches(world: TikTokWorld, client: AsyncTikTokShop) -> None:
    """The seller's own cancellation, a buyer's that is approved, and both in the search."""
    mine, theirs = await world.place(), await world.place()
    asked = await world.drive(f"orders/{theirs['id']}/cancellation")
    body = models.CancelOrderRequest.from_dict({"order_id": mine["id"], "cancel_reason": REASON})
    cancelled = _data(await client.return_and_refund.cancel_order(body=body))
    await client.return_and_refund.approve_cancellation(asked["cancel_id"])
    found = _data(await client.return_and_refund.search_cancellations())["cancellations"]
    assert {each["cancel_id"] for each in found} == {cancelled["cancel_id"], asked["cancel_id"]}
    assert {each["cancel_status"] for each in found} == {"CANCELLATION_REQUEST_SUCCESS"}


async def test_it_answers_a_return(world: TikTokWorld, client: AsyncTikTokShop) -> None:
    """Approved, the buyer is to send it; the search tells so."""
    order = await world.place()
    for step, shipped in (("arrange", NUMBER), ("collect", None), ("deliver", None)):
        await world.drive(f"orders/{order['id']}/{step}", shipped)
    asked = await world.drive(f"orders/{order['id']}/return")
    body = models.ApproveReturnRequest.from_dict({"decision": "APPROVE_RETURN"})
    await client.return_and_refund.approve_return(asked["return_id"], body=body)
    (found,) = _data(await client.return_and_refund.search_returns())["return_orders"]
    assert (found["return_id"], found["return_status"]) == (asked["return_id"], "AWAITING_BUYER_SHIP")


async def test_it_learns_of_its_own_mistakes(world: TikTokWorld, client: AsyncTikTokShop) -> None:
    """A wrong secret and a token that expired each raise their code."""
    transport = httpx.ASGITransport(world.app)
    async with AsyncTikTokShop(APP.key, "other", access_token="demo_token", base_url=URL, transport=transport) as other:
        with pytest.raises(TikTokShopError) as signature:
            await other.authorization.get_authorized_shops()
    await world.drive("tokens/expire")
    with pytest.raises(TikTokShopError) as token:
        await client.logistics.get_warehouse_list()
    assert (signature.value.code, token.value.code) == (106001, 105002)


async def test_it_gets_and_refreshes_tokens(world: TikTokWorld) -> None:
    """A code of consent becomes a pair, the pair another; the code is good once."""
    code = (await world.drive("tokens/consent"))["code"]
    auth = AsyncTikTokShopAuth(APP.key, APP.secret, base_url=URL, transport=httpx.ASGITransport(world.app))
    first = await auth.exchange_code(code)
    second = await auth.refresh(first.refresh_token)
    assert first.access_token != second.access_token
    assert second.access_token_expire_in > time.time()
    with pytest.raises(TikTokShopError):
        await auth.exchange_code(code)


async def test_it_verifies_and_reads_what_our_simulator_tells(world: TikTokWorld) -> None:
    """Every topic that is told is genuine and of the documented form, and one changed byte is not."""
    await world.drive("webhooks", {"address": ADDRESS, "topics": list(TOPICS)})
    order = await world.place(90, shipping_type="TIKTOK")
    await world.drive(f"orders/{order['id']}/address", BUYER)
    line = [{"order_line_id": order["line_items"][0]["id"]}]
    part = {"ship_type": "2", "order_id": order["id"], "order_line_item": line}
    await world.ask("POST", "/fulfillment/202512/packages", part)
    await world.ask("POST", "/fulfillment/202512/packages", {"ship_type": "1", "order_id": order["id"]})
    for step in ("collect", "deliver", "return"):
        await world.drive(f"orders/{order['id']}/{step}")
    other = await world.place()
    await world.drive(f"orders/{other['id']}/cancellation")
    await world.ask("POST", "/product/202309/products/deactivate", {"product_ids": [PRODUCT]})
    await world.drive("tokens/deauthorise")
    await world.deliver()
    keys: dict[str, Any] = {"app_key": APP.key, "app_secret": APP.secret}
    for _, notice in world.received:
        event = Webhooks.verify_and_parse(raw_body=notice.body, signature=notice.signature, **keys)
        assert not isinstance(event, UnknownWebhookEvent)
        with pytest.raises(WebhookSignatureError):
            Webhooks.verify_and_parse(raw_body=notice.body + b" ", signature=notice.signature, **keys)
    assert {notice.topic for _, notice in world.received} == set(TOPICS)
