"""
The door for readings of content: verify, put the bytes on their topic unchanged, answer once they are durable.

Reads: HTTP.    Writes: content.metrics.v1, keyed by content.
Repeated: sent again; a reading counts once per content and moment.    Bad: 401 for a signature that is missing or
wrong, 413 above 64 KiB, 503 while Kafka does not take it; what makes no sense is a dead letter of who reads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateways.tiktok.webhooks import is_genuine
from schemas import content, topics
from schemas.codec import encode
from schemas.values import Value
from streams.bodies import read_body
from streams.publishing import BrokerUnavailable, Full, Record

log = structlog.get_logger()

MAX_READING_BYTES = 64 * 1024
SIGNATURE = "x-creatorflow-signature"


class Taken(Value):
    """The answer to a reading; `event_id` is the digest of its bytes."""

    status: str
    event_id: str


def content_route(secret: bytes | None, put: Callable[[Record], Awaitable[None]]) -> Route:
    """
    POST /content-metrics, signed with the lower-case hex HMAC-SHA256 of the raw body.

    Without a secret no signature is asked for: the door listens on loopback alone.
    """

    async def take(request: Request) -> Response:
        body = await read_body(request, MAX_READING_BYTES)
        if body is None:
            return Response(status_code=413)
        if secret is not None and not is_genuine(body, request.headers.get(SIGNATURE, ""), [secret]):
            return Response(status_code=401)
        event_id = hashlib.sha256(body).hexdigest()
        try:
            await put(record_of(body, event_id))
        except (BrokerUnavailable, Full) as error:
            log.warning("reading not taken", event_id=event_id, reason=type(error).__name__)
            return Response(status_code=503)
        return Response(encode(Taken(status="accepted", event_id=event_id)), media_type="application/json")

    return Route("/content-metrics", take, methods=["POST"])


def record_of(body: bytes, event_id: str) -> Record:
    """The record of a reading: its bytes under the content's id, where they tell it."""
    key = content.routing_key(body) or event_id
    headers = [("event-id", event_id.encode()), ("received-at", datetime.now(UTC).isoformat().encode())]
    return Record(topics.CONTENT_METRICS, key.encode(), body, headers)
