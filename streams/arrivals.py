"""A webhook on its topic: what its headers say of it, and the record of a command that it becomes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import NamedTuple

from schemas import codec, topics
from schemas.commands import Command
from schemas.envelope import Envelope, to_headers
from schemas.inputs import BadInput
from streams.consuming import Raw
from streams.publishing import Record

MAX_HEADER_CHARACTERS = 200


class Arrival(NamedTuple):
    """What the headers of a webhook's record say."""

    event_id: str
    signature_format: str
    received_at: datetime


def arrival_of(record: Raw) -> Arrival:
    """What the headers say; a producer that names no id is named by its bytes. Raises `BadInput`."""
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    return Arrival(
        _short(headers.get("event-id", ""), "event-id") or hashlib.sha256(record.value or b"").hexdigest(),
        _short(headers.get("signature-format", ""), "signature-format"),
        _received_at(headers.get("received-at"), record.timestamp),
    )


def record_of(command: Command, record: Raw, arrival: Arrival, shop: str) -> Record:
    """The record of a command that a webhook becomes: named after the webhook, so that the inbox drops a repeat."""
    key = topics.key_of(command)
    envelope = Envelope(
        id=arrival.event_id,
        type=type(command).__name__,
        source=f"{record.topic}:{shop}",
        time=arrival.received_at,
        subject=key,
        correlation_id=arrival.event_id,
        causation_id=place_of(record),
        payload_hash=hashlib.sha256(record.value or b"").digest(),
    )
    return Record(topics.topic_of(command), key.encode(), codec.encode(command), to_headers(envelope))


def place_of(record: Raw) -> str:
    """Where a webhook stands, as the cause of what follows from it."""
    return f"{record.topic}/{record.partition}/{record.offset}"


def raw_context(topic: str, partition: int, offset: int) -> bytes:
    """What a raw webhook's ciphertext is bound to: its place on its topic."""
    return f"raw|{topic}|{partition}|{offset}".encode()


def _short(header: str, name: str) -> str:
    """A header that can be stored and indexed."""
    if len(header) > MAX_HEADER_CHARACTERS or "\x00" in header:
        raise BadInput(f"header {name}", f"must have at most {MAX_HEADER_CHARACTERS} characters, none of them NUL")
    return header


def _received_at(header: str | None, timestamp_milliseconds: int) -> datetime:
    """When the door took it; a producer that does not say is dated by its record."""
    if header is not None:
        try:
            return datetime.fromisoformat(header).astimezone(UTC)
        except ValueError:
            raise BadInput("header received-at", "is not a time in ISO 8601") from None
    return datetime.fromtimestamp(timestamp_milliseconds / 1000, UTC)
