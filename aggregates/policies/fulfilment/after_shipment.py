"""What follows from an event of a package: each of the orders whose lines it holds is told, and its units move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol
from uuid import UUID

from aggregates import shipment_events
from aggregates.shipment_event import Part
from schemas.commands import (
    Command,
    RecordLabel,
    RecordLeftOut,
    RecordMovement,
    RecordPackage,
    RecordTracking,
)
from schemas.values import Need

Commands = tuple[Command, ...]


class Told(Protocol):
    """An event that every order in the package is told of."""

    order_id: UUID
    others: tuple[Part, ...]


class Filled(Told, Protocol):
    """One that also says what is in the package, of the first order and of the others."""

    contents: tuple[Need, ...]


def _orders(event: Told) -> tuple[UUID, ...]:
    return (event.order_id, *(part.order_id for part in event.others))


def _parts(event: Filled) -> tuple[Part, ...]:
    return (Part(order_id=event.order_id, contents=event.contents), *event.others)


def _tell_label(event: shipment_events.LabelBought) -> Commands:
    return tuple(
        RecordLabel(
            order_id=order_id,
            shipment_id=event.originator_id,
            carrier=event.carrier,
            tracking_number=event.tracking_number,
        )
        for order_id in _orders(event)
    )


def _tell_no_label(event: shipment_events.LabelRefused | shipment_events.Held | shipment_events.Parked) -> Commands:
    return tuple(
        RecordLabel(order_id=order_id, shipment_id=event.originator_id, refused=event.reason)
        for order_id in _orders(event)
    )


Moved = (
    shipment_events.Printed
    | shipment_events.HandedOver
    | shipment_events.PutBack
    | shipment_events.Delivered
    | shipment_events.Returned
)


def _tracked(event: Moved, status: Literal["PRINTED", "HANDED_OVER", "PUT_BACK", "DELIVERED", "RETURNED"]) -> Commands:
    """What each order is told of its package's way."""
    return tuple(
        RecordTracking(order_id=order_id, shipment_id=event.originator_id, status=status, occurred_at=event.occurred_at)
        for order_id in _orders(event)
    )


def _printed(event: shipment_events.Printed) -> Commands:
    return (*_tracked(event, "PRINTED"), *_held_by_package(event, "printed"))


def _packed(event: shipment_events.Packed) -> Commands:
    return _held_by_package(event, "packed")


def _held_by_package(
    event: shipment_events.Printed | shipment_events.Packed, stage: Literal["printed", "packed"]
) -> Commands:
    return tuple(
        RecordPackage(
            stock_item_id=need.stock_item_id,
            order_id=part.order_id,
            shipment_id=event.originator_id,
            quantity=need.quantity,
            stage=stage,
            occurred_at=event.occurred_at,
        )
        for part in _parts(event)
        for need in part.contents
    )


def _dispatch(event: shipment_events.HandedOver) -> Commands:
    return (*_tracked(event, "HANDED_OVER"), *_moved(event, "dispatch"))


def _put_back(event: shipment_events.PutBack) -> Commands:
    return (*_tracked(event, "PUT_BACK"), *_moved(event, "put_back"))


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
            order_id=part.order_id,
        )
        for part in _parts(event)
        for need in part.contents
    )


def _tell_delivered(event: shipment_events.Delivered) -> Commands:
    return _tracked(event, "DELIVERED")


def _tell_returned(event: shipment_events.Returned) -> Commands:
    return _tracked(event, "RETURNED")


def _tell_left_out(event: shipment_events.OrderNotAdded) -> Commands:
    return (
        RecordLeftOut(
            order_id=event.order_id, shipment_id=event.originator_id, joined=event.joined, reason=event.reason
        ),
    )


FOLLOWS: dict[type[Any], Callable[[Any], Commands]] = {
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
    shipment_events.OrderNotAdded: _tell_left_out,
}
