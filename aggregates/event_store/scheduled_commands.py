"""Commands with a due time: timers, continuations and the outcomes of calls, written with what caused them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from aggregates.event_store.connection import Connection
from schemas import codec, topics
from schemas.commands import Command


class Scheduled(NamedTuple):
    """One command to send when it is due. `key` is unique: the same timer is set once."""

    key: str
    due_at: datetime
    type: str
    topic: str
    record_key: str
    body: bytes
    cause: str
    correlation: str


class Due(NamedTuple):
    """A scheduled command that is due."""

    id: int
    key: str
    type: str
    topic: str
    record_key: str
    body: bytes
    cause: str
    correlation: str


def scheduled(command: Command, key: str, due_at: datetime, cause: str, correlation: str) -> Scheduled:
    """The row of a command."""
    return Scheduled(
        key,
        due_at,
        type(command).__name__,
        topics.topic_of(command),
        topics.key_of(command),
        codec.encode(command),
        cause,
        correlation,
    )


def due(connection: Connection, limit: int) -> list[Due]:
    """The commands that are due, the earliest first."""
    rows = connection.execute(
        "SELECT id, key, type, topic, record_key, body, cause, correlation FROM scheduled_commands"
        " WHERE due_at <= now() ORDER BY due_at, id LIMIT %s",
        (limit,),
        prepare=True,
        binary=True,
    )
    return [Due._make(row) for row in rows.fetchall()]


def delete(connection: Connection, ids: Sequence[int]) -> None:
    """Forget commands that the broker acknowledged. Repeated: nothing happens."""
    connection.execute("DELETE FROM scheduled_commands WHERE id = ANY(%b::bigint[])", (list(ids),), prepare=True)
