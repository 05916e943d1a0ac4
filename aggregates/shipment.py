"""
A shipment: one package, its carrier, its one label, and its way to the buyer.

One live label per package: the next one is asked for once the last one is gone. Every handler says what a refusal and a
repeat do; what follows for orders and stock is in `policies/fulfilment`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aggregates import shipment_handling as handling
from aggregates import shipment_labels as labels
from aggregates import shipment_shares as shares
from aggregates.acknowledging import acknowledge
from aggregates.shipment_state import Known, Shipment
from schemas import commands, timers
from schemas.commands import Command

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
    Open a package, choose its carrier and ask for its label, when the shop buys its labels.

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
        weight_grams=shares.weigh(command.lines, command.contents, known.weights),
    )
    labels.begin(shipment, known)
    return shipment


def _refuse_unseen(command: commands.VoidLabel, known: Known) -> Shipment:
    """Close a package before it is opened: its purchase is refused when it comes."""
    return Shipment._create(
        Shipment.Refused, id=command.shipment_id, timestamp=known.at, order_id=command.order_id, reason=command.reason
    )


def _void_label(shipment: Shipment, command: commands.VoidLabel, known: Known) -> None:
    """
    Close a package that no order wants any more, and take its label back; one on paper stays for a person. Where other
    orders want it, it goes on without this one.

    Refused: CancelledTooLate once it was handed over. Repeated: nothing, nor for an order that is not in it.
    """
    order_id = command.order_id
    if not shipment.shares or (order_id is not None and order_id not in shipment.shares):
        return
    if order_id is not None and any(share.order_id != order_id for share in shipment.wanted):
        shares.withdraw(shipment, order_id, command.reason, known)
        return
    told = {"timestamp": known.at, "order_id": shipment.order_id, "reason": command.reason}
    if shipment.handed_over:
        if shipment.order_id not in shipment.too_late:
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
    commands.AddToPackage: shares.add_to_package,
    commands.BuyLabel: labels.buy_label,
    timers.BuyDeferredLabel: labels.buy_deferred,
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
