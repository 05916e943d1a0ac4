"""Commands for the replenishment of one stock item."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from schemas.commands.base import Command
from schemas.values import Rates, SupplyTerms


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
    """
    What the supplier said of an order: confirmed with a date, refused, cancelled (what has not come), not to be sent
    faster, or parked for a person.
    """

    replenishment_id: UUID
    reorder_id: str
    outcome: Literal["confirmed", "refused", "parked", "cancelled", "not_faster"]
    due_at: datetime | None = None
    supplier_reference: str = ""
    reason: str = ""


class RecordReceipt(Command):
    """
    Units came in. They fill the named reorder, else the oldest open one. Repeated: once per reference.

    `recorded_at` is when stock learnt of it: figures from before are without these units.
    """

    replenishment_id: UUID
    quantity: int
    reference: str
    occurred_at: datetime
    recorded_at: datetime | None = None


class ApproveReorder(Command):
    """A person lets a prepared order be placed; of the quantity that it saw, where it says so."""

    replenishment_id: UUID
    reorder_id: str
    operator: str = ""
    quantity: int | None = None


class DeclineReorder(Command):
    """A person refuses a prepared order."""

    replenishment_id: UUID
    reorder_id: str
    reason: str
    operator: str = ""


class DescribeSupply(Command):
    """Say whose a stock item is, what its supplier knows it by, and on what terms it is bought (None: nobody said)."""

    replenishment_id: UUID
    stock_item_id: UUID
    marketplace: str
    shop: str
    item: str = ""
    terms: SupplyTerms | None = None


class AcknowledgeReplenishmentAlert(Command):
    """A person saw the alert of this kind about the buying of an item that opened at this log position."""

    replenishment_id: UUID
    kind: str
    opened_position: int
    by: str
    note: str = ""
