"""Commands for the replenishment of one stock item."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from schemas.commands.base import Command


class AssessStockRisk(Command):
    """An order found this stock item short, or its figures, which are those at that event, moved: order or not?"""

    replenishment_id: UUID
    stock_item_id: UUID
    available: int
    backordered: int
    occurred_at: datetime
    stock_unknown: bool = False


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


class AcknowledgeReplenishmentAlert(Command):
    """A person saw the alert of this kind about the buying of an item that opened at this log position."""

    replenishment_id: UUID
    kind: str
    opened_position: int
    by: str
    note: str = ""
