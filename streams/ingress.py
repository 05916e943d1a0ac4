"""
The door: verify a webhook over its raw bytes, put the bytes on their topic unchanged, and answer once they are durable.

Reads: HTTP, each marketplace on its own path and by its own door.    Writes: tiktok.webhooks.v1 and those of other
marketplaces, the commands of operators, and which dead letters they want sent again.
Repeated: answered as taken when this process saw the same id and body acknowledged; the inbox decides.
Bad: 401 for a signature that is missing or wrong, 413 above 1 MiB, 503 while Kafka does not take it; never 500.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import structlog
from cachetools import LRUCache
from prometheus_client import Counter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateways.webhooks import Turned, WebhookDoor
from schemas.codec import encode
from schemas.values import Value
from streams.acknowledging import FindAlert
from streams.bodies import read_body
from streams.content_door import content_route
from streams.operators import acknowledgement_route, operator_routes, redelivery_route
from streams.publishing import BrokerUnavailable, Full, Publisher, Record, RecordTooLarge
from streams.redelivery import Redeliver

log = structlog.get_logger()

MAX_BODY_BYTES = 1024 * 1024
REMEMBERED_IDS = 100_000
WAITING_AT_MOST = 20_000

_ANSWERED = Counter("creatorflow_webhooks_total", "Webhooks by answer", ["answer"])


class Accepted(Value):
    """The answer to a webhook in the specification's format."""

    status: str
    event_id: str


class Gatherer:
    """
    Gathers what arrives while a batch is on its way, and sends it as the next batch: no timer, no future per
    record.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._waiting: list[tuple[Record, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()

    async def put(self, record: Record) -> None:
        """Return when the record is durable. Raises `BrokerUnavailable`, `RecordTooLarge` or `Full`."""
        if len(self._waiting) >= WAITING_AT_MOST:
            raise Full(f"{WAITING_AT_MOST} records wait")
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((record, acknowledged))
        self._wake.set()
        await acknowledged

    async def run(self) -> None:
        """Send what waits, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._waiting = self._waiting, []
            if batch:
                await self._send(batch)

    async def _send(self, batch: Sequence[tuple[Record, asyncio.Future[None]]]) -> None:
        try:
            await self._publisher.publish([record for record, _ in batch])
        except (BrokerUnavailable, RecordTooLarge) as error:
            for _, acknowledged in batch:
                if not acknowledged.done():
                    acknowledged.set_exception(error)
        else:
            for _, acknowledged in batch:
                if not acknowledged.done():
                    acknowledged.set_result(None)


class Ingress:
    """The webhook endpoint of one marketplace in one process."""

    def __init__(self, door: WebhookDoor, gatherer: Gatherer) -> None:
        self._door = door
        self._gatherer = gatherer
        self._acknowledged: LRUCache[str, bytes] = LRUCache(REMEMBERED_IDS)

    async def take(self, request: Request) -> Response:
        """POST /webhooks/{marketplace}."""
        body = await read_body(request, MAX_BODY_BYTES)
        if body is None:
            return _answer(413, "too_large")
        delivery = self._door.admit(body, request.headers)
        if isinstance(delivery, Turned):
            if delivery.fault:
                log.error("webhook not taken", reason=delivery.fault)
            return _answer(delivery.status, delivery.answer)
        event_id = delivery.event_id
        headers = [
            ("event-id", event_id.encode()),
            ("received-at", datetime.now(UTC).isoformat().encode()),
            *delivery.headers,
        ]
        record = Record(self._door.topic, (delivery.key or event_id).encode(), body, headers)
        answer = await self._take(event_id, record, delivery.answer_within_seconds)
        if answer == "unavailable":
            return _answer(503, answer)
        return _answer(200, answer, Accepted(status=answer, event_id=event_id) if delivery.tells_id else None)

    async def _take(self, event_id: str, record: Record, within_seconds: float | None) -> str:
        """
        Put a webhook on its topic once; whether it was new, a repeat, or could not be taken. One that gets there after
        its time is told as not taken, comes again, and is a repeat.
        """
        digest = hashlib.sha256(record.value or b"").digest()
        if self._acknowledged.get(event_id) == digest:
            return "already_processed"
        try:
            async with asyncio.timeout(within_seconds):
                await self._gatherer.put(record)
        except (BrokerUnavailable, Full, TimeoutError) as error:
            log.warning("webhook not taken", event_id=event_id, reason=type(error).__name__)
            return "unavailable"
        self._acknowledged[event_id] = digest
        return "accepted"


def build_ingress(
    doors: Mapping[str, WebhookDoor],
    publisher: Publisher,
    redeliver: Redeliver,
    find_alert: FindAlert,
    *,
    content: bytes | None = None,
) -> tuple[Starlette, Gatherer]:
    """
    The ingress application with a webhook path for each marketplace's door, and the gatherer that must run beside it.
    `content`: the secret of its readings.
    """
    gatherer = Gatherer(publisher)
    routes = [
        *(Route(f"/webhooks/{name}", Ingress(door, gatherer).take, methods=["POST"]) for name, door in doors.items()),
        content_route(content, gatherer.put),
        *operator_routes(gatherer.put),
        acknowledgement_route(gatherer.put, find_alert),
        redelivery_route(redeliver),
    ]
    return Starlette(routes=routes), gatherer


def _answer(status: int, answer: str, body: Accepted | None = None) -> Response:
    _ANSWERED.labels(answer).inc()
    if body is None:
        return Response(status_code=status)
    return Response(encode(body), status_code=status, media_type="application/json")
