"""
Records that could not be processed: kept encrypted with reason and place, in the transaction that passes them.

A letter is sent again on a person's word: `ask` notes the wish, whoever leads the relay carries it out and notes that
before it sends. One that fails again is the same letter, which then waits for a person once more.
"""

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
    redelivery_of: UUID | None = None
    """The letter that this record was sent again for."""

    again_at: datetime | None = None
    """When it is sent again without a person's word; None: never."""


def dead_letter_id(agent: str, topic: str, partition: int, offset: int) -> UUID:
    """The id of a dead letter: the same record always has the same one."""
    return derived_id("dead-letter", agent, topic, str(partition), str(offset))


def context_of(topic: str, partition: int, offset: int) -> bytes:
    """What the ciphertext of a letter's body is bound to: the place of its record."""
    return f"dead|{topic}|{partition}|{offset}".encode()


def insert(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """
    Write dead letters.

    Repeated: the same record is kept once; one that was sent again waits again, with the new reason.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            'INSERT INTO dead_letters (id, agent, topic, partition, "offset", kind, reason, record_key, headers,'
            " subject, key_version, body, asked_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, reason = excluded.reason, redelivered_at = NULL,"
            " record_key = excluded.record_key, asked_at = coalesce(excluded.asked_at, dead_letters.asked_at)"
            " WHERE dead_letters.redelivered_at IS NOT NULL",
            [
                (
                    each.redelivery_of or dead_letter_id(each.agent, each.topic, each.partition, each.offset),
                    *each[:7],
                    Jsonb(each.headers),
                    each.body.subject,
                    each.body.key_version,
                    each.body.data,
                    each.again_at,
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
    times: int = 0
    """How often it was sent again. While it waits for a person, as when it failed again, `redelivered_at` is None."""


_LISTED = 'id, agent, topic, partition, "offset", kind, reason, recorded_at, redelivered_at, times'
_IN_ORDER = 'recorded_at, topic, partition, "offset"'
"""The order in which the records came: of one partition exactly, of several as they were passed."""


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
    return Listed(*row[:10]), row[10], Sealed(subject=row[11], key_version=row[12], data=bytes(row[13]))


def count(connection: Connection) -> int:
    """How many wait for a person."""
    row = connection.execute("SELECT count(*) FROM dead_letters WHERE redelivered_at IS NULL").fetchone()
    assert row is not None
    return int(row[0])


def event_ids(connection: Connection) -> set[str]:
    """The ids of webhooks that became dead letters."""
    rows = connection.execute("SELECT headers->>'event-id' FROM dead_letters WHERE headers ? 'event-id'")
    return {event_id for (event_id,) in rows}


def ask(connection: Connection, ids: Sequence[UUID], topics: Sequence[str]) -> list[UUID]:
    """
    Note the wish to send these letters again, and return those that can be: of these topics, and not erased.

    Repeated: before it is carried out, once; afterwards it is another wish.
    """
    rows = connection.execute(
        "UPDATE dead_letters AS d SET asked_at = now() FROM buyer_keys AS k WHERE d.id = ANY(%b::uuid[])"
        " AND d.topic = ANY(%b::text[]) AND k.subject = d.subject AND k.version = d.key_version"
        " AND k.destroyed_at IS NULL RETURNING d.id",
        (list(ids), list(topics)),
    )
    return [letter for (letter,) in rows]


def waiting(connection: Connection, topics: Sequence[str], reason: str, limit: int) -> list[UUID]:
    """The letters of these topics that wait for a person, whose reason holds this text, in the order they came."""
    rows = connection.execute(
        "SELECT id FROM dead_letters WHERE redelivered_at IS NULL AND asked_at IS NULL AND topic = ANY(%b::text[])"
        f" AND strpos(reason, %s) > 0 ORDER BY {_IN_ORDER} LIMIT %s",
        (list(topics), reason, limit),
    )
    return [letter for (letter,) in rows]


class Asked(NamedTuple):
    """A letter to send again."""

    id: UUID
    topic: str
    partition: int
    offset: int
    record_key: bytes | None
    headers: dict[str, str]
    body: Sealed
    asked_at: datetime


def asked(connection: Connection, limit: int) -> list[Asked]:
    """The letters that are to be sent again, in the order in which they came."""
    rows = connection.execute(
        'SELECT id, topic, partition, "offset", record_key, headers, subject, key_version, body, asked_at'
        f" FROM dead_letters WHERE asked_at IS NOT NULL ORDER BY {_IN_ORDER} LIMIT %s",
        (limit,),
    ).fetchall()
    return [
        Asked(
            letter, topic, partition, offset, key, headers, Sealed(subject=subject, key_version=version, data=body), at
        )
        for letter, topic, partition, offset, key, headers, subject, version, body, at in rows
    ]


def begin_redelivery(connection: Connection, letters: Sequence[Asked]) -> None:
    """Note that these are sent again, before they are: one that fails again at once must find this noted."""
    connection.execute(
        "UPDATE dead_letters SET redelivered_at = now(), times = times + 1 WHERE id = ANY(%b::uuid[])",
        ([each.id for each in letters],),
    )


def end_redelivery(connection: Connection, letters: Sequence[Asked]) -> None:
    """Forget the wishes that were carried out. Raced: one that was made meanwhile stays."""
    connection.execute(
        "UPDATE dead_letters AS d SET asked_at = NULL FROM unnest(%b::uuid[], %b::timestamptz[]) AS v (id, asked_at)"
        " WHERE d.id = v.id AND d.asked_at = v.asked_at",
        ([each.id for each in letters], [each.asked_at for each in letters]),
    )
