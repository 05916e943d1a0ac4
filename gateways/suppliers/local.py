"""A supplier that confirms at once and in process: the default of a live demo shop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from gateways.own_record import OwnRecord, entries
from gateways.suppliers.protocol import SupplierAnswer
from schemas.calls import PlaceReorderCall, SpeedUpReorderCall

LEAD_TIME_HOURS: Final = 24
EXPRESS_HOURS: Final = 12


class SupplierOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order in the supplier's own record."""

    reorder_id: str
    stock_item_id: str
    quantity: int
    due_at: datetime
    supplier_reference: str


class LocalSupplier:
    """A supplier that has everything, due after its lead time; what is in its record keeps its date."""

    supports_lookup: Final = True

    def __init__(
        self,
        record: OwnRecord[SupplierOrder],
        *,
        name: str = "local",
        lead_time_hours: int = LEAD_TIME_HOURS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name: Final = name
        self._record = record
        self._lead_time = timedelta(hours=lead_time_hours)
        self._express = min(self._lead_time, timedelta(hours=EXPRESS_HOURS))
        self._now = now

    async def place(self, order: PlaceReorderCall) -> SupplierAnswer:
        """Confirm with a date. Refused: a quantity below 1. Repeated: the first answer again."""
        if order.quantity < 1:
            return SupplierAnswer("refused", reason="quantity is below 1")
        known = await self.find(order.reorder_id)
        if known is not None:
            return known
        placed = SupplierOrder(
            reorder_id=order.reorder_id,
            stock_item_id=str(order.stock_item_id),
            quantity=order.quantity,
            due_at=self._now() + (self._express if order.delivery == "express" else self._lead_time),
            supplier_reference=f"{self.name}-{order.reorder_id}",
        )
        self._record.append(placed)
        return _confirmation(placed)

    async def speed_up(self, call: SpeedUpReorderCall) -> SupplierAnswer:
        """Refused: it is on its way with the date that was given."""
        return SupplierAnswer("refused", reason="it is on its way already")

    async def find(self, reorder_id: str) -> SupplierAnswer | None:
        """The order under this id, whichever process placed it."""
        placed = await asyncio.to_thread(self._record.find, reorder_id)
        return None if placed is None else _confirmation(placed)


def supplier_record(directory: Path, process: str) -> OwnRecord[SupplierOrder]:
    """Where one process writes down what was ordered of its supplier."""
    return OwnRecord(directory, SupplierOrder, "reorder_id", process)


def ordered(directory: Path) -> list[SupplierOrder]:
    """Every order that any process placed, each reorder id once."""
    return entries(directory, SupplierOrder, lambda order: order.reorder_id)


def _confirmation(order: SupplierOrder) -> SupplierAnswer:
    return SupplierAnswer("confirmed", due_at=order.due_at, supplier_reference=order.supplier_reference)
