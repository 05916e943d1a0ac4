"""Find the open alert that an operator saw, and say so to what it is about."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from aggregates.acknowledging import Acknowledge
from aggregates.event_store.connection import connect
from projections import store
from projections.alerts import AlertRow
from schemas.commands import (
    AcknowledgeOrderAlert,
    AcknowledgeReplenishmentAlert,
    AcknowledgeShipmentAlert,
    AcknowledgeStockAlert,
)


class NoSuchAlert(Exception):
    """There never was an alert of this id."""


class AlertNotOpen(Exception):
    """The alert's cause has ended, so that there is nothing to acknowledge."""


FindAlert = Callable[[UUID], Awaitable[AlertRow]]
"""The open alert of an id. Raises `NoSuchAlert` or `AlertNotOpen`, or as the store does."""


def finding(dsn: str) -> FindAlert:
    """What the door is given: a connection for each look, which is rare, so that webhooks need no database."""

    def found(alert_id: UUID) -> AlertRow:
        with connect(dsn, "alerts") as connection:
            row = store.alert(connection, alert_id)
        if row is None:
            raise NoSuchAlert(f"id: there is no alert {alert_id}")
        if row.state != "open":
            raise AlertNotOpen(f"id: the alert {row.kind} was closed by {row.closed_by}")
        return row

    async def find(alert_id: UUID) -> AlertRow:
        return await asyncio.to_thread(found, alert_id)

    return find


def acknowledging(alert: AlertRow, by: str, note: str) -> Acknowledge:
    """The command to what the alert is about. It names the opening that was seen, so that a later one stays unseen."""
    seen = {"kind": alert.kind, "opened_position": alert.opened_position, "by": by, "note": note}
    match alert.subject_type:
        case "order":
            return AcknowledgeOrderAlert(order_id=alert.subject, **seen)  # type: ignore[arg-type]
        case "stock_item":
            return AcknowledgeStockAlert(stock_item_id=alert.subject, **seen)  # type: ignore[arg-type]
        case "shipment":
            return AcknowledgeShipmentAlert(shipment_id=alert.subject, **seen)  # type: ignore[arg-type]
        case "replenishment":
            return AcknowledgeReplenishmentAlert(replenishment_id=alert.subject, **seen)  # type: ignore[arg-type]
