"""
A shipment: one package, its carrier, its one label, and its way to the buyer.

One live label per package: the next one is asked for once the last one is gone. Every handler says what a refusal and a
repeat do; what follows for orders and stock is in `policies/fulfilment`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from aggregates import shipment_handling as handling
from aggregates import shipment_labels as labels
from aggregates.acknowledging import acknowledge
from aggregates.shipment_state import Known, Shipment
from schemas import commands
from schemas.commands import Command
from schemas.values import Need, OrderLine

__all__ = ["Known", "Shipment", "decide"]


def decide(shipment: Shipment | None, command: Command, known: Known) -> Shipment | None:
    """The package with what the command brings about. Only opening or refusing makes one that nobody saw."""
    if shipment is None:
        if isinstance(command, commands.OpenShipment):
            return _open(command, known)
        return _refuse_unseen(command, known) if isinstance(command, commands.VoidLabel) else None
    handler = HANDLERS.get(type(command))
    if handler is not None:
        handler(shipment, command, known)
    return shipment


def _open(command: commands.OpenShipment, known: Known) -> Shipment:
    """
    Open a package, choose its carrier and ask for its label.

    Refused: Held when no carrier can take it. Repeated: nothing, nor where its purchase was refused before.
    """
    shipment = Shipment._create(
        Shipment.Opened,
        id=command.shipment_id,
        timestamp=known.at,
        order_id=command.order_id,
        marketplace=command.marketplace,
        shop=command.shop,
        order_number=command.order_number,
        package=command.package,
        contents=command.contents,
        address=command.address,
        deadlines=command.deadlines,
        priority=command.priority,
        value=command.value,
        weight_grams=_of_lines(command.lines) or _of_items(command.contents, known.weights),
    )
    labels.ask_for_label(shipment, known)
    return shipment


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


def _refuse_unseen(command: commands.VoidLabel, known: Known) -> Shipment:
    """Close a package before it is opened: its purchase is refused when it comes."""
    return Shipment._create(
        Shipment.Refused, id=command.shipment_id, timestamp=known.at, order_id=command.order_id, reason=command.reason
    )


def _void_label(shipment: Shipment, command: commands.VoidLabel, known: Known) -> None:
    """
    Close a package that the order no longer wants, and take its label back; one on paper stays for a person.

    Refused: CancelledTooLate once it was handed over. Repeated: nothing.
    """
    told = {"timestamp": known.at, "order_id": shipment.order_id, "reason": command.reason}
    if shipment.handed_over:
        if not shipment.cancelled_too_late:
            shipment.trigger_event(Shipment.CancelledTooLate, **told)
    elif not shipment.cancelled:
        live = shipment.label in {"bought", "parked"}
        shipment.trigger_event(Shipment.Cancelled, **told, label_live=live, stage=shipment.stage)
        if shipment.label == "bought" and not shipment.printed:
            labels.ask_for_void(shipment, command.reason, known)


def _acknowledge(shipment: Shipment, command: commands.AcknowledgeShipmentAlert, known: Known) -> None:
    """Note who saw an alert about the package. Refused and repeated: nothing."""
    acknowledge(shipment, command, known.at)


HANDLERS: dict[type[Command], Callable[[Shipment, Any, Known], None]] = {
    commands.BuyLabel: labels.buy_label,
    commands.RecordLabelOutcome: labels.record_label_outcome,
    commands.VoidLabel: _void_label,
    commands.RecordVoidOutcome: labels.record_void_outcome,
    commands.ReplaceLabel: labels.replace_label,
    commands.ReaddressShipment: labels.readdress,
    commands.StopShipment: handling.stop,
    commands.ResumeShipment: handling.resume,
    commands.MarkPrinted: handling.mark_printed,
    commands.MarkPacked: handling.mark_packed,
    commands.HandOver: handling.hand_over,
    commands.PutBack: handling.put_back,
    commands.RecordScan: handling.record_scan,
    commands.AcknowledgeShipmentAlert: _acknowledge,
}
