"""A carrier: sells labels, finds them by their reference, prints them, and takes them back."""

from __future__ import annotations

from itertools import count
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from creatorflow.devstack.simulators.faults import Faults
from creatorflow.devstack.simulators.record import Record
from gateways.carriers.labels.files import make_label_file
from gateways.carriers.labels.pdf import Glyphs
from gateways.carriers.labels.text import Sender, recipient_lines
from gateways.carriers.mapping import LabelPurchase, Recipient
from gateways.carriers.protocol import PDF
from gateways.carriers.tracking_numbers import number_of
from gateways.errors import Refused
from schemas.shipping import Label, Parcel
from schemas.values import Address, Person

SENDER: Final = Sender("Simulated Carrier Depot", ("1 Depot Road", "Reno NV 89502", "US"))
HEAVIEST_GRAMS: Final = 31_500
LABELS_KEPT: Final = 10_000


class CarrierService:
    """
    One API for carriers of any name.

    Repeated: the same Idempotency-Key gives the same label, unless control switched that off; then each request sells.
    Recipients are kept in memory alone: after a restart labels are still found, but not printed.
    """

    def __init__(self, faults: Faults, record: Record) -> None:
        self._faults = faults
        self._record = record
        self._glyphs = Glyphs()
        self._numbers = count(1 + sum(1 for _ in record.done("sold")))
        self._by_key = {entry["key"]: entry for entry in record.done("sold")}
        self._purchases: dict[str, LabelPurchase] = {}
        self._voided = {entry["id"] for entry in record.done("voided")}

    def routes(self) -> list[Route]:
        """Its paths."""
        return [
            Route("/labels", self.sell, methods=["POST"]),
            Route("/labels", self.find, methods=["GET"]),
            Route("/labels/{id}/file", self.print, methods=["GET"]),
            Route("/labels/{id}/void", self.void, methods=["POST"]),
        ]

    async def sell(self, request: Request) -> Response:
        """Sell one label, or say why not."""
        try:
            wanted = msgspec.json.decode(await request.body(), type=LabelPurchase)
        except msgspec.MsgspecError:
            return _complaint(400, "field_missing", "reference")
        key = request.headers.get("Idempotency-Key", wanted.reference)
        self._record.asked(wanted.reference)
        refusal = self._refusal(wanted)
        if refusal is not None:
            return refusal
        known = self._by_key.get(key) if self._faults.control.idempotent else None
        if known is not None:
            same = known["reference"] == wanted.reference
            return JSONResponse(_public(known)) if same else _complaint(409, "key_reused", "reference")
        return JSONResponse(_public(self._sell(key, wanted)), status_code=201)

    async def find(self, request: Request) -> Response:
        """The labels that were sold under a reference."""
        if not self._faults.control.lookup:
            return _complaint(404, "not_served", "reference")
        reference = request.query_params.get("reference", "")
        found = [_public(entry) for entry in self._record.done("sold") if entry["reference"] == reference]
        return JSONResponse({"labels": found})

    async def void(self, request: Request) -> Response:
        """Take one label back, unless control says that it is too late; one that is void already is answered alike."""
        label_id = request.path_params["id"]
        entry = next((sold for sold in self._record.done("sold") if sold["id"] == label_id), None)
        if entry is None:
            return _complaint(404, "unknown_label", "reference")
        self._record.asked(f"void {entry['reference']}")
        if label_id not in self._voided:
            if not self._faults.control.voids:
                return _complaint(409, "cannot_be_cancelled", "reference")
            self._record.did("voided", **{name: entry[name] for name in ("id", "reference", "tracking_number")})
            self._voided.add(label_id)
        return JSONResponse({**_public(entry), "voided": True})

    async def print(self, request: Request) -> Response:
        """The file of one label, in the media type that is accepted."""
        label_id = request.path_params["id"]
        entry = next((sold for sold in self._record.done("sold") if sold["id"] == label_id), None)
        wanted = self._purchases.get(label_id)
        if entry is None or wanted is None or label_id in self._voided:
            return _complaint(404, "unknown_label", "reference")
        parcel, person = _parcel(wanted), _person(wanted.recipient)
        media_type = request.headers.get("Accept", PDF)
        try:
            file = make_label_file(
                _label(entry), parcel, person, media_type, sender=SENDER, order_number=wanted.order_number
            )
        except Refused:
            return _complaint(406, "not_printable", "media_type")
        return Response(file.content, media_type=file.media_type)

    def _refusal(self, wanted: LabelPurchase) -> Response | None:
        """What a carrier cannot deliver. The message quotes the address, as real ones do."""
        recipient = wanted.recipient
        if wanted.weight_grams is not None and wanted.weight_grams > HEAVIEST_GRAMS:
            return _complaint(422, "too_heavy", "weight_grams")
        if not recipient.complete:
            return _complaint(422, "address_incomplete", "street1", f"cannot deliver to {recipient.street1}")
        try:
            recipient_lines(_parcel(wanted).address, _person(recipient), self._glyphs)
        except Refused as error:
            field = next((name for name in ("name", "street1", "street2") if name in error.reason), "city")
            code = "field_missing" if "missing" in error.reason else "not_printable"
            return _complaint(422, code, field, f"{recipient.name}, {recipient.street1}: {error.reason}")
        return None

    def _sell(self, key: str, wanted: LabelPurchase) -> dict[str, Any]:
        number = next(self._numbers)
        entry: dict[str, Any] = {
            "key": key,
            "id": f"lb_{number}",
            "reference": wanted.reference,
            "carrier": wanted.carrier,
            "service": wanted.service,
            "tracking_number": self._faults.control.tracking_number
            or number_of(wanted.carrier, f"{wanted.reference}#{number}"),
        }
        self._record.did("sold", **entry)
        self._by_key[key] = entry
        self._purchases[entry["id"]] = wanted
        if len(self._purchases) > LABELS_KEPT:
            del self._purchases[next(iter(self._purchases))]
        return entry


def carrier_app(faults: Faults, record: Record) -> Starlette:
    """The carrier as an application."""
    return Starlette(routes=CarrierService(faults, record).routes())


def _public(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: entry[name] for name in ("id", "reference", "carrier", "service", "tracking_number")}


def _label(entry: dict[str, Any]) -> Label:
    return Label(
        reference=entry["reference"],
        carrier=entry["carrier"],
        service=entry["service"],
        tracking_number=entry["tracking_number"],
        carrier_reference=entry["id"],
    )


def _parcel(wanted: LabelPurchase) -> Parcel:
    to = wanted.recipient
    address = Address(country=to.country, state=to.state, city=to.city, postal_code=to.postal_code)
    return Parcel(address=address, weight_grams=wanted.weight_grams, value=wanted.value)


def _person(to: Recipient) -> Person:
    return Person(name=to.name, phone=to.phone, email=to.email, street1=to.street1, street2=to.street2)


def _complaint(status: int, code: str, field: str, message: str = "") -> Response:
    return JSONResponse({"error": {"code": code, "field": field, "message": message}}, status_code=status)
