"""Public events of buying, on replenishment.events.v1."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from schemas.events.base import Event


class StockRiskRaised(Event):
    """A stock item runs short. One open decision per item."""

    replenishment_id: UUID
    stock_item_id: UUID
    level: str
    available: int
    backordered: int
    reason: str


class StockRiskEased(Event):
    """The item is no longer short."""

    replenishment_id: UUID
    stock_item_id: UUID
    reason: str


class ReorderPrepared(Event):
    """How many units to order, from whom, and the terms of the sum behind it."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    quantity: int
    terms: dict[str, str] = msgspec.field(default_factory=dict)


class ReorderPlaced(Event):
    """The order went to the supplier."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    quantity: int


class ReorderConfirmed(Event):
    """The supplier will deliver; `due_at` is None where it gave no date."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    quantity: int
    due_at: datetime | None = None
    supplier_reference: str = ""


class ReorderRefused(Event):
    """The supplier will not deliver."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    reason: str


class ReorderReceived(Event):
    """Units of a reorder came in; `remaining` are still on order."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    quantity: int
    remaining: int
    reference: str


class ReplenishmentAlertAcknowledged(Event):
    """Somebody saw an open alert about the buying of an item: the one that opened at this log position."""

    replenishment_id: UUID
    kind: str
    opened_position: int
    by: str
    note: str = ""
