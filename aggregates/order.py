"""
An order: what the marketplace shows of it, and how far we are with it.

The marketplace's status and our fulfilment state are two things and never mixed. Every handler below says what a
refusal and a repeat do; what follows for stock and packages is in `policies/fulfilment.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from aggregates import order_steps as steps
from aggregates.order_events import Shortage
from aggregates.order_state import CANCELLED, Order, lets_ship
from aggregates.order_steps import Known
from aggregates.policies import clocks, priority, status_order
from schemas import commands
from schemas.commands import Command
from schemas.values import Address, Deadlines, Need

__all__ = ["Known", "Order", "decide"]

REVIEW_FLAGS = frozenset({"currency-unknown", "currency-mixed"})
"""Flags of intake that hold an order for review. Its stock is reserved all the same."""

UNPAID = "UNPAID"
BY_MARKETPLACE = "cancelled by the marketplace"


class Update(NamedTuple):
    """An update as it counts: our name of its status, and what it makes of payment and deadlines."""

    command: commands.RecordOrder
    status: str
    paid_at: datetime | None
    deadlines: Deadlines


def decide(order: Order | None, command: Command, known: Known) -> Order | None:
    """The order with what the command brings about. A command for an order that nobody saw does nothing."""
    if isinstance(command, commands.RecordOrder):
        return _place(command, known) if order is None else _record_update(order, command, known)
    if order is not None:
        HANDLERS[type(command)](order, command, known)
    return order


def _place(command: commands.RecordOrder, known: Known) -> Order:
    """Place an order at its first sight, ask for its stock, and hold it if intake found what a person must see."""
    status = status_order.known_status(command.status)
    needs = _needs(command, known)
    paid_at = _paid_at(command, status)
    if status == CANCELLED:
        state = CANCELLED
    elif not lets_ship(status or "", command.address, command.shipping_type):
        state = "WAITING"
    else:
        state = "RESERVING" if needs else "RECEIVED"
    order = Order._create(
        Order.Placed,
        id=command.order_id,
        timestamp=known.at,
        marketplace=command.marketplace,
        shop=command.shop,
        number=command.number,
        marketplace_status=status or command.status,
        fulfilment_state=state,
        created_at=command.created_at,
        updated_at=command.updated_at,
        lines=command.lines,
        needs=needs,
        total=command.total,
        paid_at=paid_at,
        shipping_fee=command.shipping_fee,
        discount=command.discount,
        address=command.address,
        deadlines=clocks.with_assumption(command.deadlines, paid_at),
        buyer=command.buyer,
        shipping_type=command.shipping_type,
        content_id=command.content_id,
        flags=command.flags,
    )
    if status is None:
        _flag_status(order, command, known)
    if status == CANCELLED:
        order.trigger_event(
            Order.Cancelled,
            timestamp=known.at,
            reason="first seen cancelled",
            cancelled_at=command.updated_at,
            by="marketplace",
        )
        return order
    if review := REVIEW_FLAGS.intersection(command.flags):
        order.trigger_event(Order.Held, timestamp=known.at, kind="review", reason=", ".join(sorted(review)))
    steps.classify(order, known, reserve=needs)
    if status == "COMPLETED":
        order.trigger_event(Order.Completed, timestamp=known.at, occurred_at=command.updated_at)
    return order


def _needs(command: commands.RecordOrder, known: Known) -> tuple[Need, ...]:
    """What the order asks of stock, over all lines and bundle parts. A line of quantity 0 asks nothing."""
    units: dict[UUID, int] = {}
    for line in command.lines:
        if line.quantity > 0:
            for need in known.parts(command.marketplace, command.shop, line):
                units[need.stock_item_id] = units.get(need.stock_item_id, 0) + need.quantity
    return tuple(Need(stock_item_id=item, quantity=quantity) for item, quantity in units.items() if quantity > 0)


def _paid_at(command: commands.RecordOrder, status: str | None) -> datetime | None:
    """When the order was paid: as told, else the first update that shows it paid."""
    if command.paid_at is not None:
        return command.paid_at
    if status is None or status == CANCELLED or status_order.rank(status) < status_order.PAID_FROM:
        return None
    return command.updated_at


def _record_update(order: Order, command: commands.RecordOrder, known: Known) -> Order:
    """
    Take over what a later read of the marketplace shows, in the order of the marketplace's time.

    Refused: UpdateSuperseded with the reason, or StatusFlagged once per status that we do not know.
    Repeated: the same update records nothing, whether it counted or was superseded.
    """
    status = status_order.known_status(command.status)
    if status is None:
        if command.status not in order.flagged:
            _flag_status(order, command, known)
        return order
    paid_at = order.paid_at or _paid_at(command, status)
    deadlines = clocks.with_assumption(_merged(order.deadlines, command.deadlines), paid_at)
    reason = status_order.why_superseded(
        order.status,
        order.updated_at,
        status,
        command.updated_at,
        same_content=deadlines == order.deadlines and _same_place(order.address, command.address),
    )
    if reason is None:
        _advance(order, Update(command, status, paid_at, deadlines), known)
        return order
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
    return order


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
    """Whether two addresses agree in what is not sealed: sealing the same person twice gives other bytes."""
    if present is None or told is None:
        return told is None
    return _place_of(present) == _place_of(told)


def _better_address(present: Address | None, told: Address | None) -> Address | None:
    """The address as told, None where it adds nothing: the marketplace masks what it once showed."""
    if present is not None and present.complete and not (told is not None and told.complete):
        return None
    return told


def _place_of(address: Address) -> tuple[str | bool, ...]:
    return (address.country, address.state, address.city, address.postal_code, address.kind, address.complete)


def _advance(order: Order, update: Update, known: Known) -> None:
    """Take over an update that counts, then what follows: cancelled, paid at last, ready to go."""
    command, status, paid_at, deadlines = update
    deadlines_changed = deadlines != order.deadlines
    address = _better_address(order.address, command.address)
    may_ship = order.hold is None and lets_ship(status, address or order.address, order.shipping_type)
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
    )
    if status == CANCELLED:
        steps.cancel(order, known, reason=BY_MARKETPLACE, by="marketplace", cancelled_at=command.updated_at)
        return
    if completed:
        order.trigger_event(Order.Completed, timestamp=known.at, occurred_at=command.updated_at)
    steps.tell_stock(order, known, may_ship=may_ship, deadlines_changed=deadlines_changed)
    steps.go_on(order, known)


def _record_cancellation(order: Order, command: commands.RecordCancellation, known: Known) -> None:
    """
    Take over the marketplace's word that the whole order is cancelled; it is final whenever it comes.

    Refused and repeated: as in `steps.cancel`.
    """
    if order.status != CANCELLED:
        order.trigger_event(
            Order.StatusAdvanced,
            timestamp=known.at,
            marketplace_status=CANCELLED,
            updated_at=max(command.cancelled_at, order.updated_at),
            fulfilment_state=order.state,
        )
    reason = command.reason or BY_MARKETPLACE
    steps.cancel(order, known, reason=reason, by="marketplace", cancelled_at=command.cancelled_at)


def _cancel_order(order: Order, command: commands.CancelOrder, known: Known) -> None:
    """Cancel on an operator's word. Refused and repeated: as in `steps.cancel`."""
    steps.cancel(order, known, reason=command.reason, by=command.operator or "operator", cancelled_at=known.at)


def _record_reservation(order: Order, command: commands.RecordReservation, known: Known) -> None:
    """
    Note that a stock item holds the order's units, and get ready once all do.

    Refused: ReservationDeclined, each time, when the order does not want them (any more). Repeated: nothing.
    """
    item = command.stock_item_id
    if not order.wants(item):
        _decline_reservation(order, item, command.quantity, known)
        return
    if order.reserved.get(item) == command.quantity:
        return
    others_short = bool(order.short.keys() - {item})
    all_stock = len({*order.reserved, item}) == len(order.needs)
    order.trigger_event(
        Order.StockReserved,
        timestamp=known.at,
        stock_item_id=item,
        quantity=command.quantity,
        fulfilment_state=order.standing(short=others_short, all_stock=all_stock),
    )
    steps.go_on(order, known)


def _decline_reservation(order: Order, stock_item_id: UUID, quantity: int, known: Known) -> None:
    reason = "cancelled" if order.cancelled else "unpaid for too long" if order.hold_expired else "not asked for"
    order.trigger_event(
        Order.ReservationDeclined, timestamp=known.at, stock_item_id=stock_item_id, quantity=quantity, reason=reason
    )


def _record_shortage(order: Order, command: commands.RecordShortage, known: Known) -> None:
    """
    Wait in a stock item's queue, and tell the date once every short item has one.

    Refused: ReservationDeclined when the order does not want the units; nothing once its package was opened.
    Repeated: nothing, unless a figure or a date differs.
    """
    item = command.stock_item_id
    if not order.wants(item):
        _decline_reservation(order, item, command.quantity, known)
        return
    if order.packages:
        return
    present = order.short.get(item)
    told = Shortage(
        command.short_by, command.stock_unknown, command.promised_at or (present.promised_at if present else None)
    )
    promised_at = _latest_promise({**order.short, item: told})
    delayed = promised_at is not None and promised_at != order.promised_at
    if present is None or told[:2] != present[:2] or (told != present and not delayed):
        order.trigger_event(
            Order.Backordered,
            timestamp=known.at,
            stock_item_id=item,
            quantity=command.quantity,
            short_by=told.short_by,
            stock_unknown=told.stock_unknown,
            promised_at=told.promised_at,
            fulfilment_state=order.standing(short=True),
        )
    if delayed:
        order.trigger_event(
            Order.Delayed,
            timestamp=known.at,
            stock_item_id=item,
            item_promised_at=told.promised_at,
            promised_at=promised_at,
            marketplace=order.marketplace,
            shop=order.shop,
            order_number=order.number,
        )


def _latest_promise(short: dict[UUID, Shortage]) -> datetime | None:
    """The date on which the last short item is due, None while one has no date."""
    dates = [shortage.promised_at for shortage in short.values() if shortage.promised_at is not None]
    return max(dates) if len(dates) == len(short) else None


def _record_label(order: Order, command: commands.RecordLabel, known: Known) -> None:
    """
    Note a package's label; with the last one the order is fulfilled.

    Refused: Held when there will be no label without a person; LabelDeclined, each time, when the order does not
    want the package. Repeated: nothing.
    """
    shipment = command.shipment_id
    if command.refused:
        _hold_for_label(order, command, known)
        return
    if order.cancelled or shipment not in order.packages:
        steps.decline_label(order, known, shipment, command.carrier, command.tracking_number)
        return
    if shipment in order.labels:
        return
    if order.hold is not None and order.hold.kind == "label":
        state = order.standing(held=False, may_ship=True)
        order.trigger_event(Order.Released, timestamp=known.at, fulfilment_state=state)
    order.trigger_event(
        Order.LabelBought,
        timestamp=known.at,
        shipment_id=shipment,
        carrier=command.carrier,
        tracking_number=command.tracking_number,
        fulfilment_state="HELD" if order.hold is not None else "LABELLED",
    )
    steps.go_on(order, known)


def _hold_for_label(order: Order, command: commands.RecordLabel, known: Known) -> None:
    """Hold an order whose package gets no label; a hold that stands keeps its kind and learns of the package."""
    shipment, hold = command.shipment_id, order.hold
    if shipment not in order.packages or shipment in order.labels or shipment in order.refused or order.cancelled:
        return
    order.trigger_event(
        Order.Held,
        timestamp=known.at,
        kind="label" if hold is None else hold.kind,
        reason=command.refused if hold is None else f"{hold.reason}; {command.refused}",
        operator="" if hold is None else hold.operator,
        shipments=(shipment,),
    )


def _record_fulfilment_pushed(order: Order, command: commands.RecordFulfilmentPushed, known: Known) -> None:
    """Note that the marketplace knows of a package. Refused: nothing for a package without label. Repeated: nothing."""
    if command.shipment_id in order.labels and command.shipment_id not in order.pushed:
        order.trigger_event(
            Order.FulfilmentPushed, timestamp=known.at, shipment_id=command.shipment_id, pushed_at=command.pushed_at
        )


def _record_tracking(order: Order, command: commands.RecordTracking, known: Known) -> None:
    """Note that a package left, or arrived. Refused: nothing for a package that is not ours. Repeated: nothing."""
    if command.shipment_id not in order.packages or command.status in {"RETURNED", "PRINTED", "PUT_BACK"}:
        return
    moved = {"timestamp": known.at, "shipment_id": command.shipment_id, "occurred_at": command.occurred_at}
    if not order.dispatched:
        order.trigger_event(Order.Dispatched, **moved)
    if command.status == "DELIVERED" and not order.delivered:
        order.trigger_event(Order.Delivered, **moved)


def _reclassify_order(order: Order, command: commands.ReclassifyOrder, known: Known) -> None:
    """
    Work the priority out again.

    Refused: nothing once labelled or cancelled. Repeated: nothing while it stays the same.
    """
    if order.labels or order.cancelled:
        return
    outcome = steps.priority_of(order, known)
    if (outcome.score, outcome.floor) != (order.score, order.floor):
        steps.classify(order, known, reserve=() if order.hold_expired else steps.open_needs(order))


def _override_priority(order: Order, command: commands.OverridePriority, known: Known) -> None:
    """
    Set the priority on an operator's word, clamped to 1 to 100.

    Refused: nothing once labelled or cancelled. Repeated: nothing.
    """
    if order.labels or order.cancelled:
        return
    operator = command.operator or "operator"
    wanted = (priority.clamped(command.score), command.reason, operator)
    present = order.override
    if present is not None and (present.score, present.reason, present.operator) == wanted:
        return
    order.trigger_event(
        Order.PriorityOverridden, timestamp=known.at, score=wanted[0], reason=command.reason, operator=operator
    )
    steps.classify(order, known, reserve=() if order.hold_expired else steps.open_needs(order))


def _expire_hold(order: Order, command: commands.ExpireHold, known: Known) -> None:
    """
    Give the stock of an order back that was not paid in time.

    The specification's format offers no order to read first, so unpaid as far as we know is unpaid. A late payment
    reserves again. Refused: nothing unless the order still waits for that payment. Repeated: nothing.
    """
    waits = order.status == UNPAID and order.unpaid_since == command.set_for
    if waits and not (order.hold_expired or order.cancelled or order.packages) and order.needs:
        order.trigger_event(
            Order.HoldExpired,
            timestamp=known.at,
            release=steps.all_needs(order),
            fulfilment_state="HELD" if order.hold is not None else "WAITING",
        )


def _hold_order(order: Order, command: commands.HoldOrder, known: Known) -> None:
    """
    Stop work on an operator's word; a label that is being bought still comes.

    Refused: nothing once cancelled or dispatched. Repeated: nothing while it is held.
    """
    if order.cancelled or order.dispatched or order.hold is not None:
        return
    order.trigger_event(
        Order.Held, timestamp=known.at, kind="operator", reason=command.reason, operator=command.operator
    )
    _tell_stock_of_hold(order, known)


def _release_order(order: Order, command: commands.ReleaseOrder, known: Known) -> None:
    """
    Go on, on an operator's word; a label that was refused is asked for again.

    Refused and repeated: nothing when not held.
    """
    if order.hold is None:
        return
    may_ship = lets_ship(order.status, order.address, order.shipping_type)
    order.trigger_event(
        Order.Released,
        timestamp=known.at,
        fulfilment_state=order.standing(held=False, may_ship=may_ship),
        operator=command.operator,
        retry=tuple(sorted(order.refused)),
    )
    _tell_stock_of_hold(order, known)
    steps.go_on(order, known)


def _tell_stock_of_hold(order: Order, known: Known) -> None:
    if not order.packages:
        steps.tell_stock(order, known, may_ship=order.may_ship(), deadlines_changed=False)


HANDLERS: dict[type[Command], Callable[[Order, Any, Known], None]] = {
    commands.RecordCancellation: _record_cancellation,
    commands.RecordReservation: _record_reservation,
    commands.RecordShortage: _record_shortage,
    commands.RecordLabel: _record_label,
    commands.RecordFulfilmentPushed: _record_fulfilment_pushed,
    commands.RecordTracking: _record_tracking,
    commands.ReclassifyOrder: _reclassify_order,
    commands.ExpireHold: _expire_hold,
    commands.HoldOrder: _hold_order,
    commands.ReleaseOrder: _release_order,
    commands.CancelOrder: _cancel_order,
    commands.OverridePriority: _override_priority,
}
