"""The steps that an order takes when something about it changed: classify, ask stock, go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from aggregates.order_event import Push
from aggregates.order_state import FBT, Order
from aggregates.policies import order_lines, priority, status_order
from aggregates.policies.clocks import NO_CALENDARS, Calendars
from aggregates.policies.order_lines import Lines, units_of
from schemas.values import Money, Need, OrderLine, shipment_id


class Known(NamedTuple):
    """
    What a decision about an order may ask: the moment, the parts behind a line, the buyer's earlier kept orders, and
    the calendars of shops.
    """

    at: datetime
    parts: Callable[[str, str, OrderLine], tuple[Need, ...]]
    kept_orders: int | None = None
    calendars: Calendars = NO_CALENDARS


# Stock


def tell_stock(order: Order, known: Known, *, may_ship: bool, deadlines_changed: bool) -> None:
    """
    Classify again what may ship now or has another deadline, so that stock learns of it.

    All stock items are told when the permission to ship changes, else those that still owe units. An order whose
    hold expired asks again once it is paid.
    """
    if order.cancelled or order.gone:
        return
    if order.hold_expired:
        if status_order.rank(order.status) >= status_order.PAID_FROM:
            classify(order, known, reserve=all_needs(order))
    elif order.labels:
        owed = open_needs(order)
        if owed and (deadlines_changed or may_ship != order.asked_to_ship):
            classify(order, known, reserve=owed)
    elif may_ship != order.asked_to_ship:
        wanted = tuple(need for need in needs_in_house(order) if order.wants(need.stock_item_id))
        classify(order, known, reserve=wanted)
    elif deadlines_changed:
        classify(order, known, reserve=open_needs(order))


def all_needs(order: Order) -> tuple[Need, ...]:
    return tuple(Need(stock_item_id=item, quantity=quantity) for item, quantity in order.needs.items())


def open_needs(order: Order) -> tuple[Need, ...]:
    """What stock still owes, and is asked for."""
    return tuple(
        need
        for need in needs_in_house(order)
        if need.stock_item_id not in order.reserved and order.wants(need.stock_item_id)
    )


def needs_in_house(order: Order) -> tuple[Need, ...]:
    """What the order needs of each stock item beyond the units that have left with a package."""
    if not order.dispatched:
        return all_needs(order)
    left = Counter[UUID]()
    for parcel in order.packages.values():
        if parcel.stage == "handed over":
            left.update({need.stock_item_id: need.quantity for need in parcel.contents})
    rest = ((item, quantity - left[item]) for item, quantity in order.needs.items())
    return tuple(Need(stock_item_id=item, quantity=quantity) for item, quantity in rest if quantity > 0)


def needs_at(order: Order, items: AbstractSet[UUID]) -> tuple[Need, ...]:
    """What the order asks of these stock items."""
    return tuple(need for need in all_needs(order) if need.stock_item_id in items)


def needs_of(order: Order, known: Known, lines: Iterable[OrderLine]) -> tuple[Need, ...]:
    """What these lines ask of our stock, as their parts were mapped when the order was placed."""
    if order.shipping_type == FBT:
        return ()

    def parts(line: OrderLine) -> tuple[Need, ...]:
        found = order.parts.get((line.line_id, line.sku_id))
        return found if found is not None else known.parts(order.marketplace, order.shop, replace(line, quantity=1))

    return order_lines.needs_of(lines, parts)


def less(order: Order, fewer: Iterable[Need]) -> tuple[Need, ...]:
    """What the order asks of some stock items once it asks so much less of them; 0 where that is all."""
    return tuple(
        replace(need, quantity=max(order.needs.get(need.stock_item_id, 0) - need.quantity, 0)) for need in fewer
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
        paid_at=order.paid_at if reserve else None,
        buyer=order.buyer if reserve else "",
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


# Packages


def go_on(order: Order, known: Known) -> None:
    """Take the next steps of fulfilment if nothing keeps the order back."""
    if order.hold is not None or order.asked or order.cancelled or order.gone:
        return
    if _ships_from_here(order):
        _open_packages(order, known)
    if order.is_whole() and not order.fulfilled:
        order.trigger_event(
            Order.Fulfilled,
            timestamp=known.at,
            marketplace=order.marketplace,
            shop=order.shop,
            order_number=order.number,
            packages=tuple(label for shipment, label in order.labels.items() if order.told.get(shipment) != label),
            priority=order.score,
            dispatch_by=order.deadlines.dispatch_by,
        )


def _open_packages(order: Order, known: Known) -> None:
    """Open each package whose units are all reserved: those that a person planned, else one of all that is left."""
    if not order.reserved:
        return
    if not (order.plan or order.packages):
        _open_package(order, known, order.lines, planned=None)
        return
    place = 0
    while place < len(order.plan):
        lines = order_lines.take(order.unpacked(), order.plan[place])
        opened = order.packages_opened
        _open_package(order, known, lines, planned=place)
        place += order.packages_opened == opened
    planned = (unit for wish in order.plan for unit in wish)
    _open_package(order, known, order_lines.without(order.unpacked(), planned), planned=None)


def _open_package(order: Order, known: Known, lines: Lines, planned: int | None) -> None:
    contents = all_needs(order) if lines is order.lines else needs_of(order, known, lines)
    if not contents or any(need.stock_item_id not in order.reserved for need in contents):
        return
    package = f"{order.number}-{order.packages_opened + 1}"
    labelled = bool(order.labels)
    order.trigger_event(
        Order.ReadyToShip,
        timestamp=known.at,
        shipment_id=shipment_id(order.marketplace, order.shop, package),
        package=package,
        marketplace=order.marketplace,
        shop=order.shop,
        order_number=order.number,
        contents=contents,
        lines=lines,
        address=order.address,
        deadlines=order.deadlines,
        priority=order.score,
        value=value_of(order, lines),
        fulfilment_state="LABELLED" if labelled else "BACKORDERED" if order.short else "READY",
        planned=planned,
    )


def value_of(order: Order, lines: Lines) -> Money | None:
    """What the goods of a package cost: the order's total where it holds all of it, else its priced lines."""
    total = order.total
    if total is None or lines is order.lines or units_of(lines) == units_of(order.lines):
        return total
    priced = (line.unit_price.amount * line.quantity for line in lines if line.unit_price is not None)
    return Money(amount=sum(priced, Decimal(0)), currency=total.currency)


def _ships_from_here(order: Order) -> bool:
    """Whether the label is ours to buy: not arranged elsewhere, not the platform's own shipping."""
    arranged = status_order.rank(order.status) >= status_order.ARRANGED_FROM
    return order.may_ship() and order.shipping_type == "SELLER" and (not arranged or order.packages_opened > 0)


def push_of(order: Order, shipment: UUID, carrier: str, tracking_number: str) -> Push:
    """What telling the marketplace of a package's new label takes."""
    return Push(
        package=order.label_as(shipment, carrier, tracking_number),
        marketplace=order.marketplace,
        shop=order.shop,
        order_number=order.number,
        priority=order.score,
        dispatch_by=order.deadlines.dispatch_by,
    )


def superseded(order: Order, known: Known, *, about: str, status: str, updated_at: datetime, reason: str) -> None:
    """Record once that something told of a part of the order changes nothing; a mere repeat is not recorded."""
    if reason != status_order.REPEAT and (about + status, updated_at) not in order.seen:
        order.trigger_event(
            Order.UpdateSuperseded,
            timestamp=known.at,
            marketplace_status=status,
            updated_at=updated_at,
            reason=reason,
            about=about,
        )


def refuse(order: Order, known: Known, request: str, reason: str, operator: str) -> None:
    """Record that something asked for cannot be."""
    order.trigger_event(
        Order.RequestRefused, timestamp=known.at, request=request, reason=reason, operator=operator or "operator"
    )
