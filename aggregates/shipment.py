"""
A shipment: one package, its carrier, its one label, and its way to the buyer.

One live label per package: a label is asked for once, and again only on a person's word.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from eventsourcing.domain import Aggregate

from aggregates import shipment_events
from aggregates.policies.carrier_choice import choose_carrier
from schemas import commands
from schemas.commands import Command
from schemas.shipping import LabelRequest, Parcel, Tariff
from schemas.values import Address, Deadlines, Money, Need, OrderLine

SCANS_KEPT = 1_000
"""How many scans one package takes; a carrier that sends more is not listened to any more."""


class Known(NamedTuple):
    """What a decision about a package may ask: the moment, and what carriers charge."""

    at: datetime
    tariffs: tuple[Tariff, ...]


class Shipment(Aggregate):
    """One package of one order."""

    TOPIC = "shipment"

    Event = shipment_events.Event
    Created = shipment_events.Opened
    Opened = shipment_events.Opened
    Refused = shipment_events.Refused
    CarrierChosen = shipment_events.CarrierChosen
    Held = shipment_events.Held
    LabelRequested = shipment_events.LabelRequested
    LabelBought = shipment_events.LabelBought
    LabelRefused = shipment_events.LabelRefused
    Parked = shipment_events.Parked
    Cancelled = shipment_events.Cancelled
    HandedOver = shipment_events.HandedOver
    Scanned = shipment_events.Scanned
    Delivered = shipment_events.Delivered
    Returned = shipment_events.Returned

    def __init__(self) -> None:
        self.order_id: UUID | None = None
        self.marketplace = ""
        self.shop = ""
        self.order_number = ""
        self.contents: tuple[Need, ...] = ()
        self.address: Address | None = None
        self.deadlines = Deadlines()
        self.priority = 1
        self.value: Money | None = None
        self.weight_grams: int | None = None
        self.label: Literal["none", "requested", "bought", "refused", "parked", "held"] = "none"
        self.attempt = 0
        self.cancelled = False
        self.handed_over = False
        self.delivered = False
        self.returned = False
        self.scans: set[str] = set()


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
        weight_grams=_weight_grams(command.lines),
    )
    _ask_for_label(shipment, known)
    return shipment


def _weight_grams(lines: tuple[OrderLine, ...]) -> int | None:
    """What the lines weigh together, None when one of them does not say."""
    weight = 0
    for line in lines:
        if line.quantity > 0:
            if not line.weight_grams:
                return None
            weight += line.weight_grams * line.quantity
    return weight or None


def _ask_for_label(shipment: Shipment, known: Known) -> None:
    """Choose a carrier among those of today, and ask it for one label."""
    assert shipment.address is not None
    parcel = Parcel(address=shipment.address, weight_grams=shipment.weight_grams, value=shipment.value)
    choice = choose_carrier(parcel, shipment.deadlines.deliver_by, known.at, known.tariffs)
    if choice.tariff is None:
        shipment.trigger_event(
            Shipment.Held, timestamp=known.at, **_held(shipment, choice.reason), options=choice.options
        )
        return
    carrier, service = choice.tariff.carrier, choice.tariff.service
    shipment.trigger_event(
        Shipment.CarrierChosen,
        timestamp=known.at,
        carrier=carrier,
        service=service,
        cost=choice.cost,
        reason=choice.reason,
        options=choice.options,
        weight_grams=choice.weight_grams,
        weight_assumed=choice.weight_assumed,
    )
    attempt = shipment.attempt + 1
    request = LabelRequest(
        reference=f"{shipment.id}:{attempt}",
        shipment_id=shipment.id,
        attempt=attempt,
        carrier=carrier,
        service=service,
        order_number=shipment.order_number,
        parcel=Parcel(address=shipment.address, weight_grams=choice.weight_grams, value=shipment.value),
    )
    shipment.trigger_event(
        Shipment.LabelRequested,
        timestamp=known.at,
        carrier=carrier,
        attempt=attempt,
        request=request,
        shop=shipment.shop,
        priority=shipment.priority,
        dispatch_by=shipment.deadlines.dispatch_by,
    )


def _held(shipment: Shipment, reason: str) -> dict[str, Any]:
    return {"order_id": shipment.order_id, "reason": reason}


def _refuse_unseen(command: commands.VoidLabel, known: Known) -> Shipment:
    """Close a package before it is opened: its purchase is refused when it comes."""
    return Shipment._create(
        Shipment.Refused, id=command.shipment_id, timestamp=known.at, order_id=command.order_id, reason=command.reason
    )


def _buy_label(shipment: Shipment, command: commands.BuyLabel, known: Known) -> None:
    """
    Ask for the label again on a person's word, among the carriers of today.

    Refused: nothing while a request is open, once bought, or when cancelled. Repeated: nothing while it is open.
    """
    if shipment.label in {"refused", "parked", "held"} and not shipment.cancelled:
        _ask_for_label(shipment, known)


def _record_label_outcome(shipment: Shipment, command: commands.RecordLabelOutcome, known: Known) -> None:
    """
    Take over what came of asking for the label.

    A label that comes for a cancelled package is live and listed for a person. Refused: nothing for the answer to
    another attempt. Repeated: nothing.
    """
    if command.attempt != shipment.attempt or shipment.label not in {"requested", "parked"}:
        return
    if command.outcome == "bought":
        shipment.trigger_event(
            Shipment.LabelBought,
            timestamp=known.at,
            order_id=shipment.order_id,
            carrier=command.carrier,
            service=command.service,
            tracking_number=command.tracking_number,
            carrier_reference=command.carrier_reference,
            cost=command.cost,
        )
        if shipment.cancelled:
            _cancel(shipment, "its label came after it was cancelled", known)
    elif command.outcome == "refused":
        shipment.trigger_event(Shipment.LabelRefused, timestamp=known.at, **_held(shipment, command.reason))
    elif shipment.label == "requested":
        shipment.trigger_event(Shipment.Parked, timestamp=known.at, **_held(shipment, command.reason))


def _void_label(shipment: Shipment, command: commands.VoidLabel, known: Known) -> None:
    """
    Close a package that the order no longer wants. One whose label is live, or may be, is listed for a person.

    Refused: nothing once it was handed over. Repeated: nothing.
    """
    if not shipment.cancelled and not shipment.handed_over:
        _cancel(shipment, command.reason, known)


def _cancel(shipment: Shipment, reason: str, known: Known) -> None:
    shipment.trigger_event(
        Shipment.Cancelled,
        timestamp=known.at,
        order_id=shipment.order_id,
        reason=reason,
        label_live=shipment.label in {"bought", "parked"},
    )


def _hand_over(shipment: Shipment, command: commands.HandOver, known: Known) -> None:
    """Note that the parcel was given to the carrier. Refused: nothing without a label. Repeated: nothing."""
    _leave(shipment, command.occurred_at, known)


def _leave(shipment: Shipment, occurred_at: datetime, known: Known) -> None:
    if shipment.label == "bought" and not shipment.handed_over:
        shipment.trigger_event(
            Shipment.HandedOver,
            timestamp=known.at,
            order_id=shipment.order_id,
            occurred_at=occurred_at,
            contents=shipment.contents,
        )


def _record_scan(shipment: Shipment, command: commands.RecordScan, known: Known) -> None:
    """
    Take over a carrier's scan; the first one is the hand-over if nobody told of it.

    Tracking never moves back, and a parcel on its way back is not delivered by arriving. Refused: nothing without
    a label. Repeated: nothing.
    """
    if shipment.label != "bought" or command.scan_id in shipment.scans or len(shipment.scans) >= SCANS_KEPT:
        return
    if command.status != "EXCEPTION":
        _leave(shipment, command.occurred_at, known)
    shipment.trigger_event(
        Shipment.Scanned,
        timestamp=known.at,
        scan_id=command.scan_id,
        status=command.status,
        occurred_at=command.occurred_at,
        place=command.place,
    )
    ended = {"timestamp": known.at, "order_id": shipment.order_id, "occurred_at": command.occurred_at}
    if command.status == "DELIVERED" and not (shipment.delivered or shipment.returned):
        shipment.trigger_event(Shipment.Delivered, **ended)
    elif command.status == "RETURNED" and not shipment.returned:
        shipment.trigger_event(Shipment.Returned, **ended)


HANDLERS: dict[type[Command], Callable[[Shipment, Any, Known], None]] = {
    commands.BuyLabel: _buy_label,
    commands.RecordLabelOutcome: _record_label_outcome,
    commands.VoidLabel: _void_label,
    commands.HandOver: _hand_over,
    commands.RecordScan: _record_scan,
}
