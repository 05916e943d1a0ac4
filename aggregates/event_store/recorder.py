"""
One transaction for all that a batch of records caused.

The library inserts events in a block that commits although the insert raised on the client's side, so that an
offset could move without its events. This recorder's `insert_events` is one plain transaction on a connection that
the caller owns, and mostly one statement: the function `record_batch`, which takes the log's lock last, so that no
answer travels while the lock is held. Whatever goes wrong, the caller closes the connection, which rolls back, and
reads the offset row to learn what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    item_weights,
    listings,
    purchases,
    raw_webhooks,
    readings,
    scheduled_commands,
    shops,
    tracking_numbers,
)
from aggregates.event_store.calls import CallRow, Recall
from aggregates.event_store.connection import Connection


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
    tracking_numbers: list[tracking_numbers.TrackingNumber] = field(default_factory=list)
    recalls: list[Recall] = field(default_factory=list)
    content_links: list[readings.Link] = field(default_factory=list)
    purchases: list[purchases.Purchase] = field(default_factory=list)
    item_weights: list[item_weights.ItemWeight] = field(default_factory=list)
    asked: list[CallRow] = field(default_factory=list)
    """Calls of which one at a time is enough."""
    access: list[shops.Access] = field(default_factory=list)
    rows: Callable[[Connection], None] | None = None
    """Writes read rows; the transaction is handed in."""

    @property
    def has_more(self) -> bool:
        """Whether something is to be written that `record_batch` does not know."""
        beside = (self.dead_letters, self.raw_webhooks, self.listings, self.tracking_numbers, self.item_weights)
        more = (self.asked, self.access, self.recalls, self.purchases, self.content_links)
        return any(beside) or any(more) or self.rows is not None


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
        parameters = _parameters(effects, stored_events, origins)
        if not effects.has_more:
            return [position for (position,) in connection.execute(_RECORD, parameters, prepare=True).fetchall()]
        with connection.pipeline(), connection.transaction():
            if effects.content_links:  # Before the log's lock: others write the same rows, and may be waited for.
                readings.link(connection, effects.content_links)
            inserted = connection.execute(_RECORD, parameters, prepare=True)
            _write_more(connection, effects)
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
        return [StoredEvent(originator, version, topic, state) for originator, version, topic, state in rows.fetchall()]

    def select_later(self, connection: Connection, versions: Mapping[UUID, int]) -> list[StoredEvent]:
        """The events of many aggregates after the version that each is known at, in order of version."""
        rows = connection.execute(
            "SELECT e.originator_id, e.originator_version, e.topic, e.state"
            " FROM unnest(%b::uuid[], %b::bigint[]) AS v (id, version)"
            " JOIN events AS e ON e.originator_id = v.id AND e.originator_version > v.version"
            " ORDER BY e.originator_id, e.originator_version",
            (list(versions), list(versions.values())),
            prepare=True,
            binary=True,
        )
        return [StoredEvent(originator, version, topic, state) for originator, version, topic, state in rows.fetchall()]


_ARRAYS = (
    *("integer", "bigint", "bigint", "bigint"),
    *("text", "text", "uuid", "bytea", "text"),
    *("text", "timestamptz", "text", "text", "text", "bytea", "text", "text"),
    *("text", "text", "text", "text", "integer", "timestamptz", "timestamptz", "bytea", "text", "text"),
    *("text", "uuid", "timestamptz", "boolean"),
    *("uuid", "bigint", "text", "bytea", "text", "text"),
)
_RECORD = f"SELECT * FROM record_batch(%s, %s, {', '.join(f'%b::{kind}[]' for kind in _ARRAYS)})"


def _parameters(effects: Effects, events: Sequence[StoredEvent], origins: Sequence[Origin]) -> list[Any]:
    """The columns of everything that `record_batch` writes, in its order; rows sorted by key, so that locks agree."""
    assert len(events) == len(origins)
    latest = {(row.subject, row.order_id): row for row in effects.buyer_orders}
    return [
        effects.agent,
        effects.topic,
        *_columns(sorted(effects.advances), 4),
        *_columns(sorted(effects.inbox, key=lambda entry: entry[:3]), 5),
        *_columns(sorted(effects.scheduled), 8),
        *_columns(sorted(effects.calls, key=lambda row: row[:1]), 10),
        *_columns([latest[key] for key in sorted(latest)], 4),
        [event.originator_id for event in events],
        [event.originator_version for event in events],
        [event.topic for event in events],
        [event.state for event in events],
        [origin.cause for origin in origins],
        [origin.correlation for origin in origins],
    ]


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _write_more(connection: Connection, effects: Effects) -> None:
    """What few batches have, in the same transaction."""
    if effects.dead_letters:
        dead_letters.insert(connection, effects.dead_letters)
    if effects.raw_webhooks:
        raw_webhooks.insert(connection, effects.raw_webhooks)
    if effects.listings:
        listings.insert(connection, effects.listings)
    if effects.tracking_numbers:
        tracking_numbers.insert(connection, effects.tracking_numbers)
    if effects.recalls:
        calls.recall(connection, effects.recalls)
    if effects.purchases:
        purchases.insert(connection, effects.purchases)
    if effects.item_weights:
        item_weights.insert(connection, effects.item_weights)
    if effects.asked:
        calls.ask(connection, effects.asked)
    if effects.access:
        shops.note_access(connection, effects.access)
    if effects.rows is not None:
        effects.rows(connection)
