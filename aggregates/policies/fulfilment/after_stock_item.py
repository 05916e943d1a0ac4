"""What follows from an event of a stock item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aggregates import stock_item_events
from schemas.commands import (
    AssessStockRisk,
    Command,
    DescribeSupply,
    FillBackorders,
    RecordInspection,
    RecordReceipt,
    RecordReservation,
    RecordShortage,
)
from schemas.values import replenishment_id

Commands = tuple[Command, ...]


def _tell_reserved(event: stock_item_events.Reserved) -> Commands:
    return (RecordReservation(order_id=event.order_id, stock_item_id=event.originator_id, quantity=event.ask.quantity),)


def _tell_filled(event: stock_item_events.BackorderFilled) -> Commands:
    told = RecordReservation(order_id=event.order_id, stock_item_id=event.originator_id, quantity=event.quantity)
    if event.continues:
        return (told, _go_on(event))
    return (told, _assess(event)) if event.backordered == 0 else (told,)


def _tell_short(event: stock_item_events.ShortageRecorded) -> Commands:
    told = RecordShortage(
        order_id=event.order_id,
        stock_item_id=event.originator_id,
        quantity=event.ask.quantity,
        short_by=event.short_by,
        promised_at=event.promised_at,
        stock_unknown=event.stock_unknown,
    )
    return (told, _assess(event, stock_unknown=event.stock_unknown))


def _tell_shortened(event: stock_item_events.ReservationShortened) -> Commands:
    told = RecordShortage(
        order_id=event.order_id,
        stock_item_id=event.originator_id,
        quantity=event.quantity,
        short_by=event.short_by,
        promised_at=event.promised_at,
    )
    return (told, _go_on(event)) if event.continues else (told, _assess(event))


def _tell_put_back(event: stock_item_events.PutBack) -> Commands:
    """The order holds its units again, if it still wants them; it gives them back if not."""
    if event.ask is None or not event.returned:
        return ()
    return (RecordReservation(order_id=event.order_id, stock_item_id=event.originator_id, quantity=event.ask.quantity),)


def _tell_promised(event: stock_item_events.SupplyExpected) -> Commands:
    told = tuple(
        RecordShortage(
            order_id=promise.order_id,
            stock_item_id=event.originator_id,
            quantity=promise.quantity,
            short_by=promise.short_by,
            promised_at=promise.promised_at,
        )
        for promise in event.promises
    )
    return (*told, _go_on(event)) if event.continues else told


def _go_on(
    event: stock_item_events.BackorderFilled
    | stock_item_events.ReservationShortened
    | stock_item_events.SupplyExpected,
) -> Command:
    return FillBackorders(stock_item_id=event.originator_id, set_for=event.originator_version)


def _receive(event: stock_item_events.Received) -> Commands:
    receipt = RecordReceipt(
        replenishment_id=replenishment_id(event.originator_id),
        quantity=event.quantity,
        reference=event.reference,
        occurred_at=event.occurred_at,
        recorded_at=event.timestamp,
    )
    return (receipt, _assess(event))


def _describe_supply(event: stock_item_events.Described) -> Commands:
    return (
        DescribeSupply(
            replenishment_id=replenishment_id(event.originator_id),
            stock_item_id=event.originator_id,
            marketplace=event.marketplace,
            shop=event.shop,
            item=event.seller_sku or event.sku_id,
            terms=event.supply,
        ),
    )


def _tell_inspected(event: stock_item_events.Returned | stock_item_events.WrittenOff) -> Commands:
    """The order that the goods are of learns that somebody looked at them."""
    if event.order_id is None:
        return ()
    return (
        RecordInspection(
            order_id=event.order_id,
            stock_item_id=event.originator_id,
            quantity=event.quantity,
            condition="good" if isinstance(event, stock_item_events.Returned) else "damaged",
            reference=event.reference,
            occurred_at=event.occurred_at,
            about=event.about,
        ),
    )


def _assess_counted(event: stock_item_events.Counted) -> Commands:
    return (_assess(event),)


def _assess_corrected(event: stock_item_events.Corrected) -> Commands:
    return (_assess(event, stock_unknown=event.stock_unknown),)


def _assess_released(event: stock_item_events.ReservationReleased) -> Commands:
    return (_assess(event),) if event.was_queued and event.backordered == 0 else ()


def _assess(event: stock_item_events.Figures, *, stock_unknown: bool = False) -> Command:
    return AssessStockRisk(
        replenishment_id=replenishment_id(event.originator_id),
        stock_item_id=event.originator_id,
        available=max(event.on_hand - event.reserved, 0),
        backordered=event.backordered,
        occurred_at=event.timestamp,
        stock_unknown=stock_unknown,
    )


FOLLOWS: dict[type[Any], Callable[[Any], Commands]] = {
    stock_item_events.Described: _describe_supply,
    stock_item_events.Reserved: _tell_reserved,
    stock_item_events.BackorderFilled: _tell_filled,
    stock_item_events.ShortageRecorded: _tell_short,
    stock_item_events.ReservationShortened: _tell_shortened,
    stock_item_events.PutBack: _tell_put_back,
    stock_item_events.SupplyExpected: _tell_promised,
    stock_item_events.Received: _receive,
    stock_item_events.Returned: _tell_inspected,
    stock_item_events.WrittenOff: _tell_inspected,
    stock_item_events.Counted: _assess_counted,
    stock_item_events.Corrected: _assess_corrected,
    stock_item_events.ReservationReleased: _assess_released,
}
