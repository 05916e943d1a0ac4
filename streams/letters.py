"""
A record that cannot be processed, as the letter that is kept of it; and the letter as the record that is sent again.

Repeated: a record that was sent again and fails again is the same letter, which then waits for a person once more.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from aggregates.event_store.buyer_keys import BuyerKeys, day_subject
from aggregates.event_store.connection import Connection
from aggregates.event_store.dead_letters import DeadLetter, Kind, context_of
from schemas.envelope import POSITION_HEADERS
from streams.publishing import Record

if TYPE_CHECKING:
    from streams.consuming import Raw

REDELIVERY_OF = "redelivery-of"
"""The header of a record that was sent again: the id of its letter."""

_BASE64 = "base64:"


def dead_letter(
    agent: str, record: Raw, kind: Kind, reason: str, *, keys: BuyerKeys, connection: Connection
) -> DeadLetter:
    """The dead letter of a record, its body sealed under today's key."""
    subject = day_subject(datetime.now(UTC).date())
    keys.make_ready(connection, [subject])
    headers = dict(record.headers)
    return DeadLetter(
        agent,
        record.topic,
        record.partition,
        record.offset,
        kind,
        storable(reason),
        record.key,
        {storable(name): _as_text(value) for name, value in headers.items() if name != REDELIVERY_OF},
        keys.seal(subject, record.value or b"", context_of(record.topic, record.partition, record.offset)),
        _letter_named(headers.get(REDELIVERY_OF, b"")),
    )


def under_key(letter: DeadLetter, key: str) -> DeadLetter:
    """The letter of a record that came under another key than the id in its body: sent again under that, at once."""
    return letter._replace(key=key.encode(), again_at=datetime.now(UTC))


def record_again(letter: UUID, topic: str, key: bytes | None, headers: Mapping[str, str], body: bytes) -> Record:
    """
    The record behind a letter, byte for byte, for the topic that it came from.

    It carries no place in the log any more, by which its reader would take it for a re-send; the inbox knows it by its
    id.
    """
    kept = [(name, _as_bytes(text)) for name, text in headers.items() if name not in POSITION_HEADERS]
    return Record(topic, key, body, [*kept, (REDELIVERY_OF, str(letter).encode())])


def storable(text: str) -> str:
    """Text as PostgreSQL takes it, which holds any character but NUL."""
    return text.replace("\x00", "\\x00")


def _as_text(value: bytes) -> str:
    """A header as text that leads back to its bytes."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = "\x00"
    return text if "\x00" not in text and not text.startswith(_BASE64) else _BASE64 + b64encode(value).decode()


def _as_bytes(text: str) -> bytes:
    return b64decode(text.removeprefix(_BASE64)) if text.startswith(_BASE64) else text.encode()


def _letter_named(header: bytes) -> UUID | None:
    try:
        return UUID(header.decode("ascii", "replace"))
    except ValueError:
        return None
