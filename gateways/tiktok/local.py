"""A marketplace that takes every push at once and in process: the default of a live demo shop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

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
from gateways.own_record import OwnRecord, entries
from gateways.tiktok.errors import WITHOUT_ACCESS_SECONDS
from schemas.calls import PushDelayCall, PushFulfilmentCall, ReadOrderCall

NO_STOCK: Final = PushResult("refused", "the local marketplace keeps no stock")


class LocalMarketplace:
    """A marketplace that never fails; `fulfilments` and `delays` are its own record of what it was told."""

    def __init__(
        self, fulfilments: OwnRecord[PushFulfilmentCall], delays: OwnRecord[PushDelayCall], *, name: str = "tiktok"
    ) -> None:
        self.name: Final = name
        self.capabilities: Final = Capabilities(
            reads_orders=False, keeps_stock=False, backorders=False, tells_delays=True, answers_cancellations=False
        )
        self._fulfilments = fulfilments
        self._delays = delays

    async def push_fulfilment(self, pushes: Sequence[PushFulfilmentCall]) -> Sequence[PushResult]:
        """Take each. Refused: one without a tracking number. Repeated: taken once."""
        return [self._take(push) for push in pushes]

    async def push_delay(self, call: PushDelayCall) -> PushResult:
        """Take it. Repeated: the same date is taken once."""
        self._delays.append(call)
        return DONE

    async def read_orders(self, calls: Sequence[ReadOrderCall]) -> Sequence[OrderRead]:
        """Unavailable: it keeps no orders of its own; reads wait for the marketplace's address to be set."""
        waits = OrderRead("unavailable", "the local marketplace has no orders", WITHOUT_ACCESS_SECONDS, attempted=False)
        return [waits] * len(calls)

    async def find_orders(self, shop: str, since: datetime, until: datetime, page: str = "") -> OrdersFound:
        """Refused: it keeps no orders of its own."""
        return OrdersFound(PushResult("refused", "the local marketplace has no orders"))

    async def read_stock(self, shop: str, sku_ids: Sequence[str]) -> StockRead:
        """Refused: it keeps no stock of its own."""
        return StockRead(NO_STOCK, {})

    async def change_stock(self, shop: str, changes: Sequence[StockChange]) -> Sequence[StockChanged]:
        """Refused: it keeps no stock of its own."""
        return [StockChanged(NO_STOCK)] * len(changes)

    def _take(self, push: PushFulfilmentCall) -> PushResult:
        if not push.tracking_number:
            return PushResult("refused", "tracking_number is missing")
        self._fulfilments.append(push)
        return DONE


def fulfilment_record(directory: Path, process: str) -> OwnRecord[PushFulfilmentCall]:
    """Where one process writes down what the marketplace was told of packages."""
    return OwnRecord(directory, PushFulfilmentCall, "shipment_id", process)


def delay_record(directory: Path, process: str) -> OwnRecord[PushDelayCall]:
    """Where one process writes down what the marketplace was told of delays."""
    return OwnRecord(directory, PushDelayCall, "order_id", process)


def fulfilments(directory: Path) -> list[PushFulfilmentCall]:
    """Every push that any process made, the same tracking number of a package once."""
    return entries(directory, PushFulfilmentCall, lambda push: f"{push.shipment_id}/{push.tracking_number}")


def delays(directory: Path) -> list[PushDelayCall]:
    """Every delay that any process told, the same date of an order once."""
    return entries(directory, PushDelayCall, lambda call: f"{call.order_id}/{call.promised_at.isoformat()}")
