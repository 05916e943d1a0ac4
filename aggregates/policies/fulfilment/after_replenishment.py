"""What follows from an event of a replenishment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aggregates import replenishment_events
from schemas.commands import (
    Command,
    RecordSupply,
)

Commands = tuple[Command, ...]


def _expect(event: replenishment_events.ReorderConfirmed | replenishment_events.ReorderDelayed) -> Commands:
    return (
        RecordSupply(
            stock_item_id=event.stock_item_id,
            reorder_id=event.reorder_id,
            quantity=event.quantity,
            due_at=event.due_at,
        ),
    )


def _expect_rest(event: replenishment_events.ReorderReceived) -> Commands:
    return (
        RecordSupply(
            stock_item_id=event.stock_item_id,
            reorder_id=event.reorder_id,
            quantity=event.remaining,
            due_at=event.due_at if event.remaining else None,
        ),
    )


def _expect_at_some_time(event: replenishment_events.ReorderOverdue) -> Commands:
    """Nobody is promised a date by an order that is late."""
    return (
        RecordSupply(
            stock_item_id=event.stock_item_id, reorder_id=event.reorder_id, quantity=event.quantity, due_at=None
        ),
    )


def _expect_nothing(event: replenishment_events.ReorderRefused | replenishment_events.ReorderCancelled) -> Commands:
    return (RecordSupply(stock_item_id=event.stock_item_id, reorder_id=event.reorder_id, quantity=0, due_at=None),)


FOLLOWS: dict[type[Any], Callable[[Any], Commands]] = {
    replenishment_events.ReorderConfirmed: _expect,
    replenishment_events.ReorderReceived: _expect_rest,
    replenishment_events.ReorderRefused: _expect_nothing,
    replenishment_events.ReorderDelayed: _expect,
    replenishment_events.ReorderOverdue: _expect_at_some_time,
    replenishment_events.ReorderCancelled: _expect_nothing,
}
