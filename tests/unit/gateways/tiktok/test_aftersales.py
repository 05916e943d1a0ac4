"""A buyer's wish to cancel is answered once, and cancellations and returns are found page by page."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from gateways.quota import Endpoint
from tests.unit.gateways.tiktok.fake_api import NOON, SHOP, CountedQuota, FakeApi, a_shop, code, lost, ok

SINCE = NOON - timedelta(hours=1)


def _status(status: str) -> httpx.Response:
    return ok({"cancellations": [{"cancel_id": "C1", "order_id": "1", "cancel_status": status}]})


async def test_a_wish_is_approved_with_its_key() -> None:
    """Done: urgent in the quota, the idempotency key in the request."""
    api, quota = FakeApi(ok()), CountedQuota()
    result = await a_shop(api, quota=quota).aftersales.approve(SHOP, "C1", "key-1")
    assert result.outcome == "done"
    assert api.paths == ["/return_refund/202309/cancellations/C1/approve"]
    assert api.asked[0].url.params["idempotency_key"] == "key-1"
    assert quota.taken == [Endpoint.CANCELLATION]


async def test_a_wish_is_rejected_with_a_reason() -> None:
    """Done: the exact name of the reason."""
    api = FakeApi(ok())
    assert (await a_shop(api).aftersales.reject(SHOP, "C1", "key-1", "seller_reject_reason")).outcome == "done"
    assert api.body() == {"reject_reason": "seller_reject_reason"}


@pytest.mark.parametrize("answer", [code(25004003), lost()])
@pytest.mark.parametrize(
    ("status", "done"),
    [
        ("CANCELLATION_REQUEST_SUCCESS", True),
        ("CANCELLATION_REQUEST_COMPLETE", True),
        ("CANCELLATION_REQUEST_PENDING", False),
        ("CANCELLATION_REQUEST_CANCEL", False),
    ],
)
async def test_an_answer_that_was_given_before_is_found(
    answer: httpx.Response | Exception, status: str, done: bool
) -> None:
    """Repeated (refused by now) and unknown (answer lost): done if it is approved, else what it was."""
    result = await a_shop(FakeApi(answer, _status(status))).aftersales.approve(SHOP, "C1", "key-1")
    otherwise = "unknown" if isinstance(answer, Exception) else "refused"
    assert result.outcome == ("done" if done else otherwise)


async def test_too_many_requests_are_not_looked_up() -> None:
    """Unavailable: surely nothing happened, and another request would be one more too many."""
    api = FakeApi(code(36009002))
    assert (await a_shop(api).aftersales.reject(SHOP, "C1", "key-1", "reason")).outcome == "unavailable"
    assert len(api.asked) == 1


async def test_cancellations_are_found_with_what_waits_for_us() -> None:
    """Every page, with the deadline of the seller's answer."""
    action = {"action": "SELLER_RESPOND_CANCEL", "deadline": 1764200000}
    first = {"cancel_id": "C1", "order_id": "1", "seller_next_action_response": [action]}
    api = FakeApi(
        ok({"cancellations": [first], "next_page_token": "more"}),
        ok({"cancellations": [{"cancel_id": "C2", "order_id": "2"}]}),
    )
    found = [each async for page in a_shop(api).aftersales.cancellations(SHOP, SINCE, NOON) for each in page]
    assert [each.cancel_id for each in found] == ["C1", "C2"]
    assert found[0].seller_next_action_response[0].deadline == 1764200000
    assert api.asked[1].url.params["page_token"] == "more"


async def test_returns_are_found_with_their_lines() -> None:
    """The units of the order that are to come back."""
    line = {"order_line_item_id": "L1", "sku_id": "S1"}
    api = FakeApi(ok({"return_orders": [{"return_id": "R1", "order_id": "1", "return_line_items": [line]}]}))
    (page,) = [page async for page in a_shop(api).aftersales.returns(SHOP, SINCE, NOON)]
    assert page[0].return_line_items[0].order_line_item_id == "L1"
    assert api.paths == ["/return_refund/202602/returns/search"]
