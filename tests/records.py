"""Records as the Kafka client hands them over, made without a broker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from schemas import codec, topics
from schemas.envelope import CODE, Envelope, to_headers

MOMENT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class ARecord:
    """One record of one partition."""

    topic: str
    partition: int = 0
    offset: int = 0
    timestamp: int = int(MOMENT.timestamp() * 1000)
    key: bytes | None = b"key"
    value: bytes | None = b"{}"
    headers: Sequence[tuple[str, bytes]] = field(default_factory=tuple)


def an_envelope(message: Any, **other: Any) -> Envelope:
    """The envelope of a message that an operator sent, with other attributes as told."""
    given: dict[str, Any] = {
        "id": f"id-{topics.key_of(message)}",
        "type": type(message).__name__,
        "source": "operator",
        "time": MOMENT,
        "subject": topics.key_of(message),
        "correlation_id": "outside",
        "causation_id": "cause",
        "code": CODE,
        **other,
    }
    return Envelope(**given)


def carrying(message: Any, offset: int = 0, partition: int = 0, **envelope: Any) -> ARecord:
    """The record of a message; further arguments are attributes of its envelope."""
    return ARecord(
        topics.topic_of(message),
        partition,
        offset,
        key=topics.key_of(message).encode(),
        value=codec.encode(message),
        headers=to_headers(an_envelope(message, **envelope)),
    )


def relayed(message: Any, offset: int, position: int, previous: int = 0, partition: int = 0, **more: Any) -> ARecord:
    """The record of a message that the relay sent from a log position."""
    attributes = {
        "source": "relay",
        "epoch": 1,
        "log_position": position,
        "previous_position": previous,
        "id": f"{topics.key_of(message)}:{position}",
        **more,
    }
    return carrying(message, offset, partition, **attributes)
