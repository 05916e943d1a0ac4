"""
The buying side of one stock item: whether it runs short, what is on order, what the supplier says.

One open decision per item: more shortages while it is open order again only when more is owed than is on order.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aggregates.acknowledging import acknowledge
from aggregates.policies.stock_risk import Standing
from aggregates.replenishment_answers import (
    approve,
    check_delivery,
    decline,
    lapse,
    press,
    record_receipt,
    record_supplier_answer,
)
from aggregates.replenishment_buying import buy
from aggregates.replenishment_figures import Known, figures_of
from aggregates.replenishment_risk import ease, move, note_rates, standing_after
from aggregates.replenishment_state import Replenishment
from schemas import commands, timers
from schemas.commands import Command

__all__ = ["Known", "Replenishment", "decide"]


def decide(replenishment: Replenishment | None, command: Command, known: Known) -> Replenishment | None:
    """The buying side with what the command brings about. Only a description or a risk opens one that nobody saw."""
    if isinstance(command, commands.AssessStockRisk):
        return _assess(replenishment, command, known)
    if isinstance(command, commands.DescribeSupply):
        return _describe(replenishment, command, known)
    if replenishment is not None:
        HANDLERS[type(command)](replenishment, command, known.at)
    return replenishment


def _assess(
    replenishment: Replenishment | None, command: commands.AssessStockRisk, known: Known
) -> Replenishment | None:
    """
    Raise, escalate or ease the risk that the figures show, and order what the buying rule says.

    Stock that was never counted raises it and buys nothing. Refused: nothing for figures from before the last receipt;
    nothing is ordered after a person's no until the risk was eased or rose, nor for a day after silence or a
    supplier's no. Repeated: nothing, since what is on order, or asked,
    covers the same figures.
    """
    if replenishment is not None and _is_outdated(replenishment, command):
        return replenishment
    figures = figures_of(replenishment, command, known)
    standing = standing_after(Standing() if replenishment is None else replenishment.standing, figures)
    if replenishment is None:
        if not standing.level and command.rates is None:
            return None
        replenishment = _opened(command, known)
    note_rates(replenishment, figures)
    move(replenishment, standing, figures)
    if not command.stock_unknown:
        buy(replenishment, figures, known)
    return replenishment


def _opened(command: commands.AssessStockRisk | commands.DescribeSupply, known: Known) -> Replenishment:
    return Replenishment._create(
        Replenishment.Opened, id=command.replenishment_id, timestamp=known.at, stock_item_id=command.stock_item_id
    )


def _is_outdated(replenishment: Replenishment, command: commands.AssessStockRisk) -> bool:
    return replenishment.received_at is not None and command.occurred_at < replenishment.received_at


def _describe(replenishment: Replenishment | None, command: commands.DescribeSupply, known: Known) -> Replenishment:
    """Take over whose item it is, and its terms. Refused: never. Repeated: nothing."""
    if replenishment is None:
        replenishment = _opened(command, known)
    shop = f"{command.marketplace}:{command.shop}" if command.shop else ""
    if (replenishment.shop, replenishment.item, replenishment.terms) != (shop, command.item, command.terms):
        replenishment.trigger_event(
            Replenishment.SupplyDescribed,
            timestamp=known.at,
            stock_item_id=replenishment.stock_item_id,
            shop=shop,
            item=command.item,
            terms=command.terms,
        )
    return replenishment


def _acknowledge(replenishment: Replenishment, command: commands.AcknowledgeReplenishmentAlert, at: datetime) -> None:
    """Note who saw an alert about the item's buying. Refused and repeated: nothing."""
    acknowledge(replenishment, command, at, stock_item_id=replenishment.stock_item_id)


HANDLERS: dict[type[Command], Callable[[Replenishment, Any, datetime], None]] = {
    commands.RecordSupplierAnswer: record_supplier_answer,
    commands.RecordReceipt: record_receipt,
    commands.ApproveReorder: approve,
    commands.DeclineReorder: decline,
    timers.EaseRisk: ease,
    timers.PressReorder: press,
    timers.LapseReorder: lapse,
    timers.CheckDelivery: check_delivery,
    commands.AcknowledgeReplenishmentAlert: _acknowledge,
}
