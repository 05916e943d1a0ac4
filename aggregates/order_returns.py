"""Goods of an order that come back: told by the marketplace or a carrier, then inspected by a person."""

from __future__ import annotations

from aggregates import order_steps as steps
from aggregates.order_state import FBT, Order
from aggregates.order_steps import Known
from aggregates.policies import order_lines, returning, status_order
from schemas import commands


def record_return(order: Order, command: commands.RecordReturn, known: Known) -> None:
    """
    Open the inspection of goods that the buyer sends back, and note how the return gets on.

    What the marketplace ships itself comes back to it, and is nothing to us. Refused: UpdateSuperseded where a later
    one is known. Repeated: nothing.
    """
    if order.shipping_type == FBT:
        return
    present = order.coming_back.returns.get(command.return_id)
    if present is None:
        _open_return(order, command, known)
    elif command.updated_at < present[0]:
        steps.superseded(
            order,
            known,
            about=returning.about_return(command.return_id),
            status=command.status,
            updated_at=command.updated_at,
            reason=status_order.OLDER,
        )
    elif command.status != present[1]:
        others = order.coming_back.awaited.keys() - {returning.about_return(command.return_id)}
        dropped = returning.is_dropped(command.status)
        order.trigger_event(
            Order.ReturnAdvanced,
            timestamp=known.at,
            return_id=command.return_id,
            status=command.status,
            updated_at=command.updated_at,
            returns_open=returning.open_returns(others if dropped else order.coming_back.awaited),
        )


def _open_return(order: Order, command: commands.RecordReturn, known: Known) -> None:
    """Await the units of these lines; where nobody knows which of several units they are, whatever comes."""
    lines = order_lines.take(order.lines, command.lines) if command.lines else order.lines
    unclear = not command.lines_told and sum(line.quantity for line in order.lines) > 1
    units = () if unclear else steps.needs_of(order, known, lines)
    awaits, ahead = returning.ahead_of(units, order.coming_back.ahead)
    order.trigger_event(
        Order.ReturnOpened,
        timestamp=known.at,
        return_id=command.return_id,
        status=command.status,
        updated_at=command.updated_at,
        lines=command.lines,
        awaits=awaits,
        ahead=ahead,
    )


def record_inspection(order: Order, command: commands.RecordInspection, known: Known) -> None:
    """
    Note that a person booked units that came back, for the return or package that awaits them.

    Raced: what nothing awaits yet counts for the return that the marketplace tells of later. Refused: never. Repeated:
    nothing for the same stock item, condition and reference.
    """
    awaited = order.coming_back.awaited
    if (command.stock_item_id, command.condition, command.reference) in order.coming_back.inspected:
        return
    for share in returning.shares_of(awaited, command.about, command.stock_item_id, command.quantity):
        settled = bool(share.about) and not share.left
        still_open = awaited.keys() - ({share.about} if settled else set())
        order.trigger_event(
            Order.GoodsInspected,
            timestamp=known.at,
            stock_item_id=command.stock_item_id,
            quantity=share.quantity,
            condition=command.condition,
            reference=command.reference,
            occurred_at=command.occurred_at,
            about=share.about,
            settled=settled,
            left=share.left,
            returns_open=returning.open_returns(still_open),
            packages_open=returning.open_packages(still_open),
        )
