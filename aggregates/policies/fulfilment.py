"""
What follows from a stored event for other aggregates: the process of an order, as one table.

Pure and without memory: everything that a command needs stands in the event. Sent again, the commands find
their work done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol

from aggregates import order_events, replenishment_events, shipment_events, stock_item_events
from schemas.commands import (
    AssessStockRisk,
    BuyLabel,
    Command,
    FillBackorders,
    HandOver,
    OpenShipment,
    ReaddressShipment,
    RecordLabel,
    RecordMovement,
    RecordPackage,
    RecordReceipt,
    RecordReservation,
    RecordShortage,
    RecordSupply,
    RecordTracking,
    ReleaseStock,
    ReserveStock,
    ResumeShipment,
    StopShipment,
    VoidLabel,
)
from schemas.values import replenishment_id

Commands = tuple[Command, ...]


def commands_after(event: DomainEventProtocol[Any]) -> Commands:
    """The commands that a stored event leads to, none for most."""
    follow = FOLLOWS.get(type(event))
    return () if follow is None else follow(event)


# The order


def _reserve(event: order_events.Classified) -> Commands:
    return tuple(
        ReserveStock(
            stock_item_id=need.stock_item_id,
            order_id=event.originator_id,
            quantity=need.quantity,
            priority=event.score,
            created_at=event.created_at,
            number=event.number,
            deadlines=event.deadlines,
            may_ship=event.may_ship,
        )
        for need in event.reserve
    )


def _open_shipment(event: order_events.ReadyToShip) -> Commands:
    return (
        OpenShipment(
            shipment_id=event.shipment_id,
            order_id=event.originator_id,
            marketplace=event.marketplace,
            shop=event.shop,
            order_number=event.order_number,
            package=event.package,
            contents=event.contents,
            lines=event.lines,
            address=event.address,
            deadlines=event.deadlines,
            priority=event.priority,
            value=event.value,
        ),
    )


def _give_all_back(event: order_events.Cancelled) -> Commands:
    released = (
        ReleaseStock(stock_item_id=need.stock_item_id, order_id=event.originator_id, reason=event.reason)
        for need in event.release
    )
    return (*released, *_void_each(event, event.shipments, event.reason))


def _stop_for_answer(event: order_events.CancellationRequested) -> Commands:
    voided = _void_each(event, event.shipments, event.reason)
    return (*voided, *_stop(event.stop, "the buyer asks to cancel"))


def _stop(shipments: Iterable[UUID], reason: str) -> Commands:
    return tuple(StopShipment(shipment_id=shipment, reason=reason) for shipment in shipments)


def _resume(shipments: Iterable[UUID]) -> Commands:
    return tuple(ResumeShipment(shipment_id=shipment) for shipment in shipments)


def _void_each(event: order_events.Event, shipments: Iterable[UUID], reason: str) -> Commands:
    return tuple(VoidLabel(shipment_id=shipment, reason=reason, order_id=event.originator_id) for shipment in shipments)


def _go_on_after_answer(event: order_events.CancellationAnswered | order_events.CancellationWithdrawn) -> Commands:
    return _resume(event.resume)


def _close_split(event: order_events.Split) -> Commands:
    return _void_each(event, event.closed, "the order is split")


def _close_short(event: order_events.Backordered) -> Commands:
    return _void_each(event, event.closed, "its units are gone")


def _close_doubled(event: order_events.Dispatched) -> Commands:
    return _void_each(event, event.closed, "what it holds was sent already")


def _give_units_back(event: order_events.LineCancelled) -> Commands:
    """Units go back once per event, however often this is sent."""
    released = (
        ReleaseStock(
            stock_item_id=need.stock_item_id,
            order_id=event.originator_id,
            reason=event.reason,
            quantity=need.quantity,
            reference=f"{event.originator_id}:{event.originator_version}",
        )
        for need in event.release
    )
    closed = _void_each(event, (*event.closed, *event.stopped), event.reason)
    return (*released, *closed, *_resume(event.resume))


def _give_others_back(event: order_events.ReservationsGivenBack) -> Commands:
    reason = "waits for another item that has no date"
    return tuple(
        ReleaseStock(stock_item_id=need.stock_item_id, order_id=event.originator_id, reason=reason)
        for need in event.release
    )


def _readdress(event: order_events.AddressChanged) -> Commands:
    return tuple(
        ReaddressShipment(shipment_id=shipment, address=event.address, updated_at=event.updated_at)
        for shipment in event.readdress
    )


def _hold_packages(event: order_events.Held) -> Commands:
    return _stop(event.stop, event.reason)


def _leave(event: order_events.ShownDispatched) -> Commands:
    """Our packages were handed over; what went without us leaves its shelves, and the queues that it waited in."""
    reason = "left the house without it"
    ours = (HandOver(shipment_id=shipment, occurred_at=event.occurred_at) for shipment in event.hand_over)
    left = (
        RecordMovement(
            stock_item_id=need.stock_item_id,
            kind="dispatch",
            quantity=need.quantity,
            reference=str(event.originator_id),
            occurred_at=event.occurred_at,
            order_id=event.originator_id,
        )
        for need in event.contents
    )
    queued = (ReleaseStock(stock_item_id=item, order_id=event.originator_id, reason=reason) for item in event.queued)
    return (*ours, *_void_each(event, event.unlabelled, reason), *left, *queued)


def _void(event: order_events.LabelDeclined) -> Commands:
    return (VoidLabel(shipment_id=event.shipment_id, reason=event.reason, order_id=event.originator_id),)


def _release_expired(event: order_events.HoldExpired) -> Commands:
    return tuple(
        ReleaseStock(stock_item_id=need.stock_item_id, order_id=event.originator_id, reason="unpaid for too long")
        for need in event.release
    )


def _release_declined(event: order_events.ReservationDeclined) -> Commands:
    return (ReleaseStock(stock_item_id=event.stock_item_id, order_id=event.originator_id, reason=event.reason),)


def _buy_again(event: order_events.Released) -> Commands:
    again = (BuyLabel(shipment_id=shipment, operator=event.operator) for shipment in event.retry)
    return (*_resume(event.resume), *again)


# The stock item


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
    )
    return (receipt, _assess(event))


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


# The shipment


def _tell_label(event: shipment_events.LabelBought) -> Commands:
    return (
        RecordLabel(
            order_id=event.order_id,
            shipment_id=event.originator_id,
            carrier=event.carrier,
            tracking_number=event.tracking_number,
        ),
    )


def _tell_no_label(event: shipment_events.LabelRefused | shipment_events.Held | shipment_events.Parked) -> Commands:
    return (RecordLabel(order_id=event.order_id, shipment_id=event.originator_id, refused=event.reason),)


Moved = (
    shipment_events.Printed
    | shipment_events.HandedOver
    | shipment_events.PutBack
    | shipment_events.Delivered
    | shipment_events.Returned
)


def _tracked(
    event: Moved, status: Literal["PRINTED", "HANDED_OVER", "PUT_BACK", "DELIVERED", "RETURNED"]
) -> RecordTracking:
    """What an order is told of its package's way."""
    return RecordTracking(
        order_id=event.order_id, shipment_id=event.originator_id, status=status, occurred_at=event.occurred_at
    )


def _printed(event: shipment_events.Printed) -> Commands:
    told = _tracked(event, "PRINTED")
    return (told, *_held_by_package(event, "printed"))


def _packed(event: shipment_events.Packed) -> Commands:
    return _held_by_package(event, "packed")


def _held_by_package(
    event: shipment_events.Printed | shipment_events.Packed, stage: Literal["printed", "packed"]
) -> Commands:
    return tuple(
        RecordPackage(
            stock_item_id=need.stock_item_id,
            order_id=event.order_id,
            shipment_id=event.originator_id,
            quantity=need.quantity,
            stage=stage,
            occurred_at=event.occurred_at,
        )
        for need in event.contents
    )


def _dispatch(event: shipment_events.HandedOver) -> Commands:
    told = _tracked(event, "HANDED_OVER")
    return (told, *_moved(event, "dispatch"))


def _put_back(event: shipment_events.PutBack) -> Commands:
    told = _tracked(event, "PUT_BACK")
    return (told, *_moved(event, "put_back"))


def _moved(
    event: shipment_events.HandedOver | shipment_events.PutBack, kind: Literal["dispatch", "put_back"]
) -> Commands:
    return tuple(
        RecordMovement(
            stock_item_id=need.stock_item_id,
            kind=kind,
            quantity=need.quantity,
            reference=str(event.originator_id),
            occurred_at=event.occurred_at,
            order_id=event.order_id,
        )
        for need in event.contents
    )


def _tell_delivered(event: shipment_events.Delivered) -> Commands:
    return (_tracked(event, "DELIVERED"),)


def _tell_returned(event: shipment_events.Returned) -> Commands:
    return (_tracked(event, "RETURNED"),)


# Buying


def _expect(event: replenishment_events.ReorderConfirmed) -> Commands:
    return (
        RecordSupply(
            stock_item_id=event.stock_item_id,
            reorder_id=event.reorder_id,
            quantity=event.quantity,
            due_at=event.due_at,
        ),
    )


def _expect_rest(event: replenishment_events.ReorderReceived) -> Commands:
    return (
        RecordSupply(
            stock_item_id=event.stock_item_id,
            reorder_id=event.reorder_id,
            quantity=event.remaining,
            due_at=event.due_at if event.remaining else None,
        ),
    )


def _expect_nothing(event: replenishment_events.ReorderRefused) -> Commands:
    return (RecordSupply(stock_item_id=event.stock_item_id, reorder_id=event.reorder_id, quantity=0, due_at=None),)


FOLLOWS: dict[type[Any], Callable[[Any], Commands]] = {
    order_events.Classified: _reserve,
    order_events.ReadyToShip: _open_shipment,
    order_events.Cancelled: _give_all_back,
    order_events.CancellationRequested: _stop_for_answer,
    order_events.CancellationAnswered: _go_on_after_answer,
    order_events.CancellationWithdrawn: _go_on_after_answer,
    order_events.LineCancelled: _give_units_back,
    order_events.Split: _close_split,
    order_events.Dispatched: _close_doubled,
    order_events.Backordered: _close_short,
    order_events.ReservationsGivenBack: _give_others_back,
    order_events.AddressChanged: _readdress,
    order_events.ShownDispatched: _leave,
    order_events.Held: _hold_packages,
    order_events.LabelDeclined: _void,
    order_events.ReservationDeclined: _release_declined,
    order_events.HoldExpired: _release_expired,
    order_events.Released: _buy_again,
    stock_item_events.Reserved: _tell_reserved,
    stock_item_events.BackorderFilled: _tell_filled,
    stock_item_events.ShortageRecorded: _tell_short,
    stock_item_events.ReservationShortened: _tell_shortened,
    stock_item_events.PutBack: _tell_put_back,
    stock_item_events.SupplyExpected: _tell_promised,
    stock_item_events.Received: _receive,
    stock_item_events.Counted: _assess_counted,
    stock_item_events.Corrected: _assess_corrected,
    stock_item_events.ReservationReleased: _assess_released,
    shipment_events.LabelBought: _tell_label,
    shipment_events.LabelRefused: _tell_no_label,
    shipment_events.Held: _tell_no_label,
    shipment_events.Parked: _tell_no_label,
    shipment_events.Printed: _printed,
    shipment_events.Packed: _packed,
    shipment_events.HandedOver: _dispatch,
    shipment_events.PutBack: _put_back,
    shipment_events.Delivered: _tell_delivered,
    shipment_events.Returned: _tell_returned,
    replenishment_events.ReorderConfirmed: _expect,
    replenishment_events.ReorderReceived: _expect_rest,
    replenishment_events.ReorderRefused: _expect_nothing,
}
