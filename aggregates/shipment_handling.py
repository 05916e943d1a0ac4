"""A package in the house and on its way: stopped, printed, packed, handed over, put back, scanned."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aggregates import shipment_labels as labels
from aggregates import shipment_shares as shares
from aggregates.shipment_state import Known, Shipment
from schemas import commands

SCANS_KEPT = 1_000
"""How many scans one package takes; a carrier that sends more is not listened to any more."""


def stop(shipment: Shipment, command: commands.StopShipment, known: Known) -> None:
    """
    Keep the package in the house for one of its orders; a label that the carrier is being asked for still comes, and is
    not handed out.

    Refused: nothing once cancelled or handed over, nor for an order that is not in it. Repeated: nothing, whatever the
    reason.
    """
    if shipment.cancelled or shipment.handed_over:
        return
    order_id = command.order_id or shipment.order_id
    if order_id in shipment.shares and order_id not in shipment.stops:
        shipment.trigger_event(Shipment.Stopped, timestamp=known.at, order_id=order_id, reason=command.reason)


def resume(shipment: Shipment, command: commands.ResumeShipment, known: Known) -> None:
    """
    Let a package go on that one of its orders stopped, with its next label where the last one is gone.

    Refused and repeated: nothing. Another order may stop it still.
    """
    if not shipment.stops:
        return
    order_id = command.order_id or shipment.order_id
    if order_id in shipment.stops:
        still = [reason for order, reason in shipment.stops.items() if order != order_id]
        shipment.trigger_event(
            Shipment.Resumed, timestamp=known.at, order_id=order_id, stopped=still[0] if still else ""
        )
        labels.go_on(shipment, known)


def mark_printed(shipment: Shipment, command: commands.MarkPrinted, known: Known) -> None:
    """
    Note that the label is on paper, or buy the one that waited for this moment: it is printed once it is there.

    Refused: nothing without a live label, or once it left. Repeated: nothing.
    """
    if shipment.label == "deferred" and shipment.wants_label:
        labels.ask_for_label(shipment, known)
    elif shipment.label == "bought" and not (shipment.printed or shipment.handed_over):
        _print(shipment, command.occurred_at, command.operator, known)


def _print(shipment: Shipment, occurred_at: datetime, operator: str, known: Known) -> None:
    shipment.trigger_event(
        Shipment.Printed,
        timestamp=known.at,
        occurred_at=occurred_at,
        operator=operator,
        **_of_all(shipment),
    )


def _of_all(shipment: Shipment) -> dict[str, Any]:
    """All that is in the parcel, as its events name it."""
    first, *others = shipment.parts
    return {"order_id": first.order_id, "contents": first.contents, "others": tuple(others)}


def mark_packed(shipment: Shipment, command: commands.MarkPacked, known: Known) -> None:
    """
    Note that the units are in the parcel, which was printed then if nobody told.

    Refused: nothing without a live label, or once it left. Repeated: nothing.
    """
    if shipment.label != "bought" or shipment.packed or shipment.handed_over:
        return
    if not shipment.printed:
        _print(shipment, command.occurred_at, command.operator, known)
    shipment.trigger_event(
        Shipment.Packed,
        timestamp=known.at,
        occurred_at=command.occurred_at,
        operator=command.operator,
        **_of_all(shipment),
    )


def hand_over(shipment: Shipment, command: commands.HandOver, known: Known) -> None:
    """
    Note that the parcel was given to the carrier.

    Refused: HandOverRefused, once, while the package must stay in the house; nothing where no label was ever bought.
    Repeated: nothing.
    """
    if shipment.sold is None or shipment.handed_over:
        return
    if not shipment.kept_back:
        _leave(shipment, command.occurred_at, known)
    elif not shipment.hand_over_refused:
        shipment.trigger_event(
            Shipment.HandOverRefused, timestamp=known.at, order_id=shipment.order_id, reason=shipment.kept_back
        )


def _leave(shipment: Shipment, occurred_at: datetime, known: Known) -> None:
    shipment.trigger_event(Shipment.HandedOver, timestamp=known.at, occurred_at=occurred_at, **_of_all(shipment))


def put_back(shipment: Shipment, command: commands.PutBack, known: Known) -> None:
    """
    Note that the units are on the shelf again: an unscanned hand-over is undone, or a printed package emptied.

    What kept its label from going back before is over: a cancelled or outdated one goes back now, and orders that were
    withdrawn are out.

    Refused: nothing once scanned, for a package that was cancelled after it left, or that was never printed. Repeated:
    nothing.
    """
    undoes = shipment.handed_over and not (shipment.moving or shipment.too_late)
    if not (undoes or (shipment.printed and not shipment.handed_over)):
        return
    shipment.trigger_event(
        Shipment.PutBack,
        timestamp=known.at,
        occurred_at=command.occurred_at,
        was_handed_over=shipment.handed_over,
        operator=command.operator,
        **_of_all(shipment),
    )
    if shipment.label == "bought" and shipment.cancelled:
        labels.ask_for_void(shipment, "cancelled, and put back", known)
        return
    for order_id in sorted(shipment.withdrawn):
        shares.take_out(shipment, order_id, "it was put back", known)
    if shipment.outdated:
        labels.ask_for_void(shipment, "its address or contents changed, and it was put back", known)


def record_scan(shipment: Shipment, command: commands.RecordScan, known: Known) -> None:
    """
    Take over a carrier's scan; the first one is the hand-over if nobody told of it, whatever should have kept it back.

    Tracking never moves back, and a parcel on its way back is not delivered by arriving. Refused: nothing where no
    label was ever bought, or for a number that this package never had. Repeated: nothing.
    """
    of_another = bool(command.tracking_number) and (command.carrier, command.tracking_number) not in shipment.numbers
    told = shipment.has_seen(command.carrier, command.tracking_number, command.scan_id)
    if shipment.sold is None or of_another or told or len(shipment.scans) >= SCANS_KEPT:
        return
    if command.status != "EXCEPTION" and not shipment.handed_over:
        _leave(shipment, command.occurred_at, known)
        for order_id in shipment.shares if shipment.cancelled else sorted(shipment.withdrawn):
            shipment.trigger_event(
                Shipment.CancelledTooLate,
                timestamp=known.at,
                order_id=order_id,
                reason="it left although it was cancelled",
            )
    shipment.trigger_event(
        Shipment.Scanned,
        timestamp=known.at,
        scan_id=command.scan_id,
        status=command.status,
        occurred_at=command.occurred_at,
        place=command.place,
        carrier=command.carrier,
        tracking_number=command.tracking_number,
    )
    first, *others = shipment.parts
    ended = {
        "timestamp": known.at,
        "order_id": first.order_id,
        "occurred_at": command.occurred_at,
        "others": tuple(others),
    }
    if command.status == "DELIVERED" and not (shipment.delivered or shipment.returned):
        shipment.trigger_event(Shipment.Delivered, **ended)
    elif command.status == "RETURNED" and not shipment.returned:
        shipment.trigger_event(Shipment.Returned, **ended)
