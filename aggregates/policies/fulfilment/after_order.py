"""What follows from an event of an order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from aggregates import order_events
from aggregates.policies import status_order
from schemas.commands import (
    AddToPackage,
    BuyLabel,
    Command,
    HandOver,
    JoinPackage,
    OpenShipment,
    ReaddressShipment,
    RecordDemand,
    RecordMovement,
    ReleaseStock,
    ReserveStock,
    ResumeShipment,
    StopShipment,
    VoidLabel,
)
from schemas.values import Need

Commands = tuple[Command, ...]


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
            paid_at=event.paid_at,
            buyer=event.buyer,
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


def _tell_demand(event: order_events.Event, needs: Iterable[Need], **paid: Any) -> Commands:
    """What a paid order asks, once per event, however often this is sent."""
    return tuple(
        RecordDemand(
            stock_item_id=need.stock_item_id,
            order_id=event.originator_id,
            quantity=need.quantity,
            reference=f"{event.originator_id}:{event.originator_version}",
            **paid,
        )
        for need in needs
    )


def _tell_late_sale(event: order_events.StatusAdvanced) -> Commands:
    return _tell_demand(event, event.demand, paid_at=event.paid_at, buyer=event.buyer)


def _tell_sale_elsewhere(event: order_events.Placed) -> Commands:
    """What had left before we saw it was sold too, though stock is never asked for it."""
    if event.paid_at is None or not status_order.has_left(event.marketplace_status):
        return ()
    return _tell_demand(event, event.needs, paid_at=event.paid_at, buyer=event.buyer)


def _give_all_back(event: order_events.Cancelled) -> Commands:
    released = (
        ReleaseStock(stock_item_id=need.stock_item_id, order_id=event.originator_id, reason=event.reason)
        for need in event.release
    )
    unsold = (Need(stock_item_id=item, quantity=0) for item in event.unsold)
    return (*released, *_tell_demand(event, unsold), *_void_each(event, event.shipments, event.reason))


def _stop_for_answer(event: order_events.CancellationRequested) -> Commands:
    voided = _void_each(event, event.shipments, event.reason)
    return (*voided, *_stop(event, event.stop, "the buyer asks to cancel"))


def _stop(event: order_events.Event, shipments: Iterable[UUID], reason: str) -> Commands:
    return tuple(
        StopShipment(shipment_id=shipment, reason=reason, order_id=event.originator_id) for shipment in shipments
    )


def _resume(event: order_events.Event, shipments: Iterable[UUID]) -> Commands:
    return tuple(ResumeShipment(shipment_id=shipment, order_id=event.originator_id) for shipment in shipments)


def _void_each(event: order_events.Event, shipments: Iterable[UUID], reason: str) -> Commands:
    return tuple(VoidLabel(shipment_id=shipment, reason=reason, order_id=event.originator_id) for shipment in shipments)


def _go_on_after_answer(event: order_events.CancellationAnswered | order_events.CancellationWithdrawn) -> Commands:
    return _resume(event, event.resume)


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
    return (*released, *_tell_demand(event, event.demand), *closed, *_resume(event, event.resume))


def _give_others_back(event: order_events.ReservationsGivenBack) -> Commands:
    reason = "waits for another item that has no date"
    return tuple(
        ReleaseStock(stock_item_id=need.stock_item_id, order_id=event.originator_id, reason=reason)
        for need in event.release
    )


def _readdress(event: order_events.AddressChanged) -> Commands:
    own = (
        ReaddressShipment(shipment_id=shipment, address=event.address, updated_at=event.updated_at)
        for shipment in event.readdress
    )
    return (*own, *_void_each(event, (*event.closed, *event.stopped), "it goes to another address"))


def _offer(event: order_events.PackageOffered) -> Commands:
    return tuple(
        JoinPackage(
            order_id=other,
            shipment_id=event.shipment_id,
            package=event.package,
            marketplace=event.marketplace,
            shop=event.shop,
            address=event.address,
            operator=event.operator,
        )
        for other in event.to
    )


def _join(event: order_events.PackageJoined) -> Commands:
    """What was to go by itself is closed, and goes in the other package."""
    added = AddToPackage(
        shipment_id=event.shipment_id,
        order_id=event.originator_id,
        order_number=event.order_number,
        joined=event.originator_version,
        contents=event.contents,
        lines=event.lines,
        deadlines=event.deadlines,
        priority=event.priority,
        value=event.value,
    )
    return (*_void_each(event, event.closed, "it goes in one package with others"), added)


def _hold_packages(event: order_events.Held) -> Commands:
    return _stop(event, event.stop, event.reason)


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
    return (*_resume(event, event.resume), *again)


FOLLOWS: dict[type[Any], Callable[[Any], Commands]] = {
    order_events.Placed: _tell_sale_elsewhere,
    order_events.StatusAdvanced: _tell_late_sale,
    order_events.Classified: _reserve,
    order_events.ReadyToShip: _open_shipment,
    order_events.Cancelled: _give_all_back,
    order_events.CancellationRequested: _stop_for_answer,
    order_events.CancellationAnswered: _go_on_after_answer,
    order_events.CancellationWithdrawn: _go_on_after_answer,
    order_events.LineCancelled: _give_units_back,
    order_events.Split: _close_split,
    order_events.PackageOffered: _offer,
    order_events.PackageJoined: _join,
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
}
