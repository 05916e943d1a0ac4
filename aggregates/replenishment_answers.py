"""What persons, the supplier, the warehouse and the clock say of an order that was prepared or placed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aggregates.replenishment_buying import cancel, place
from aggregates.replenishment_orders import Reorder
from aggregates.replenishment_state import Replenishment
from schemas import commands, timers


def approve(replenishment: Replenishment, command: commands.ApproveReorder, at: datetime) -> None:
    """Place a prepared order on a person's word. Refused and repeated: nothing unless it waits for so much."""
    reorder_id = command.reorder_id
    asked = _asked(replenishment, reorder_id)
    if asked is not None and command.quantity in {None, asked.remaining}:
        kind = Replenishment.ReorderApproved
        _record(replenishment, kind, at, reorder_id=reorder_id, operator=command.operator)
        place(replenishment, reorder_id, at)


def decline(replenishment: Replenishment, command: commands.DeclineReorder, at: datetime) -> None:
    """Drop a prepared order on a person's word. Refused and repeated: nothing unless it waits for that."""
    if _asked(replenishment, command.reorder_id) is not None:
        fields = {"reorder_id": command.reorder_id, "reason": command.reason, "operator": command.operator}
        _record(replenishment, Replenishment.ReorderDeclined, at, **fields)


def press(replenishment: Replenishment, command: timers.PressReorder, at: datetime) -> None:
    """Say that soon the answer is no use any more. Refused and repeated: nothing unless it is still asked so."""
    asked = _asked(replenishment, command.reorder_id)
    if asked is not None and asked.useful_until == command.useful_until and at < command.useful_until:
        fields = {"reorder_id": command.reorder_id, "useful_until": command.useful_until}
        _record(replenishment, Replenishment.ReorderPressed, at, **fields)


def lapse(replenishment: Replenishment, command: timers.LapseReorder, at: datetime) -> None:
    """End a question that nobody answered in time. Refused and repeated: nothing unless it is still asked so."""
    asked = _asked(replenishment, command.reorder_id)
    if asked is not None and asked.useful_until == command.useful_until:
        _record(replenishment, Replenishment.ReorderLapsed, at, reorder_id=command.reorder_id)


def check_delivery(replenishment: Replenishment, command: timers.CheckDelivery, at: datetime) -> None:
    """Reckon no longer on an order that is late. Refused and repeated: nothing unless it is still due at that date."""
    reorder = replenishment.reorders.get(command.reorder_id)
    if reorder is not None and reorder.state == "confirmed" and reorder.due_at == command.due_at:
        fields = {"reorder_id": command.reorder_id, "quantity": reorder.remaining, "due_at": command.due_at}
        _record(replenishment, Replenishment.ReorderOverdue, at, **fields)


def record_supplier_answer(replenishment: Replenishment, command: commands.RecordSupplierAnswer, at: datetime) -> None:
    """
    Take over what the supplier said.

    Refused: nothing for an order that is done with or was never placed. Repeated: nothing, unless the date is another.
    """
    reorder = replenishment.reorders.get(command.reorder_id)
    if reorder is None or reorder.is_asked:
        return
    named = {"reorder_id": command.reorder_id}
    match command.outcome:
        case "refused":
            _record(replenishment, Replenishment.ReorderRefused, at, **named, reason=command.reason)
        case "cancelled":
            cancel(replenishment, command.reorder_id, command.reason, at)
        case "not_faster":
            if reorder.hoped_at is not None:
                _record(replenishment, Replenishment.SpeedUpRefused, at, **named, reason=command.reason)
        case "parked":
            if reorder.state == "placed":
                _record(replenishment, Replenishment.ReorderParked, at, **named, reason=command.reason)
        case "confirmed":
            _confirm(replenishment, reorder, command, at)


def _confirm(
    replenishment: Replenishment, reorder: Reorder, command: commands.RecordSupplierAnswer, at: datetime
) -> None:
    """Another date than the one that stood is a delay where it is later, or none any more."""
    known = reorder.state in {"confirmed", "overdue"}
    if known and reorder.due_at == command.due_at and reorder.hoped_at is None:
        return
    fields = {
        "reorder_id": command.reorder_id,
        "quantity": reorder.remaining,
        "due_at": command.due_at,
        "supplier_reference": command.supplier_reference,
    }
    if known and reorder.due_at is not None and (command.due_at is None or command.due_at > reorder.due_at):
        _record(replenishment, Replenishment.ReorderDelayed, at, **fields, was_due_at=reorder.due_at)
    else:
        _record(replenishment, Replenishment.ReorderConfirmed, at, **fields)


def record_receipt(replenishment: Replenishment, command: commands.RecordReceipt, at: datetime) -> None:
    """
    Take units that came in off the order they name, else off the oldest open ones.

    Refused: nothing where nothing is on order. Repeated: nothing for the same reference.
    """
    if command.reference in replenishment.receipts:
        return
    reorders = [entry for entry in replenishment.open_reorders() if not entry[1].is_asked]
    reorders.sort(key=lambda entry: entry[0] != command.reference)
    left = command.quantity
    for reorder_id, reorder in reorders:
        if left <= 0:
            return
        taken = min(left, reorder.remaining)
        left -= taken
        _record(
            replenishment,
            Replenishment.ReorderReceived,
            at,
            reorder_id=reorder_id,
            quantity=taken,
            remaining=reorder.remaining - taken,
            reference=command.reference,
            due_at=reorder.due_at,
            recorded_at=command.recorded_at,
        )


def _asked(replenishment: Replenishment, reorder_id: str) -> Reorder | None:
    reorder = replenishment.reorders.get(reorder_id)
    return reorder if reorder is not None and reorder.is_asked else None


def _record(replenishment: Replenishment, kind: type[Any], at: datetime, **fields: Any) -> None:
    replenishment.trigger_event(kind, timestamp=at, stock_item_id=replenishment.stock_item_id, **fields)
