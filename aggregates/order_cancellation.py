"""How an order ends, whole or in part: cancelled, asked to be, refunded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from aggregates import order_steps as steps
from aggregates.order_state import CANCELLED, Order
from aggregates.order_steps import Known
from aggregates.policies import order_lines, status_order
from aggregates.policies.order_lines import Lines, units_of
from schemas import commands, timers
from schemas.values import LineQuantity

BY_MARKETPLACE = "cancelled by the marketplace"
MARKETPLACE = "marketplace"
BY_RULE = "rule"
STEPS = {"PENDING": 0, "WITHDRAWN": 1, "COMPLETE": 2}
"""How far each step of a cancellation is; in the same second the further one counts."""


# Cancelling


def cancel(order: Order, known: Known, *, reason: str, by: str, cancelled_at: datetime) -> None:
    """
    Give back all that the order holds or queues for, and close its packages.

    What left the house comes back as a return or not at all; its package is told nevertheless. Repeated: nothing.
    """
    if order.cancelled:
        return
    order.trigger_event(
        Order.Cancelled,
        timestamp=known.at,
        reason=reason,
        cancelled_at=cancelled_at,
        by=by,
        release=() if order.hold_expired or order.gone else steps.all_needs(order),
        shipments=tuple(order.packages),
        handed_over=order.dispatched or order.gone,
        unsold=() if order.paid_at is None else tuple(order.needs),
    )


def cancel_units(
    order: Order, known: Known, wanted: Iterable[LineQuantity], *, reference: str, reason: str, by: str, at: datetime
) -> None:
    """
    Cancel units of some lines that have not left the house; with the last unit the whole order is cancelled.

    Those in no package go first, then those in packages that are not on paper. What else was in a closed package goes
    in a new one. Refused: RequestRefused where nothing of it can be cancelled any more. Repeated: once per reference.
    """
    if order.cancelled or order.cancellations.get(reference, ("", ""))[1] == "COMPLETE":
        return
    taken = order_lines.take(order.cancellable(), wanted)
    if not taken:
        steps.refuse(order, known, "cancel", "none of these units is still in the house", by)
        return
    if not order_lines.without(order.lines, units_of(taken)):
        cancel(order, known, reason=reason, by=by, cancelled_at=at)
        return
    holding = _packages_holding(order, taken)
    closed = tuple(shipment for shipment in holding if order.packages[shipment].stage == "open")
    fewer = steps.needs_of(order, known, taken)
    order.trigger_event(
        Order.LineCancelled,
        timestamp=known.at,
        lines=units_of(taken),
        release=() if order.hold_expired else fewer,
        reference=reference,
        reason=reason,
        by=by,
        cancelled_at=at,
        closed=closed,
        stopped=tuple(shipment for shipment in holding if shipment not in closed),
        resume=_resumed(order, reference, except_for=holding),
        fulfilment_state=_state_without(order, reference, closed),
        still_asked=_still_asked(order, reference),
        demand=() if order.paid_at is None else steps.less(order, fewer),
    )
    if order.hold is not None and order.hold.kind == "label" and not order.refused:
        state = order.standing(held=bool(order.asked), may_ship=True)
        order.trigger_event(Order.Released, timestamp=known.at, fulfilment_state=state)
    steps.go_on(order, known)


def _packages_holding(order: Order, units: Lines) -> tuple[UUID, ...]:
    """The packages in the house that these units have to be taken out of, those on paper only for what is left."""
    missing = order_lines.without(units, units_of(order.unpacked()))
    holding = []
    for shipment in sorted(order.in_house(), key=lambda each: order.packages[each].stage == "printed"):
        parcel = order.packages[shipment]
        held = order_lines.take(parcel.lines, units_of(missing))
        if held and not parcel.withdrawn:
            holding.append(shipment)
            missing = order_lines.without(missing, units_of(held))
    return tuple(holding)


def _state_without(order: Order, cancel_id: str, closed: Iterable[UUID] = ()) -> str:
    """Where the order stands once this wish to cancel is settled."""
    return order.standing(held=order.hold is not None or bool(order.asked.keys() - {cancel_id}), without=closed)


def _still_asked(order: Order, cancel_id: str) -> int:
    """How many wishes are open once this one is settled."""
    return len(order.asked.keys() - {cancel_id})


def _resumed(order: Order, cancel_id: str, except_for: Iterable[UUID] = ()) -> tuple[UUID, ...]:
    """The packages that go on once this wish is settled, unless something else stops them."""
    asked = order.asked.get(cancel_id)
    if asked is None or order.hold is not None or len(order.asked) > 1:
        return ()
    going = set(order.in_house()) - set(except_for)
    return tuple(shipment for shipment in asked.stop if shipment in going)


def cancel_order(order: Order, command: commands.CancelOrder, known: Known) -> None:
    """
    Cancel on an operator's word, in the end what has not left the house.

    Refused: RequestRefused where all of it left. Repeated: nothing, of lines once per reference.
    """
    if order.cancelled:
        return
    by = command.operator or "operator"
    if command.lines or order.dispatched or order.gone:
        cancel_units(
            order,
            known,
            command.lines or units_of(order.cancellable()),
            reference=f"{by}:{command.reference}" if command.reference else f"{by}:{order.version}",
            reason=command.reason,
            by=by,
            at=known.at,
        )
    else:
        cancel(order, known, reason=command.reason, by=by, cancelled_at=known.at)


# The marketplace's cancellations


def record_cancellation(order: Order, command: commands.RecordCancellation, known: Known) -> None:
    """
    Take over a step of a cancellation: asked, withdrawn, done. Done is final whenever it comes.

    Refused: UpdateSuperseded where a later step is known. Repeated: nothing.
    """
    if command.status == "COMPLETE":
        _complete(order, command, known)
        return
    present = order.cancellations.get(command.cancel_id)
    told = (command.cancelled_at, STEPS[command.status])
    reason = status_order.why_old_news(None if present is None else (present[0], STEPS[present[1]]), told)
    if order.cancelled and reason is None:
        reason = "it is cancelled already"
    elif present is not None and present[1] == "COMPLETE":
        reason = "it is done already"
    if reason is not None:
        steps.superseded(
            order,
            known,
            about=f"cancellation {command.cancel_id}",
            status=command.status,
            updated_at=command.cancelled_at,
            reason=reason,
        )
    elif command.status == "PENDING":
        _request(order, command, known)
    else:
        _withdraw(order, command, known)


def _complete(order: Order, command: commands.RecordCancellation, known: Known) -> None:
    reason = command.reason or BY_MARKETPLACE
    if command.lines:
        reference = command.cancel_id or f"{MARKETPLACE}:{command.cancelled_at.timestamp():.0f}"
        cancel_units(
            order, known, command.lines, reference=reference, reason=reason, by=MARKETPLACE, at=command.cancelled_at
        )
        return
    if order.status != CANCELLED:
        order.trigger_event(
            Order.StatusAdvanced,
            timestamp=known.at,
            marketplace_status=CANCELLED,
            updated_at=max(command.cancelled_at, order.updated_at),
            fulfilment_state=order.state,
        )
    cancel(order, known, reason=reason, by=MARKETPLACE, cancelled_at=command.cancelled_at)


def _request(order: Order, command: commands.RecordCancellation, known: Known) -> None:
    """
    Approve at once where nothing of it is on paper; else stop its packages and leave the answer to a person, as where
    nobody knows which of several units it is about.
    """
    wanted = order_lines.take(order.lines, command.lines) if command.lines else order.lines
    packages = [
        shipment for shipment, parcel in order.packages.items() if order_lines.take(parcel.lines, units_of(wanted))
    ]
    unclear = not command.lines_told and sum(line.quantity for line in order.lines) > 1
    by_person = unclear or order.gone or any(order.packages[shipment].stage != "open" for shipment in packages)
    house = order.in_house()
    order.trigger_event(
        Order.CancellationRequested,
        timestamp=known.at,
        reason=command.reason,
        requested_at=command.cancelled_at,
        cancel_id=command.cancel_id,
        lines=command.lines,
        deadline_at=command.deadline_at,
        stop=tuple(shipment for shipment in packages if shipment in house) if by_person else (),
        fulfilment_state="HELD" if by_person else order.state,
    )
    if not by_person:
        _approve(order, known, command.cancel_id, reason=command.reason, by=BY_RULE)


def _approve(order: Order, known: Known, cancel_id: str, *, reason: str, by: str) -> None:
    asked = order.asked[cancel_id]
    order.trigger_event(
        Order.CancellationAnswered,
        timestamp=known.at,
        cancel_id=cancel_id,
        approved=True,
        reason=reason,
        by=by,
        resume=(),
        fulfilment_state=_state_without(order, cancel_id),
        still_asked=_still_asked(order, cancel_id),
    )
    why = asked.reason or "the buyer asked"
    if asked.lines:
        cancel_units(order, known, asked.lines, reference=cancel_id, reason=why, by=by, at=known.at)
    else:
        cancel(order, known, reason=why, by=by, cancelled_at=known.at)


def _withdraw(order: Order, command: commands.RecordCancellation, known: Known) -> None:
    order.trigger_event(
        Order.CancellationWithdrawn,
        timestamp=known.at,
        cancel_id=command.cancel_id,
        withdrawn_at=command.cancelled_at,
        resume=_resumed(order, command.cancel_id),
        fulfilment_state=_state_without(order, command.cancel_id),
        still_asked=_still_asked(order, command.cancel_id),
    )
    steps.go_on(order, known)


def answer_cancellation(order: Order, command: commands.AnswerCancellation, known: Known) -> None:
    """
    Answer a buyer's wish to cancel on a person's word: approved, it is cancelled; else its packages go on.

    Refused: RequestRefused where no such wish is open. Repeated: the same, as it is open no more.
    """
    by = command.operator or "operator"
    if command.cancel_id not in order.asked:
        steps.refuse(order, known, "answer-cancellation", "no such wish is open", by)
        return
    if command.approve:
        _approve(order, known, command.cancel_id, reason=command.reason, by=by)
        return
    order.trigger_event(
        Order.CancellationAnswered,
        timestamp=known.at,
        cancel_id=command.cancel_id,
        approved=False,
        reason=command.reason,
        by=by,
        resume=_resumed(order, command.cancel_id),
        fulfilment_state=_state_without(order, command.cancel_id),
        still_asked=_still_asked(order, command.cancel_id),
    )
    steps.go_on(order, known)


def remind_of_cancellation(order: Order, command: timers.RemindOfCancellation, known: Known) -> None:
    """Say that a buyer's wish is still unanswered. Refused: nothing once it is answered. Repeated: said again."""
    asked = order.asked.get(command.cancel_id)
    if asked is not None and asked.deadline_at is not None:
        order.trigger_event(
            Order.CancellationDue, timestamp=known.at, cancel_id=command.cancel_id, deadline_at=asked.deadline_at
        )


# After the sale


def refund(order: Order, known: Known, refunded_at: datetime) -> None:
    """Mark the order as refunded and cancel what has not left the house; no goods move. Repeated: nothing."""
    if order.refunded:
        return
    order.trigger_event(Order.Refunded, timestamp=known.at, refunded_at=refunded_at)
    if not (order.dispatched or order.gone):
        cancel(order, known, reason="refunded by the marketplace", by=MARKETPLACE, cancelled_at=refunded_at)
    elif still_here := units_of(order.cancellable()):
        cancel_units(
            order,
            known,
            still_here,
            reference="refund",
            reason="refunded by the marketplace",
            by=MARKETPLACE,
            at=refunded_at,
        )
