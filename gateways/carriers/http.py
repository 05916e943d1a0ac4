"""A carrier behind a plain JSON API."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, TypeVar

import msgspec

from gateways.carriers import mapping
from gateways.carriers.labels.files import is_whole
from gateways.carriers.protocol import PDF, ZPL
from gateways.errors import OutcomeUnknown, Refused, Unavailable
from gateways.http_client import Answer, HttpClient, Request
from schemas.shipping import Label, LabelFile, LabelRequest, Parcel
from schemas.values import Person

Body = TypeVar("Body")


class HttpCarrier:
    """One carrier of the API. `supports_lookup` is what its contract says of finding a label by its reference."""

    def __init__(self, name: str, client: HttpClient, *, api_key: str = "", supports_lookup: bool = True) -> None:
        self.name: Final = name
        self.supports_lookup: Final = supports_lookup
        self._client = client
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}

    async def buy_label(self, request: LabelRequest, recipient: Person) -> Label:
        """
        Buy one label, with its reference as the idempotency key.

        Raises OutcomeUnknown too for an answer that cannot be read, or that is about another reference.
        """
        answer = await self._client.ask(
            Request(
                "POST",
                "/labels",
                acts=True,
                headers={
                    **self._headers,
                    "Idempotency-Key": request.reference,
                    "Content-Type": "application/json",
                },
                body=mapping.purchase(request, recipient),
            )
        )
        if answer.refused:
            raise mapping.refusal(answer)
        bought = _body(answer, mapping.SoldLabel)
        if bought is None or bought.reference != request.reference or not bought.tracking_number:
            raise OutcomeUnknown(f"{self._client.service}: the answer is not the label that was asked for")
        return mapping.label(bought)

    async def find_label(self, reference: str) -> Label | None:
        """The label that was sold under this reference. More than one is for a person: Refused."""
        request = Request("GET", "/labels", acts=False, params={"reference": reference}, headers=self._headers)
        answer = await self._client.ask(request)
        found = None if answer.refused else _body(answer, mapping.FoundLabels)
        if found is None:
            raise Unavailable(f"{self._client.service}: look-up answered {answer.status}")
        if any(sold.reference != reference for sold in found.labels):
            raise Unavailable(f"{self._client.service}: look-up answered for another reference")
        if len(found.labels) > 1:
            raise Refused(f"{len(found.labels)} labels were sold under one reference")
        return mapping.label(found.labels[0]) if found.labels else None

    async def void_label(self, label: Label) -> None:
        """Take one label back; one that is void already is done. Raises OutcomeUnknown too for an unreadable answer."""
        answer = await self._client.ask(
            Request("POST", f"/labels/{label.carrier_reference}/void", acts=True, headers=self._headers)
        )
        if answer.refused:
            raise mapping.refusal(answer)
        voided = _body(answer, mapping.VoidedLabel)
        if voided is None or voided.reference != label.reference:
            raise OutcomeUnknown(f"{self._client.service}: the answer is not about the label that was to be void")

    async def label_file(
        self, label: Label, parcel: Parcel, recipient: Person, media_type: str, *, order_number: str = ""
    ) -> LabelFile:
        """Fetch the file that the carrier made when it sold the label; one that is not whole is Unavailable."""
        if media_type not in {PDF, ZPL}:
            raise Refused("media type is neither application/pdf nor application/zpl")
        answer = await self._client.ask(
            Request(
                "GET",
                f"/labels/{label.carrier_reference}/file",
                acts=False,
                headers={**self._headers, "Accept": media_type},
            )
        )
        if answer.status == HTTPStatus.NOT_FOUND:
            raise Refused("carrier: unknown_label")
        if answer.refused:
            raise mapping.refusal(answer)
        file = LabelFile(media_type=media_type, content=answer.body)
        if not is_whole(file):
            raise Unavailable(f"{self._client.service}: the label file is not whole")
        return file


def _body(answer: Answer, kind: type[Body]) -> Body | None:
    """What the answer says, or None if it cannot be read."""
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.MsgspecError:
        return None
