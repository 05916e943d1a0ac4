"""What operators say about buying, turned into commands: terms of supply, approvals, a supplier's word."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from schemas.commands import ApproveReorder, DeclineReorder, RecordSupplierAnswer
from schemas.values import Money, SupplyTerms
from streams.operator_bodies import Amount, SupplierWord, Supply


def terms_of(supply: Supply) -> SupplyTerms:
    """The terms that a body says."""
    return SupplyTerms(
        lead_time_hours=supply.lead_time_hours,
        express_lead_time_hours=supply.express_lead_time_hours,
        pack=supply.pack,
        minimum=supply.minimum,
        unit_cost=_money(supply.unit_cost),
        express_surcharge=_money(supply.express_surcharge),
        cut_off_hour=supply.cut_off_hour,
    )


def replenishment_of(reorder_id: str) -> UUID:
    """The buying side whose order it is: a reorder's id is its id, a dash and a number. Raises `ValueError`."""
    replenishment, dash, number = reorder_id.rpartition("-")
    if not dash or not number.isascii() or not number.isdigit():
        raise ValueError(f"{reorder_id!r} is no reorder's id")
    return UUID(replenishment)


def approval(target: UUID, reorder_id: str, quantity: int | None, operator: str) -> ApproveReorder:
    """A person lets an order be placed, of that quantity where it says one."""
    return ApproveReorder(replenishment_id=target, reorder_id=reorder_id, quantity=quantity, operator=operator)


def refusal(target: UUID, reorder_id: str, reason: str, operator: str) -> DeclineReorder:
    """A person will not have an order."""
    return DeclineReorder(replenishment_id=target, reorder_id=reorder_id, reason=reason, operator=operator)


def told(target: UUID, reorder_id: str, word: SupplierWord) -> RecordSupplierAnswer:
    """What a supplier told a person of an order."""
    return RecordSupplierAnswer(
        replenishment_id=target,
        reorder_id=reorder_id,
        outcome=word.outcome,
        due_at=word.due_at,
        supplier_reference=word.supplier_reference,
        reason=word.reason,
    )


def _money(amount: Amount | None) -> Money | None:
    return None if amount is None else Money(amount=Decimal(amount.amount), currency=amount.currency)
