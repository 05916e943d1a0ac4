"""Parcels at TikTok: for each call done, refused, repeated, and acted upon without an answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.creatorflow.devstack.simulators.tiktok_world import BUYER, TikTokWorld

BATCH = "/fulfillment/202309/packages/ship"
CREATE = "/fulfillment/202512/packages"
SELF = {"tracking_number": "9400188999098483311200", "shipping_provider_id": "7000000000000000001"}
LOST = {"kind": "act-then-wrong", "status": 500, "requests": 1}
LABEL: dict[str, Any] = {"document_type": "SHIPPING_LABEL"}


def _mark(order: dict[str, Any]) -> str:
    return f"/fulfillment/202610/orders/{order['id']}/packages"


def _ship(order: dict[str, Any]) -> str:
    return f"/fulfillment/202309/packages/{order['packages'][0]['id']}/ship"


def _document(package: str) -> str:
    return f"/fulfillment/202309/packages/{package}/shipping_documents"


async def test_marked_as_shipped_is_arranged(world: TikTokWorld) -> None:
    """Done: the whole order has a parcel with the number, and waits for its carrier."""
    order = await world.place(2)
    said = await world.ask("POST", _mark(order), {"shipping_info_list": [SELF]})
    seen = await world.order(order["id"])
    assert (said["code"], len(said["data"]["order_line_item_ids"])) == (0, 2)
    assert (seen["status"], seen["tracking_number"]) == ("AWAITING_COLLECTION", SELF["tracking_number"])
    package = (await world.ask("GET", f"/fulfillment/202309/packages/{said['data']['package_id']}"))["data"]
    assert (package["package_status"], package["tracking_number"]) == ("PROCESSING", SELF["tracking_number"])
    assert package["orders"][0]["skus"][0]["quantity"] == 2


@pytest.mark.parametrize(
    ("shipment", "basket", "code"),
    [
        ({**SELF, "tracking_number": "no spaces"}, {}, 21011022),
        ({**SELF, "shipping_provider_id": "1"}, {}, 21011022),
        (SELF, {"hold_seconds": 3_600}, 21011044),
        (SELF, {"shipping_type": "TIKTOK"}, 21011004),
        (SELF, {"fulfillment_type": "FULFILLMENT_BY_TIKTOK"}, 21008025),
    ],
)
async def test_what_cannot_be_marked_as_shipped(
    world: TikTokWorld, shipment: dict[str, str], basket: dict[str, Any], code: int
) -> None:
    """Refused: a bad number or provider, an order on hold, one that TikTok ships or keeps; nothing changes."""
    order = await world.place(**basket)
    assert (await world.ask("POST", _mark(order), {"shipping_info_list": [shipment]}))["code"] == code
    assert (await world.order(order["id"]))["status"] == order["status"]


async def test_a_cancelled_order_is_not_shipped(world: TikTokWorld) -> None:
    """Refused: what the seller cancelled."""
    order = await world.place()
    reason = "seller_cancel_reason_out_of_stock"
    cancelled = {"order_id": order["id"], "cancel_reason": reason}
    await world.ask("POST", "/return_refund/202602/cancellations", cancelled)
    assert (await world.ask("POST", _mark(order), {"shipping_info_list": [SELF]}))["code"] == 21011041


async def test_marking_again_is_shipped_already(world: TikTokWorld) -> None:
    """Repeated, also after an answer that was lost: refused with its own code, and one parcel."""
    order = await world.place()
    await world.spoil(LOST)
    assert (await world.ask("POST", _mark(order), {"shipping_info_list": [SELF]}))["status"] == 500
    assert (await world.ask("POST", _mark(order), {"shipping_info_list": [SELF]}))["code"] == 21011020
    assert len((await world.order(order["id"]))["packages"]) == 1


async def test_lines_can_go_in_parcels_of_their_own(world: TikTokWorld) -> None:
    """Some lines first: partly shipping; the rest after it: arranged. Each parcel is a part and is told so."""
    order = await world.place(3)
    first = {"order_line_list": [{"order_line_id": order["line_items"][0]["id"]}], "shipping_info_list": [SELF]}
    await world.ask("POST", _mark(order), first)
    assert (await world.order(order["id"]))["status"] == "PARTIALLY_SHIPPING"
    assert (await world.ask("POST", _mark(order), first))["code"] == 21011020
    await world.ask("POST", _mark(order), {"shipping_info_list": [SELF]})
    seen = await world.order(order["id"])
    assert (seen["status"], seen["split_or_combine_tag"], len(seen["packages"])) == ("AWAITING_COLLECTION", "SPLIT", 2)


async def test_a_parcel_that_exists_is_shipped(elsewhere: TikTokWorld) -> None:
    """Done once; repeated it is shipped already, whether or not the first answer came."""
    order = await elsewhere.place()
    await elsewhere.spoil(LOST)
    await elsewhere.ask("POST", _ship(order), {"self_shipment": SELF})
    assert (await elsewhere.order(order["id"]))["status"] == "AWAITING_COLLECTION"
    assert (await elsewhere.ask("POST", _ship(order), {"self_shipment": SELF}))["code"] == 21008099


async def test_a_parcel_of_nobody_is_refused(elsewhere: TikTokWorld) -> None:
    """Refused: once the shop has orders here, a package must be one of theirs."""
    await elsewhere.place()
    said = await elsewhere.ask("POST", "/fulfillment/202309/packages/42/ship", {"self_shipment": SELF})
    assert said["code"] == 21011028


async def test_a_batch_succeeds_and_lists_what_failed(elsewhere: TikTokWorld) -> None:
    """Code 0 says nothing of one parcel: the shipped neighbour is shipped, the others are in `data.errors`."""
    good, bad = await elsewhere.place(), await elsewhere.place()
    wanted = [
        {"id": good["packages"][0]["id"], "self_shipment": SELF},
        {"id": bad["packages"][0]["id"], "self_shipment": {**SELF, "tracking_number": "!"}},
        {"id": "42", "self_shipment": SELF},
    ]
    said = await elsewhere.ask("POST", BATCH, {"packages": wanted})
    failed = {error["detail"]["package_id"]: error["code"] for error in said["data"]["errors"]}
    assert said["code"] == 0
    assert failed == {bad["packages"][0]["id"]: 21011022, "42": 21011028}
    assert (await elsewhere.order(good["id"]))["status"] == "AWAITING_COLLECTION"
    assert (await elsewhere.order(bad["id"]))["status"] == "AWAITING_SHIPMENT"


async def test_a_batch_of_none_or_too_many_is_refused(elsewhere: TikTokWorld) -> None:
    """Refused: no package, and more than fifty."""
    many = [{"id": str(number), "self_shipment": SELF} for number in range(51)]
    for packages in ([], many):
        assert (await elsewhere.ask("POST", BATCH, {"packages": packages}))["code"] == 36009004


async def test_a_shop_whose_orders_were_never_told_ships_any_parcel(world: TikTokWorld) -> None:
    """As with orders in the specification's format: done, and again shipped already with the number to be read."""
    wanted = {"packages": [{"id": "576800000000000777", "self_shipment": SELF}]}
    assert (await world.ask("POST", BATCH, wanted))["data"] == {}
    (error,) = (await world.ask("POST", BATCH, wanted))["data"]["errors"]
    said = await world.ask("GET", "/fulfillment/202309/packages/576800000000000777")
    assert (error["code"], said["data"]["tracking_number"]) == (21008099, SELF["tracking_number"])


async def test_a_label_is_bought_and_its_file_lasts_a_day(world: TikTokWorld) -> None:
    """Done: TikTok's label has a number and a file, which is gone after 24 hours and refused after the scan."""
    order = await world.place(shipping_type="TIKTOK")
    offered = await world.ask("POST", f"/fulfillment/202309/orders/{order['id']}/shipping_services/query", {})
    service = offered["data"]["shipping_services"][1]["id"]
    wanted = {
        "ship_type": "1",
        "order_id": order["id"],
        "shipping_service_id": service,
        "weight": {"value": "1.5", "unit": "POUND"},
    }
    bought = (await world.ask("POST", CREATE, wanted))["data"]
    assert (bought["shipping_service_info"]["id"], bought["weight"]["value"]) == (service, "680")
    document = (await world.ask("GET", _document(bought["package_id"]), **LABEL))["data"]
    file = await world.fetch(document["doc_url"])
    assert file is not None
    assert file.startswith(b"%PDF")
    await world.drive(f"orders/{order['id']}/collect")
    assert (await world.ask("GET", _document(bought["package_id"]), **LABEL))["code"] == 21042102
    world.pass_time(86_401)
    assert await world.fetch(document["doc_url"]) is None


async def test_a_label_is_bought_once(world: TikTokWorld) -> None:
    """Repeated, also after an answer that was lost: refused, the label is bought."""
    order = await world.place(shipping_type="TIKTOK")
    wanted = {"ship_type": "1", "order_id": order["id"]}
    await world.spoil(LOST)
    await world.ask("POST", CREATE, wanted)
    assert (await world.ask("POST", CREATE, wanted))["code"] == 21022025
    assert len(world.shop.packages) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ship_type": "2"}, 21001001),
        ({"ship_type": "3"}, 21001001),
        ({"shipping_service_id": "1"}, 21004008),
        ({"order_id": "1"}, 21011029),
        ({"weight": {"value": "0", "unit": "GRAM"}}, 21001001),
        ({"ship_type": "2", "order_line_item": [{"order_line_id": "1"}]}, 21011029),
    ],
)
async def test_a_label_that_cannot_be_bought(world: TikTokWorld, change: dict[str, Any], code: int) -> None:
    """Refused: lines that do not fit the way of shipping, an unknown service, order or line, no weight."""
    order = await world.place(shipping_type="TIKTOK")
    assert (await world.ask("POST", CREATE, {"ship_type": "1", "order_id": order["id"], **change}))["code"] == code


async def test_orders_of_one_buyer_go_in_one_parcel(world: TikTokWorld) -> None:
    """Combined: one parcel for two orders of a buyer and address; of two buyers it is refused."""
    orders = [await world.place(shipping_type="TIKTOK") for _ in range(2)]
    stranger = await world.place(shipping_type="TIKTOK", buyer={**BUYER, "user_id": "8", "street1": "2 Other Street"})
    mixed = {"ship_type": "3", "order_list_ids": [orders[0]["id"], stranger["id"]]}
    assert (await world.ask("POST", CREATE, mixed))["code"] == 21011012
    said = await world.ask("POST", CREATE, {"ship_type": "3", "order_list_ids": [order["id"] for order in orders]})
    seen = [await world.order(order["id"]) for order in orders]
    assert {order["packages"][0]["id"] for order in seen} == {said["data"]["package_id"]}
    assert {order["split_or_combine_tag"] for order in seen} == {"COMBINED"}


async def test_documents_are_of_arranged_platform_parcels(elsewhere: TikTokWorld) -> None:
    """Refused: for the seller's own shipping, before arranging, another kind of document."""
    own, platform = await elsewhere.place(), await elsewhere.place(shipping_type="TIKTOK")
    asked: list[tuple[str, dict[str, Any]]] = [
        (own["packages"][0]["id"], LABEL),
        (platform["packages"][0]["id"], LABEL),
        (platform["packages"][0]["id"], {"document_type": "PACKING_SLIP"}),
    ]
    codes = [(await elsewhere.ask("GET", _document(package), **query))["code"] for package, query in asked]
    assert codes == [11034002, 21023035, 21001001]


async def test_shipping_turns_down_a_buyer_who_asks_to_cancel_in_the_us(world: TikTokWorld) -> None:
    """In the US the request ends with the shipping; elsewhere the seller has to answer it first."""
    order = await world.place()
    request = await world.drive(f"orders/{order['id']}/cancellation")
    assert (await world.ask("POST", _mark(order), {"shipping_info_list": [SELF]}))["code"] == 0
    assert world.shop.cancellations[request["cancel_id"]].status == "CANCELLATION_REQUEST_CANCEL"


async def test_elsewhere_a_request_to_cancel_stops_shipping(elsewhere: TikTokWorld) -> None:
    """Refused until the request is answered."""
    order = await elsewhere.place()
    await elsewhere.drive(f"orders/{order['id']}/cancellation")
    assert (await elsewhere.ask("POST", _ship(order), {"self_shipment": SELF}))["code"] == 21011007


async def test_a_cancelled_unit_leaves_its_parcel(elsewhere: TikTokWorld) -> None:
    """The parcel goes with what is left; without anything it is cancelled, and not shipped."""
    order = await elsewhere.place(2)
    package = elsewhere.shop.packages[order["packages"][0]["id"]]
    lines = [line["id"] for line in order["line_items"]]
    body = {"order_id": order["id"], "cancel_reason": "seller_cancel_reason_out_of_stock"}
    await elsewhere.ask("POST", "/return_refund/202602/cancellations", {**body, "order_line_item_ids": lines[:1]})
    assert (package.line_ids, package.status) == (lines[1:], "TO_FULFILL")
    await elsewhere.ask("POST", "/return_refund/202602/cancellations", body)
    assert (package.line_ids, package.status) == ([], "CANCELLED")
    assert (await elsewhere.ask("POST", _ship(order), {"self_shipment": SELF}))["code"] == 21011041
