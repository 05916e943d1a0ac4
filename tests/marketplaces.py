"""A marketplace that can do nothing, for tests whose own can do one thing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateways.marketplaces import (
    Capabilities,
    OrderRead,
    OrdersFound,
    PushResult,
    StockChange,
    StockChanged,
    StockRead,
)
from schemas.calls import PushDelayCall, PushFulfilmentCall, ReadOrderCall

NO = PushResult("refused", "it can do nothing")


class RefusingMarketplace:
    """Refuses whatever it is asked."""

    name = "tiktok"
    capabilities = Capabilities(
        reads_orders=False, keeps_stock=False, backorders=False, tells_delays=False, answers_cancellations=False
    )

    async def push_fulfilment(self, pushes: Sequence[PushFulfilmentCall]) -> Sequence[PushResult]:
        return [NO] * len(pushes)

    async def push_delay(self, call: PushDelayCall) -> PushResult:
        return NO

    async def read_orders(self, calls: Sequence[ReadOrderCall]) -> Sequence[OrderRead]:
        return [OrderRead("refused", NO.reason)] * len(calls)

    async def find_orders(self, shop: str, since: datetime, until: datetime, page: str = "") -> OrdersFound:
        return OrdersFound(NO)

    async def read_stock(self, shop: str, sku_ids: Sequence[str]) -> StockRead:
        return StockRead(NO, {})

    async def change_stock(self, shop: str, changes: Sequence[StockChange]) -> Sequence[StockChanged]:
        return [StockChanged(NO)] * len(changes)
