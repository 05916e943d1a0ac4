"""Cancellations and returns at TikTok: done, refused, repeated, and acted upon without an answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.creatorflow.devstack.simulators.tiktok_world import TikTokWorld

CANCEL = "/return_refund/202602/cancellations"
REASON = "seller_cancel_reason_out_of_stock"
PACKED = "seller_reject_apply_product_has_been_packed"
NUMBER = {"tracking_number": "9400188999098483311200", "shipping_provider_id": "7000000000000000001"}
LOST = {"kind": "act-then-wrong", "status": 500, "requests": 1}


def _answer(request: dict[str, Any], answer: str) -> str:
    return f"/return_refund/202309/cancellations/{request['cancel_id']}/{answer}"


def _decide(request: dict[str, Any], answer: str) -> str:
    version = "202309" if answer == "approve" else "202606"
    return f"/return_refund/{version}/returns/{request['return_id']}/{answer}"


async def _arrived(world: TikTokWorld, units: int = 1) -> dict[str, Any]:
    order = await world.place(units)
    for step, body in (("arrange", NUMBER), ("collect", None), ("deliver", None)):
        await world.drive(f"orders/{order['id']}/{step}", body)
    return order


async def _found(world: TikTokWorld, what: str, **wanted: Any) -> list[dict[str, Any]]:
    data = (await world.ask("POST", f"/return_refund/202602/{what}/search", wanted))["data"]
    found: list[dict[str, Any]] = data["cancellations" if what == "cancellations" else "return_orders"]
    return found


async def test_the_seller_cancels_a_whole_order(world: TikTokWorld) -> None:
    """Done: cancelled at once, units back, the money a minute later; repeated, also unheard: over already."""
    order = await world.place(2)
    await world.spoil(LOST)
    await world.ask("POST", CANCEL, {"order_id": order["id"], "cancel_reason": REASON})
    assert (await world.order(order["id"]))["status"] == "CANCELLED"
    assert world.levels() == (100, 0)
    again = await world.ask("POST", CANCEL, {"order_id": order["id"], "cancel_reason": REASON})
    assert again["code"] == 25001051
    world.pass_time(60)
    (request,) = await _found(world, "cancellations", order_ids=[order["id"]])
    assert (request["role"], request["cancel_status"]) == ("SELLER", "CANCELLATION_REQUEST_COMPLETE")


async def test_the_seller_cancels_one_unit(world: TikTokWorld) -> None:
    """Done: the order goes on with the other units; named by SKU or by line, but not the same line twice."""
    order = await world.place(3)
    line = order["line_items"][0]
    by_line = {"order_id": order["id"], "cancel_reason": REASON, "order_line_item_ids": [line["id"]]}
    assert (await world.ask("POST", CANCEL, by_line))["data"]["cancel_status"] == "CANCELLATION_REQUEST_SUCCESS"
    assert (await world.ask("POST", CANCEL, by_line))["code"] == 25005011
    units = [{"sku_id": line["sku_id"], "quantity": 1}]
    await world.ask("POST", CANCEL, {"order_id": order["id"], "cancel_reason": REASON, "skus": units})
    seen = await world.order(order["id"])
    assert [each["display_status"] for each in seen["line_items"]] == ["CANCELLED", "CANCELLED", "TO_SHIP"]
    assert (seen["status"], world.levels()) == ("AWAITING_SHIPMENT", (99, 1))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"cancel_reason": "because"}, 25001014),
        ({"order_id": "1"}, 25007006),
        ({"order_line_item_ids": ["1"]}, 25005011),
        ({"skus": [{"sku_id": "1", "quantity": 1}]}, 25005011),
    ],
)
async def test_a_cancellation_that_makes_no_sense(world: TikTokWorld, change: dict[str, Any], code: int) -> None:
    """Refused: an unknown reason, order or line."""
    order = await world.place()
    body = {"order_id": order["id"], "cancel_reason": REASON, **change}
    assert (await world.ask("POST", CANCEL, body))["code"] == code


async def test_an_arranged_order_is_not_cancelled_by_the_seller(world: TikTokWorld) -> None:
    """Refused: shipped already; and while a buyer's request waits, that is to be answered."""
    order, asked = await world.place(), await world.place()
    await world.drive(f"orders/{order['id']}/arrange", NUMBER)
    await world.drive(f"orders/{asked['id']}/cancellation")
    for each, code in ((order, 25001045), (asked, 25001011)):
        said = await world.ask("POST", CANCEL, {"order_id": each["id"], "cancel_reason": REASON})
        assert said["code"] == code


async def test_a_buyer_cancels_on_hold_without_being_asked(world: TikTokWorld) -> None:
    """Within the hour of remorse the request is granted at once."""
    order = await world.place(hold_seconds=3_600)
    request = await world.drive(f"orders/{order['id']}/cancellation")
    assert request["cancel_status"] == "CANCELLATION_REQUEST_SUCCESS"
    assert (await world.order(order["id"]))["status"] == "CANCELLED"


async def test_a_request_waits_for_the_seller(world: TikTokWorld) -> None:
    """It is marked on the order with its deadline; unanswered by then it is granted."""
    order = await world.place()
    await world.drive(f"orders/{order['id']}/cancellation")
    assert (await world.order(order["id"]))["is_buyer_request_cancel"]
    (request,) = await _found(world, "cancellations", cancel_status=["CANCELLATION_REQUEST_PENDING"])
    (action,) = request["seller_next_action_response"]
    assert action == {"action": "SELLER_RESPOND_CANCEL", "deadline": int(world.wall) + 48 * 3_600}
    world.pass_time(48 * 3_600)
    seen = await world.order(order["id"])
    assert (seen["status"], seen["is_buyer_request_cancel"]) == ("CANCELLED", False)


async def test_a_request_is_approved_once(world: TikTokWorld) -> None:
    """Done; repeated under the same key it is done still, under another refused, and so is a late rejection."""
    order = await world.place()
    request = await world.drive(f"orders/{order['id']}/cancellation")
    await world.spoil(LOST)
    await world.ask("POST", _answer(request, "approve"), {}, idempotency_key="k1")
    assert (await world.order(order["id"]))["status"] == "CANCELLED"
    assert (await world.ask("POST", _answer(request, "approve"), {}, idempotency_key="k1"))["code"] == 0
    assert (await world.ask("POST", _answer(request, "approve"), {}))["code"] == 25011012
    assert (await world.ask("POST", _answer(request, "reject"), {"reject_reason": PACKED}))["code"] == 25011011


async def test_a_request_is_rejected_once(world: TikTokWorld) -> None:
    """Done: the order goes on; repeated under the same key done still; without a known reason refused."""
    order = await world.place()
    request = await world.drive(f"orders/{order['id']}/cancellation")
    path = _answer(request, "reject")
    assert (await world.ask("POST", path, {"reject_reason": "because"}))["code"] == 25001014
    await world.spoil(LOST)
    await world.ask("POST", path, {"reject_reason": PACKED}, idempotency_key="k1")
    assert (await world.ask("POST", path, {"reject_reason": PACKED}, idempotency_key="k1"))["code"] == 0
    assert (await world.ask("POST", path, {"reject_reason": PACKED}))["code"] == 25011011
    seen = await world.order(order["id"])
    assert (seen["status"], seen["is_buyer_request_cancel"]) == ("AWAITING_SHIPMENT", False)


async def test_a_withdrawn_request_cannot_be_answered(world: TikTokWorld) -> None:
    """Raced: the buyer was faster; the order goes on."""
    order = await world.place()
    request = await world.drive(f"orders/{order['id']}/cancellation")
    await world.drive(f"cancellations/{request['cancel_id']}/withdraw")
    assert (await world.ask("POST", _answer(request, "approve"), {}))["code"] == 25011012
    assert "CANCEL" in await world.impossible(f"cancellations/{request['cancel_id']}/withdraw")


async def test_goods_come_back_step_by_step(world: TikTokWorld) -> None:
    """Done: approved, sent, received, refunded; each answer repeated under its key is done still."""
    order = await _arrived(world, 2)
    line = order["line_items"][0]["id"]
    request = await world.drive(f"orders/{order['id']}/return", {"line_ids": [line]})
    approve = _decide(request, "approve")
    key: dict[str, Any] = {"idempotency_key": "k1"}
    await world.spoil(LOST)
    await world.ask("POST", approve, {"decision": "APPROVE_RETURN"}, **key)
    assert (await world.ask("POST", approve, {"decision": "APPROVE_RETURN"}, **key))["code"] == 0
    await world.drive(f"returns/{request['return_id']}/send-back")
    assert (await world.ask("POST", approve, {"decision": "APPROVE_RECEIVED_PACKAGE"}))["code"] == 0
    world.pass_time(60)
    (seen,) = await _found(world, "returns", order_ids=[order["id"]])
    assert seen["return_status"] == "RETURN_OR_REFUND_REQUEST_COMPLETE"
    assert [each["order_line_item_id"] for each in seen["return_line_items"]] == [line]
    assert world.levels() == (98, 0)


@pytest.mark.parametrize(
    ("answer", "body", "code"),
    [
        ("approve", {"decision": "APPROVE_RECEIVED_PACKAGE"}, 25020003),
        ("approve", {"decision": "APPROVE_REPLACEMENT"}, 25020004),
        ("approve", {"decision": "WHATEVER"}, 25001001),
        ("reject", {"decision": "REJECT_RETURN", "reject_reason": "because"}, 25001014),
        ("reject", {"decision": "REJECT_RECEIVED_PACKAGE", "reject_reason": PACKED}, 25020003),
    ],
)
async def test_an_answer_that_does_not_fit_a_return(
    world: TikTokWorld, answer: str, body: dict[str, Any], code: int
) -> None:
    """Refused: a decision of another step, of another type, or none; a reason that is not known."""
    order = await _arrived(world)
    request = await world.drive(f"orders/{order['id']}/return")
    assert (await world.ask("POST", _decide(request, answer), body))["code"] == code


async def test_a_return_is_rejected_once(world: TikTokWorld) -> None:
    """Done; repeated under the same key done still, else refused."""
    order = await _arrived(world)
    request = await world.drive(f"orders/{order['id']}/return", {"type": "REFUND"})
    path, body = _decide(request, "reject"), {"decision": "REJECT_REFUND", "reject_reason": PACKED}
    codes = [(await world.ask("POST", path, body, idempotency_key=key))["code"] for key in ("k1", "k1", "k2")]
    assert codes == [0, 0, 25020003]
    assert "REJECT" in await world.impossible(f"returns/{request['return_id']}/withdraw")


async def test_a_replacement_is_a_new_order_that_names_the_old_one(world: TikTokWorld) -> None:
    """Approved, the same units go out again free of charge, from the same shelf."""
    order = await _arrived(world)
    request = await world.drive(f"orders/{order['id']}/return", {"type": "REPLACEMENT"})
    await world.ask("POST", _decide(request, "approve"), {"decision": "APPROVE_REPLACEMENT"})
    new = next(each for each in world.shop.orders.values() if each.replaced_order_id == order["id"])
    assert (new.status, new.lines[0].price, world.levels()) == ("AWAITING_SHIPMENT", "0.00", (98, 1))


async def test_nothing_comes_back_that_never_left(world: TikTokWorld) -> None:
    """A return needs an order that is on its way or there; an unknown request is refused."""
    order = await world.place()
    assert "AWAITING_SHIPMENT" in await world.impossible(f"orders/{order['id']}/return")
    for what in ("cancellations", "returns"):
        body = {"decision": "APPROVE_RETURN"}
        assert (await world.ask("POST", f"/return_refund/202309/{what}/1/approve", body))["code"] == 25007006
