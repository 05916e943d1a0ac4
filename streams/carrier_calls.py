"""Labels, bought and taken back. Part of the callers."""

from __future__ import annotations

from typing import Literal

from aggregates.event_store.calls import Postponed
from schemas.calls import BuyLabelCall, VoidLabelCall
from schemas.commands import RecordLabelOutcome, RecordVoidOutcome
from schemas.shipping import Label, LabelRequest
from streams.call_outcomes import Gateways, Outcome, Taken, asked, closed

VOID_TRIES = 5


async def buy_label(gateways: Gateways, taken: Taken) -> Outcome:
    """Buy one label. Unknown: looked up under its reference before it is bought again, else parked."""
    call: BuyLabelCall = taken.call
    carrier = gateways.carriers.get(call.request.carrier)
    if carrier is None:
        return closed(taken, _label_refused(call.request, f"no gateway for carrier {call.request.carrier}"))
    if taken.claimed.unknown and not carrier.supports_lookup:
        return closed(taken, _label_parked(call.request, "it is not known whether a label was bought"))

    async def ask() -> Label:
        if taken.claimed.unknown and (found := await carrier.find_label(call.request.reference)) is not None:
            return found
        return await carrier.buy_label(call.request, taken.recipient)

    return await asked(
        taken,
        ask,
        lambda label: _label_bought(call.request, label),
        lambda reason: _label_refused(call.request, reason),
    )


async def void_label(gateways: Gateways, taken: Taken) -> Outcome:
    """Take one label back. Repeated: harmless, so nothing is looked up before; given up after five tries."""
    call: VoidLabelCall = taken.call
    carrier = gateways.carriers.get(call.label.carrier)
    if carrier is None:
        return closed(taken, _void_told(call, "refused", f"no gateway for carrier {call.label.carrier}"))
    outcome = await asked(
        taken,
        lambda: carrier.void_label(call.label),
        lambda _: _void_told(call, "voided"),
        lambda reason: _void_told(call, "refused", reason),
    )
    return _given_up(taken, call, outcome) if isinstance(outcome, Postponed) else outcome


def _given_up(taken: Taken, call: VoidLabelCall, outcome: Postponed) -> Outcome:
    """The outcome of the last try: a refusal where surely no try acted, and a person's question where one may have."""
    tries = taken.claimed.failures + outcome.attempted
    if tries < VOID_TRIES and not outcome.parked:
        return outcome
    return closed(
        taken, _void_told(call, "parked" if outcome.unknown else "refused", f"{tries} tries: {outcome.error}")
    )


def _label_bought(request: LabelRequest, label: Label) -> RecordLabelOutcome:
    return RecordLabelOutcome(
        shipment_id=request.shipment_id,
        attempt=request.attempt,
        outcome="bought",
        carrier=label.carrier,
        service=label.service,
        tracking_number=label.tracking_number,
        carrier_reference=label.carrier_reference,
        cost=label.cost,
    )


def _label_refused(request: LabelRequest, reason: str) -> RecordLabelOutcome:
    return RecordLabelOutcome(
        shipment_id=request.shipment_id,
        attempt=request.attempt,
        outcome="refused",
        carrier=request.carrier,
        reason=reason,
    )


def _label_parked(request: LabelRequest, reason: str) -> RecordLabelOutcome:
    return RecordLabelOutcome(
        shipment_id=request.shipment_id,
        attempt=request.attempt,
        outcome="parked",
        carrier=request.carrier,
        reason=reason,
    )


def _void_told(
    call: VoidLabelCall, outcome: Literal["voided", "refused", "parked"], reason: str = ""
) -> RecordVoidOutcome:
    return RecordVoidOutcome(shipment_id=call.shipment_id, attempt=call.attempt, outcome=outcome, reason=reason)
