"""Commands for the replenishment of one stock item."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from schemas.commands.base import Command
from schemas.values import Rates


class AssessStockRisk(Command):
    """
    An order found this stock item short, its figures moved, or its rates did: order or not?

    The figures are those at the stock event of `occurred_at`, also where the windows send them again with new `rates`;
    figures from before the last known receipt are ignored. Without `rates` the last known ones count.
    """

    replenishment_id: UUID
    stock_item_id: UUID
    available: int
    backordered: int
    occurred_at: datetime
    stock_unknown: bool = False
    rates: Rates | None = None


class RecordSupplierAnswer(Command):
    """What the supplier said of an order: placed, confirmed with a date, refused, or parked for a person."""

    replenishment_id: UUID
    reorder_id: str
    outcome: Literal["confirmed", "refused", "parked"]
    due_at: datetime | None = None
    supplier_reference: str = ""
    reason: str = ""


class RecordReceipt(Command):
    """Units came in. They fill the named reorder, else the oldest open one. Repeated: once per reference."""

    replenishment_id: UUID
    quantity: int
    reference: str
    occurred_at: datetime


class ApproveReorder(Command):
    """A person lets a prepared order be placed."""

    replenishment_id: UUID
    reorder_id: str
    operator: str = ""


class DeclineReorder(Command):
    """A person refuses a prepared order."""

    replenishment_id: UUID
    reorder_id: str
    reason: str
    operator: str = ""
