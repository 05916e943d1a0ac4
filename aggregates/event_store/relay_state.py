"""Who leads the relay, how far it has sent, and what it sent last to each partition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from aggregates.event_store.connection import Connection

LEASE = timedelta(seconds=5)


class Leadership(NamedTuple):
    """A term of one leader, and the position up to which everything was sent."""

    term: int
    position: int


class Sent(NamedTuple):
    """The last record that was sent to one partition: its offset and log position."""

    topic: str
    partition: int
    last_offset: int
    position: int


class Logged(NamedTuple):
    """One row of the log."""

    originator_id: str
    originator_version: int
    topic: str
    state: bytes
    position: int
    cause: str
    correlation: str


class LeadershipLost(Exception):
    """Another process leads now; what this one sent since is a repeat that consumers drop."""


def take_lead(connection: Connection, leader: str) -> Leadership | None:
    """
    Lead if nobody does or the lease ran out; None while another leads.

    A process that leads already keeps its term.
    """
    row = connection.execute(
        "UPDATE relay SET term = CASE WHEN leader = %(leader)s AND lease_until > now() THEN term ELSE term + 1 END,"
        " leader = %(leader)s, lease_until = now() + %(lease)s"
        " WHERE id = 1 AND (leader = %(leader)s OR lease_until < now()) RETURNING term, position",
        {"leader": leader, "lease": LEASE},
    ).fetchone()
    return None if row is None else Leadership(*row)


def renew(connection: Connection, leadership: Leadership) -> None:
    """Keep the lease while there is nothing to send. Raises `LeadershipLost`."""
    renewed = connection.execute(
        "UPDATE relay SET lease_until = now() + %s WHERE id = 1 AND term = %s AND position = %s",
        (LEASE, leadership.term, leadership.position),
        prepare=True,
    )
    if renewed.rowcount != 1:
        raise LeadershipLost(f"term {leadership.term} is over")


def move(connection: Connection, leadership: Leadership, position: int, sent: Sequence[Sent]) -> Leadership:
    """Record that everything up to `position` was acknowledged, by compare-and-set. Raises `LeadershipLost`."""
    moved = connection.execute(
        "WITH moved AS (UPDATE relay SET position = %b, lease_until = now() + %b"
        " WHERE id = 1 AND term = %b AND position = %b RETURNING id),"
        " noted AS (INSERT INTO relay_sent (topic, partition, last_offset, position)"
        " SELECT v.* FROM moved, unnest(%b::text[], %b::integer[], %b::bigint[], %b::bigint[])"
        " AS v (topic, partition, last_offset, position)"
        " ON CONFLICT (topic, partition)"
        " DO UPDATE SET last_offset = excluded.last_offset, position = excluded.position)"
        " SELECT id FROM moved",
        (
            position,
            LEASE,
            leadership.term,
            leadership.position,
            *([each[number] for each in sorted(sent)] for number in range(4)),
        ),
        prepare=True,
    ).fetchone()
    if moved is None:
        raise LeadershipLost(f"term {leadership.term} is over")
    return Leadership(leadership.term, position)


def step_down(connection: Connection, leadership: Leadership) -> None:
    """Let the next leader start at once. Repeated, or after another took over: nothing happens."""
    connection.execute(
        "UPDATE relay SET lease_until = '-infinity', leader = '' WHERE id = 1 AND term = %s", (leadership.term,)
    )


def sent(connection: Connection) -> dict[tuple[str, int], int]:
    """The log position last sent to each partition."""
    rows = connection.execute("SELECT topic, partition, position FROM relay_sent")
    return {(topic, partition): position for topic, partition, position in rows}


def epoch(connection: Connection) -> int:
    """The present epoch of the store."""
    row = connection.execute("SELECT max(epoch) FROM store_epoch").fetchone()
    assert row is not None
    return int(row[0])


def page(connection: Connection, after: int, limit: int) -> list[Logged]:
    """The next rows of the log after a position, in order."""
    rows = connection.execute(
        "SELECT originator_id::text, originator_version, topic, state, notification_id, cause, correlation FROM events"
        " WHERE notification_id > %s ORDER BY notification_id LIMIT %s",
        (after, limit),
        prepare=True,
        binary=True,
    )
    return [Logged._make(row) for row in rows.fetchall()]


def end(connection: Connection) -> int:
    """The last log position, 0 while the log is empty."""
    row = connection.execute("SELECT coalesce(max(notification_id), 0) FROM events").fetchone()
    assert row is not None
    return int(row[0])


def stream(connection: Connection, originator_id: UUID) -> list[Logged]:
    """The rows of one aggregate, in order of version."""
    rows = connection.execute(
        "SELECT originator_id::text, originator_version, topic, state, notification_id, cause, correlation FROM events"
        " WHERE originator_id = %s ORDER BY originator_version",
        (originator_id,),
        binary=True,
    )
    return [Logged._make(row) for row in rows.fetchall()]


def at(connection: Connection, positions: Sequence[int]) -> list[Logged]:
    """The rows at these positions."""
    rows = connection.execute(
        "SELECT originator_id::text, originator_version, topic, state, notification_id, cause, correlation FROM events"
        " WHERE notification_id = ANY(%b::bigint[])",
        (list(positions),),
        binary=True,
    )
    return [Logged._make(row) for row in rows.fetchall()]


def behind(connection: Connection, agents: Sequence[str]) -> int:
    """How many records these agents have not taken yet of what the relay sent, and of what came before it."""
    row = connection.execute(
        "SELECT coalesce(sum(greatest(0, s.last_offset + 1 - o.next_offset)), 0) FROM relay_sent AS s"
        " JOIN consumer_offsets AS o USING (topic, partition) WHERE o.agent = ANY(%s)",
        (list(agents),),
        prepare=True,
    ).fetchone()
    assert row is not None
    return int(row[0])
