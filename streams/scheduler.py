"""
Send commands that are due: timers, continuations, and the outcomes of outside calls.

Reads: `scheduled_commands`.    Writes: the commands topics.
Repeated: a command that is sent twice names what it was set for, and is ignored the second time.    Bad: cannot be; the
rows were written by our own code.

It works while this process leads the relay, so usually one does; two at once only repeat.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

from aggregates.event_store import calls, inbox, scheduled_commands
from aggregates.event_store.connection import STORE_FAULT, Connection
from aggregates.event_store.scheduled_commands import Due
from schemas import codec
from schemas.envelope import CODE, Envelope, to_headers
from streams.deciding import SCHEDULER
from streams.publishing import BrokerUnavailable, Publisher, Record
from streams.store_thread import StoreThread

log = structlog.get_logger()

PAGE_COMMANDS = 1000
IDLE_SECONDS = 0.01
CLEAN_EVERY_SECONDS = 600.0


class Scheduler:
    """The scheduler of one process."""

    def __init__(self, dsn: str, publisher: Publisher, leading: asyncio.Event) -> None:
        self._publisher = publisher
        self._leading = leading
        self._store = StoreThread(dsn, "scheduler")
        self._cleaned_at = 0.0

    async def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            try:
                await self._leading.wait()
                await self._send_due()
                await self._clean()
            except (*STORE_FAULT, BrokerUnavailable) as error:
                log.warning(
                    "scheduler starts over", error=str(error).strip().partition("\n")[0], kind=type(error).__name__
                )
                await self._publisher.discard()
                await self._store.disconnect()
                await asyncio.sleep(0.2)

    async def _send_due(self) -> None:
        """Send until nothing is due; what was acknowledged is forgotten in the same step that reads on."""
        sent: list[int] = []
        while due := await self._store.run(_next, sent):
            await self._publisher.publish([record_of(each) for each in due])
            sent = [each.id for each in due]
            if len(due) < PAGE_COMMANDS:
                await asyncio.sleep(IDLE_SECONDS)
        await asyncio.sleep(IDLE_SECONDS)

    async def _clean(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._cleaned_at > CLEAN_EVERY_SECONDS:
            self._cleaned_at = now
            forgotten = await self._store.run(_forget_old)
            log.info("inbox and withheld calls cleaned", forgotten=forgotten)


def _next(connection: Connection, sent: list[int]) -> list[Due]:
    if sent:
        scheduled_commands.delete(connection, sent)
    return scheduled_commands.due(connection, PAGE_COMMANDS)


def _forget_old(connection: Connection) -> int:
    return inbox.forget_old(connection) + calls.forget_withheld(connection)


def record_of(due: Due) -> Record:
    """The record of a command that is due. One that this code does not know says that newer code wrote it."""
    envelope = Envelope(
        id=due.key if due.key.startswith("call:") else f"timer:{due.key}",
        type=due.type,
        source=SCHEDULER,
        time=datetime.now(UTC),
        subject=due.record_key,
        correlation_id=due.correlation,
        causation_id=due.cause,
        code=CODE if codec.is_known(due.type) else CODE + 1,
    )
    return Record(due.topic, due.record_key.encode(), due.body, to_headers(envelope))
