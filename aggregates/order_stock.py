"""How an order takes what stock tells it: units held, units short, a date, and the end of an unpaid hold."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from aggregates import order_steps as steps
from aggregates.order_event import Shortage
from aggregates.order_state import Order
from aggregates.order_steps import Known
from schemas import commands

UNPAID = "UNPAID"


def record_reservation(order: Order, command: commands.RecordReservation, known: Known) -> None:
    """
    Note that a stock item holds the order's units, and get ready once all do.

    Units that were cancelled on the way are not counted: stock was asked for them back. Refused:
    ReservationDeclined, each time, when the order does not want them (any more). Repeated: nothing.
    """
    item = command.stock_item_id
    if not order.wants(item):
        _decline_reservation(order, item, command.quantity, known)
        return
    quantity = min(command.quantity, order.needs[item])
    if order.reserved.get(item) == quantity:
        return
    others_short = bool(order.short.keys() - {item})
    all_stock = len({*order.reserved, item}) == len(order.needs)
    order.trigger_event(
        Order.StockReserved,
        timestamp=known.at,
        stock_item_id=item,
        quantity=quantity,
        fulfilment_state=order.standing(short=others_short, all_stock=all_stock),
    )
    share_what_is_held(order, known)
    steps.go_on(order, known)


def _decline_reservation(order: Order, stock_item_id: UUID, quantity: int, known: Known) -> None:
    if order.cancelled:
        reason = "cancelled"
    elif order.gone or order.dispatched:
        reason = "left the house without them"
    elif order.hold_expired:
        reason = "unpaid for too long"
    else:
        reason = "waits for another item" if stock_item_id in order.given_back else "not asked for"
    order.trigger_event(
        Order.ReservationDeclined, timestamp=known.at, stock_item_id=stock_item_id, quantity=quantity, reason=reason
    )


def record_shortage(order: Order, command: commands.RecordShortage, known: Known) -> None:
    """
    Wait in a stock item's queue, and tell the date once every short item has one.

    Units that a correction took away close the packages that held them. Refused: ReservationDeclined when the order
    does not want the units or has sent them; nothing where their package is on paper. Repeated: nothing, unless a
    figure or a date differs.
    """
    item = command.stock_item_id
    if not order.wants(item):
        _decline_reservation(order, item, command.quantity, known)
        return
    if item not in {need.stock_item_id for need in steps.needs_in_house(order)}:
        _decline_reservation(order, item, command.quantity, known)
        return
    holding = [
        shipment
        for shipment in order.in_house()
        if any(need.stock_item_id == item for need in order.packages[shipment].contents)
    ]
    closed = tuple(shipment for shipment in holding if order.packages[shipment].stage == "open")
    if holding and not closed:
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
            quantity=min(command.quantity, order.needs[item]),
            short_by=told.short_by,
            stock_unknown=told.stock_unknown,
            promised_at=told.promised_at,
            fulfilment_state=order.standing(short=True, without=closed),
            closed=closed,
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
    share_what_is_held(order, known)


def _latest_promise(short: dict[UUID, Shortage]) -> datetime | None:
    """The date on which the last short item is due, None while one has no date."""
    dates = [shortage.promised_at for shortage in short.values() if shortage.promised_at is not None]
    return max(dates) if len(dates) == len(short) else None


def share_what_is_held(order: Order, known: Known) -> None:
    """
    Give what the other items hold to orders that can ship while a short one is not promised in time; ask for it again
    once it is. What a person splits ships in part, and keeps what it holds.
    """
    if order.plan or order.packages or order.cancelled or order.gone:
        return
    if all(_in_time(order, shortage.promised_at) for shortage in order.short.values()):
        if order.given_back:
            steps.classify(order, known, reserve=steps.needs_at(order, order.given_back))
    elif order.reserved:
        order.trigger_event(
            Order.ReservationsGivenBack, timestamp=known.at, release=steps.needs_at(order, order.reserved.keys())
        )


def _in_time(order: Order, promised_at: datetime | None) -> bool:
    cancel_by = order.deadlines.cancel_by
    return promised_at is not None and (cancel_by is None or promised_at < cancel_by)
