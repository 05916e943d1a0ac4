"""
Send dead letters again: their bytes unchanged, to the topic that they came from, in the order in which they came.

Reads: `dead_letters`.    Writes: tiktok.webhooks.v1 and the commands topics.
An event that the relay could not translate is translated again, and the commands that follow from it are sent.
Repeated: its reader drops what it decided before, by the inbox, and marketplace time orders the rest.    Bad: it is the
same letter again, which waits for a person.

It works while this process leads the relay, so usually one does; two at once only repeat.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

import structlog

from aggregates.event_store import dead_letters, inbox, relay_state
from aggregates.event_store.application import EventLog
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.connection import STORE_FAULT, Connection, connect
from aggregates.event_store.dead_letters import Asked, context_of
from aggregates.event_store.relay_state import Logged
from projections.catalogue import FED_BY
from schemas import topics
from schemas.commands import Command
from schemas.envelope import to_headers
from schemas.values import derived_id
from streams.letters import record_again
from streams.publishing import BrokerUnavailable, Publisher, Record, RecordTooLarge, check_size
from streams.relay import Outgoing, envelope_of, translated
from streams.store_thread import StoreThread

log = structlog.get_logger()

PAGE_LETTERS = 50
LOOK_SECONDS = 0.5
START_OVER_SECONDS = 1.0
MAX_LETTERS_AT_ONCE = 10_000
OPERATOR = "operator"
LOG = "log"
"""What a letter names as its topic that is of an event which the relay could not translate."""

TOPICS = tuple(
    topic.name
    for topic in topics.CATALOGUE
    if not topic.types or all(issubclass(kind, Command) for kind in topic.types)
)
"""Where letters go again. An event has one writer, the relay: a read model that missed one is rebuilt."""

REDELIVERABLE = (*TOPICS, LOG)
"""Whose letters are sent again. Of an event that the relay could not translate it is the commands that follow."""

INBOX_TARGET = derived_id("dead-letters", "redelivery")


class Wish(NamedTuple):
    """Which letters to send again: these, or all that wait and whose reason holds this text."""

    ids: tuple[UUID, ...] = ()
    reason: str = ""


class NotRedeliverable(ValueError):
    """Letters that are unknown, of an event that a read model could not take, or erased."""


Redeliver = Callable[[str, bytes, Wish], Awaitable[None]]
"""Carry out an operator's wish once for its key. Raises `NotRedeliverable`, or as the store does."""


def ask(connection: Connection, wish: Wish) -> int:
    """Note the wish, whole or not at all, and return for how many letters. Raises `NotRedeliverable`."""
    ids = wish.ids or dead_letters.waiting(connection, REDELIVERABLE, wish.reason, MAX_LETTERS_AT_ONCE)
    with connection.transaction():
        asked = set(dead_letters.ask(connection, ids, REDELIVERABLE))
        if wish.ids and (refused := [letter for letter in wish.ids if letter not in asked]):
            raise NotRedeliverable(f"{refused[0]}: {_why_not(connection, refused[0])}; nothing is sent")
    return len(asked)


def _why_not(connection: Connection, letter: UUID) -> str:
    """Why a letter is not sent again, and what to do instead where something can be done."""
    found = dead_letters.one(connection, letter)
    if found is None:
        return "is no dead letter"
    if found[0].topic in REDELIVERABLE:
        return "its body was erased"
    names = ", ".join(model.name for model in FED_BY.get(found[0].topic, ()))
    return f"is of an event, which has one writer; once its cause is mended, `creatorflow rebuild` makes {names} anew"


def ask_once(connection: Connection, key: str, body: bytes, wish: Wish) -> None:
    """The same for the key of an operator. Repeated: nothing, unless the key comes with another body."""
    entry = inbox.Entry(OPERATOR, key, INBOX_TARGET, hashlib.sha256(body).digest())
    with connection.transaction():
        if inbox.claim(connection, entry):
            count = ask(connection, wish)
            inbox.conclude(connection, entry._replace(outcome=f"{count} dead letters are sent again"))


def asking(dsn: str) -> Redeliver:
    """What the door is given: a connection for each wish, which is rare, so that webhooks need no database."""

    def asked(key: str, body: bytes, wish: Wish) -> None:
        with connect(dsn, "redelivery") as connection:
            ask_once(connection, key, body, wish)

    async def redeliver(key: str, body: bytes, wish: Wish) -> None:
        await asyncio.to_thread(asked, key, body, wish)

    return redeliver


def _without_place(outgoing: Outgoing, logged: Logged, letter: UUID) -> Record:
    """A command of the relay without its place in the log, behind which its partition is long since."""
    headers = to_headers(envelope_of(outgoing, logged, epoch=0, previous_position=0))
    kept = {name: value.decode() for name, value in headers}
    return record_again(letter, outgoing.topic, outgoing.key.encode(), kept, outgoing.value)


class Redeliverer:
    """The part of one process that sends letters again."""

    def __init__(
        self, dsn: str, publisher: Publisher, leading: asyncio.Event, keys: BuyerKeys, event_log: EventLog
    ) -> None:
        self._log = event_log
        self._publisher = publisher
        self._leading = leading
        self._keys = keys
        self._store = StoreThread(dsn, "redelivery")

    async def run(self) -> None:
        """Send what is asked for, for ever."""
        while True:
            try:
                await self._leading.wait()
                while await self._send_page():
                    pass
                await asyncio.sleep(LOOK_SECONDS)
            except (*STORE_FAULT, BrokerUnavailable) as error:
                log.warning("redelivery starts over", kind=type(error).__name__)
                await self._publisher.discard()
                await self._store.disconnect()
                await asyncio.sleep(START_OVER_SECONDS)

    async def _send_page(self) -> int:
        """Send one page; returns how many letters it had."""
        letters, records = await self._store.run(self._begin)
        if records:
            await self._publisher.publish(records)
        if letters:
            await self._store.run(dead_letters.end_redelivery, letters)
            log.info("dead letters sent again", letters=len(records), unsendable=len(letters) - len(records))
        return len(letters)

    def _begin(self, connection: Connection) -> tuple[list[Asked], list[Record]]:
        letters = dead_letters.asked(connection, PAGE_LETTERS)
        sendable = [(letter, records) for letter in letters if (records := self._records(connection, letter))]
        if sendable:
            dead_letters.begin_redelivery(connection, [letter for letter, _ in sendable])
        return letters, [record for _, records in sendable for record in records]

    def _records(self, connection: Connection, letter: Asked) -> list[Record]:
        """The records behind a letter; none where it waits for a person once more."""
        if letter.topic == LOG:
            return self._following(connection, letter)
        record = self._record(connection, letter)
        return [] if record is None else [record]

    def _following(self, connection: Connection, letter: Asked) -> list[Record]:
        """
        The commands that follow from an event that the relay could not translate, which went on without them.

        Its reader knows them by their ids. The event itself is not sent behind later ones: `creatorflow rebuild` shows
        it. An error of our own keeps the letter waiting, as any of the policies may raise here, and the loop goes on.
        """
        (logged,) = relay_state.at(connection, [letter.offset])
        outgoing = translated(self._log, logged)
        if isinstance(outgoing, Exception):
            log.warning("dead letter fails again", letter=str(letter.id), position=letter.offset)
            return []
        return [_without_place(each, logged, letter.id) for each in outgoing if each.topic in TOPICS]

    def _record(self, connection: Connection, letter: Asked) -> Record | None:
        """The record to send; None where its body was erased meanwhile, or no topic takes it."""
        context = context_of(letter.topic, letter.partition, letter.offset)
        body = self._keys.open(connection, letter.body, context)
        if body is None:
            log.warning("dead letter was erased", letter=str(letter.id))
            return None
        try:
            check_size(letter.topic, body)
        except RecordTooLarge:
            log.warning("dead letter is too large to be sent again", letter=str(letter.id), bytes=len(body))
            return None
        return record_again(letter.id, letter.topic, letter.record_key, letter.headers, body)
