"""The shell of every simulator: control, record, and the faults between a request and its answer."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from creatorflow.devstack.simulators.faults import Control, Fault, Faults
from creatorflow.devstack.simulators.record import Record


class Simulator:
    """An ASGI application that stands before a service and spoils what it is told to spoil."""

    def __init__(self, service: Starlette, faults: Faults, record: Record) -> None:
        self._service = service
        self._faults = faults
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`/_control` and `/_record` are never spoiled."""
        if scope["type"] != "http":
            await self._service(scope, receive, send)
        elif scope["path"] == "/_control":
            await (await self._replace_faults(Request(scope, receive)))(scope, receive, send)
        elif scope["path"] == "/_record":
            await JSONResponse(self._record.content())(scope, receive, send)
        else:
            fault = self._faults.next_for(scope["method"], scope["path"])
            await self._serve(fault, scope, receive, send)

    async def _replace_faults(self, request: Request) -> Response:
        if request.method != "POST":
            return Response(msgspec.json.encode(self._faults.control), media_type="application/json")
        try:
            self._faults.replace(msgspec.json.decode(await request.body(), type=Control))
        except msgspec.MsgspecError as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        return JSONResponse({"ok": True})

    async def _serve(self, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
        if fault is None:
            await self._service(scope, receive, send)
            return
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self._service(scope, receive, send)
            return
        if fault.kind.startswith("act-then"):
            await self._service(scope, receive, _say_nothing)
        if fault.kind in {"wrong", "act-then-wrong"}:
            await _wrong_answer(fault)(scope, receive, send)
            return
        if fault.kind != "act-then-hang":
            _drop_connection(send)
        await _until_disconnected(receive)


def _wrong_answer(fault: Fault) -> Response:
    headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
    if fault.code is not None:
        body: dict[str, Any] = {"code": fault.code, "message": "told to be wrong", "request_id": "", "data": None}
        return JSONResponse(body, headers=headers)
    return JSONResponse({"error": {"code": "told_to_be_wrong"}}, status_code=fault.status, headers=headers)


async def _say_nothing(_message: Message) -> None:
    """The service has acted, and nobody learns of it."""


def _drop_connection(send: Send) -> None:
    """
    Close the connection without an answer.

    ASGI has no word for this; uvicorn's `send` is a method of the object that holds the connection.
    """
    connection: Any = getattr(send, "__self__")  # noqa: B009 - a callable type has no such attribute
    connection.transport.close()


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
