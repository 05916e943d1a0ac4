"""What TikTok tells of a shop, and what drives the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from gateways.tiktok.signing import sign
from tests.unit.creatorflow.devstack.simulators.tiktok_world import OTHER_SHOP, TikTokWorld

PERFORMANCE = "/analytics/202609/shop/performance"
NUMBER = {"tracking_number": "9400188999098483311200", "shipping_provider_id": "7000000000000000001"}


async def test_a_shops_sales_are_known_a_day_late(world: TikTokWorld) -> None:
    """Done: the day of a sale is empty while it lasts and tells it after midnight; the last known day is named."""
    await world.place(3)
    window: dict[str, Any] = {"start_date_ge": "2025-10-09", "end_date_lt": "2025-10-10"}
    today = (await world.ask("GET", PERFORMANCE, **window))["data"]["performance"]["intervals"][0]
    await world.drive("clock", {"advance_seconds": 86_400})
    later = (await world.ask("GET", PERFORMANCE, **window))["data"]
    (day,) = later["performance"]["intervals"]
    assert (today["sales"]["items_sold"], day["sales"]["items_sold"], day["sales"]["orders_count"]) == (0, 3, 1)
    assert day["sales"]["gmv"] == {"amount": "29.97", "currency": "USD"}
    assert later["latest_available_date"] == "2025-10-09"


@pytest.mark.parametrize("window", [("2025-10-09", "2025-10-09"), ("2025-10-09", "soon"), ("2025-01-01", "2025-10-09")])
async def test_days_that_make_no_sense_are_refused(world: TikTokWorld, window: tuple[str, str]) -> None:
    """Refused: no day, no date, more than ninety days."""
    said = await world.ask("GET", PERFORMANCE, start_date_ge=window[0], end_date_lt=window[1])
    assert said["code"] == 36009004


async def test_a_day_each_or_all_together(world: TikTokWorld) -> None:
    """Done: by granularity one interval for each day, else one for all."""
    window: dict[str, Any] = {"start_date_ge": "2025-10-01", "end_date_lt": "2025-10-04"}
    daily = await world.ask("GET", PERFORMANCE, granularity="1D", **window)
    whole = await world.ask("GET", PERFORMANCE, **window)
    assert [len(said["data"]["performance"]["intervals"]) for said in (daily, whole)] == [3, 1]


async def test_sales_are_known_by_the_hour(world: TikTokWorld) -> None:
    """Done: today up to the hour that it is; a day ahead, or more than thirty back, is refused."""
    await world.place(2)
    world.pass_time(3_600)
    await world.place(1)
    path = "/analytics/202510/shop/performance/{}/performance_per_hour"
    said = (await world.ask("GET", path.format("2025-10-09")))["data"]["performance"]
    assert [hour["items_sold"] for hour in said["intervals"]] == [*[0] * 8, 2, 1]
    assert (said["intervals"][-1]["index"], said["overall"]["items_sold"]) == (10, 3)
    for day in ("2025-10-10", "2025-09-09", "today"):
        assert (await world.ask("GET", path.format(day)))["code"] == 36009004


async def test_the_ways_to_ship_are_known(world: TikTokWorld) -> None:
    """Done: the providers of an order that the seller ships; of what TikTok ships, or no option, it is refused."""
    order, platform = await world.place(), await world.place(shipping_type="TIKTOK")
    path = "/logistics/202309/delivery_options/{}/shipping_providers"
    said = await world.ask("GET", path.format(order["delivery_option_id"]))
    assert NUMBER["shipping_provider_id"] in {each["id"] for each in said["data"]["shipping_providers"]}
    for option in (platform["delivery_option_id"], "1"):
        assert (await world.ask("GET", path.format(option)))["code"] == 36009004


async def test_a_fault_leaves_the_controls_alone(world: TikTokWorld) -> None:
    """A fault of every path spoils the API, but not what drives the simulator, unless it is named."""
    await world.spoil({"kind": "wrong", "status": 503})
    order = await world.place()
    assert (await world.ask("GET", "/order/202507/orders", ids=order["id"]))["status"] == 503
    await world.spoil({"kind": "wrong", "status": 503, "path": "/creatorflow/clock"})
    with pytest.raises(AssertionError):
        await world.drive("clock")


async def test_a_fault_may_be_a_code_in_a_good_answer(world: TikTokWorld) -> None:
    """Unknown to one who looks at the HTTP status alone: 200, and nothing was done."""
    order = await world.place()
    await world.spoil({"kind": "wrong", "code": 36009003, "requests": 1})
    path = f"/fulfillment/202610/orders/{order['id']}/packages"
    said = await world.ask("POST", path, {"shipping_info_list": [NUMBER]})
    assert (said["code"], said["status"]) == (36009003, 200)
    assert (await world.order(order["id"]))["status"] == "AWAITING_SHIPMENT"


async def test_every_call_that_was_let_in_is_counted(world: TikTokWorld) -> None:
    """The record tells from outside which calls came, by path; a refused one is not among them."""
    await world.ask("GET", "/logistics/202309/warehouses")
    await world.ask("GET", "/logistics/202309/warehouses", token="nobody's")
    assert world.record.content()["requests"] == {"GET /logistics/202309/warehouses": 1}


async def test_time_moves_ahead_alone(world: TikTokWorld) -> None:
    """Told to go back, the clock stays where it is."""
    now = (await world.drive("clock", {"advance_seconds": 10}))["now"]
    assert await world.refused("clock", {"advance_seconds": -1}) == 422
    assert (await world.drive("clock"))["now"] == now


async def test_who_lives_by_the_wall_or_by_the_time_here_may_ask(world: TikTokWorld) -> None:
    """After the clock is moved, both a program beside the simulator and one that is in its time are of now."""
    await world.drive("clock", {"advance_seconds": 86_400})
    for stamp in (int(world.wall), int(world.wall) + 86_400):
        assert (await world.ask("GET", "/logistics/202309/warehouses", timestamp=str(stamp)))["code"] == 0
    between = str(int(world.wall) + 43_200)
    assert (await world.ask("GET", "/logistics/202309/warehouses", timestamp=between))["code"] == 36009004


def test_the_published_signature_of_a_request_is_ours() -> None:
    """The example of the Partner API's documentation."""
    params = {"app_key": "29a39d", "timestamp": "1623812664"}
    signature = sign("e59af819cc", "/authorization/202309/shops", params)
    assert signature == "b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8"


async def test_two_shops_have_nothing_in_common(world: TikTokWorld) -> None:
    """An order of one shop is unknown to the other, under its own token."""
    order = await world.place()
    said = await world.ask("GET", "/order/202507/orders", ids=order["id"], shop=OTHER_SHOP)
    assert said["data"]["orders"] == []
