"""The labels of a package: at most one is live, and the next one is asked for once the last one is gone."""

from __future__ import annotations

from datetime import timedelta

from aggregates.policies import clocks
from aggregates.policies.carrier_choice import Choice, choose_carrier
from aggregates.shipment_event import Part
from aggregates.shipment_state import Known, Shipment
from schemas import commands, timers
from schemas.shipping import Label, LabelRequest, Parcel

ASKED_FOR_BY_A_PERSON = frozenset(
    {"deferred", "recalled", "refused", "withheld", "parked", "held", "voided", "written off", "void parked"}
)
GONE = frozenset({"recalled", "voided", "written off"})


def begin(shipment: Shipment, known: Known) -> None:
    """Ask for the label at once, or wait for other orders as long as the shop wishes."""
    when, minutes = known.timing.when, known.timing.minutes
    if when == "at once":
        ask_for_label(shipment, known)
        return
    until = known.at + timedelta(minutes=minutes) if when == "later" else None
    shipment.trigger_event(Shipment.LabelDeferred, timestamp=known.at, order_id=shipment.order_id, until=until)


def ask_for_label(shipment: Shipment, known: Known) -> None:
    """Choose a carrier among those of today, and ask it for one label."""
    assert shipment.address is not None
    parcel = Parcel(address=shipment.address, weight_grams=shipment.weight_grams, value=shipment.value)
    choice = choose_carrier(parcel, shipment.deadlines.deliver_by, known.at, known.tariffs)
    if choice.tariff is None:
        shipment.trigger_event(
            Shipment.Held,
            timestamp=known.at,
            order_id=shipment.order_id,
            reason=choice.reason,
            options=choice.options,
            others=_others(shipment),
        )
        return
    shipment.trigger_event(
        Shipment.CarrierChosen,
        timestamp=known.at,
        carrier=choice.tariff.carrier,
        service=choice.tariff.service,
        cost=choice.cost,
        reason=choice.reason,
        options=choice.options,
        weight_grams=choice.weight_grams,
        weight_assumed=choice.weight_assumed,
    )
    request = _request(shipment, choice)
    shipment.trigger_event(
        Shipment.LabelRequested,
        timestamp=known.at,
        carrier=request.carrier,
        attempt=request.attempt,
        request=request,
        marketplace=shipment.marketplace,
        shop=shipment.shop,
        priority=shipment.priority,
        dispatch_by=shipment.deadlines.dispatch_by,
    )


def _others(shipment: Shipment) -> tuple[Part, ...]:
    """The orders beside the first one that want the package."""
    return tuple(share.part for share in shipment.wanted[1:])


def _request(shipment: Shipment, choice: Choice) -> LabelRequest:
    assert choice.tariff is not None
    assert shipment.address is not None
    attempt = shipment.attempt + 1
    return LabelRequest(
        reference=f"{shipment.id}:{attempt}",
        shipment_id=shipment.id,
        attempt=attempt,
        carrier=choice.tariff.carrier,
        service=choice.tariff.service,
        order_number=shipment.order_number,
        parcel=Parcel(address=shipment.address, weight_grams=choice.weight_grams, value=shipment.value),
    )


def ask_for_void(shipment: Shipment, reason: str, known: Known) -> None:
    """Ask the carrier to take the live label back; its file is not handed out from here on."""
    shipment.trigger_event(
        Shipment.VoidRequested,
        timestamp=known.at,
        order_id=shipment.order_id,
        attempt=shipment.attempt,
        label=sold_label(shipment),
        shop=shipment.shop,
        reason=reason,
    )


def sold_label(shipment: Shipment) -> Label:
    """The latest label that was sold, as its carrier knows it."""
    sold, request = shipment.sold, shipment.request
    assert sold is not None
    assert request is not None
    return Label(
        reference=request.reference,
        carrier=sold.carrier,
        service=sold.service,
        tracking_number=sold.tracking_number,
        carrier_reference=sold.carrier_reference,
        cost=sold.cost,
    )


def go_on(shipment: Shipment, known: Known) -> None:
    """Ask for the next label where the last one is gone, or the wait for it over, and nothing keeps it back."""
    if (shipment.label in GONE or _is_due(shipment, known)) and shipment.wants_label:
        ask_for_label(shipment, known)


def _is_due(shipment: Shipment, known: Known) -> bool:
    until = shipment.deferred_until
    return shipment.label == "deferred" and until is not None and until <= known.at


def buy_deferred(shipment: Shipment, command: timers.BuyDeferredLabel, known: Known) -> None:
    """
    Ask for a label that waited for other orders: the timer says that it is time, whatever clock it went by.

    Refused: nothing where it was asked for already; what is stopped asks once it is not. Repeated: nothing.
    """
    if shipment.label == "deferred" and shipment.wants_label:
        ask_for_label(shipment, known)


def buy_label(shipment: Shipment, command: commands.BuyLabel, known: Known) -> None:
    """
    Ask for the label on a person's word, among the carriers of today: again, or before it is due.

    Refused: nothing while a request is open, once bought, or when cancelled, stopped or gone. Repeated: nothing while
    it is open.
    """
    if shipment.label in ASKED_FOR_BY_A_PERSON and shipment.wants_label:
        ask_for_label(shipment, known)


def replace_label(shipment: Shipment, command: commands.ReplaceLabel, known: Known) -> None:
    """
    Take the label back and buy another one, on a person's word; a cancelled package gets no other.

    Refused: nothing without a label, once it is on paper, or when the package is stopped. Repeated: nothing while the
    label goes back.
    """
    kept = shipment.printed or shipment.handed_over or shipment.stopped is not None
    if shipment.label in {"bought", "void parked"} and not kept:
        ask_for_void(shipment, command.reason, known)


def record_label_outcome(shipment: Shipment, command: commands.RecordLabelOutcome, known: Known) -> None:
    """
    Take over what came of asking for the label.

    A label that comes for a cancelled package, or for an address or contents that changed meanwhile, goes back; where
    the carrier was not asked, the next one is asked for once nothing keeps it back. Refused: nothing for the answer to
    another attempt. Repeated: nothing.
    """
    if command.attempt != shipment.attempt or shipment.label not in {"requested", "parked"}:
        return
    if command.outcome == "bought":
        _bought(shipment, command, known)
        return
    if command.outcome == "recalled":
        _recalled(shipment, command, known)
        return
    told = {"timestamp": known.at, "order_id": shipment.order_id, "reason": command.reason}
    of_all = {"others": _others(shipment), "wanted": not shipment.cancelled}
    if command.outcome == "refused":
        shipment.trigger_event(Shipment.LabelRefused, **told, **of_all)
    elif shipment.label == "requested" and command.outcome == "withheld":
        shipment.trigger_event(Shipment.LabelWithheld, **told)
    elif shipment.label == "requested":
        shipment.trigger_event(Shipment.Parked, **told, **of_all)


def _recalled(shipment: Shipment, command: commands.RecordLabelOutcome, known: Known) -> None:
    if shipment.label == "requested":
        shipment.trigger_event(Shipment.LabelRecalled, timestamp=known.at, attempt=command.attempt)
        go_on(shipment, known)


def _calendar(shipment: Shipment, known: Known) -> clocks.Calendar:
    return known.calendars.get((shipment.marketplace, shipment.shop), clocks.EVERY_WEEKDAY)


def _bought(shipment: Shipment, command: commands.RecordLabelOutcome, known: Known) -> None:
    shipment.trigger_event(
        Shipment.LabelBought,
        timestamp=known.at,
        order_id=shipment.order_id,
        carrier=command.carrier,
        service=command.service,
        tracking_number=command.tracking_number,
        carrier_reference=command.carrier_reference,
        cost=command.cost,
        scan_by=clocks.scan_by(known.at, _calendar(shipment, known)),
        others=_others(shipment),
    )
    if known.sharing:
        shipment.trigger_event(
            Shipment.TrackingNumberShared,
            timestamp=known.at,
            order_id=shipment.order_id,
            carrier=command.carrier,
            tracking_number=command.tracking_number,
            others=known.sharing,
        )
    if shipment.cancelled:
        ask_for_void(shipment, "its label came after it was cancelled", known)
    elif shipment.handed_over:
        ask_for_void(shipment, "its label came after it left under another one", known)
    elif shipment.outdated:
        ask_for_void(shipment, "its address or contents changed while the label was bought", known)


def record_void_outcome(shipment: Shipment, command: commands.RecordVoidOutcome, known: Known) -> None:
    """
    Take over what came of taking the label back; a package that is still wanted then gets its next label.

    Refused: nothing for the answer to another attempt. Repeated: nothing.
    """
    if command.attempt != shipment.attempt or shipment.label not in {"voiding", "void parked"}:
        return
    assert shipment.sold is not None
    of = {
        "timestamp": known.at,
        "order_id": shipment.order_id,
        "tracking_number": shipment.sold.tracking_number,
    }
    if command.outcome == "voided":
        shipment.trigger_event(Shipment.LabelVoided, **of)
    elif command.outcome == "refused":
        lost = shipment.sold.cost or shipment.quoted
        shipment.trigger_event(Shipment.VoidRefused, **of, reason=command.reason, lost=lost)
    elif shipment.label == "voiding":
        shipment.trigger_event(Shipment.VoidParked, **of, reason=command.reason)
    go_on(shipment, known)


def readdress(shipment: Shipment, command: commands.ReaddressShipment, known: Known) -> None:
    """
    Send the package to another address. A label that is not on paper goes back and another is bought; one that is stays
    in the house until a person puts the package back.

    Refused: ReaddressedTooLate once it left; nothing when cancelled, or told of an address older than the present one.
    Repeated: nothing.
    """
    older = shipment.addressed_at is not None and command.updated_at <= shipment.addressed_at
    if shipment.cancelled or older or command.address == shipment.address:
        return
    if shipment.handed_over:
        shipment.trigger_event(
            Shipment.ReaddressedTooLate,
            timestamp=known.at,
            order_id=shipment.order_id,
            updated_at=command.updated_at,
        )
        return
    shipment.trigger_event(
        Shipment.Readdressed,
        timestamp=known.at,
        order_id=shipment.order_id,
        address=command.address,
        updated_at=command.updated_at,
        stage=shipment.stage,
    )
    if shipment.outdated and not shipment.printed:
        ask_for_void(shipment, "its address changed", known)
