"""
One transaction for all that a batch of records caused.

The library inserts events in a block that commits although the insert raised on the client's side, so that an
offset could move without its events. This recorder's `insert_events` is one plain transaction on a connection that
the caller owns: everything in it is sent in one pipeline, and whatever goes wrong, the caller closes the
connection, which rolls back, and reads the offset row to learn what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from eventsourcing.persistence import ProgrammingError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from aggregates.event_store import (
    buyer_orders,
    calls,
    consumer_offsets,
    dead_letters,
    inbox,
    listings,
    raw_webhooks,
    scheduled_commands,
)
from aggregates.event_store.connection import Connection
from aggregates.event_store.migrate import LOG_LOCK


@dataclass(frozen=True)
class Effects:
    """What a batch causes beside events. Everything in it is written in the transaction that moves the offsets."""

    agent: str
    topic: str
    advances: Sequence[consumer_offsets.Advance] = ()
    inbox: list[inbox.Entry] = field(default_factory=list)
    dead_letters: list[dead_letters.DeadLetter] = field(default_factory=list)
    raw_webhooks: list[raw_webhooks.RawWebhook] = field(default_factory=list)
    scheduled: list[scheduled_commands.Scheduled] = field(default_factory=list)
    calls: list[calls.CallRow] = field(default_factory=list)
    buyer_orders: list[buyer_orders.BuyerOrder] = field(default_factory=list)
    listings: list[listings.Listing] = field(default_factory=list)
    rows: Callable[[Connection], None] | None = None
    """Writes read rows; the transaction is handed in."""


@dataclass(frozen=True)
class Origin:
    """What made an event: the id of the command, and the outside event at the start of the chain."""

    cause: str
    correlation: str


NO_EFFECTS = Effects(agent="", topic="")


class EventRecorder(PostgresApplicationRecorder):
    """The library's recorder over the table `events`, with its own write path."""

    def __init__(self, datastore: PostgresDatastore) -> None:
        if datastore.enable_db_functions:
            raise ProgrammingError(
                "POSTGRES_ENABLE_DB_FUNCTIONS must be off: that path writes no offsets and takes no lock"
            )
        super().__init__(datastore, events_table_name="events")

    def create_table(self) -> None:
        """Refused: `migrate` makes the tables, under an advisory lock."""
        raise ProgrammingError("the tables are made by `creatorflow migrate`")

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """
        Write events and effects in one transaction, and return the events' log positions.

        Takes `connection`, `effects`, and `origins` (one per event). Raises whatever psycopg raises; after it
        nothing can be said about the transaction but what the offset row says.
        """
        connection: Connection = kwargs["connection"]
        effects: Effects = kwargs["effects"]
        origins: Sequence[Origin] = kwargs["origins"]
        columns = _columns(stored_events, origins)
        with connection.pipeline(), connection.transaction():
            _write_effects(connection, effects)
            if effects.rows is not None:
                effects.rows(connection)
            if not stored_events:
                return []
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOG_LOCK,), prepare=True)
            inserted = connection.execute(_INSERT, columns, prepare=True)
        return [position for (position,) in inserted.fetchall()]

    def select_streams(self, connection: Connection, originator_ids: Sequence[UUID]) -> list[StoredEvent]:
        """The events of many aggregates in one read, each aggregate's in order of version."""
        rows = connection.execute(
            "SELECT originator_id, originator_version, topic, state FROM events WHERE originator_id = ANY(%b::uuid[])"
            " ORDER BY originator_id, originator_version",
            (list(originator_ids),),
            prepare=True,
            binary=True,
        )
        return [StoredEvent(originator, version, topic, state) for originator, version, topic, state in rows]


_INSERT = (
    "INSERT INTO events (originator_id, originator_version, topic, state, cause, correlation)"
    " SELECT originator_id, originator_version, topic, state, cause, correlation"
    " FROM unnest(%b::uuid[], %b::bigint[], %b::text[], %b::bytea[], %b::text[], %b::text[]) WITH ORDINALITY"
    " AS v (originator_id, originator_version, topic, state, cause, correlation, number) ORDER BY number"
    " RETURNING notification_id"
)


def _columns(stored_events: Sequence[StoredEvent], origins: Sequence[Origin]) -> tuple[list[Any], ...]:
    assert len(stored_events) == len(origins)
    return (
        [event.originator_id for event in stored_events],
        [event.originator_version for event in stored_events],
        [event.topic for event in stored_events],
        [event.state for event in stored_events],
        [origin.cause for origin in origins],
        [origin.correlation for origin in origins],
    )


def _write_effects(connection: Connection, effects: Effects) -> None:
    """In the one order in which rows are locked: offsets, inbox, dead letters, scheduled, calls."""
    if effects.advances:
        consumer_offsets.advance(connection, effects.agent, effects.topic, effects.advances)
    if effects.inbox:
        inbox.insert(connection, sorted(effects.inbox, key=lambda entry: entry[:3]))
    if effects.dead_letters:
        dead_letters.insert(connection, effects.dead_letters)
    if effects.scheduled:
        scheduled_commands.insert(connection, effects.scheduled)
    if effects.calls:
        calls.insert(connection, effects.calls)
    if effects.raw_webhooks:
        raw_webhooks.insert(connection, effects.raw_webhooks)
    if effects.buyer_orders:
        buyer_orders.insert(connection, effects.buyer_orders)
    if effects.listings:
        listings.insert(connection, effects.listings)
