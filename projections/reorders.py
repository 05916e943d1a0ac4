"""
Which supplier orders were prepared, asked for, placed, confirmed and received, and why: one row per reorder.

Reads: replenishment.events.v1.    Keyed by replenishment and reorder.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from projections.published import Changes, Fold, HistoryMissing, Published, Row, fold_for, nothing
from schemas import events
from schemas.events import Event
from schemas.topics import REPLENISHMENT_EVENTS
from schemas.values import Money

NAME = "reorders"
VERSION = 2
TOPICS = (REPLENISHMENT_EVENTS,)
KEY = ("replenishment_id", "reorder_id")
COLUMNS = """
    replenishment_id uuid NOT NULL,
    reorder_id text NOT NULL,
    stock_item_id uuid NOT NULL,
    state text NOT NULL,
    quantity bigint NOT NULL,
    received bigint NOT NULL,
    due_at timestamptz,
    supplier_reference text NOT NULL,
    reason text NOT NULL,
    terms json NOT NULL,
    delivery text NOT NULL,
    rule text NOT NULL,
    turns text NOT NULL,
    evidence text NOT NULL,
    cost json,
    asked_because text NOT NULL,
    useful_until timestamptz,
    decided_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    prepared_position bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (replenishment_id, reorder_id)
"""
INDEXES = ("(prepared_position)", "(stock_item_id, prepared_position)")


class ReorderRow(Row, frozen=True, kw_only=True):
    """
    One order to a supplier.

    `state`: prepared, asked (a person decides, usefully until `useful_until`), declined, lapsed, placed, confirmed,
    refused, overdue, part received, received or cancelled. `terms` are those of the sum behind its quantity, `rule`
    fired and `turns` says at which figures it would not have.
    """

    replenishment_id: UUID
    reorder_id: str
    stock_item_id: UUID
    state: str = "prepared"
    quantity: int
    received: int = 0
    due_at: datetime | None = None
    supplier_reference: str = ""
    reason: str = ""
    terms: dict[str, str]
    delivery: str = "standard"
    rule: str = ""
    turns: str = ""
    evidence: str = ""
    cost: Money | None = None
    asked_because: str = ""
    useful_until: datetime | None = None
    decided_by: str = ""
    changed_at: datetime
    prepared_position: int


def keys(event: Event) -> tuple[tuple[UUID, str], ...]:
    """The reorder that an event is about; events about the risk alone touch none. Raises `UnknownEvent`."""
    if type(event) in WITHOUT_REORDER:
        return ()
    if type(event) is not events.ReorderPrepared:
        fold_for(FOLDS, event)
    reorder: Any = event
    return ((reorder.replenishment_id, reorder.reorder_id),)


def change(row: ReorderRow | None, published: Published) -> ReorderRow:
    """The row after one more event of its reorder. Raises `UnknownEvent` or `HistoryMissing`."""
    event = published.event
    if type(event) is events.ReorderPrepared:
        return _prepared(row, event, published)
    fold = fold_for(FOLDS, event)
    if row is None:
        raise HistoryMissing(f"{published.id} {type(event).__name__}")
    changes = fold(row, event, published)
    return msgspec.structs.replace(row, **changes, changed_at=published.occurred_at, position=published.position)


def _prepared(row: ReorderRow | None, event: events.ReorderPrepared, published: Published) -> ReorderRow:
    """The first form of an order, or another sum for it, in its place of the list."""
    return ReorderRow(
        replenishment_id=event.replenishment_id,
        reorder_id=event.reorder_id,
        stock_item_id=event.stock_item_id,
        quantity=event.quantity,
        terms=event.terms,
        delivery=event.delivery,
        rule=event.rule,
        turns=event.turns,
        evidence=event.evidence,
        cost=event.cost,
        changed_at=published.occurred_at,
        prepared_position=published.position if row is None else row.prepared_position,
        position=published.position,
    )


def _asked(_row: ReorderRow, event: events.ReorderAsked, _: Published) -> Changes:
    return {"state": "asked", "asked_because": event.reason, "useful_until": event.useful_until}


def _lapsed(_row: ReorderRow, event: events.ReorderLapsed, _: Published) -> Changes:
    return {"state": "lapsed", "reason": "nobody answered in time"}


def _approved(_row: ReorderRow, event: events.ReorderApproved, _: Published) -> Changes:
    return {"decided_by": event.operator}


def _declined(_row: ReorderRow, event: events.ReorderDeclined, _: Published) -> Changes:
    return {"state": "declined", "decided_by": event.operator, "reason": event.reason}


def _hurried(_row: ReorderRow, event: events.SpeedUpAsked, _: Published) -> Changes:
    return {"delivery": "express"}


def _not_hurried(_row: ReorderRow, event: events.SpeedUpRefused, _: Published) -> Changes:
    return {"delivery": "standard", "reason": event.reason}


def _overdue(_row: ReorderRow, event: events.ReorderOverdue, _: Published) -> Changes:
    return {"state": "overdue"}


def _cancelled(_row: ReorderRow, event: events.ReorderCancelled, _: Published) -> Changes:
    return {"state": "cancelled", "reason": event.reason}


def _placed(_row: ReorderRow, event: events.ReorderPlaced, _: Published) -> Changes:
    return {"state": "placed", "quantity": event.quantity}


def _confirmed(row: ReorderRow, event: events.ReorderConfirmed | events.ReorderDelayed, _: Published) -> Changes:
    return {
        "state": "part received" if row.received else "confirmed",
        "quantity": row.received + event.quantity,
        "due_at": event.due_at,
        "supplier_reference": event.supplier_reference,
    }


def _refused(_row: ReorderRow, event: events.ReorderRefused, _: Published) -> Changes:
    return {"state": "refused", "reason": event.reason}


def _received(row: ReorderRow, event: events.ReorderReceived, _: Published) -> Changes:
    return {
        "state": "part received" if event.remaining else "received",
        "received": row.received + event.quantity,
    }


WITHOUT_REORDER = frozenset(
    {
        events.StockRiskRaised,
        events.StockRiskEscalated,
        events.StockRiskEased,
        events.ReplenishmentAlertAcknowledged,
    }
)
FOLDS: dict[type[Event], Fold] = {
    events.ReorderPlaced: _placed,
    events.ReorderConfirmed: _confirmed,
    events.ReorderRefused: _refused,
    events.ReorderReceived: _received,
    events.ReorderAsked: _asked,
    events.ReorderPressed: nothing,
    events.ReorderLapsed: _lapsed,
    events.ReorderApproved: _approved,
    events.ReorderDeclined: _declined,
    events.SpeedUpAsked: _hurried,
    events.SpeedUpRefused: _not_hurried,
    events.ReorderDelayed: _confirmed,
    events.ReorderOverdue: _overdue,
    events.ReorderCancelled: _cancelled,
}
"""What each event of a reorder, but the first one, does to its row."""
