"""Whose lines a package holds: another order's are added, or taken out again."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from aggregates import shipment_labels as labels
from aggregates.shipment_event import Share
from aggregates.shipment_state import Known, Shipment
from schemas import commands
from schemas.values import Need, OrderLine

CHANGEABLE = frozenset({"deferred", "requested", "recalled", "bought", "voiding", "voided", "written off"})
"""Where a purchase stands that lets lines be added; what else it is waits for a person."""


def weigh(lines: tuple[OrderLine, ...], contents: tuple[Need, ...], weights: Mapping[UUID, int]) -> int | None:
    """What goods weigh, as their lines say or their stock items are described; None where neither says it of all."""
    return _of_lines(lines) or _of_items(contents, weights)


def _of_lines(lines: tuple[OrderLine, ...]) -> int | None:
    """What the lines weigh together, None when one of them does not say."""
    weight = 0
    for line in lines:
        if line.quantity > 0:
            if not line.weight_grams:
                return None
            weight += line.weight_grams * line.quantity
    return weight or None


def _of_items(contents: tuple[Need, ...], weights: Mapping[UUID, int]) -> int | None:
    """What the units weigh together as their stock items are described, None when one of them is not."""
    if not all(weights.get(need.stock_item_id) for need in contents):
        return None
    return sum(weights[need.stock_item_id] * need.quantity for need in contents) or None


def add_to_package(shipment: Shipment, command: commands.AddToPackage, known: Known) -> None:
    """
    Take another order's lines in. A label that shows less goes back, and one for all of them is bought.

    Refused: OrderNotAdded with the reason, so that the order sends its lines by itself. Repeated: nothing.
    """
    order = command.order_id
    joined = order in shipment.shares and order not in shipment.withdrawn
    if joined or shipment.not_added.get(order) == command.joined:
        return
    reason = _why_not_added(shipment)
    if reason:
        shipment.trigger_event(
            Shipment.OrderNotAdded, timestamp=known.at, order_id=order, joined=command.joined, reason=reason
        )
        return
    share = Share(
        order_id=order,
        order_number=command.order_number,
        contents=command.contents,
        weight_grams=weigh(command.lines, command.contents, known.weights),
        value=command.value,
        deadlines=command.deadlines,
        priority=command.priority,
    )
    shipment.trigger_event(Shipment.OrderAdded, timestamp=known.at, share=share)
    _label_anew(shipment, known)


def _why_not_added(shipment: Shipment) -> str:
    if shipment.cancelled:
        return "the package is cancelled"
    if shipment.handed_over or shipment.printed:
        return "the package is on paper" if shipment.printed else "the package has left"
    if shipment.stopped is not None:
        return f"the package is stopped: {shipment.stopped}"
    return "" if shipment.label in CHANGEABLE else "the package's label waits for a person"


def withdraw(shipment: Shipment, order_id: UUID, reason: str, known: Known) -> None:
    """
    Take an order out of a package that others still want; on paper, it stays in the house until it is put back.

    Refused: CancelledTooLate once it left. Repeated: nothing.
    """
    if shipment.handed_over:
        if order_id not in shipment.too_late:
            shipment.trigger_event(Shipment.CancelledTooLate, timestamp=known.at, order_id=order_id, reason=reason)
    elif shipment.cancelled:
        return
    elif shipment.printed:
        if order_id not in shipment.withdrawn:
            shipment.trigger_event(
                Shipment.OrderWithdrawn, timestamp=known.at, order_id=order_id, reason=reason, stage=shipment.stage
            )
    else:
        take_out(shipment, order_id, reason, known)
        _label_anew(shipment, known)


def take_out(shipment: Shipment, order_id: UUID, reason: str, known: Known) -> None:
    """Let the package go on without an order that is not the last one in it."""
    remaining = [share for share in shipment.shares.values() if share.order_id != order_id]
    still = [why for order, why in shipment.stops.items() if order != order_id]
    shipment.trigger_event(
        Shipment.OrderTakenOut,
        timestamp=known.at,
        order_id=order_id,
        reason=reason,
        contents=shipment.shares[order_id].contents,
        remaining=tuple(share.order_id for share in remaining),
        order_number=remaining[0].order_number,
        stopped=still[0] if still else "",
    )


def _label_anew(shipment: Shipment, known: Known) -> None:
    """Have the label taken back that was bought for other contents, or ask for the one that nothing keeps back now."""
    if shipment.outdated:
        labels.ask_for_void(shipment, "its contents changed", known)
    else:
        labels.go_on(shipment, known)
