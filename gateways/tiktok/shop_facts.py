"""What changes seldom in a shop, kept for five minutes: warehouses, shipping providers, sales by the hour."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, TypeVar

import msgspec
from cachetools import TTLCache

from gateways.tiktok.connection import NO_IDS, Connection, data_of
from gateways.tiktok.endpoints import PERFORMANCE, SHIPPING_PROVIDERS, WAREHOUSES, Call

KEPT_SECONDS: Final = 300.0
KEPT_ANSWERS: Final = 1000

Data = TypeVar("Data")


class Warehouse(msgspec.Struct, frozen=True):
    """A warehouse of the seller's; its address is not read."""

    id: str
    name: str = ""
    type: str = ""
    effect_status: str = ""
    is_default: bool = False

    @property
    def sells(self) -> bool:
        """Whether orders are shipped from it."""
        return self.type == "SALES_WAREHOUSE" and self.effect_status == "ENABLED"


class ShippingProvider(msgspec.Struct, frozen=True):
    """A carrier as TikTok knows it."""

    id: str
    name: str = ""


class HourOfSales(msgspec.Struct, frozen=True):
    """What was sold in one hour of a day; `index` counts the hours."""

    index: int = 0
    orders_count: int = 0
    items_sold: int = 0
    visitors: int = 0


class _Warehouses(msgspec.Struct, frozen=True):
    warehouses: list[Warehouse] = []


class _Providers(msgspec.Struct, frozen=True):
    shipping_providers: list[ShippingProvider] = []


class _Hours(msgspec.Struct, frozen=True):
    intervals: list[HourOfSales] = []


class _Performance(msgspec.Struct, frozen=True):
    performance: _Hours = _Hours()


class ShopFacts:
    """Reads that may be five minutes old: never stock, never a person. What a request raises is not kept."""

    def __init__(self, connection: Connection, clock: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._kept: TTLCache[tuple[str, str, tuple[str, ...]], Any] = TTLCache(KEPT_ANSWERS, KEPT_SECONDS, clock)

    async def warehouses(self, shop: str) -> list[Warehouse]:
        """All warehouses, those that ship nothing too."""
        return (await self._read(WAREHOUSES, shop, _Warehouses)).warehouses

    async def shipping_providers(self, shop: str, delivery_option: str) -> list[ShippingProvider]:
        """The carriers that may be named for an order with this delivery option; Refused where TikTok ships."""
        found = await self._read(SHIPPING_PROVIDERS, shop, _Providers, {"option": delivery_option})
        return found.shipping_providers

    async def performance(self, shop: str, day: date) -> list[HourOfSales]:
        """The shop's sales of one day by the hour."""
        found = await self._read(PERFORMANCE, shop, _Performance, {"date": day.isoformat()})
        return found.performance.intervals

    async def _read(self, call: Call, shop: str, kind: type[Data], ids: Mapping[str, str] = NO_IDS) -> Data:
        key = (call.name, shop, tuple(ids.values()))
        if key not in self._kept:
            self._kept[key] = data_of(await self._connection.ask(call, shop, ids), kind)
        found: Data = self._kept[key]
        return found
