"""A supplier behind a plain JSON API."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Final, Literal
from urllib.parse import quote

import msgspec

from gateways.errors import OutcomeUnknown, Unavailable
from gateways.http_client import Answer, HttpClient, Request
from gateways.suppliers.protocol import SupplierAnswer
from schemas.calls import PlaceReorderCall, SpeedUpReorderCall

KNOWN_REASONS: Final = frozenset(
    {"out_of_stock", "unknown_item", "quantity_too_small", "credit_limit", "on_its_way", "no_express", "unknown_order"}
)


class SupplierOrderBody(msgspec.Struct, frozen=True, kw_only=True):
    """The body of POST /orders."""

    id: str
    item: str
    quantity: int
    delivery: str = "standard"


class SupplierOrderState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the supplier says of an order, in the answer to POST /orders and GET /orders/{id}."""

    id: str
    outcome: Literal["confirmed", "refused"]
    due_at: datetime | None = None
    reference: str = ""
    reason: str = ""


class HttpSupplier:
    """One supplier of the API."""

    supports_lookup: Final = True

    def __init__(self, client: HttpClient, *, name: str = "supplier", api_key: str = "") -> None:
        self.name: Final = name
        self._client = client
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}

    async def place(self, order: PlaceReorderCall) -> SupplierAnswer:
        """Order units, with the reorder id as the idempotency key. An answer that cannot be read is OutcomeUnknown."""
        body = SupplierOrderBody(
            id=order.reorder_id,
            item=order.item or str(order.stock_item_id),
            quantity=order.quantity,
            delivery=order.delivery,
        )
        return await self._post("/orders", order.reorder_id, order.reorder_id, msgspec.json.encode(body))

    async def speed_up(self, call: SpeedUpReorderCall) -> SupplierAnswer:
        """Ask for express, with a key of its own; the answer is the order with its new date, or a refusal."""
        path = f"/orders/{quote(call.reorder_id, safe='')}/express"
        return await self._post(path, call.reorder_id, f"{call.reorder_id}:express", b"{}")

    async def _post(self, path: str, reorder_id: str, key: str, body: bytes) -> SupplierAnswer:
        headers = {**self._headers, "Idempotency-Key": key, "Content-Type": "application/json"}
        answer = await self._client.ask(Request("POST", path, acts=True, headers=headers, body=body))
        if answer.refused:
            return SupplierAnswer("refused", reason=_reason(answer))
        state = _state(answer, reorder_id)
        if state is None:
            raise OutcomeUnknown(f"{self._client.service}: the answer is not about the order that was placed")
        return _meaning(state)

    async def find(self, reorder_id: str) -> SupplierAnswer | None:
        """What became of an order; 404 is None."""
        request = Request("GET", f"/orders/{quote(reorder_id, safe='')}", acts=False, headers=self._headers)
        answer = await self._client.ask(request)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        state = None if answer.refused else _state(answer, reorder_id)
        if state is None:
            raise Unavailable(f"{self._client.service}: look-up answered {answer.status}")
        return _meaning(state)


def _state(answer: Answer, reorder_id: str) -> SupplierOrderState | None:
    try:
        state = msgspec.json.decode(answer.body, type=SupplierOrderState)
    except msgspec.MsgspecError:
        return None
    return state if state.id == reorder_id else None


def _meaning(state: SupplierOrderState) -> SupplierAnswer:
    if state.outcome == "refused":
        return SupplierAnswer("refused", reason=_known(state.reason))
    return SupplierAnswer("confirmed", due_at=state.due_at, supplier_reference=state.reference)


def _reason(answer: Answer) -> str:
    try:
        return _known(msgspec.json.decode(answer.body, type=SupplierOrderState).reason)
    except msgspec.MsgspecError:
        return f"supplier answered {answer.status}"


def _known(reason: str) -> str:
    return f"supplier: {reason}" if reason in KNOWN_REASONS else "supplier gave no reason that we know"
