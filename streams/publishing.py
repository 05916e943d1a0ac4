"""
Records to Kafka in whole batches, acknowledged by all in-sync replicas before anything else happens.

No future per record, and never Faust's own producer, whose failed sends are only logged. After any failure the
producer is thrown away: an idempotent producer that lost a batch may refuse every later one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from functools import lru_cache
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from schemas.envelope import Headers
from schemas.topics import MAX_RECORD_BYTES

ACKNOWLEDGED_WITHIN_SECONDS = 10.0
BATCH_BYTES = 1024 * 1024
MAX_VALUE_BYTES = MAX_RECORD_BYTES - 64 * 1024
"""The rest is for the key, the headers and Kafka's own: a broker refuses the whole batch, again and again."""

CACHED_KEYS = 65_536


class BrokerUnavailable(Exception):
    """Kafka did not acknowledge; the records may stand on the topic or not."""


class Full(Exception):
    """More records wait for Kafka than this process takes."""


class RecordTooLarge(ValueError):
    """A record that no topic takes (4 MiB, less 64 KiB for its headers)."""


class Record(NamedTuple):
    """One record to send. `partition` None means: by the key, as every Kafka client does it."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers
    partition: int | None = None


class Acknowledged(NamedTuple):
    """The place of the last record that went to one partition."""

    topic: str
    partition: int
    last_offset: int


class Batches:
    """
    Records on their way to Kafka, each encoded into a batch of its partition the moment it is added.

    A list of thousands of records with their headers would be walked again when the processor's cache has forgotten it.
    """

    def __init__(self, new: Callable[[], BatchBuilder]) -> None:
        self._new = new
        self._now = int(time.time() * 1000)
        self.by_partition: dict[tuple[str, int], list[BatchBuilder]] = {}
        self.records = 0

    def add(self, topic: str, partition: int, key: bytes | None, value: bytes, headers: Headers) -> None:
        """Put a record behind those of its partition. Raises `RecordTooLarge`."""
        check_size(topic, value)
        place = (topic, partition)
        batches = self.by_partition.get(place)
        if batches is None:
            batches = self.by_partition[place] = [self._new()]
        if batches[-1].append(timestamp=self._now, key=key, value=value, headers=headers) is None:
            batches.append(self._new())
            # An empty batch takes any record, however large.
            batches[-1].append(timestamp=self._now, key=key, value=value, headers=headers)
        self.records += 1


def check_size(topic: str, value: bytes) -> None:
    """Raises `RecordTooLarge` for a value that the topic does not take."""
    if len(value) > MAX_VALUE_BYTES:
        raise RecordTooLarge(f"{topic}: {len(value)} bytes")


@lru_cache(maxsize=CACHED_KEYS)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key: murmur2, as in the Java client, so that any producer agrees."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


class Publisher:
    """Sends records and waits for every acknowledgement. One per process and purpose; used from one event loop."""

    def __init__(self, bootstrap_servers: str, client_id: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._partitions: dict[str, int] = {}

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has. Raises `BrokerUnavailable`."""
        if topic not in self._partitions:
            producer = await self._started()
            try:
                self._partitions[topic] = len(await producer.partitions_for(topic))
            except KafkaError as error:
                await self.discard()
                raise BrokerUnavailable(f"{topic}: {error!r}") from error
        return self._partitions[topic]

    async def batches(self) -> Batches:
        """Empty batches, to be filled in any thread and sent. Raises `BrokerUnavailable`."""
        return Batches((await self._started()).create_batch)

    async def publish(self, records: Sequence[Record]) -> list[Acknowledged]:
        """Send all records, in order within each partition; else as `send`. Raises `RecordTooLarge`."""
        batches = await self.batches()
        for record in records:
            partition = record.partition
            if partition is None:
                count = await self.partitions(record.topic)
                partition = partition_of(record.key, count) if record.key is not None else 0
            batches.add(record.topic, partition, record.key, record.value, record.headers)
        return await self.send(batches)

    async def send(self, batches: Batches) -> list[Acknowledged]:
        """
        Send these batches and return when all are acknowledged.

        Raises `BrokerUnavailable` when that does not happen within ten seconds; then some may have been
        written. Repeated: written again; consumers drop what they have seen.
        """
        producer = await self._started()
        try:
            async with AsyncExitStack() as unless_acknowledged, asyncio.timeout(ACKNOWLEDGED_WITHIN_SECONDS):
                unless_acknowledged.push_async_callback(self.discard)
                under_way = [
                    (place, await _handed_over(producer, place, group)) for place, group in batches.by_partition.items()
                ]
                acknowledged = [Acknowledged(*place, await _last_offset(sent)) for place, sent in under_way]
                unless_acknowledged.pop_all()
        except (KafkaError, TimeoutError, OSError) as error:
            raise BrokerUnavailable(repr(error)) from error
        return acknowledged

    async def discard(self) -> None:
        """Throw the producer away; the next use makes a new one. What it held is sent now or never."""
        producer, self._producer = self._producer, None
        self._partitions.clear()
        if producer is not None:
            await _stopped(producer)

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap_servers,
                    client_id=self._client_id,
                    acks="all",
                    enable_idempotence=True,
                    request_timeout_ms=5_000,
                    max_batch_size=BATCH_BYTES,
                    max_request_size=MAX_RECORD_BYTES,
                    metadata_max_age_ms=60_000,
                )
                try:
                    async with asyncio.timeout(ACKNOWLEDGED_WITHIN_SECONDS):
                        await producer.start()
                except (KafkaError, TimeoutError, OSError) as error:
                    await _stopped(producer)
                    raise BrokerUnavailable(repr(error)) from error
                self._producer = producer
            return self._producer


async def _handed_over(
    producer: AIOKafkaProducer, place: tuple[str, int], batches: Sequence[BatchBuilder]
) -> list[tuple[Any, int]]:
    """The batches of one partition, on their way: the future of each, and its number of records."""
    topic, partition = place
    return [(await producer.send_batch(batch, topic, partition=partition), batch.record_count()) for batch in batches]


async def _last_offset(batches: Sequence[tuple[Any, int]]) -> int:
    last_offset = -1
    for acknowledgement, count in batches:
        last_offset = (await acknowledgement).offset + count - 1
    return last_offset


async def _stopped(producer: AIOKafkaProducer) -> None:
    """
    Stop a producer that may be broken, within two seconds; its last words do not matter.

    Its own `stop` sends first what it holds, and an idempotent producer tries that for ever: then its sender is ended
    without it, or it would send old records behind newer ones when the broker is back.
    """
    try:
        async with asyncio.timeout(1.0):
            await producer.stop()
    except (KafkaError, TimeoutError, OSError):
        sender = producer._sender
        ends = [producer.client.close] if sender is None else [sender.close, producer.client.close]
        for end in ends:
            with suppress(KafkaError, TimeoutError, OSError):
                async with asyncio.timeout(0.5):
                    await end()
