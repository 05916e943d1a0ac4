"""What follows from an event of a package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from aggregates import shipment_events
from schemas.commands import (
    Command,
    RecordLabel,
    RecordMovement,
    RecordPackage,
    RecordTracking,
)

Commands = tuple[Command, ...]


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
}
