"""
Which outside messages were decided, kept with the decision: seven days of (source, event id, target).

A known id with the same body is a repeat. A known id with another body is not: it is processed, and flagged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from aggregates.event_store.connection import Connection

KEPT = timedelta(days=7)


class Entry(NamedTuple):
    """One decided message. `outcome` is what `GET /commands/{id}` answers."""

    source: str
    event_id: str
    target: UUID
    payload_hash: bytes
    outcome: str = "decided"


def known(connection: Connection, entries: Sequence[Entry]) -> dict[tuple[str, str, UUID], bytes]:
    """The payload hashes of those that were decided before."""
    rows = connection.execute(
        "SELECT i.source, i.event_id, i.target, i.payload_hash FROM inbox AS i"
        " JOIN unnest(%b::text[], %b::text[], %b::uuid[]) AS v (source, event_id, target) USING (source,"
        " event_id, target)",
        ([each.source for each in entries], [each.event_id for each in entries], [each.target for each in entries]),
        prepare=True,
    )
    return {(source, event_id, target): bytes(payload_hash) for source, event_id, target, payload_hash in rows}


def claim(connection: Connection, entry: Entry) -> bool:
    """
    Note a message that is decided in the caller's own transaction; False when it is a repeat.

    Raced: the second waits for the first, and is a repeat once that was committed.
    """
    claimed = connection.execute(
        "INSERT INTO inbox (source, event_id, target, payload_hash, outcome) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (source, event_id, target) DO UPDATE SET payload_hash = excluded.payload_hash"
        " WHERE inbox.payload_hash <> excluded.payload_hash",
        entry,
    )
    return claimed.rowcount == 1


def conclude(connection: Connection, entry: Entry) -> None:
    """Say what became of a message that was claimed."""
    connection.execute(
        "UPDATE inbox SET outcome = %s WHERE (source, event_id, target) = (%s, %s, %s)",
        (entry.outcome, *entry[:3]),
    )


def outcome(connection: Connection, event_id: str) -> tuple[str, str] | None:
    """What became of a command: its outcome and when, or None while it was not decided."""
    row = connection.execute(
        "SELECT outcome, recorded_at::text FROM inbox WHERE event_id = %s ORDER BY recorded_at DESC LIMIT 1",
        (event_id,),
    ).fetchone()
    return None if row is None else (row[0], row[1])


def forget_old(connection: Connection) -> int:
    """Delete what is older than seven days; returns how many."""
    return connection.execute("DELETE FROM inbox WHERE recorded_at < now() - %s", (KEPT,)).rowcount


def event_ids(connection: Connection) -> set[str]:
    """The ids of all outside messages that were decided in the last seven days."""
    return {event_id for (event_id,) in connection.execute("SELECT event_id FROM inbox")}
