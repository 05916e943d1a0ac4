"""Records that could not be processed: kept encrypted with reason and place, in the transaction that passes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from aggregates.event_store.connection import Connection
from schemas.values import Sealed, derived_id

Kind = Literal["bad", "bug"]


class DeadLetter(NamedTuple):
    """
    One record that was passed without effect.

    `bad`: something is wrong with the record. `bug`: our own code raised on it. `body` is sealed under a key
    per day (destroyed after 30 days) or under the buyer's.
    """

    agent: str
    topic: str
    partition: int
    offset: int
    kind: Kind
    reason: str
    key: bytes | None
    headers: dict[str, str]
    body: Sealed


def dead_letter_id(agent: str, topic: str, partition: int, offset: int) -> UUID:
    """The id of a dead letter: the same record always has the same one."""
    return derived_id("dead-letter", agent, topic, str(partition), str(offset))


def insert(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """Write dead letters. Repeated: the same record is kept once."""
    with connection.cursor() as cursor:
        cursor.executemany(
            'INSERT INTO dead_letters (id, agent, topic, partition, "offset", kind, reason, record_key, headers,'
            " subject, key_version, body) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (id) DO NOTHING",
            [
                (
                    dead_letter_id(each.agent, each.topic, each.partition, each.offset),
                    *each[:7],
                    Jsonb(each.headers),
                    each.body.subject,
                    each.body.key_version,
                    each.body.data,
                )
                for each in sorted(letters, key=lambda each: (each.topic, each.partition, each.offset))
            ],
        )


class Listed(msgspec.Struct, frozen=True):
    """A dead letter as an operator sees it in a list: everything but the body."""

    id: UUID
    agent: str
    topic: str
    partition: int
    offset: int
    kind: str
    reason: str
    recorded_at: datetime
    redelivered_at: datetime | None


_LISTED = 'id, agent, topic, partition, "offset", kind, reason, recorded_at, redelivered_at'


def recent(connection: Connection, limit: int) -> list[Listed]:
    """The newest dead letters, newest first."""
    rows = connection.execute(f"SELECT {_LISTED} FROM dead_letters ORDER BY recorded_at DESC, id LIMIT %s", (limit,))
    return [Listed(*row) for row in rows]


def one(connection: Connection, letter: UUID) -> tuple[Listed, dict[str, Any], Sealed] | None:
    """One dead letter with its headers and its sealed body."""
    row = connection.execute(
        f"SELECT {_LISTED}, headers, subject, key_version, body FROM dead_letters WHERE id = %s", (letter,)
    ).fetchone()
    if row is None:
        return None
    return Listed(*row[:9]), row[9], Sealed(subject=row[10], key_version=row[11], data=bytes(row[12]))


def count(connection: Connection) -> int:
    """How many wait for a person."""
    row = connection.execute("SELECT count(*) FROM dead_letters WHERE redelivered_at IS NULL").fetchone()
    assert row is not None
    return int(row[0])


def event_ids(connection: Connection) -> set[str]:
    """The ids of webhooks that became dead letters."""
    rows = connection.execute("SELECT headers->>'event-id' FROM dead_letters WHERE headers ? 'event-id'")
    return {event_id for (event_id,) in rows}
