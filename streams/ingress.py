"""
The door: verify a webhook over its raw bytes, put the bytes on their topic unchanged, and answer once they are durable.

Reads: HTTP, in the specification's format and in TikTok Shop's own, told apart by header.    Writes:
tiktok.webhooks.v1, the commands of operators, and which dead letters they want sent again.
Repeated: answered as taken when this process saw the same id and body acknowledged; the inbox decides.
Bad: 401 for a signature that is missing or wrong, 413 above 1 MiB, 503 while Kafka does not take it; never 500.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import structlog
from cachetools import LRUCache
from prometheus_client import Counter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateways.tiktok import hints, webhooks
from schemas import topics
from schemas.codec import encode
from schemas.values import Value
from streams.acknowledging import FindAlert
from streams.arrivals import SPECIFICATION, TIKTOK_SHOP
from streams.bodies import read_body
from streams.content_door import content_route
from streams.operators import acknowledgement_route, operator_routes, redelivery_route
from streams.publishing import BrokerUnavailable, Full, Publisher, Record, RecordTooLarge
from streams.redelivery import Redeliver

log = structlog.get_logger()

MAX_BODY_BYTES = 1024 * 1024
REMEMBERED_IDS = 100_000
WAITING_AT_MOST = 20_000
MAX_EVENT_ID_CHARACTERS = 200
ANSWER_WITHIN_SECONDS = 2.5
"""TikTok Shop waits 3 s for an answer, then sends the webhook again minutes later."""

_ANSWERED = Counter("creatorflow_webhooks_total", "Webhooks by answer", ["answer"])


class Secret(NamedTuple):
    """A webhook secret, and until when it is valid (None: for good)."""

    value: bytes
    valid_until: datetime | None = None


class TikTokApp(NamedTuple):
    """Our app at TikTok's, which signs its own webhooks: with one of the secrets, over key and body."""

    key: str
    secrets: Sequence[Secret]


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
    """The webhook endpoints of one process."""

    def __init__(self, secrets: Sequence[Secret], app: TikTokApp | None, gatherer: Gatherer) -> None:
        if not any(secret.value for secret in secrets):
            raise ValueError("no webhook secret is configured")
        self._secrets = [secret for secret in secrets if secret.value]
        self._app = app if app is not None and app.key and any(secret.value for secret in app.secrets) else None
        self._gatherer = gatherer
        self._acknowledged: LRUCache[str, bytes] = LRUCache(REMEMBERED_IDS)

    async def tiktok(self, request: Request) -> Response:
        """POST /webhooks/tiktok."""
        body = await read_body(request, MAX_BODY_BYTES)
        if body is None:
            return _answer(413, "too_large")
        if "x-tiktok-shop-signature" not in request.headers and "authorization" in request.headers:
            return await self._tiktok_shop(body, request.headers["authorization"])
        signature = request.headers.get("x-tiktok-shop-signature", "")
        if not webhooks.is_genuine(body, signature, _valid(self._secrets)):
            return _answer(401, "bad_signature")
        named = request.headers.get("x-tiktok-shop-event-id", "")[:MAX_EVENT_ID_CHARACTERS]
        event_id = named or hashlib.sha256(body).hexdigest()
        key = webhooks.routing_key(body) or event_id
        record = _record(body, key, [*_about(event_id), ("signature-format", SPECIFICATION)])
        answer = await self._take(event_id, record)
        if answer == "unavailable":
            return _answer(503, answer)
        return _answer(200, answer, Accepted(status=answer, event_id=event_id))

    async def _tiktok_shop(self, body: bytes, signature: str) -> Response:
        """
        A webhook in TikTok Shop's own format. What is our own fault is never 401, which TikTok takes as final: without
        the app's secret it is to come again.
        """
        if self._app is None:
            log.error("webhook not taken", reason="CREATORFLOW_TIKTOK_APP_KEY or _APP_SECRET is not set")
            return _answer(503, "unconfigured")
        if not webhooks.is_genuine(hints.message_of(self._app.key, body), signature, _valid(self._app.secrets)):
            return _answer(401, "bad_signature")
        delivery = hints.delivery_of(body)
        headers = [
            *_about(delivery.event_id),
            ("signature-format", TIKTOK_SHOP),
            ("topic-number", delivery.topic.encode()),
        ]
        record = _record(body, delivery.key or delivery.event_id, headers)
        answer = await self._take(delivery.event_id, record, within_seconds=ANSWER_WITHIN_SECONDS)
        return _answer(503 if answer == "unavailable" else 200, answer)

    async def _take(self, event_id: str, record: Record, within_seconds: float | None = None) -> str:
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
    secrets: Sequence[Secret],
    tiktok_app: TikTokApp | None,
    publisher: Publisher,
    redeliver: Redeliver,
    find_alert: FindAlert,
    *,
    content: bytes | None = None,
) -> tuple[Starlette, Gatherer]:
    """The ingress application, and the gatherer that must run beside it. `content`: the secret of its readings."""
    gatherer = Gatherer(publisher)
    ingress = Ingress(secrets, tiktok_app, gatherer)
    routes = [
        Route("/webhooks/tiktok", ingress.tiktok, methods=["POST"]),
        content_route(content, gatherer.put),
        *operator_routes(gatherer.put),
        acknowledgement_route(gatherer.put, find_alert),
        redelivery_route(redeliver),
    ]
    return Starlette(routes=routes), gatherer


def _valid(secrets: Sequence[Secret]) -> list[bytes]:
    now = datetime.now(UTC)
    return [
        secret.value for secret in secrets if secret.value and (secret.valid_until is None or now < secret.valid_until)
    ]


def _about(event_id: str) -> list[tuple[str, bytes]]:
    return [("event-id", event_id.encode()), ("received-at", datetime.now(UTC).isoformat().encode())]


def _record(body: bytes, key: str, headers: list[tuple[str, bytes]]) -> Record:
    return Record(topics.TIKTOK_WEBHOOKS, key.encode(), body, headers)


def _answer(status: int, answer: str, body: Accepted | None = None) -> Response:
    _ANSWERED.labels(answer).inc()
    if body is None:
        return Response(status_code=status)
    return Response(encode(body), status_code=status, media_type="application/json")
