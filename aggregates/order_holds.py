"""What an operator does with an order's work: hold it, let it go on, say how urgent it is."""

from __future__ import annotations

from aggregates import order_steps as steps
from aggregates.order_state import Order, lets_ship
from aggregates.order_steps import Known
from aggregates.policies import priority
from schemas import commands, timers


def hold_order(order: Order, command: commands.HoldOrder, known: Known) -> None:
    """
    Stop work on an operator's word; packages stay in the house, a label that is being bought may still come.

    Refused: nothing once cancelled or dispatched. Repeated: nothing while it is held.
    """
    if order.cancelled or order.dispatched or order.gone or order.hold is not None:
        return
    order.trigger_event(
        Order.Held,
        timestamp=known.at,
        kind="operator",
        reason=command.reason,
        operator=command.operator,
        stop=order.in_house(),
    )
    _tell_stock_of_hold(order, known)


def release_order(order: Order, command: commands.ReleaseOrder, known: Known) -> None:
    """
    Go on, on an operator's word; a label that was refused is asked for again.

    A buyer's wish to cancel still stops it. Refused and repeated: nothing when not held.
    """
    if order.hold is None:
        return
    may_ship = not order.asked and lets_ship(order.status, order.address, order.shipping_type)
    order.trigger_event(
        Order.Released,
        timestamp=known.at,
        fulfilment_state=order.standing(held=bool(order.asked), may_ship=may_ship),
        operator=command.operator,
        retry=tuple(sorted(order.refused)),
        resume=() if order.asked or order.hold.kind != "operator" else order.in_house(),
    )
    _tell_stock_of_hold(order, known)
    steps.go_on(order, known)


def _tell_stock_of_hold(order: Order, known: Known) -> None:
    if not order.packages:
        steps.tell_stock(order, known, may_ship=order.may_ship(), deadlines_changed=False)


def reclassify_order(order: Order, command: timers.ReclassifyOrder, known: Known) -> None:
    """
    Work the priority out again.

    Refused: nothing once gone or cancelled, nor labelled with no unit owed. Repeated: nothing while it stays the same.
    """
    if _is_past_work(order):
        return
    outcome = steps.priority_of(order, known)
    if (outcome.score, outcome.floor) != (order.score, order.floor):
        steps.classify(order, known, reserve=steps.open_needs(order))


def override_priority(order: Order, command: commands.OverridePriority, known: Known) -> None:
    """
    Set the priority on an operator's word, clamped to 1 to 100.

    Refused: nothing once gone or cancelled, nor labelled with no unit owed. Repeated: nothing.
    """
    if _is_past_work(order):
        return
    operator = command.operator or "operator"
    wanted = (priority.clamped(command.score), command.reason, operator)
    present = order.override
    if present is not None and (present.score, present.reason, present.operator) == wanted:
        return
    order.trigger_event(
        Order.PriorityOverridden, timestamp=known.at, score=wanted[0], reason=command.reason, operator=operator
    )
    steps.classify(order, known, reserve=steps.open_needs(order))


def _is_past_work(order: Order) -> bool:
    """Whether no work is left that a priority could order."""
    return order.cancelled or order.gone or (bool(order.labels) and not steps.open_needs(order))
