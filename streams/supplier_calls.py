"""Orders to the supplier, placed and hurried, and what an order is told of it. Part of the callers."""

from __future__ import annotations

from typing import Literal

from gateways.suppliers.protocol import SupplierAnswer
from schemas.calls import PlaceReorderCall, SpeedUpReorderCall
from schemas.commands import RecordSupplierAnswer
from streams.call_outcomes import Gateways, Outcome, Taken, asked, closed


async def place_reorder(gateways: Gateways, taken: Taken) -> Outcome:
    """Order from the supplier. Unknown: looked up under its id before it is placed again, else parked."""
    call: PlaceReorderCall = taken.call
    supplier = gateways.supplier
    if taken.claimed.unknown and not supplier.supports_lookup:
        return closed(taken, reorder_told(call, "parked", "it is not known whether the supplier has it"))

    async def ask() -> SupplierAnswer:
        if taken.claimed.unknown and (found := await supplier.find(call.reorder_id)) is not None:
            return found
        return await supplier.place(call)

    return await asked(
        taken,
        ask,
        lambda answer: supplier_answered(call, answer),
        lambda reason: supplier_answered(call, SupplierAnswer("refused", reason=reason)),
    )


async def speed_up(gateways: Gateways, taken: Taken) -> Outcome:
    """Asking to hurry twice is harmless, so nothing is looked up before it is repeated."""
    call: SpeedUpReorderCall = taken.call
    return await asked(
        taken,
        lambda: gateways.supplier.speed_up(call),
        lambda answer: hurry_answered(call, answer),
        lambda reason: reorder_told(call, "not_faster", reason),
    )


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
