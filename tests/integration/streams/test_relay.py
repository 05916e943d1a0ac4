"""The relay over a real log: everything, in order, once per position, whoever leads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from aggregates.event_store import dead_letters, relay_state
from aggregates.event_store.application import EventLog, open_event_log
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.connection import Connection
from aggregates.event_store.mapper import NewerEvent
from aggregates.event_store.recorder import Effects, Origin
from aggregates.stock_item import Known, StockItem, decide
from schemas import topics
from schemas.commands import RecordMovement
from schemas.envelope import Envelope, from_headers
from streams import publishing
from streams.publishing import BrokerUnavailable, Record, partition_of
from streams.relay import Relay
from tests.integration.streams.agents import MASTER_KEY
from tests.kept_publisher import PARTITIONS, KeptPublisher, raising
from tests.records import MOMENT
from tests.waiting import soon

ORIGIN = Origin("cause", "outside")


@pytest.fixture
def log(database: str) -> Iterator[EventLog]:
    """The log of this test."""
    opened = open_event_log(database)
    yield opened
    opened.close()


def receipts(log: EventLog, connection: Connection, count: int) -> list[UUID]:
    """Write the two events of so many shelves' first receipts; returns the shelves."""
    shelves = []
    for _ in range(count):
        shelves.append(uuid4())
        command = RecordMovement(
            stock_item_id=shelves[-1], kind="receipt", quantity=3, reference="R", occurred_at=MOMENT
        )
        item = decide(None, command, Known(MOMENT))
        assert isinstance(item, StockItem)
        events = list(item.collect_events())
        log.events.put(events, connection=connection, effects=Effects("", ""), origins=[ORIGIN] * len(events))
    return shelves


@asynccontextmanager
async def running(relay: Relay) -> Any:
    """A relay at work."""
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_sent(connection: Connection, position: int) -> None:
    """Wait until the relay has moved to a position."""
    await soon(lambda: position_of(connection) >= position)


def position_of(connection: Connection) -> int:
    """How far the relay has sent, by its row."""
    row = connection.execute("SELECT position FROM relay").fetchone()
    assert row is not None
    return int(row[0])


def by_place(records: list[Record]) -> dict[tuple[str, int], list[Envelope]]:
    """The envelopes on each partition, in order."""
    found: dict[tuple[str, int], list[Envelope]] = {}
    for record in records:
        assert record.partition == partition_of(record.key or b"", PARTITIONS)
        found.setdefault((record.topic, record.partition), []).append(from_headers(record.headers))
    return found


def a_relay(name: str, dsn: str, log: EventLog, publisher: KeptPublisher) -> Relay:
    """The relay of one process."""
    return Relay(name, dsn, log, publisher, BuyerKeys(MASTER_KEY))


async def test_log_is_sent_in_order_with_what_follows(database: str, opened: Connection, log: EventLog) -> None:
    """Each event's public form and commands go out; on each partition every record names the one before it."""
    shelves = receipts(log, opened, 30)
    publisher = KeptPublisher()
    async with running(a_relay("one", database, log, publisher)):
        await until_sent(opened, 60)
    told = [record for record in publisher.records if record.topic == topics.INVENTORY_EVENTS]
    assert {record.key for record in told} == {str(shelf).encode() for shelf in shelves}
    assert len(told) == 60
    assert len([record for record in publisher.records if record.topic == topics.REPLENISHMENT_COMMANDS]) == 60
    for envelopes in by_place(publisher.records).values():
        before = 0
        for envelope in envelopes:
            assert envelope.log_position is not None
            assert envelope.previous_position == before
            assert envelope.log_position >= before
            before = envelope.log_position


async def test_next_leader_goes_on_where_the_last_one_stood(database: str, opened: Connection, log: EventLog) -> None:
    """Nothing is sent again after an orderly end, and the chain of previous positions goes on."""
    receipts(log, opened, 5)
    first = KeptPublisher()
    async with running(a_relay("one", database, log, first)) as relay:
        await until_sent(opened, 10)
        await relay.stop()
    receipts(log, opened, 5)
    second = KeptPublisher()
    async with running(a_relay("two", database, log, second)):
        await until_sent(opened, 20)
    for place, envelopes in by_place(first.records + second.records).items():
        positions = [each.log_position for each in envelopes]
        assert positions == sorted(positions, key=lambda position: position or 0), place
        assert [each.previous_position for each in envelopes][1:] == [
            envelope.log_position for envelope in envelopes[:-1]
        ], place


async def test_unacknowledged_records_are_sent_again(database: str, opened: Connection, log: EventLog) -> None:
    """The position moves only once the broker has everything; the same records then go out under the same ids."""
    receipts(log, opened, 3)
    publisher = KeptPublisher()
    publisher.instead = raising(BrokerUnavailable("away"))
    async with running(a_relay("one", database, log, publisher)):
        await asyncio.sleep(0.5)
        assert (position_of(opened), publisher.records) == (0, [])
        publisher.instead = None
        await until_sent(opened, 6)
    assert len([record for record in publisher.records if record.topic == topics.INVENTORY_EVENTS]) == 6


async def test_event_that_nobody_can_translate_is_dead_lettered(
    database: str, opened: Connection, log: EventLog
) -> None:
    """One broken row does not hold the log back: it becomes a dead letter of kind bug, the rest goes out."""
    receipts(log, opened, 1)
    opened.execute(
        "INSERT INTO events (originator_id, originator_version, topic, state, cause, correlation)"
        " VALUES (%s, 1, 'order.placed', '{}', 'cause', 'outside')",
        (uuid4(),),
    )
    receipts(log, opened, 1)
    publisher = KeptPublisher()
    async with running(a_relay("one", database, log, publisher)):
        await until_sent(opened, 5)
    (letter,) = dead_letters.recent(opened, 10)
    assert (letter.agent, letter.topic, letter.offset, letter.kind) == ("relay", "log", 3, "bug")
    assert len([record for record in publisher.records if record.topic == topics.INVENTORY_EVENTS]) == 4


@pytest.mark.parametrize(("topic", "state"), [("order.of-tomorrow", b"{}"), ("order.placed", b'{"class_version":9}')])
async def test_event_that_newer_code_stored_ends_the_relay(
    database: str, opened: Connection, log: EventLog, topic: str, state: bytes
) -> None:
    """An event of an unknown type or version is no bug of ours: nothing is dead-lettered, and nothing is passed."""
    receipts(log, opened, 1)
    opened.execute(
        "INSERT INTO events (originator_id, originator_version, topic, state, cause, correlation)"
        " VALUES (%s, 1, %s, %s, 'cause', 'outside')",
        (uuid4(), topic, state),
    )
    with pytest.raises(NewerEvent, match=topic):
        await a_relay("one", database, log, KeptPublisher()).run()
    assert (position_of(opened), dead_letters.recent(opened, 10)) == (0, [])


async def test_event_that_grows_too_large_is_dead_lettered(
    database: str, opened: Connection, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no topic takes does not hold the log back: it becomes a dead letter of kind bug, the rest goes out."""
    receipts(log, opened, 1)
    monkeypatch.setattr(publishing, "MAX_VALUE_BYTES", 1)
    publisher = KeptPublisher()
    async with running(a_relay("one", database, log, publisher)):
        await until_sent(opened, 2)
        monkeypatch.undo()
        receipts(log, opened, 1)
        await until_sent(opened, 4)
    assert {(letter.offset, letter.kind) for letter in dead_letters.recent(opened, 10)} == {(1, "bug"), (2, "bug")}
    assert {from_headers(record.headers).log_position for record in publisher.records} == {3, 4}


async def test_one_of_two_relays_sends(database: str, opened: Connection, log: EventLog) -> None:
    """While one leads the other is silent; when its lease runs out the other takes over and sends the rest."""
    receipts(log, opened, 2)
    one, two = KeptPublisher(), KeptPublisher()
    async with running(a_relay("one", database, log, one)):
        await until_sent(opened, 4)
        async with running(a_relay("two", database, log, two)):
            receipts(log, opened, 2)
            await until_sent(opened, 8)
            assert (len(two.records), len({from_headers(record.headers).id for record in one.records})) == (0, 16)


async def test_leader_that_lost_repeats_at_most_one_page(database: str, opened: Connection, log: EventLog) -> None:
    """A leader that is deposed in the middle of a page finds out when it moves the row, and starts over."""
    receipts(log, opened, 2)
    publisher = KeptPublisher()

    async def depose() -> None:
        if not publisher.records:
            opened.execute("UPDATE relay SET term = term + 1, leader = 'other', lease_until = now() + interval '1 s'")

    publisher.instead = depose
    async with running(a_relay("one", database, log, publisher)):
        await until_sent(opened, 4)
    ids = [from_headers(record.headers).id for record in publisher.records if record.topic == topics.INVENTORY_EVENTS]
    assert len(ids) == 8
    assert len(set(ids)) == 4
    assert relay_state.sent(opened) != {}
