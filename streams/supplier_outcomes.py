"""What an order to a supplier is told of a call's outcome."""

from __future__ import annotations

from typing import Literal

from gateways.suppliers.protocol import SupplierAnswer
from schemas.calls import PlaceReorderCall, SpeedUpReorderCall
from schemas.commands import RecordSupplierAnswer


def supplier_answered(call: PlaceReorderCall, answer: SupplierAnswer) -> RecordSupplierAnswer | None:
    """What the order is told; where it was only sent, the supplier's word comes later, by a person."""
    if answer.outcome == "sent":
        return None
    return reorder_told(call, answer.outcome, answer.reason, answer)


def hurry_answered(call: SpeedUpReorderCall, answer: SupplierAnswer) -> RecordSupplierAnswer | None:
    """What a hurried order is told: its new date, or that it stays as it was."""
    if answer.outcome == "refused":
        return reorder_told(call, "not_faster", answer.reason)
    return None if answer.outcome == "sent" else reorder_told(call, "confirmed", "", answer)


def reorder_told(
    call: PlaceReorderCall | SpeedUpReorderCall,
    outcome: Literal["confirmed", "refused", "parked", "not_faster"],
    reason: str,
    answer: SupplierAnswer | None = None,
) -> RecordSupplierAnswer:
    """An outcome as the order's own command."""
    return RecordSupplierAnswer(
        replenishment_id=call.replenishment_id,
        reorder_id=call.reorder_id,
        outcome=outcome,
        due_at=None if answer is None else answer.due_at,
        supplier_reference="" if answer is None else answer.supplier_reference,
        reason=reason,
    )
