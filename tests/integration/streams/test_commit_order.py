"""
FC-47: positions are drawn in one order and committed in another, and a reader must pass none for good.

Here the log's lock makes them commit in the order in which they are drawn. The reader is the relay, the only one that
follows the log; what it sends is applied to the read models.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import pytest

from aggregates import order
from aggregates.event_store import relay_state
from aggregates.event_store.application import EventLog, open_event_log
from aggregates.event_store.connection import Connection, connect
from aggregates.event_store.recorder import Effects, Origin
from aggregates.publication import public
from projections import rebuild as rebuilding
from projections import store as read_store
from projections.catalogue import READ_MODELS
from schemas.topics import CATALOGUE
from streams.consuming import decode
from streams.publishing import Record
from streams.read_models import to_published
from tests.builders import NOON, an_order, one_part_per_line
from tests.integration.event_store.stored import a_receipt
from tests.integration.streams.test_relay import a_relay, running, until_sent
from tests.kept_publisher import KeptPublisher
from tests.records import ARecord
from tests.waiting import soon

ORDERS, WRITERS = 2_000, 8
EVENTS_TOPICS = [topic.name for topic in CATALOGUE if ".events." in topic.name]


@pytest.fixture
def log(database: str) -> Iterator[EventLog]:
    """The log of this test."""
    opened = open_event_log(database)
    yield opened
    opened.close()


def put(log: EventLog, connection: Connection, events: Sequence[Any]) -> None:
    """Write events as an agent does."""
    origins = [Origin("cause", "outside")] * len(events)
    log.events.put(events, connection=connection, effects=Effects("", ""), origins=origins)


def told(publisher: KeptPublisher) -> list[UUID]:
    """The aggregates whose public events were sent, in order, each once."""
    sent = [record for record in publisher.records if record.topic in EVENTS_TOPICS]
    return list(dict.fromkeys(UUID((record.key or b"").decode()) for record in sent))


def waits_for_the_log(connection: Connection) -> bool:
    """Whether a writer stands before the log's lock."""
    row = connection.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ).fetchone()
    return row is not None and row[0] > 0


async def two_writers(database: str, opened: Connection, log: EventLog, *, first_commits: bool) -> tuple[Any, ...]:
    """The first writer draws its positions and waits; the second commits at once, if it can; the relay reads on."""
    slow, quick = a_receipt(), a_receipt()
    publisher = KeptPublisher()

    def write_quickly() -> None:
        with connect(database, "quick") as second:
            put(log, second, quick)

    async with running(a_relay("one", database, log, publisher)):
        with connect(database, "slow") as first:
            first.execute("BEGIN")
            put(log, first, slow)
            second = asyncio.create_task(asyncio.to_thread(write_quickly))
            await soon(lambda: second.done() or waits_for_the_log(opened))
            in_between = told(publisher)
            first.execute("COMMIT" if first_commits else "ROLLBACK")
        await second
        await until_sent(opened, 4)
    return slow[0].originator_id, quick[0].originator_id, in_between, told(publisher)


async def test_fc_47_both_events_are_sent_where_the_first_writer_commits_last(
    database: str, opened: Connection, log: EventLog
) -> None:
    """Run 1: the second writer waits for the first, the reader sees neither in between, and both afterwards."""
    slow, quick, in_between, sent = await two_writers(database, opened, log, first_commits=True)
    assert in_between == []
    assert sent == [slow, quick]


async def test_fc_47_reader_goes_on_over_what_was_rolled_back(database: str, opened: Connection, log: EventLog) -> None:
    """Run 2: the positions of the first writer stay empty for ever, and nobody waits for them."""
    _, quick, in_between, sent = await two_writers(database, opened, log, first_commits=False)
    assert in_between == []
    assert sent == [quick]
    assert [row.position for row in relay_state.page(opened, 0, 10)] == [3, 4]


def test_fc_47_without_the_lock_a_reader_passes_an_event(database: str, opened: Connection, log: EventLog) -> None:
    """The same writers without the log's lock: what the first one commits last is never read. So the case is real."""

    def insert(connection: Connection) -> None:
        event = log.mapper.to_stored_event(a_receipt()[0])
        connection.execute(
            "INSERT INTO events (originator_id, originator_version, topic, state, cause, correlation)"
            " VALUES (%s, 1, %s, %s, '', '')",
            (event.originator_id, event.topic, event.state),
        )

    with connect(database, "slow") as first, connect(database, "quick") as second:
        first.execute("BEGIN")
        insert(first)
        insert(second)
        seen = relay_state.page(opened, 0, 10)
        first.execute("COMMIT")
        seen += relay_state.page(opened, seen[-1].position, 10)
    assert [row.position for row in seen] == [2]
    assert relay_state.end(opened) == 2


async def test_fc_47_rebuild_equals_live_after_2000_orders_by_8_writers(
    database: str, opened: Connection, log: EventLog
) -> None:
    """Run 3: what was shown as the log grew and what a rebuild from zero shows are equal, row by row."""
    publisher = KeptPublisher()

    def write(number: int) -> None:
        with connect(database, "writer") as connection:
            for each in range(number, ORDERS, WRITERS):
                placed = order.decide(
                    None, an_order().numbered(each).paid().record(), order.Known(NOON, one_part_per_line, 0)
                )
                assert placed is not None
                put(log, connection, list(placed.collect_events()))

    async with running(a_relay("one", database, log, publisher)):
        writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        await soon(lambda: not any(writer.is_alive() for writer in writers), within=120)
        await until_sent(opened, relay_state.end(opened))
    apply(opened, publisher.records)
    live = {name: rows(opened, name) for name in READ_MODELS}
    assert len(live["order_board"]) == ORDERS
    for name in READ_MODELS:
        rebuilding.rebuild(lambda: connect(database, "rebuild"), name, reading(opened, log), public)
    assert {name: rows(opened, name) for name in READ_MODELS} == live


def apply(connection: Connection, records: Sequence[Record]) -> None:
    """Show what was sent, topic by topic, as the agents of the read models do."""
    for topic in EVENTS_TOPICS:
        sent = [record for record in records if record.topic == topic]
        published = [
            to_published(decode(ARecord(topic, key=record.key, value=record.value, headers=record.headers)))
            for record in sent
        ]
        with connection.transaction():
            read_store.apply(connection, topic, published)


def reading(connection: Connection, log: EventLog) -> rebuilding.ReadLog:
    """The log for a rebuild."""

    def read(after: int, limit: int) -> list[rebuilding.Logged]:
        page = relay_state.page(connection, after, limit)
        return [(row.position, log.event_of(row), row.cause, row.correlation) for row in page]

    return read


def rows(connection: Connection, name: str) -> list[str]:
    """Every row of a read model as text."""
    assert name in READ_MODELS
    return [row for (row,) in connection.execute(f"SELECT t::text FROM {name} AS t ORDER BY 1")]
