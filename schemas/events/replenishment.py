"""Public events of buying, on replenishment.events.v1."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from schemas.events.base import Event
from schemas.values import Money


class StockRiskRaised(Event):
    """A stock item runs short. One open decision per item."""

    replenishment_id: UUID
    stock_item_id: UUID
    level: str
    available: int
    backordered: int
    reason: str
    terms: dict[str, str] = msgspec.field(default_factory=dict)


class StockRiskEscalated(Event):
    """The open decision of an item became more urgent."""

    replenishment_id: UUID
    stock_item_id: UUID
    level: str
    available: int
    backordered: int
    reason: str
    terms: dict[str, str] = msgspec.field(default_factory=dict)


class StockRiskEased(Event):
    """The item is less short; `level` is what remains, empty for nothing."""

    replenishment_id: UUID
    stock_item_id: UUID
    reason: str
    level: str = ""


class ReorderPrepared(Event):
    """
    How many units to order, and the terms of the sum behind it. Again for the same order: the sum is another now.

    `rule` fired; `turns` says at which figures it would not have. `evidence`: sales, a measured forecast, the formula.
    """

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    quantity: int
    terms: dict[str, str] = msgspec.field(default_factory=dict)
    delivery: str = "standard"
    rule: str = ""
    turns: str = ""
    evidence: str = "sales"
    cost: Money | None = None


class ReorderAsked(Event):
    """A person decides about a prepared order, and can usefully do so until `useful_until`."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    quantity: int
    reason: str
    useful_until: datetime
    limit_reached: bool = False


class ReorderPressed(Event):
    """Nobody answered yet, and soon the order is no use any more."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    useful_until: datetime


class ReorderLapsed(Event):
    """Nobody answered in time: it is not ordered."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str


class ReorderApproved(Event):
    """A person lets the order be placed."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    operator: str


class ReorderDeclined(Event):
    """A person will not have the order."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    reason: str
    operator: str


class ReorderPlaced(Event):
    """The order went to the supplier. `limit` is the one that made it smaller than was wanted, empty for none."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    quantity: int
    delivery: str = "standard"
    cost: Money | None = None
    limit: str = ""


class SpeedUpAsked(Event):
    """The supplier is asked to send a placed order express; it would come at `due_at`."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    due_at: datetime


class SpeedUpRefused(Event):
    """The supplier will not send the order faster."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    reason: str


class ReorderConfirmed(Event):
    """The supplier will deliver; `due_at` is None where it gave no date."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    quantity: int
    due_at: datetime | None = None
    supplier_reference: str = ""


class ReorderDelayed(Event):
    """The supplier will deliver later than it said; `due_at` is None where it says no longer when."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    quantity: int
    due_at: datetime | None
    was_due_at: datetime
    supplier_reference: str = ""


class ReorderOverdue(Event):
    """Two days after its date the order has not come: nothing is reckoned on it any more."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    quantity: int
    due_at: datetime


class ReorderCancelled(Event):
    """`quantity` units of the order will not come: the supplier cancelled them, or they are not needed any more."""

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    quantity: int
    reason: str


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
