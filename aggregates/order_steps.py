"""The steps that an order takes when something about it changed: classify, ask stock, go on, cancel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from aggregates.order_state import Order
from aggregates.policies import priority, status_order
from schemas.values import Need, OrderLine, shipment_id


class Known(NamedTuple):
    """What a decision about an order may ask: the moment, the parts behind a line, the buyer's earlier kept orders."""

    at: datetime
    parts: Callable[[str, str, OrderLine], tuple[Need, ...]]
    kept_orders: int | None = None


def tell_stock(order: Order, known: Known, *, may_ship: bool, deadlines_changed: bool) -> None:
    """
    Classify again what may ship now or has another deadline, so that stock learns of it.

    All stock items are told when the permission to ship changes, else those that still owe units. An order whose
    hold expired asks again once it is paid.
    """
    if order.labels or order.cancelled:
        return
    if order.hold_expired:
        if status_order.rank(order.status) >= status_order.PAID_FROM:
            classify(order, known, reserve=all_needs(order))
    elif may_ship != order.asked_to_ship:
        classify(order, known, reserve=all_needs(order))
    elif deadlines_changed:
        classify(order, known, reserve=open_needs(order))


def all_needs(order: Order) -> tuple[Need, ...]:
    return tuple(Need(stock_item_id=item, quantity=quantity) for item, quantity in order.needs.items())


def open_needs(order: Order) -> tuple[Need, ...]:
    return tuple(
        Need(stock_item_id=item, quantity=quantity)
        for item, quantity in order.needs.items()
        if item not in order.reserved
    )


def classify(order: Order, known: Known, reserve: tuple[Need, ...]) -> None:
    """Record the priority of the moment, and ask stock for units with it."""
    outcome = priority_of(order, known)
    override = order.override
    order.trigger_event(
        Order.Classified,
        timestamp=known.at,
        score=outcome.score,
        level=outcome.level,
        points=outcome.points,
        floor=outcome.floor,
        may_ship=order.may_ship(),
        created_at=order.created_at,
        number=order.number,
        deadlines=order.deadlines,
        reserve=reserve,
        overridden_by="" if override is None else override.operator,
        reason="" if override is None else override.reason,
        kept_orders=_kept_orders(order, known),
    )


def _kept_orders(order: Order, known: Known) -> int | None:
    """The buyer's earlier kept orders, as last known where nobody tells now."""
    return order.kept_orders if known.kept_orders is None else known.kept_orders


def priority_of(order: Order, known: Known) -> priority.Classification:
    address = order.address
    outcome = priority.classify(
        priority.PriorityInputs(
            at=known.at,
            may_ship=order.may_ship(),
            dispatch_by=order.deadlines.dispatch_by,
            cancel_by=order.deadlines.cancel_by,
            kept_orders=_kept_orders(order, known),
            address_kind=None if address is None else address.kind,
            address_held=address is not None and not address.complete,
        )
    )
    if order.override is None:
        return outcome
    score = order.override.score
    return outcome._replace(score=score, level=priority.level_of(score), floor="")


def go_on(order: Order, known: Known) -> None:
    """Take the next step of fulfilment if nothing keeps the order back."""
    if order.hold is not None or order.cancelled:
        return
    if order.packages:
        if len(order.labels) == len(order.packages) and not order.fulfilled:
            order.trigger_event(
                Order.Fulfilled,
                timestamp=known.at,
                marketplace=order.marketplace,
                shop=order.shop,
                order_number=order.number,
                packages=tuple(order.labels.values()),
                priority=order.score,
                dispatch_by=order.deadlines.dispatch_by,
            )
    elif order.has_all_stock() and _ships_from_here(order):
        package = f"{order.number}-1"
        order.trigger_event(
            Order.ReadyToShip,
            timestamp=known.at,
            shipment_id=shipment_id(order.marketplace, order.shop, package),
            package=package,
            marketplace=order.marketplace,
            shop=order.shop,
            order_number=order.number,
            contents=all_needs(order),
            lines=order.lines,
            address=order.address,
            deadlines=order.deadlines,
            priority=order.score,
            value=order.total,
        )


def _ships_from_here(order: Order) -> bool:
    """Whether the label is ours to buy: not arranged elsewhere, not the platform's own shipping."""
    arranged_elsewhere = status_order.rank(order.status) >= status_order.ARRANGED_FROM
    return order.may_ship() and not arranged_elsewhere and order.shipping_type == "SELLER"


def cancel(order: Order, known: Known, *, reason: str, by: str, cancelled_at: datetime) -> None:
    """
    Give back all that the order holds or queues for, and close its packages.

    Refused: CancellationRequested when a package has its label; a person must void it first. Repeated: nothing.
    """
    if order.cancelled or order.cancellation_requested:
        return
    if order.labels:
        _ask_for_cancellation(order, known, reason, tuple(order.labels))
        return
    order.trigger_event(
        Order.Cancelled,
        timestamp=known.at,
        reason=reason,
        cancelled_at=cancelled_at,
        by=by,
        release=() if order.hold_expired else all_needs(order),
        shipments=tuple(order.packages),
    )


def decline_label(order: Order, known: Known, shipment: UUID, carrier: str, tracking_number: str) -> None:
    """Have a label voided that came although the order does not want its package, and list it for a person once."""
    reason = "cancelled before the label came" if order.cancelled else "no package of this order"
    order.trigger_event(
        Order.LabelDeclined,
        timestamp=known.at,
        shipment_id=shipment,
        carrier=carrier,
        tracking_number=tracking_number,
        reason=reason,
    )
    if order.cancelled and not order.cancellation_requested:
        _ask_for_cancellation(order, known, reason, (shipment,))


def _ask_for_cancellation(order: Order, known: Known, reason: str, shipments: tuple[UUID, ...]) -> None:
    order.trigger_event(
        Order.CancellationRequested,
        timestamp=known.at,
        reason=reason,
        requested_at=known.at,
        shipments=shipments,
    )
