"""
Faust's transport, made to read from the offsets in the event store and to hand agents whole batches.

Faust is a delivery hint here: it fetches, it rebalances, it never decides where an agent stands. Names and
behaviour were checked on faust-streaming 0.15.3.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, cast

import aiokafka
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.transports import SchedulingStrategyT
from faust.types.tuples import ConsumerMessage

from streams.standing import Standing

FETCH_MAX_WAIT_MILLISECONDS = 20
"""Faust has 1500 here, and a fetch that waits for one idle partition holds back all others."""

FETCH_MIN_BYTES = 128 * 1024
"""Below this a fetch waits its twenty milliseconds out: under load it brings many records instead of one or two."""

BATCH_RECORDS = 500
BATCH_BYTES = 4 * 1024 * 1024


class BatchScheduling(SchedulingStrategyT):
    """
    Hands out the records of a fetch as lists, one Faust event each, topics in turn.

    A list may hold several partitions of its topic, each one's records in a row and in order: what Faust does costs the
    same for one record as for five hundred. It goes under the name of its first partition.
    """

    def iterate(self, records: Mapping[TP, list[Any]]) -> Iterator[tuple[TP, Any]]:
        """Lists of up to 500 records or 4 MiB."""
        by_topic: dict[str, list[TP]] = {}
        for tp in records:
            by_topic.setdefault(tp.topic, []).append(tp)
        waiting = [_lists(chain.from_iterable(records[tp] for tp in tps)) for tps in by_topic.values()]
        while waiting:
            for lists in list(waiting):
                batch = next(lists, None)
                if batch is None:
                    waiting.remove(lists)
                else:
                    yield TP(batch[0].topic, batch[0].partition), batch


def _lists(records: Iterable[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    size = 0
    for record in records:
        if batch and (len(batch) >= BATCH_RECORDS or size >= BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += len(record.value or b"")
    if batch:
        yield batch


class NoReadOffsets(dict[TP, int | None]):
    """Answers None for every partition: what was read is ours to know, and Faust must not drop a record for it."""

    def __missing__(self, key: TP) -> int | None:
        return None

    def __getitem__(self, key: TP) -> int | None:
        return None


class StoreConsumer(driver.Consumer):
    """Seeks to the event store's offsets on every assignment and commits only them to Kafka."""

    def on_init(self) -> None:
        super().on_init()
        self._read_offset = cast(Any, NoReadOffsets())

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return PromptConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        last = record[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            [],
            None,
            record,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """
        Seek every assigned partition to where its agents stand; a partition that nobody read begins at its log's start.

        Raises when the store does not answer within half the request time-out: the process then exits.
        A row that the log does not reach stops its partition.
        """
        standing = cast("StoreTransport", self.transport).standing
        async with asyncio.timeout(self.app.conf.broker_request_timeout / 2):
            places = dict(await asyncio.to_thread(standing.read))
        assigned = self.assignment()
        if not assigned:
            return {}
        starts = {TP(*tp): offset for tp, offset in (await self._thread.earliest_offsets(*assigned)).items()}
        ends = {TP(*tp): offset for tp, offset in (await self._thread.highwaters(*assigned)).items()}
        unread = {tp: starts[tp] for tp in assigned if tp not in places}
        if unread:
            await asyncio.to_thread(standing.begin, unread)
        seeks = {tp: places.get(tp, starts[tp]) for tp in assigned}
        for tp, place in seeks.items():
            if not starts[tp] <= place <= ends[tp]:
                standing.stop(tp, f"the log holds {starts[tp]} to {ends[tp]}, the next offset is {place}")
        await self._thread.seek_wait(seeks)
        return seeks

    async def seek_again(self, tp: TP, offset: int) -> None:
        """Read one partition again from exactly this offset."""
        if tp in self.assignment():
            await self._thread.seek_wait({tp: offset})

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        """Every partition: a list that was acknowledged stands for several."""
        return iter(self.assignment())

    def _new_offset(self, tp: TP) -> int | None:
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return cast("StoreTransport", self.transport).standing.stands_at(tp)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Faust's own bookkeeping of gaps is not used; a gap is found where the offset row is compared."""


class PromptConsumerThread(driver.AIOKafkaConsumerThread):
    """The consumer's thread, with a fetch that does not wait for idle partitions."""

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MILLISECONDS
        consumer._fetch_min_bytes = FETCH_MIN_BYTES
        return consumer


class StoreTransport(driver.Transport):
    """The transport whose consumers take their offsets from the event store."""

    Consumer = StoreConsumer

    def __init__(self, *args: Any, standing: Standing, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.standing = standing
