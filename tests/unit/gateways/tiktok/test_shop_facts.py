"""What changes seldom is asked for once in five minutes; a failure is never kept."""

from __future__ import annotations

from datetime import date

import pytest

from gateways.errors import Refused, Unavailable
from gateways.quota import Unlimited
from gateways.tiktok.connection import Connection
from gateways.tiktok.shop_facts import ShopFacts
from tests.unit.gateways.tiktok.fake_api import SHOP, FakeApi, a_shop, code, ok


class Clock:
    """A clock that stands until it is told to go on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def _connection(api: FakeApi) -> Connection:
    return a_shop(api, quota=Unlimited())._connection


async def test_warehouses_are_asked_for_once_in_five_minutes() -> None:
    """Which of them sell is told; the address is not read."""
    sells = {"id": "W1", "type": "SALES_WAREHOUSE", "effect_status": "ENABLED", "is_default": True, "address": {}}
    returns = {"id": "W2", "type": "RETURN_WAREHOUSE", "effect_status": "ENABLED"}
    api, clock = FakeApi(ok({"warehouses": [sells, returns]})), Clock()
    facts = ShopFacts(_connection(api), clock)
    for _ in range(3):
        assert [each.sells for each in await facts.warehouses(SHOP)] == [True, False]
    clock.seconds = 301
    await facts.warehouses(SHOP)
    assert len(api.asked) == 2


async def test_a_failure_is_not_kept() -> None:
    """The next call asks again."""
    facts = a_shop(FakeApi(code(36009002), ok({"warehouses": []}))).facts
    with pytest.raises(Unavailable):
        await facts.warehouses(SHOP)
    assert await facts.warehouses(SHOP) == []


async def test_providers_are_those_of_the_delivery_option() -> None:
    """Two options are two answers; where TikTok ships it is refused."""
    api = FakeApi(ok({"shipping_providers": [{"id": "1", "name": "USPS"}]}), code(21008039))
    facts = a_shop(api).facts
    assert [each.name for each in await facts.shipping_providers(SHOP, "A")] == ["USPS"]
    with pytest.raises(Refused):
        await facts.shipping_providers(SHOP, "B")


async def test_the_sales_of_a_day_come_by_the_hour() -> None:
    """Orders and units of each."""
    hours = [{"index": 1, "orders_count": 3, "items_sold": 4, "gmv": {"amount": "9.99", "currency": "USD"}}]
    api = FakeApi(ok({"performance": {"intervals": hours}}))
    (hour,) = await a_shop(api).facts.performance(SHOP, date(2025, 11, 26))
    assert (hour.orders_count, hour.items_sold) == (3, 4)
    assert api.paths == ["/analytics/202510/shop/performance/2025-11-26/performance_per_hour"]
