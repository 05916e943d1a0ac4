"""Orders are read fifty at a time, and found by the time of their last update."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from gateways.quota import Endpoint
from schemas.calls import ReadOrderCall
from tests.unit.gateways.tiktok.fake_api import NOON, SHOP, CountedQuota, FakeApi, a_shop, code, lost, ok

HOUR = timedelta(hours=1)


def _calls(*numbers: str) -> list[ReadOrderCall]:
    return [ReadOrderCall(marketplace="tiktok", shop=SHOP, order_number=number) for number in numbers]


def _known(request: httpx.Request) -> httpx.Response:
    """Every order but 404, in the reverse of the order in which they were asked for."""
    numbers = request.url.params["ids"].split(",")
    return ok({"orders": [{"id": number, "status": "UNPAID"} for number in reversed(numbers) if number != "404"]})


async def test_each_order_comes_as_it_was_sent() -> None:
    """Done: the raw JSON of each, by its place in the list, whatever the order of the answer."""
    api = FakeApi(ok({"orders": [{"id": 2, "new_field": 1}, {"id": "1", "payment": {"total": "1.10"}}]}))
    first, second = await a_shop(api).read_orders(_calls("1", "2"))
    assert (first.outcome, msgspec.json.decode(first.order)) == ("done", {"id": "1", "payment": {"total": "1.10"}})
    assert msgspec.json.decode(second.order) == {"id": 2, "new_field": 1}
    assert api.paths == ["/order/202507/orders"]


async def test_fifty_different_orders_are_one_request() -> None:
    """Repeated: an order that is asked for many times is read once, and 120 calls for 60 orders are two requests."""
    api, quota = FakeApi(_known), CountedQuota()
    calls = _calls(*(str(number % 60) for number in range(120)))
    results = await a_shop(api, quota=quota).read_orders(calls)
    assert [msgspec.json.decode(each.order)["id"] for each in results] == [call.order_number for call in calls]
    assert [len(request.url.params["ids"].split(",")) for request in api.asked] == [50, 10]
    assert quota.taken == [Endpoint.ORDER_READ] * 2


async def test_an_order_that_the_answer_leaves_out_is_missing() -> None:
    """Its neighbours are read all the same."""
    results = await a_shop(FakeApi(_known)).read_orders(_calls("1", "404", "2"))
    assert [each.outcome for each in results] == ["done", "missing", "done"]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (code(36009009), "refused"),
        (code(36009002), "unavailable"),
        (code(105005), "unavailable"),
        (lost(), "unavailable"),
        (code(36009003, 500), "unavailable"),
        (ok({"orders": 7}), "unavailable"),
    ],
)
async def test_a_request_that_failed_is_the_failure_of_all_its_orders(
    answer: httpx.Response | Exception, outcome: str
) -> None:
    """Refused or unavailable; a read acts on nothing, so nothing of it stays unknown."""
    results = await a_shop(FakeApi(answer)).read_orders(_calls("1", "2"))
    assert [each.outcome for each in results] == [outcome] * 2


async def test_a_search_goes_on_to_its_last_page() -> None:
    """Each page names the next one, and the span is the same on all of them."""
    one, two = {"id": "1", "update_time": 1764000000}, {"id": 2, "update_time": 1764000001}
    api = FakeApi(ok({"orders": [one, two], "next_page_token": "more"}), ok({"orders": [one], "next_page_token": ""}))
    shop = a_shop(api)
    first = await shop.find_orders(SHOP, NOON - HOUR, NOON)
    last = await shop.find_orders(SHOP, NOON - HOUR, NOON, first.next_page)
    assert [each.number for each in (*first.orders, *last.orders)] == ["1", "2", "1"]
    assert (first.orders[0].updated_at, last.next_page) == (datetime.fromtimestamp(1764000000, UTC), "")
    assert [request.url.params.get("page_token") for request in api.asked] == [None, "more"]
    span = {"update_time_ge": int(NOON.timestamp()) - 3600, "update_time_lt": int(NOON.timestamp())}
    assert [api.body(0), api.body(1)] == [span, span]


async def test_a_search_whose_order_has_no_time_is_refused() -> None:
    """An order that cannot be placed in time would be missed for ever; the whole page is not taken."""
    found = await a_shop(FakeApi(ok({"orders": [{"id": "1"}]}))).find_orders(SHOP, NOON - HOUR, NOON)
    assert (found.result.outcome, found.orders) == ("refused", ())
