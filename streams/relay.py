"""
Send what the event store holds, in order: each event's public form, and the commands that follow from it.

Reads: the log, from the stored position.    Writes: the events topics, and commands for other aggregates.
Repeated: consumers drop what they have seen, by log position.    Bad: an event on which the policy raises, or of which
something grows too large for its topic, becomes a dead letter of kind `bug`, with an alarm, and the relay goes on. One
that newer code wrote ends the process: its own relay will send it.

One process leads, by a row with a term and a lease of 5 s, renewed by compare-and-set on term and position together.
A leader that was stopped and wakes up sends one batch at most, which is a repeat, and then finds that it lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog

from aggregates.event_store import dead_letters, relay_state
from aggregates.event_store.application import EventLog
from aggregates.event_store.buyer_keys import BuyerKeys, day_subject
from aggregates.event_store.connection import STORE_FAULT, Connection
from aggregates.event_store.dead_letters import DeadLetter
from aggregates.event_store.mapper import NewerEvent
from aggregates.event_store.relay_state import Leadership, LeadershipLost, Logged, Sent
from aggregates.policies.fulfilment import commands_after
from aggregates.publication import public
from schemas import codec, topics
from schemas.envelope import CODE, Envelope, to_headers
from streams.publishing import Batches, BrokerUnavailable, Publisher, check_size, partition_of
from streams.store_thread import StoreThread

log = structlog.get_logger()

PAGE_EVENTS = 3000
IDLE_SECONDS = 0.01
BUSY_RECORDS = 100
GATHER_SECONDS = 0.06
"""After a page of so many records more may gather: each page is a batch for nearly every partition there is."""
FOLLOWER_SECONDS = 1.0
RENEW_SECONDS = 1.0
SOURCE = "relay"


class Outgoing(NamedTuple):
    """What an event becomes on a topic, before it is known which record went to that partition last."""

    topic: str
    key: str
    type: str
    version: int
    value: bytes
    id: str
    causation_id: str
    at: datetime


class Step(NamedTuple):
    """A page of the log on its way: what stands on each partition once it is sent, and how far the page goes."""

    leadership: Leadership
    positions: dict[tuple[str, int], int]
    until: int = 0
    full: bool = False


class Relay:
    """The relay of one process; leads, or waits until nobody does."""

    def __init__(self, name: str, dsn: str, log_: EventLog, publisher: Publisher, keys: BuyerKeys) -> None:
        self._name = name
        self._log = log_
        self._publisher = publisher
        self._keys = keys
        self._store = StoreThread(dsn, "relay")
        self._sent: dict[tuple[str, int], int] = {}
        self._epoch = 1
        self._renewed_at = 0.0
        self.leading = asyncio.Event()

    async def run(self) -> None:
        """Lead whenever possible, for ever."""
        while True:
            try:
                leadership = await self._store.run(self._take_lead)
                if leadership is None:
                    await asyncio.sleep(FOLLOWER_SECONDS)
                    continue
                self.leading.set()
                log.info("relay leads", term=leadership.term, position=leadership.position)
                await self._lead(leadership)
            except (*STORE_FAULT, BrokerUnavailable, LeadershipLost) as error:
                log.warning("relay starts over", error=str(error).strip().partition("\n")[0], kind=type(error).__name__)
                self.leading.clear()
                await self._publisher.discard()
                await self._store.disconnect()
                await asyncio.sleep(0.2)

    async def stop(self) -> None:
        """Hand the lead over at once."""
        if self.leading.is_set():
            await self._store.run(self._step_down)
            await self._store.disconnect()
        await self._publisher.discard()

    async def _lead(self, leadership: Leadership) -> None:
        partitions = {topic.name: await self._publisher.partitions(topic.name) for topic in topics.CATALOGUE}
        sent: list[Sent] = []
        step = Step(leadership, {})
        while True:
            batches = await self._publisher.batches()
            step = await self._store.run(self._step, step, sent, partitions, batches)
            sent = []
            if not batches.records:
                await asyncio.sleep(IDLE_SECONDS)
                continue
            acknowledged = await self._publisher.send(batches)
            sent = [Sent(*each, step.positions[each[:2]]) for each in acknowledged]
            if batches.records >= BUSY_RECORDS and not step.full:
                await asyncio.sleep(GATHER_SECONDS)

    def _take_lead(self, connection: Connection) -> Leadership | None:
        leadership = relay_state.take_lead(connection, self._name)
        if leadership is not None:
            self._sent = relay_state.sent(connection)
            self._epoch = relay_state.epoch(connection)
        return leadership

    def _step(
        self, connection: Connection, done: Step, sent: Sequence[Sent], partitions: dict[str, int], batches: Batches
    ) -> Step:
        """Note what was acknowledged, read on, and translate into `batches`, which stay empty with nothing to send."""
        leadership = done.leadership
        if done.until > leadership.position:
            leadership = relay_state.move(connection, leadership, done.until, sent)
            self._sent.update({(each.topic, each.partition): each.position for each in sent})
            self._renewed_at = time.monotonic()
        page = relay_state.page(connection, leadership.position, PAGE_EVENTS)
        if not page and time.monotonic() - self._renewed_at > RENEW_SECONDS:
            relay_state.renew(connection, leadership)
            self._renewed_at = time.monotonic()
        if not page:
            return Step(leadership, {}, leadership.position)
        positions = self._translated(connection, page, partitions, batches)
        return Step(leadership, positions, page[-1].position, full=len(page) == PAGE_EVENTS)

    def _step_down(self, connection: Connection) -> None:
        leadership = relay_state.take_lead(connection, self._name)
        if leadership is not None:
            relay_state.step_down(connection, leadership)

    def _translated(
        self, connection: Connection, page: Sequence[Logged], partitions: dict[str, int], batches: Batches
    ) -> dict[tuple[str, int], int]:
        """Put what a page becomes into the batches, each record with the position sent to its partition before it."""
        before = dict(self._sent)
        for logged in page:
            for outgoing in self._outgoing(connection, logged):
                key = outgoing.key.encode()
                partition = partition_of(key, partitions[outgoing.topic])
                place = (outgoing.topic, partition)
                envelope = envelope_of(outgoing, logged, self._epoch, before.get(place, 0))
                batches.add(outgoing.topic, partition, key, outgoing.value, to_headers(envelope))
                before[place] = logged.position
        return before

    def _outgoing(self, connection: Connection, logged: Logged) -> list[Outgoing]:
        outgoing = translated(self._log, logged)
        if isinstance(outgoing, Exception):
            self._bury(connection, logged, outgoing)
            return []
        return outgoing

    def _bury(self, connection: Connection, logged: Logged, error: Exception) -> None:
        subject = day_subject(datetime.now(UTC).date())
        self._keys.make_ready(connection, [subject])
        context = dead_letters.context_of("log", 0, logged.position)
        letter = DeadLetter(
            "relay",
            "log",
            0,
            logged.position,
            "bug",
            type(error).__name__,
            logged.originator_id.encode(),
            {"type": logged.topic},
            self._keys.seal(subject, logged.state, context),
        )
        dead_letters.insert(connection, [letter])


def translated(event_log: EventLog, logged: Logged) -> list[Outgoing] | Exception:
    """
    What one stored event becomes on the topics, or the error, which is logged and stops no other event: a policy of
    ours raised, or something grew too large for its topic. Raises `NewerEvent` for one that newer code wrote.
    """
    try:
        outgoing = outgoing_of(logged, event_log.event_of(logged))
        for each in outgoing:
            check_size(each.topic, each.value)
    except NewerEvent:
        raise
    except Exception as error:
        log.error("event cannot be translated", position=logged.position, type=logged.topic, exc_info=error)
        return error
    return outgoing


def outgoing_of(logged: Logged, event: Any) -> list[Outgoing]:
    """What one stored event becomes on the topics: its public event, then the commands that follow, in order."""
    event_id = f"{logged.originator_id}:{logged.originator_version}"
    message = public(event)
    outgoing = [] if message is None else [_addressed(message, event_id, logged.cause, event.timestamp)]
    for number, command in enumerate(commands_after(event), 1):
        outgoing.append(_addressed(command, f"{logged.position}.{number}", event_id, event.timestamp))
    return outgoing


def envelope_of(outgoing: Outgoing, logged: Logged, epoch: int, previous_position: int) -> Envelope:
    """The envelope of a record, with the position of the one that went to the same partition before."""
    return Envelope(
        outgoing.id,
        outgoing.type,
        SOURCE,
        outgoing.at,
        outgoing.key,
        logged.correlation,
        outgoing.causation_id,
        outgoing.version,
        CODE,
        epoch,
        logged.position,
        previous_position,
    )


def _addressed(message: Any, message_id: str, causation_id: str, at: datetime) -> Outgoing:
    kind = type(message)
    return Outgoing(
        topics.topic_of(message),
        topics.key_of(message),
        kind.__name__,
        kind.VERSION,
        codec.encode(message),
        message_id,
        causation_id,
        at,
    )
