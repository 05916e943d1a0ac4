"""TikTok Shop over HTTP: signed requests for many shops with one app."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from gateways.errors import GatewayError
from gateways.http_client import HttpClient
from gateways.marketplaces import (
    DONE,
    Capabilities,
    OrderRead,
    OrdersFound,
    PushResult,
    StockChange,
    StockChanged,
    StockRead,
)
from gateways.quota import Quota, Unlimited
from gateways.tiktok import mapping
from gateways.tiktok.access import Access, App, FixedAccess, ShopAccess
from gateways.tiktok.aftersales import Aftersales
from gateways.tiktok.connection import NO_IDS, Connection
from gateways.tiktok.endpoints import DELAYS
from gateways.tiktok.orders import Orders
from gateways.tiktok.packages import Packages
from gateways.tiktok.results import as_push
from gateways.tiktok.seller_shipping import SellerShipping
from gateways.tiktok.shop_facts import ShopFacts
from gateways.tiktok.stock import Stock, total
from schemas.calls import PushDelayCall, PushFulfilmentCall, ReadOrderCall

__all__ = ["App", "ShopAccess", "TikTokShop"]


class TikTokShop:
    """
    The Partner API. `access` is what each shop granted, `providers` are TikTok's ids or names of
    shipping providers by carrier.

    What every marketplace can do is here; what only TikTok has is in its parts, one for each noun.
    """

    name: Final = "tiktok"
    capabilities: Final = Capabilities(
        reads_orders=True, keeps_stock=True, backorders=True, tells_delays=False, answers_cancellations=True
    )

    def __init__(
        self,
        client: HttpClient,
        app: App,
        access: Access | Mapping[str, ShopAccess],
        providers: Mapping[str, str],
        *,
        quota: Quota | None = None,
        versions: Mapping[str, str] = NO_IDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        granted = FixedAccess(access) if isinstance(access, Mapping) else access
        self._connection = Connection(client, app, granted, quota or Unlimited(), versions=versions, now=now)
        self.orders: Final = Orders(self._connection)
        self.packages: Final = Packages(self._connection)
        self.stock: Final = Stock(self._connection)
        self.aftersales: Final = Aftersales(self._connection)
        self.facts: Final = ShopFacts(self._connection)
        self.seller_shipping: Final = SellerShipping(self._connection, self.packages, self.facts, providers)

    async def push_fulfilment(self, pushes: Sequence[PushFulfilmentCall]) -> Sequence[PushResult]:
        """
        Ship packages, 50 of one shop together, all shops at once.

        Repeated: a package whose units have this tracking number is done.
        """
        by_shop: defaultdict[str, list[int]] = defaultdict(list)
        for place, push in enumerate(pushes):
            by_shop[push.shop].append(place)
        chunks = [
            (shop, places[start : start + mapping.PACKAGES_PER_REQUEST])
            for shop, places in by_shop.items()
            for start in range(0, len(places), mapping.PACKAGES_PER_REQUEST)
        ]
        answers = await asyncio.gather(
            *(self.seller_shipping.tell(shop, [pushes[place] for place in places]) for shop, places in chunks)
        )
        results: dict[int, PushResult] = {}
        for (_, places), answered in zip(chunks, answers, strict=True):
            results.update(zip(places, answered, strict=True))
        return [results[place] for place in range(len(pushes))]

    async def push_delay(self, call: PushDelayCall) -> PushResult:
        """Tell a delay to our stand-in for a call that the real API does not have."""
        try:
            await self._connection.ask(DELAYS, call.shop, body=mapping.delay_body(call))
        except GatewayError as error:
            return as_push(error)
        return DONE

    async def read_orders(self, calls: Sequence[ReadOrderCall]) -> Sequence[OrderRead]:
        """Read orders, one request per shop and 50 different orders. Repeated: read again, harmlessly."""
        return await self.orders.read(calls)

    async def find_orders(self, shop: str, since: datetime, until: datetime, page: str = "") -> OrdersFound:
        """One page of the orders that changed in a span, by whole seconds."""
        try:
            return await self.orders.page(shop, since, until, page)
        except GatewayError as error:
            return OrdersFound(as_push(error))

    async def read_stock(self, shop: str, sku_ids: Sequence[str]) -> StockRead:
        """What TikTok says of these SKUs, over all warehouses."""
        try:
            levels = await self.stock.levels(shop, sku_ids)
        except GatewayError as error:
            return StockRead(as_push(error), {})
        return StockRead(DONE, {sku: total(level) for sku, level in levels.items()})

    async def change_stock(self, shop: str, changes: Sequence[StockChange]) -> Sequence[StockChanged]:
        """Read, add, write every warehouse, and read back. A SKU in several enabled warehouses is refused."""
        return await self.stock.change(shop, changes)
