"""
The shape of an agent that forwards: records in, records out, then the offset.

It sends with ids derived from the record, waits for every acknowledgement, and only then moves its offset. So it may
send twice, and never not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from typing import NamedTuple

from aggregates.event_store import relay_state
from aggregates.event_store.application import EventLog
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.calls import CallRow
from aggregates.event_store.connection import Connection
from aggregates.event_store.dead_letters import DeadLetter
from aggregates.event_store.raw_webhooks import RawWebhook
from aggregates.event_store.recorder import Effects
from aggregates.event_store.shops import Access
from streams.consuming import Raw, Slice, advances, gathering, with_value
from streams.letters import dead_letter
from streams.publishing import BrokerUnavailable, Publisher, Record

SEND_WITHIN_SECONDS = 30.0
GATHER_SECONDS = 0.06
BEHIND_PER_SECOND = 2_000
"""A second's pause for so many commands that the readers are behind."""

PAUSE_AT_MOST_SECONDS = 4.0


class Forwarded(NamedTuple):
    """
    What a batch of records becomes: records to send, what is kept of them, what is wrong with the rest, and beside
    that what is to be asked outside, and what they show of our access to shops.
    """

    records: list[Record]
    raw_webhooks: list[RawWebhook]
    refused: list[tuple[Raw, str]]
    asked: list[CallRow]
    access: list[Access]


Transform = Callable[[Connection, Sequence[Raw]], Forwarded]


class Forwarder:
    """A `Work` that forwards. Used from its agent's thread alone; the publisher lives in the event loop."""

    def __init__(
        self,
        name: str,
        topic: str,
        transform: Transform,
        *,
        log: EventLog,
        keys: BuyerKeys,
        publisher: Publisher,
        loop: asyncio.AbstractEventLoop,
        readers: Sequence[str],
    ) -> None:
        self.name = name
        self.topic = topic
        self._transform = transform
        self._log = log
        self._keys = keys
        self._publisher = publisher
        self._loop = loop
        self._readers = readers
        self._behind = 0

    def forget(self) -> None:
        """There is nothing in memory."""

    def pause_after(self, records: int) -> float:
        """
        What is forwarded faster than it is decided only waits elsewhere, and pushes live orders out of memory: the
        further its readers are behind, the longer the pause.
        """
        return max(gathering(records, GATHER_SECONDS), min(self._behind / BEHIND_PER_SECOND, PAUSE_AT_MOST_SECONDS))

    def process(
        self, connection: Connection, slices: Sequence[Slice], dead: Mapping[tuple[int, int], DeadLetter]
    ) -> str:
        """Send what these records become, and then move the offsets with what is kept of them."""
        records = [
            record
            for part in slices
            for record in with_value(self.name, part.records)
            if (record.partition, record.offset) not in dead
        ]
        forwarded = self._transform(connection, records)
        effects = Effects(self.name, self.topic, advances(slices))
        effects.dead_letters.extend(dead.values())
        effects.dead_letters.extend(
            dead_letter(self.name, record, "bad", reason, keys=self._keys, connection=connection)
            for record, reason in forwarded.refused
        )
        effects.raw_webhooks.extend(forwarded.raw_webhooks)
        effects.asked.extend(forwarded.asked)
        effects.access.extend(forwarded.access)
        if forwarded.records:
            sending = asyncio.run_coroutine_threadsafe(self._publisher.publish(forwarded.records), self._loop)
            try:
                sending.result(SEND_WITHIN_SECONDS)
            except (TimeoutError, CancelledError) as error:
                sending.cancel()
                raise BrokerUnavailable(f"not acknowledged within {SEND_WITHIN_SECONDS} s") from error
        self._log.events.put([], connection=connection, effects=effects, origins=[])
        self._behind = relay_state.behind(connection, self._readers)
        return f"{len(forwarded.records)} sent, {len(forwarded.asked)} asked, {len(forwarded.refused)} refused"
