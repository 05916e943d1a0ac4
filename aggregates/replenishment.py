"""
The buying side of one stock item: whether it runs short, what is on order, what the supplier says.

One open decision per item: more shortages while it is open order again only when more is owed than is on order.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.domain import Aggregate

from aggregates import replenishment_events
from aggregates.acknowledging import acknowledge
from aggregates.policies.buying import COVER_HOURS, Position, hours_left, plan_purchase, risk_level
from aggregates.replenishment_events import Reorder
from schemas import commands
from schemas.commands import Command

NOBODY = UUID(int=0)


class Known(NamedTuple):
    """What a decision about buying may ask. `asks`: an order waits for a person instead of being placed."""

    at: datetime
    lead_time_hours: int
    normal_rate: float | None = None
    asks: bool = False


class Replenishment(Aggregate):
    """What is done so that a stock item does not run out."""

    TOPIC = "replenishment"

    Event = replenishment_events.Event
    Created = replenishment_events.Opened
    Opened = replenishment_events.Opened
    RiskRaised = replenishment_events.RiskRaised
    RiskEased = replenishment_events.RiskEased
    ReorderPrepared = replenishment_events.ReorderPrepared
    ReorderPlaced = replenishment_events.ReorderPlaced
    ReorderConfirmed = replenishment_events.ReorderConfirmed
    ReorderParked = replenishment_events.ReorderParked
    ReorderRefused = replenishment_events.ReorderRefused
    ReorderReceived = replenishment_events.ReorderReceived
    AlertAcknowledged = replenishment_events.AlertAcknowledged

    def __init__(self) -> None:
        self.stock_item_id = NOBODY
        self.risk = ""
        self.refused = False
        self.prepared = 0
        self.reorders: dict[str, Reorder] = {}
        self.receipts: dict[str, None] = {}
        self.acknowledged: dict[str, int] = {}

    def open_reorders(self) -> list[tuple[str, Reorder]]:
        """The orders of which units may still come, oldest first."""
        return [(reorder_id, reorder) for reorder_id, reorder in self.reorders.items() if reorder.is_open]

    def change(self, reorder_id: str, **changes: Any) -> None:
        """Take over what changed about an order; one that is done with is forgotten. Called by events alone."""
        reorder = self.reorders[reorder_id]._replace(**changes)
        if reorder.is_open:
            self.reorders[reorder_id] = reorder
        else:
            del self.reorders[reorder_id]


def decide(replenishment: Replenishment | None, command: Command, known: Known) -> Replenishment | None:
    """The buying side with what the command brings about. Only an assessment opens one that nobody saw."""
    if isinstance(command, commands.AssessStockRisk):
        return _assess(replenishment, command, known)
    if replenishment is not None:
        HANDLERS[type(command)](replenishment, command, known.at)
    return replenishment


def _assess(
    replenishment: Replenishment | None, command: commands.AssessStockRisk, known: Known
) -> Replenishment | None:
    """
    Raise the risk that the figures show, once, and order what the buying rule says; or ease it.

    Stock that was never counted raises it and buys nothing. Refused: nothing more is ordered after a refusal
    until the risk was eased. Repeated: nothing, since what is on order covers the same figures.
    """
    reorders = [] if replenishment is None else [reorder for _, reorder in replenishment.open_reorders()]
    position = _position(command, reorders, known)
    level = "CRITICAL" if command.stock_unknown else risk_level(position)
    if replenishment is None:
        if not level:
            return None
        replenishment = Replenishment._create(
            Replenishment.Opened,
            id=command.replenishment_id,
            timestamp=known.at,
            stock_item_id=command.stock_item_id,
        )
    item = replenishment.stock_item_id
    if not level:
        if replenishment.risk:
            replenishment.trigger_event(
                Replenishment.RiskEased, timestamp=known.at, stock_item_id=item, reason="nothing is owed"
            )
        return replenishment
    if not replenishment.risk:
        replenishment.trigger_event(
            Replenishment.RiskRaised,
            timestamp=known.at,
            stock_item_id=item,
            level=level,
            available=command.available,
            backordered=command.backordered,
            reason=_reason(command, position),
        )
    if not command.stock_unknown and not replenishment.refused:
        _order(replenishment, position, known)
    return replenishment


def _position(command: commands.AssessStockRisk, reorders: list[Reorder], known: Known) -> Position:
    in_time = known.at + timedelta(hours=known.lead_time_hours + COVER_HOURS)
    return Position(
        available=command.available,
        backordered=command.backordered,
        on_order=sum(reorder.remaining for reorder in reorders),
        on_order_in_time=sum(
            reorder.remaining for reorder in reorders if reorder.due_at is None or reorder.due_at <= in_time
        ),
        lead_time_hours=known.lead_time_hours,
        normal_rate=known.normal_rate,
    )


def _reason(command: commands.AssessStockRisk, position: Position) -> str:
    if command.stock_unknown:
        return "never counted, and asked for"
    if command.backordered > 0:
        return f"{command.backordered} units are owed"
    hours = hours_left(position)
    return "a reorder is due" if hours is None else f"lasts {hours:.1f} h"


def _order(replenishment: Replenishment, position: Position, known: Known) -> None:
    purchase = plan_purchase(position)
    if purchase.quantity == 0:
        return
    reorder_id = f"{replenishment.id}-{replenishment.prepared + 1}"
    replenishment.trigger_event(
        Replenishment.ReorderPrepared,
        timestamp=known.at,
        stock_item_id=replenishment.stock_item_id,
        reorder_id=reorder_id,
        quantity=purchase.quantity,
        terms=purchase.terms,
    )
    if not (known.asks or purchase.asks):
        _place(replenishment, reorder_id, known.at)


def _place(replenishment: Replenishment, reorder_id: str, at: datetime) -> None:
    replenishment.trigger_event(
        Replenishment.ReorderPlaced,
        timestamp=at,
        stock_item_id=replenishment.stock_item_id,
        reorder_id=reorder_id,
        quantity=replenishment.reorders[reorder_id].remaining,
    )


def _approve(replenishment: Replenishment, command: commands.ApproveReorder, at: datetime) -> None:
    """Place a prepared order on a person's word. Refused and repeated: nothing unless it waits for that."""
    reorder = replenishment.reorders.get(command.reorder_id)
    if reorder is not None and reorder.state == "prepared":
        _place(replenishment, command.reorder_id, at)


def _decline(replenishment: Replenishment, command: commands.DeclineReorder, at: datetime) -> None:
    """Drop a prepared order on a person's word. Refused and repeated: nothing unless it waits for that."""
    reorder = replenishment.reorders.get(command.reorder_id)
    if reorder is not None and reorder.state == "prepared":
        _refuse(replenishment, command.reorder_id, f"declined: {command.reason}", at)


def _refuse(replenishment: Replenishment, reorder_id: str, reason: str, at: datetime) -> None:
    replenishment.trigger_event(
        Replenishment.ReorderRefused,
        timestamp=at,
        stock_item_id=replenishment.stock_item_id,
        reorder_id=reorder_id,
        reason=reason,
    )


def _record_supplier_answer(replenishment: Replenishment, command: commands.RecordSupplierAnswer, at: datetime) -> None:
    """
    Take over what the supplier said.

    Refused: nothing for an order that is done with or was never placed. Repeated: nothing, unless the date is another.
    """
    reorder = replenishment.reorders.get(command.reorder_id)
    if reorder is None or reorder.state == "prepared":
        return
    if command.outcome == "refused":
        _refuse(replenishment, command.reorder_id, command.reason, at)
    elif command.outcome == "parked":
        if reorder.state == "placed":
            replenishment.trigger_event(
                Replenishment.ReorderParked,
                timestamp=at,
                stock_item_id=replenishment.stock_item_id,
                reorder_id=command.reorder_id,
                reason=command.reason,
            )
    elif reorder.state != "confirmed" or reorder.due_at != command.due_at:
        replenishment.trigger_event(
            Replenishment.ReorderConfirmed,
            timestamp=at,
            stock_item_id=replenishment.stock_item_id,
            reorder_id=command.reorder_id,
            quantity=reorder.remaining,
            due_at=command.due_at,
            supplier_reference=command.supplier_reference,
        )


def _record_receipt(replenishment: Replenishment, command: commands.RecordReceipt, at: datetime) -> None:
    """
    Take units that came in off the order they name, else off the oldest open ones.

    Refused: nothing where nothing is on order. Repeated: nothing for the same reference.
    """
    if command.reference in replenishment.receipts:
        return
    reorders = replenishment.open_reorders()
    reorders.sort(key=lambda known: known[0] != command.reference)
    left = command.quantity
    for reorder_id, reorder in reorders:
        if left <= 0:
            return
        taken = min(left, reorder.remaining)
        left -= taken
        replenishment.trigger_event(
            Replenishment.ReorderReceived,
            timestamp=at,
            stock_item_id=replenishment.stock_item_id,
            reorder_id=reorder_id,
            quantity=taken,
            remaining=reorder.remaining - taken,
            reference=command.reference,
            due_at=reorder.due_at,
        )


def _acknowledge(replenishment: Replenishment, command: commands.AcknowledgeReplenishmentAlert, at: datetime) -> None:
    """Note who saw an alert about the item's buying. Refused and repeated: nothing."""
    acknowledge(replenishment, command, at, stock_item_id=replenishment.stock_item_id)


HANDLERS: dict[type[Command], Callable[[Replenishment, Any, datetime], None]] = {
    commands.RecordSupplierAnswer: _record_supplier_answer,
    commands.RecordReceipt: _record_receipt,
    commands.ApproveReorder: _approve,
    commands.DeclineReorder: _decline,
    commands.AcknowledgeReplenishmentAlert: _acknowledge,
}
