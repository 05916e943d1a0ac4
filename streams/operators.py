"""
What operators ask for over HTTP, turned into commands: 202 with the command's id, which is their Idempotency-Key.

Errors are RFC 9457 problem details that name the field and the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aggregates.event_store.connection import STORE_FAULT
from schemas import codec, topics
from schemas.commands import (
    Command,
)
from schemas.envelope import Envelope, to_headers
from streams.acknowledging import AlertNotOpen, FindAlert, NoSuchAlert, acknowledging
from streams.bodies import read_body
from streams.operator_bodies import (
    Acknowledgement,
    Redelivery,
)
from streams.operator_commands import DESCRIBED, POSTED, SOURCE, Build, Problem, decoded, many_orders, package_steps
from streams.publishing import BrokerUnavailable, Full, Record, RecordTooLarge
from streams.redelivery import NotRedeliverable, Redeliver, Wish

Put = Callable[[Record], Awaitable[None]]

MAX_BODY_BYTES = 64 * 1024
MAX_KEY_CHARACTERS = 200


def operator_routes(put: Put) -> list[Route]:
    """The operator's endpoints over a function that makes one record durable."""
    return [
        Route("/orders/bulk", _bulk(put, many_orders), methods=["POST"]),
        Route("/packages/bulk", _bulk(put, package_steps), methods=["POST"]),
        *(
            Route(path, _endpoint(put, identify, build), methods=[method])
            for method, group in (("POST", POSTED), ("PUT", DESCRIBED))
            for path, (identify, build) in group.items()
        ),
    ]


def _endpoint(put: Put, identify: Callable[[str], UUID], build: Build) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            key = _idempotency_key(request)
            name = ":".join(request.path_params.values())
            body = await _body(request)
            *beside, asked = build(identify(name), {"id": name, "key": key}, body)
            for command in beside:
                await put(_record(command, key, f"{key}:describe"))
            await put(_record(asked, key))
        except Problem as problem:
            return _problem(problem)
        except (BrokerUnavailable, Full, RecordTooLarge) as error:
            return _problem(Problem(503, "Unavailable", f"Kafka did not take the command: {type(error).__name__}"))
        return _accepted(key)

    return endpoint


def _bulk(put: Put, build: Callable[[bytes], list[Command]]) -> Callable[[Request], Awaitable[Response]]:
    """
    One command for each of many. All have the request's id, which counts once for each order or package.

    Repeated: after a 503, which may come when some were taken, the same request goes on with the rest.
    """

    async def endpoint(request: Request) -> Response:
        try:
            key = _idempotency_key(request)
            commands = build(await _body(request))
            await asyncio.gather(*(put(_record(command, key, key)) for command in commands))
        except Problem as problem:
            return _problem(problem)
        except (BrokerUnavailable, Full, RecordTooLarge) as error:
            return _problem(Problem(503, "Unavailable", f"Kafka did not take all commands: {type(error).__name__}"))
        return _accepted(key)

    return endpoint


def _idempotency_key(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if not key or len(key) > MAX_KEY_CHARACTERS:
        raise Problem(
            400, "Idempotency-Key", f"Idempotency-Key: the header must have 1 to {MAX_KEY_CHARACTERS} characters"
        )
    return key


def _record(command: Command, key: str, command_id: str = "") -> Record:
    name = type(command).__name__
    target = topics.key_of(command)
    envelope = Envelope(
        id=command_id or key,
        type=name,
        source=SOURCE,
        time=datetime.now(UTC),
        subject=target,
        correlation_id=key,
        causation_id=key,
    )
    return Record(topics.topic_of(command), target.encode(), codec.encode(command), to_headers(envelope))


def _problem(problem: Problem) -> Response:
    body = {"type": "about:blank", "title": problem.title, "status": problem.status, "detail": str(problem)}
    return Response(msgspec.json.encode(body), status_code=problem.status, media_type="application/problem+json")


def _accepted(key: str) -> Response:
    return Response(msgspec.json.encode({"command_id": key}), status_code=202, media_type="application/json")


async def _body(request: Request) -> bytes:
    body = await read_body(request, MAX_BODY_BYTES)
    if body is None:
        raise Problem(413, "Too large", f"the body has more than {MAX_BODY_BYTES} bytes")
    return body


def acknowledgement_route(put: Put, find: FindAlert) -> Route:
    """The operator's endpoint for alerts, over a function that finds one. The alert's aggregate notes who saw it."""

    async def endpoint(request: Request) -> Response:
        try:
            key = _idempotency_key(request)
            seen: Acknowledgement = decoded(await _body(request) or b"{}", Acknowledgement)
            alert = await find(_alert_id(request.path_params["id"]))
            await put(_record(acknowledging(alert, seen.by or SOURCE, seen.note), key))
        except NoSuchAlert as error:
            return _problem(Problem(404, "Not found", str(error)))
        except AlertNotOpen as error:
            return _problem(Problem(409, "Not open", str(error)))
        except Problem as problem:
            return _problem(problem)
        except STORE_FAULT as error:
            return _problem(Problem(503, "Unavailable", f"PostgreSQL did not answer: {type(error).__name__}"))
        except (BrokerUnavailable, Full, RecordTooLarge) as error:
            return _problem(Problem(503, "Unavailable", f"Kafka did not take the command: {type(error).__name__}"))
        return _accepted(key)

    return Route("/alerts/{id}/acknowledge", endpoint, methods=["POST"])


def _alert_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Problem(404, "Not found", "id: alert ids are a uuid; GET /alerts shows them") from None


def redelivery_route(redeliver: Redeliver) -> Route:
    """The operator's endpoint over a function that sends dead letters again."""

    async def endpoint(request: Request) -> Response:
        try:
            key = _idempotency_key(request)
            body = await _body(request)
            await redeliver(key, body, _wish(body))
        except Problem as problem:
            return _problem(problem)
        except NotRedeliverable as error:
            return _problem(Problem(422, "Invalid", str(error)))
        except STORE_FAULT as error:
            return _problem(Problem(503, "Unavailable", f"PostgreSQL did not take it: {type(error).__name__}"))
        return _accepted(key)

    return Route("/dead-letters/redeliver", endpoint, methods=["POST"])


def _wish(body: bytes) -> Wish:
    asked: Redelivery = decoded(body, Redelivery)
    if bool(asked.ids) == asked.all or (asked.reason and not asked.all):
        raise Problem(422, "Invalid", "ids: either ids, or all, which may be narrowed by a reason")
    return Wish(asked.ids, asked.reason)
