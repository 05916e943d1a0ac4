"""The scheduler over real rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from aggregates.event_store import scheduled_commands
from aggregates.event_store.connection import Connection
from aggregates.event_store.scheduled_commands import scheduled
from schemas import codec, topics
from schemas.commands import FillBackorders
from schemas.envelope import CODE, from_headers
from streams.deciding import SCHEDULER
from streams.publishing import BrokerUnavailable
from streams.scheduler import Scheduler
from tests.effects import write
from tests.kept_publisher import KeptPublisher, raising
from tests.waiting import soon

COMMAND = FillBackorders(stock_item_id=uuid4(), set_for=3)


def set_timer(database: str, connection: Connection, key: str, seconds: float = -1.0) -> None:
    """Set one command for so many seconds from now."""
    due_at = datetime.now(UTC) + timedelta(seconds=seconds)
    write(database, connection, scheduled=[scheduled(COMMAND, key, due_at, "cause", "outside")])


@asynccontextmanager
async def running(dsn: str, publisher: KeptPublisher, *, leads: bool = True) -> AsyncIterator[None]:
    """A scheduler at work in a process that leads, or not."""
    leading = asyncio.Event()
    if leads:
        leading.set()
    task = asyncio.create_task(Scheduler(dsn, publisher, leading).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_empty(connection: Connection) -> None:
    """Wait until nothing that is due is left."""
    await soon(lambda: not scheduled_commands.due(connection, 1))


async def test_due_command_is_sent_and_forgotten(database: str, opened: Connection) -> None:
    """It goes to the topic of its aggregate, with the timer's key as its id and its cause carried along."""
    set_timer(database, opened, "expire-hold:1")
    publisher = KeptPublisher()
    async with running(database, publisher):
        await until_empty(opened)
    (record,) = publisher.records
    envelope = from_headers(record.headers)
    assert (record.topic, codec.decode(envelope.type, 1, record.value)) == (topics.INVENTORY_COMMANDS, COMMAND)
    assert (envelope.id, envelope.source) == ("timer:expire-hold:1", SCHEDULER)
    assert (envelope.causation_id, envelope.correlation_id) == ("cause", "outside")


async def test_command_of_newer_code_says_so(database: str, opened: Connection) -> None:
    """A timer that newer code set is sent as newer code's: an older reader must not take it for a bad record."""
    set_timer(database, opened, "expire-hold:1")
    opened.execute("UPDATE scheduled_commands SET type = 'OfTomorrow'")
    publisher = KeptPublisher()
    async with running(database, publisher):
        await until_empty(opened)
    (record,) = publisher.records
    assert from_headers(record.headers).code == CODE + 1


async def test_answer_of_a_call_keeps_its_own_name(database: str, opened: Connection) -> None:
    """What came of a call is no timer."""
    set_timer(database, opened, "call:buy-label:1:1")
    publisher = KeptPublisher()
    async with running(database, publisher):
        await until_empty(opened)
    assert from_headers(publisher.records[0].headers).id == "call:buy-label:1:1"


async def test_what_is_not_due_stays(database: str, opened: Connection) -> None:
    """A timer in the future is neither sent nor forgotten."""
    set_timer(database, opened, "now")
    set_timer(database, opened, "later", 3600)
    publisher = KeptPublisher()
    async with running(database, publisher):
        await until_empty(opened)
    assert len(publisher.records) == 1
    assert opened.execute("SELECT key FROM scheduled_commands").fetchall() == [("later",)]


async def test_unacknowledged_command_stays(database: str, opened: Connection) -> None:
    """While the broker is away nothing is forgotten; then it is sent."""
    set_timer(database, opened, "now")
    publisher = KeptPublisher()
    tried = asyncio.Event()

    async def away() -> None:
        tried.set()
        await raising(BrokerUnavailable("away"))()

    publisher.instead = away
    async with running(database, publisher):
        await tried.wait()
        assert len(scheduled_commands.due(opened, 10)) == 1
        publisher.instead = None
        await until_empty(opened)
    assert len(publisher.records) == 1


async def test_who_does_not_lead_sends_nothing(database: str, opened: Connection) -> None:
    """The scheduler follows the relay's lead."""
    set_timer(database, opened, "now")
    publisher = KeptPublisher()
    async with running(database, publisher, leads=False):
        await asyncio.sleep(0.3)
    assert publisher.records == []
