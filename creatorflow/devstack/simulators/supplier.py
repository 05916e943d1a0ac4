"""A supplier: confirms orders with a date, and tells what became of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from creatorflow.devstack.simulators.record import Record
from gateways.suppliers.http import SupplierOrderBody

EXPRESS_HOURS = 12


class SupplierService:
    """Confirms everything but a quantity below 1. Repeated: the same order id is one order, with the first answer."""

    def __init__(self, record: Record, lead_time_hours: int) -> None:
        self._record = record
        self._lead_time = timedelta(hours=lead_time_hours)
        self._express = min(self._lead_time, timedelta(hours=EXPRESS_HOURS))
        self._orders = {entry["id"]: entry for entry in record.done("ordered")}
        self._orders |= {entry["id"]: entry for entry in record.done("hurried")}

    def routes(self) -> list[Route]:
        """Its paths."""
        return [
            Route("/orders", self.take, methods=["POST"]),
            Route("/orders/{id}/express", self.hurry, methods=["POST"]),
            Route("/orders/{id:path}", self.tell, methods=["GET"]),
        ]

    async def take(self, request: Request) -> Response:
        """Take one order, or say why not."""
        try:
            wanted = msgspec.json.decode(await request.body(), type=SupplierOrderBody)
        except msgspec.MsgspecError:
            return JSONResponse({"id": "", "outcome": "refused", "reason": "unknown_item"}, status_code=400)
        self._record.asked(wanted.id)
        if wanted.quantity < 1:
            answer = {"id": wanted.id, "outcome": "refused", "reason": "quantity_too_small"}
            return JSONResponse(answer, status_code=422)
        if wanted.id not in self._orders:
            self._place(wanted)
        return JSONResponse(_public(self._orders[wanted.id]), status_code=201)

    async def tell(self, request: Request) -> Response:
        """What became of one order."""
        entry = self._orders.get(request.path_params["id"])
        return JSONResponse({"error": "unknown"}, status_code=404) if entry is None else JSONResponse(_public(entry))

    async def hurry(self, request: Request) -> Response:
        """Send one order express, once: its date comes nearer, and the first answer is given again."""
        entry = self._orders.get(request.path_params["id"])
        if entry is None:
            return JSONResponse({"id": "", "outcome": "refused", "reason": "unknown_order"}, status_code=404)
        due_at = (datetime.now(UTC) + self._express).isoformat()
        if due_at < entry["due_at"] and not entry.get("express"):
            entry = {**entry, "due_at": due_at, "express": True}
            self._record.did("hurried", **entry)
            self._orders[entry["id"]] = entry
        return JSONResponse(_public(entry))

    def _place(self, wanted: SupplierOrderBody) -> None:
        entry: dict[str, Any] = {
            "id": wanted.id,
            "item": wanted.item,
            "quantity": wanted.quantity,
            "due_at": (datetime.now(UTC) + self._lead_of(wanted.delivery)).isoformat(),
            "reference": f"so-{len(self._orders) + 1}",
        }
        self._record.did("ordered", **entry)
        self._orders[wanted.id] = entry

    def _lead_of(self, delivery: str) -> timedelta:
        return self._express if delivery == "express" else self._lead_time


def supplier_app(record: Record, lead_time_hours: int) -> Starlette:
    """The supplier as an application."""
    return Starlette(routes=SupplierService(record, lead_time_hours).routes())


def _public(entry: dict[str, Any]) -> dict[str, Any]:
    return {"outcome": "confirmed", **{name: entry[name] for name in ("id", "due_at", "reference")}}
