"""
The plain JSON carrier API, as `creatorflow.devstack.simulators` offers it: its bodies, and what they mean to us.

An error names a code and a field. Its message is not read: carriers quote addresses in it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from gateways.errors import Refused
from gateways.http_client import Answer
from schemas.shipping import Label, LabelRequest, Parcel
from schemas.values import Money, Person

KNOWN_CODES: Final = frozenset(
    {"address_incomplete", "field_missing", "not_printable", "not_served", "too_heavy", "key_reused", "unknown_label"}
    | {"cannot_be_cancelled"}
)
KNOWN_FIELDS: Final = frozenset(
    {"reference", "carrier", "service", "weight_grams", "name", "street1", "street2", "city", "state", "postal_code"}
    | {"country", "media_type"}
)


class Recipient(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who gets the parcel, and where."""

    name: str
    street1: str
    country: str
    street2: str = ""
    phone: str = ""
    email: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    complete: bool = True


class LabelPurchase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of POST /labels."""

    reference: str
    carrier: str
    service: str
    order_number: str
    recipient: Recipient
    weight_grams: int | None = None
    value: Money | None = None


class SoldLabel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One label, as the carrier knows it."""

    id: str
    reference: str
    carrier: str
    service: str
    tracking_number: str
    cost: Money | None = None


class VoidedLabel(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of POST /labels/{id}/void."""

    reference: str


class FoundLabels(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of GET /labels?reference=."""

    labels: tuple[SoldLabel, ...]


class Complaint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why the carrier says no."""

    code: str = ""
    field: str = ""


class Complained(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a 4xx."""

    error: Complaint = Complaint()


def purchase(request: LabelRequest, recipient: Person) -> bytes:
    """The body that asks for this label."""
    body = LabelPurchase(
        reference=request.reference,
        carrier=request.carrier,
        service=request.service,
        order_number=request.order_number,
        recipient=addressee(request.parcel, recipient),
        weight_grams=request.parcel.weight_grams,
        value=request.parcel.value,
    )
    return msgspec.json.encode(body)


def addressee(parcel: Parcel, recipient: Person) -> Recipient:
    """The address and the person in one."""
    address = parcel.address
    return Recipient(
        name=recipient.name,
        street1=recipient.street1,
        street2=recipient.street2,
        phone=recipient.phone,
        email=recipient.email,
        city=address.city,
        state=address.state,
        postal_code=address.postal_code,
        country=address.country,
        complete=address.complete,
    )


def label(sold: SoldLabel) -> Label:
    """The carrier's label as ours."""
    return Label(
        reference=sold.reference,
        carrier=sold.carrier,
        service=sold.service,
        tracking_number=sold.tracking_number,
        carrier_reference=sold.id,
        cost=sold.cost,
    )


def refusal(answer: Answer) -> Refused:
    """What the carrier's no means. Only codes and fields that we know are told on: others may quote a buyer."""
    try:
        error = msgspec.json.decode(answer.body, type=Complained).error
    except msgspec.MsgspecError:
        return Refused(f"carrier answered {answer.status}")
    code = error.code if error.code in KNOWN_CODES else f"answered {answer.status}"
    return Refused(f"carrier: {code} ({error.field})" if error.field in KNOWN_FIELDS else f"carrier: {code}")
