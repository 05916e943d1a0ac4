"""
An order: what the marketplace shows of it, and how far we are with it.

The marketplace's status and our fulfilment state are two things and never mixed. Every handler below says what a
refusal and a repeat do; what follows for stock and packages is in `policies/fulfilment`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from aggregates import order_cancellation as cancellation
from aggregates import order_combining as combining
from aggregates import order_holds as holds
from aggregates import order_packages as packages
from aggregates import order_reads as reads
from aggregates import order_returns as returns
from aggregates import order_steps as steps
from aggregates import order_stock as stock
from aggregates.acknowledging import acknowledge
from aggregates.order_event import LineParts
from aggregates.order_events import Early
from aggregates.order_state import CANCELLED, FBT, Order, lets_ship
from aggregates.order_steps import Known
from aggregates.policies import clocks, order_lines, status_order
from aggregates.policies.clocks import Calendar
from aggregates.policies.order_lines import units_of
from schemas import commands, timers
from schemas.commands import Command
from schemas.values import Address, Deadlines, LineQuantity, Need, OrderLine

__all__ = ["Known", "Order", "decide"]

REVIEW_FLAGS = frozenset({"currency-unknown", "currency-mixed"})
"""Flags of intake that hold an order for review. Its stock is reserved all the same."""


FORETOLD_AS: dict[type[Command], str] = {
    commands.RecordCancellation: "cancellation",
    commands.RecordAddress: "address",
    commands.RecordReturn: "returned",
}
"""What may come before its order, and under which name the event keeps it."""


class Update(NamedTuple):
    """An update as it counts: our name of its status, and what it makes of payment and deadlines."""

    command: commands.RecordOrder
    status: str
    paid_at: datetime | None
    deadlines: Deadlines


def decide(order: Order | None, command: Command, known: Known) -> Order | None:
    """The order with what the command brings about. What a person asks of an order that nobody saw does nothing."""
    if order is None or not order.seen_yet:
        return _before_it_is_seen(order, command, known)
    if isinstance(command, commands.RecordOrder):
        _record_update(order, command, known)
        reads.answer(order, command, known)
        return order
    HANDLERS[type(command)](order, command, known)
    return order


def _before_it_is_seen(order: Order | None, command: Command, known: Known) -> Order | None:
    if isinstance(command, commands.RecordOrder):
        return _first_seen(order, command, known)
    if isinstance(command, Early):
        return _foretell(order, command, known)
    if order is not None and isinstance(command, timers.ExpectOrder):
        _miss(order, known)
    elif order is not None and isinstance(command, commands.AcknowledgeOrderAlert):
        _acknowledge(order, command, known)
    return order


def _first_seen(order: Order | None, command: commands.RecordOrder, known: Known) -> Order:
    """Place an order, then take in what was told of it before, in the order in which it came."""
    told = () if order is None else order.foretold
    placed = _place(order, command, known)
    for each in told:
        HANDLERS[type(each)](placed, each, known)
    return placed


def _foretell(order: Order | None, command: Early, known: Known) -> Order:
    """Keep what the marketplace tells of an order that it has not shown yet. Repeated: nothing."""
    if order is not None and command in order.foretold:
        return order
    facts = {FORETOLD_AS[type(command)]: command}
    if order is None:
        return Order._create(Order.Foretold, id=command.order_id, timestamp=known.at, **facts)
    order.trigger_event(Order.Foretold, originator_topic=Order.TOPIC, timestamp=known.at, **facts)
    return order


def _miss(order: Order, known: Known) -> None:
    """Say that an order that was foretold did not come in time. Repeated: said again."""
    first = order.foretold[0]
    what = FORETOLD_AS[type(first)]
    kept = tuple(_in_short(each) for each in order.foretold)
    order.trigger_event(Order.Missing, timestamp=known.at, what=what, since=order.created_on, kept=kept)


def _in_short(told: Early) -> str:
    """What is kept of an order that was not seen yet, in a few words without anything personal."""
    if isinstance(told, commands.RecordCancellation):
        return f"cancellation {told.cancel_id} {told.status}".replace("  ", " ")
    return f"return {told.return_id} {told.status}" if isinstance(told, commands.RecordReturn) else "address"


def _place(foretold: Order | None, command: commands.RecordOrder, known: Known) -> Order:
    """
    Place an order at its first sight, ask for its stock, and hold it if intake found what a person must see.

    What is first seen cancelled or refunded asks for nothing; what has left takes its units without asking. What the
    marketplace ships out of its own warehouse never asks for ours.
    """
    status = status_order.known_status(command.status)
    ended = status == CANCELLED or command.status == status_order.REFUNDED
    ours = command.shipping_type != FBT
    needs = order_lines.needs_of(command.lines if ours else (), lambda line: _parts_of(command, line, known))
    paid_at = _paid_at(command, status)
    order = _begin(
        foretold,
        command.order_id,
        timestamp=known.at,
        marketplace=command.marketplace,
        shop=command.shop,
        number=command.number,
        marketplace_status=status or command.status,
        fulfilment_state=CANCELLED if ended else _first_state(command, status, needs),
        created_at=command.created_at,
        updated_at=command.updated_at,
        lines=command.lines,
        needs=needs,
        total=command.total,
        paid_at=paid_at,
        shipping_fee=command.shipping_fee,
        discount=command.discount,
        address=command.address,
        deadlines=clocks.with_assumption(command.deadlines, paid_at, _calendar(command, known)),
        buyer=command.buyer,
        shipping_type=command.shipping_type,
        content_id=command.content_id,
        flags=command.flags,
        line_parts=_line_parts(command, known),
        readable=command.read,
    )
    if ended:
        _end_at_first_sight(order, command, known)
        return order
    if status is None:
        _flag_status(order, command, known)
    if review := REVIEW_FLAGS.intersection(command.flags):
        order.trigger_event(Order.Held, timestamp=known.at, kind="review", reason=", ".join(sorted(review)))
    left = status is not None and status_order.has_left(status)
    steps.classify(order, known, reserve=() if left else needs)
    if left:
        packages.show_dispatched(order, known, command.updated_at)
    if status == "COMPLETED":
        order.trigger_event(Order.Completed, timestamp=known.at, occurred_at=command.updated_at)
    return order


def _calendar(command: commands.RecordOrder, known: Known) -> Calendar:
    return known.calendars.get((command.marketplace, command.shop), clocks.EVERY_WEEKDAY)


def _begin(foretold: Order | None, order_id: UUID, **facts: Any) -> Order:
    if foretold is None:
        return Order._create(Order.Placed, id=order_id, **facts)
    foretold.trigger_event(Order.Placed, originator_topic=Order.TOPIC, **facts)
    return foretold


def _first_state(command: commands.RecordOrder, status: str | None, needs: tuple[Need, ...]) -> str:
    if not lets_ship(status or "", command.address, command.shipping_type):
        return "WAITING"
    return "RESERVING" if needs else "RECEIVED"


def _end_at_first_sight(order: Order, command: commands.RecordOrder, known: Known) -> None:
    refunded = command.status == status_order.REFUNDED
    if refunded:
        order.trigger_event(Order.Refunded, timestamp=known.at, refunded_at=command.updated_at)
    order.trigger_event(
        Order.Cancelled,
        timestamp=known.at,
        reason="first seen refunded" if refunded else "first seen cancelled",
        cancelled_at=command.updated_at,
        by="marketplace",
    )


def _parts_of(command: commands.RecordOrder, line: OrderLine, known: Known) -> tuple[Need, ...]:
    """What one unit of a line asks of stock."""
    one = line if line.quantity == 1 else replace(line, quantity=1)
    return known.parts(command.marketplace, command.shop, one)


def _line_parts(command: commands.RecordOrder, known: Known) -> tuple[LineParts, ...]:
    """The parts of each line, fixed for the order's life; those of a single one follow from what it asks in all."""
    lines = [line for line in command.lines if line.quantity > 0]
    if len(lines) < 2 or command.shipping_type == FBT:
        return ()
    return tuple(
        LineParts(line_id=line.line_id, sku_id=line.sku_id, parts=_parts_of(command, line, known)) for line in lines
    )


def _paid_at(command: commands.RecordOrder, status: str | None) -> datetime | None:
    """When the order was paid: as told, else the first update that shows it paid."""
    if command.paid_at is not None:
        return command.paid_at
    if status is None or status == CANCELLED or status_order.rank(status) < status_order.PAID_FROM:
        return None
    return command.updated_at


def _record_update(order: Order, command: commands.RecordOrder, known: Known) -> None:
    """
    Take over what a later read of the marketplace shows, in the order of the marketplace's time.

    Refused: UpdateSuperseded with the reason, or StatusFlagged once per status that we do not know.
    Repeated: the same update records nothing, whether it counted or was superseded.
    """
    status = status_order.known_status(command.status)
    if command.status == status_order.REFUNDED:
        _record_refund(order, command, known)
        return
    if status is None:
        if command.status not in order.flagged:
            _flag_status(order, command, known)
        return
    paid_at = order.paid_at or _paid_at(command, status)
    deadlines = clocks.with_assumption(_merged(order.deadlines, command.deadlines), paid_at, _calendar(command, known))
    reason = status_order.why_superseded(
        order.status,
        order.updated_at,
        status,
        command.updated_at,
        same_content=deadlines == order.deadlines and not _moved(order, command) and not _dropped(order, command),
        delivered=order.delivered,
    )
    if reason is None:
        _advance(order, Update(command, status, paid_at, deadlines), known)
        return
    earlier = command.created_at if command.created_at < order.created_at else None
    if earlier is not None or (reason != status_order.REPEAT and (status, command.updated_at) not in order.seen):
        order.trigger_event(
            Order.UpdateSuperseded,
            timestamp=known.at,
            marketplace_status=status,
            updated_at=command.updated_at,
            reason=reason,
            created_at=earlier,
        )


def _record_refund(order: Order, command: commands.RecordOrder, known: Known) -> None:
    """Take over that the money went back. Refused: UpdateSuperseded where a later state of the order is known."""
    if command.updated_at < order.updated_at:
        superseded = {"about": "refund", "status": command.status, "reason": status_order.OLDER}
        steps.superseded(order, known, updated_at=command.updated_at, **superseded)
    else:
        cancellation.refund(order, known, command.updated_at)


def _flag_status(order: Order, command: commands.RecordOrder, known: Known) -> None:
    order.trigger_event(
        Order.StatusFlagged, timestamp=known.at, marketplace_status=command.status, updated_at=command.updated_at
    )


def _merged(present: Deadlines, told: Deadlines) -> Deadlines:
    """The deadlines as told, the present ones where nothing is told."""
    return Deadlines(
        dispatch_by=told.dispatch_by or present.dispatch_by,
        cancel_by=told.cancel_by or present.cancel_by,
        deliver_by=told.deliver_by or present.deliver_by,
        dispatch_by_assumed=told.dispatch_by is None and present.dispatch_by_assumed,
    )


def _same_place(present: Address | None, told: Address | None) -> bool:
    """
    Whether two addresses agree in what is not sealed, and in the digest of name and street where both have one.

    Sealing the same person twice gives other bytes; another phone number alone is no other place.
    """
    if present is None or told is None:
        return told is None
    digests = {address.person.digest for address in (present, told) if address.person is not None}
    return _place_of(present) == _place_of(told) and len(digests - {""}) <= 1


def _moved(order: Order, command: commands.RecordOrder) -> bool:
    """Whether an order that still goes somewhere is shown at another place."""
    told = _better_address(order, command)
    return not order.cancelled and told is not None and not _same_place(order.address, told)


def _better_address(order: Order, command: commands.RecordOrder) -> Address | None:
    """
    The address as told, None where it adds nothing: the marketplace masks what it once showed, and an address that was
    told by itself may be newer than the order around this one.
    """
    present, told = order.address, command.address
    if present is None or not present.complete:
        return told
    newer = told is not None and told.complete and command.updated_at >= order.address_at
    return told if newer else None


def _place_of(address: Address) -> tuple[str | bool, ...]:
    return (address.country, address.state, address.city, address.postal_code, address.kind, address.complete)


def _advance(order: Order, update: Update, known: Known) -> None:
    """Take over an update that counts, then what follows: cancelled, paid at last, gone, ready to go."""
    command, status, paid_at, deadlines = update
    deadlines_changed = deadlines != order.deadlines
    told = _better_address(order, command)
    moves = bool(order.packages) and _moved(order, command)
    address = None if moves else told
    may_ship = not (order.hold or order.asked) and lets_ship(status, told or order.address, order.shipping_type)
    completed = status == "COMPLETED" != order.status
    order.trigger_event(
        Order.StatusAdvanced,
        timestamp=known.at,
        marketplace_status=status,
        updated_at=command.updated_at,
        fulfilment_state=order.state if status == CANCELLED else order.standing(may_ship=may_ship),
        created_at=command.created_at if command.created_at < order.created_at else None,
        paid_at=None if paid_at == order.paid_at else paid_at,
        deadlines=deadlines if deadlines_changed else None,
        address=address,
        **_newly_paid(order, update),
    )
    if status == CANCELLED:
        cancellation.cancel(
            order, known, reason=cancellation.BY_MARKETPLACE, by="marketplace", cancelled_at=command.updated_at
        )
        return
    if completed:
        order.trigger_event(Order.Completed, timestamp=known.at, occurred_at=command.updated_at)
    if status_order.has_left(status):
        packages.show_dispatched(order, known, command.updated_at)
    if moves and told is not None:
        _change_address(order, told, command.updated_at, known)
    _drop_what_is_not_asked(order, command, known)
    steps.tell_stock(order, known, may_ship=may_ship, deadlines_changed=deadlines_changed)
    if deadlines_changed:
        stock.share_what_is_held(order, known)
    steps.go_on(order, known)


def _newly_paid(order: Order, update: Update) -> dict[str, Any]:
    """What is told of demand with the update that shows an order paid; its reservation did not tell it."""
    if update.paid_at is None or order.paid_at is not None or update.status == CANCELLED:
        return {}
    return {"demand": steps.all_needs(order), "buyer": order.buyer}


def _dropped(order: Order, command: commands.RecordOrder) -> tuple[LineQuantity, ...]:
    """
    What the order asks of its lines beyond what the marketplace shows now, as far as it is in the house.

    A line that is not shown says nothing, and one that is shown with more is not raised: what was cancelled stays so.
    """
    beyond = order_lines.beyond(order.lines, command.lines)
    return units_of(order_lines.take(order.cancellable(), beyond)) if beyond else ()


def _drop_what_is_not_asked(order: Order, command: commands.RecordOrder, known: Known) -> None:
    """Cancel the units of lines whose quantity the marketplace lowered."""
    units = _dropped(order, command)
    if units and not order.cancelled:
        cancellation.cancel_units(
            order,
            known,
            units,
            reference=f"quantity at {command.updated_at.timestamp():.0f}, {order.version}",
            reason="the marketplace lowered the quantity",
            by=cancellation.MARKETPLACE,
            at=command.updated_at,
        )


# The address


def _record_address(order: Order, command: commands.RecordAddress, known: Known) -> None:
    """
    Send the order to another address.

    Refused: UpdateSuperseded where it is older than the one we have, or masked; nothing once cancelled. Repeated, or
    only another phone: nothing.
    """
    if order.cancelled:
        return
    told = command.address
    if command.updated_at < order.address_at or not told.complete:
        reason = status_order.OLDER if told.complete else "masked"
        steps.superseded(order, known, about="address", status="", updated_at=command.updated_at, reason=reason)
        return
    if _same_place(order.address, told):
        return
    _change_address(order, told, command.updated_at, known, command.flags)
    steps.tell_stock(order, known, may_ship=order.may_ship(), deadlines_changed=False)
    steps.go_on(order, known)


def _change_address(
    order: Order, address: Address, updated_at: datetime, known: Known, flags: tuple[str, ...] = ()
) -> None:
    """Its own packages learn of it. Those that it shares go where they were to go, without it."""
    may_ship = not (order.hold or order.asked) and lets_ship(order.status, address, order.shipping_type)
    house = order.in_house()
    shared = [shipment for shipment in house if order.packages[shipment].shared]
    closed = tuple(shipment for shipment in shared if order.packages[shipment].stage == "open")
    order.trigger_event(
        Order.AddressChanged,
        timestamp=known.at,
        address=address,
        updated_at=updated_at,
        flags=flags,
        readdress=tuple(shipment for shipment in house if shipment not in shared),
        too_late=order.dispatched or order.gone,
        fulfilment_state=order.standing(may_ship=may_ship, without=closed),
        closed=closed,
        stopped=tuple(shipment for shipment in shared if shipment not in closed),
    )


def _acknowledge(order: Order, command: commands.AcknowledgeOrderAlert, known: Known) -> None:
    """Note who saw an alert about the order, whether it was shown yet or not. Refused and repeated: nothing."""
    acknowledge(order, command, known.at)


def _came_after_all(order: Order, command: timers.ExpectOrder, known: Known) -> None:
    """An order that was foretold was seen before the patience with it ended: nothing."""


HANDLERS: dict[type[Command], Callable[[Order, Any, Known], None]] = {
    timers.ExpectOrder: _came_after_all,
    commands.RecordAddress: _record_address,
    timers.CheckAddress: reads.check_address,
    commands.RecordCancellation: cancellation.record_cancellation,
    commands.AnswerCancellation: cancellation.answer_cancellation,
    timers.RemindOfCancellation: cancellation.remind_of_cancellation,
    commands.CancelOrder: cancellation.cancel_order,
    commands.RecordReturn: returns.record_return,
    commands.RecordInspection: returns.record_inspection,
    commands.RecordReservation: stock.record_reservation,
    commands.RecordShortage: stock.record_shortage,
    timers.ExpireHold: reads.expire_hold,
    commands.RecordLabel: packages.record_label,
    commands.RecordFulfilmentPushed: packages.record_fulfilment_pushed,
    commands.RecordTracking: packages.record_tracking,
    commands.SplitOrder: packages.split_order,
    commands.CombineOrders: combining.combine_orders,
    commands.JoinPackage: combining.join_package,
    commands.RecordLeftOut: combining.record_left_out,
    commands.HoldOrder: holds.hold_order,
    commands.ReleaseOrder: holds.release_order,
    timers.ReclassifyOrder: holds.reclassify_order,
    commands.OverridePriority: holds.override_priority,
    commands.AcknowledgeOrderAlert: _acknowledge,
}
