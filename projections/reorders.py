"""
Which supplier orders were prepared, placed, confirmed, refused and received: one row per reorder.

Reads: replenishment.events.v1.    Keyed by replenishment and reorder.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from projections.published import Changes, Fold, HistoryMissing, Published, Row, fold_for
from schemas import events
from schemas.events import Event
from schemas.topics import REPLENISHMENT_EVENTS

NAME = "reorders"
VERSION = 1
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
    changed_at timestamptz NOT NULL,
    prepared_position bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (replenishment_id, reorder_id)
"""
INDEXES = ("(prepared_position)", "(stock_item_id, prepared_position)")


class ReorderRow(Row, frozen=True, kw_only=True):
    """One order to a supplier. `state`: prepared, placed, confirmed, refused, part received or received."""

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
        return ReorderRow(
            replenishment_id=event.replenishment_id,
            reorder_id=event.reorder_id,
            stock_item_id=event.stock_item_id,
            quantity=event.quantity,
            terms=event.terms,
            changed_at=published.occurred_at,
            prepared_position=published.position,
            position=published.position,
        )
    fold = fold_for(FOLDS, event)
    if row is None:
        raise HistoryMissing(f"{published.id} {type(event).__name__}")
    changes = fold(row, event, published)
    return msgspec.structs.replace(row, **changes, changed_at=published.occurred_at, position=published.position)


def _placed(_row: ReorderRow, event: events.ReorderPlaced, _: Published) -> Changes:
    return {"state": "placed", "quantity": event.quantity}


def _confirmed(_row: ReorderRow, event: events.ReorderConfirmed, _: Published) -> Changes:
    return {
        "state": "confirmed",
        "quantity": event.quantity,
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


WITHOUT_REORDER = frozenset({events.StockRiskRaised, events.StockRiskEased, events.ReplenishmentAlertAcknowledged})
FOLDS: dict[type[Event], Fold] = {
    events.ReorderPlaced: _placed,
    events.ReorderConfirmed: _confirmed,
    events.ReorderRefused: _refused,
    events.ReorderReceived: _received,
}
"""What each event of a reorder, but the first one, does to its row."""
