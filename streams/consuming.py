"""
The shell round every agent: what is handed to it is written, dead-lettered or waited for, and never skipped.

Faust acknowledges a message whose agent raised, so nothing raises out of here. One plain function decides; this
module drops repeats, finds gaps, groups all that waits into one transaction, and knows what to do when it fails:

- PostgreSQL or Kafka is away: wait, take nothing new, try again.
- One record is wrong: a dead letter in the same transaction; what follows goes on.
- A decision raises, or a write fails while the store answers: the batch is halved until one record is left,
  which becomes a dead letter of kind `bug` with an alarm; its neighbours are written.
- An invariant of the event store breaks, or newer code wrote what is read: the process exits, and its supervisor
  starts another.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import stamina
import structlog
from faust.types import TP
from prometheus_client import Counter

from aggregates.event_store import consumer_offsets
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.connection import STORE_AWAY, Connection, StoreUnavailable, connect
from aggregates.event_store.consumer_offsets import Advance, OffsetMoved, Place
from aggregates.event_store.dead_letters import DeadLetter
from aggregates.event_store.mapper import NewerEvent
from schemas import codec
from schemas.envelope import CODE, Envelope, from_headers, odd_header
from schemas.topics import topic_of
from streams.letters import dead_letter
from streams.publishing import BrokerUnavailable
from streams.standing import Standing

log = structlog.get_logger()

GROUP_RECORDS = 1000
HALVED_AFTER_STARTS = 3
BUSY_RECORDS = 40
"""
After a batch of so many records an agent lets more gather: a batch costs some milliseconds however few its records are,
in this process, in PostgreSQL and in Kafka. A lone record never waits for it, nor a full group.
"""
WAIT_AT_MOST_SECONDS = 5.0
EXIT_INVARIANT_BROKEN = 70
AWAY = (*STORE_AWAY, BrokerUnavailable)

_WITHOUT_VALUE = Counter(
    "creatorflow_records_without_value_total", "Records without a value that were passed", ["agent"]
)


class NewerCode(Exception):
    """A record that newer code wrote: this process must take nothing."""


class PartitionBroken(Exception):
    """A partition does not hold what it should: nothing more of it is processed until somebody acts."""

    def __init__(self, partition: int, reason: str) -> None:
        super().__init__(reason)
        self.partition = partition


class Raw(Protocol):
    """A record as the Kafka client hands it over."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Received(NamedTuple):
    """A record that was decoded."""

    record: Raw
    envelope: Envelope
    message: Any


class Slice(NamedTuple):
    """Consecutive records of one partition that start exactly where the agent stands."""

    partition: int
    place: Place
    records: list[Raw]


class Work(Protocol):
    """What one agent does with a batch: everything in it happens in one transaction, or nothing."""

    name: str
    topic: str

    def process(
        self, connection: Connection, slices: Sequence[Slice], dead: Mapping[tuple[int, int], DeadLetter]
    ) -> str:
        """
        Process the slices, those in `dead` as dead letters, and return the counts for the log line.

        Raises what it likes: then nothing of it was written, unless the offset rows say so.
        """

    def forget(self) -> None:
        """Drop every cache."""

    def pause_after(self, records: int) -> float:
        """For how many seconds to let records gather after a batch of so many."""


def gathering(records: int, seconds: float) -> float:
    """A pause of so many seconds, unless the agent was idle or is far behind."""
    return seconds if BUSY_RECORDS <= records < GROUP_RECORDS else 0.0


class Gap(NamedTuple):
    """A partition whose next record is not the one that the agent stands at."""

    partition: int
    expected: int
    found: int


def with_value(agent: str, records: Sequence[Raw]) -> list[Raw]:
    """The records that say something. One without a value is counted and passed."""
    kept = [record for record in records if record.value is not None]
    if len(kept) < len(records):
        _WITHOUT_VALUE.labels(agent).inc(len(records) - len(kept))
        log.warning("records without a value passed", agent=agent, records=len(records) - len(kept))
    return kept


def decode(record: Raw) -> Received:
    """
    Decode a record. Raises `codec.BadMessage` with the reason, or `NewerCode`.

    What the relay did not send is judged as a whole first: anybody may have written it.
    """
    try:
        envelope = from_headers(record.headers)
    except KeyError as error:
        raise codec.BadMessage(f"header {error.args[0]} is missing") from None
    except ValueError:
        raise codec.BadMessage(f"header {odd_header(record.headers)} does not parse") from None
    decoded = codec.decode_from_outside if envelope.log_position is None else codec.decode
    try:
        message = decoded(envelope.type, envelope.version, record.value or b"")
    except codec.UnknownType as error:
        if envelope.code > CODE:
            raise NewerCode(f"{error}; code {envelope.code} wrote it, this is {CODE}") from None
        raise
    if topic_of(message) != record.topic:
        raise codec.BadMessage(f"{envelope.type} does not belong on this topic")
    return Received(record, envelope, message)


def fresh(records: Sequence[Raw], place: Place) -> tuple[list[Raw], int | None]:
    """The records from the agent's place on, up to the first gap; and the offset found behind that gap."""
    expected = place.next_offset
    kept: list[Raw] = []
    for record in records:
        if record.offset < expected:
            continue
        if record.offset > expected:
            return kept, record.offset
        kept.append(record)
        expected += 1
    return kept, None


class Agent:
    """One agent of this process: its place, its connection, its thread. One plain `Work` does the rest."""

    def __init__(self, work: Work, dsn: str, standing: Standing, keys: BuyerKeys) -> None:
        self.name = work.name
        self._work = work
        self._dsn = dsn
        self._standing = standing
        self._keys = keys
        self._connection: Connection | None = None
        self._places: dict[int, Place] = {}
        self._assignment = -1
        self._passable: dict[int, int] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=work.name)
        self.progressed_at = time.monotonic()
        self.busy = False

    async def consume(self, stream: AsyncIterable[Any], queue: Callable[[], Any], reread: Reread) -> None:
        """Take whatever waits, group it, and process it, for ever."""
        async for event in stream:
            events = [event, *_waiting(queue(), len(event.value))]
            self.busy = True
            try:
                await self._until_done(events, reread)
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                log.critical("process ends", agent=self._work.name, exc_info=error)
                os._exit(EXIT_INVARIANT_BROKEN)
            self.busy = False
            for other in events[1:]:
                other.ack()
            await asyncio.sleep(self._work.pause_after(sum(len(each.value) for each in events)))

    async def _until_done(self, events: Sequence[Any], reread: Reread) -> None:
        batches: dict[int, list[Raw]] = {}
        for event in events:
            for record in event.value:
                batches.setdefault(record.partition, []).append(record)
        try:
            gaps = await self._taken(batches)
        except AWAY as error:
            log.warning("agent waits", agent=self.name, error=type(error).__name__)
            gaps = await self._taken_when_back(batches)
        for gap in gaps:
            await self._close_gap(gap, reread)

    async def _taken(self, batches: Mapping[int, Sequence[Raw]]) -> list[Gap]:
        self.progressed_at = time.monotonic()
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.take, batches)

    async def _taken_when_back(self, batches: Mapping[int, Sequence[Raw]]) -> list[Gap]:
        """Try again with growing waits, for as long as it takes; nothing new is taken meanwhile."""
        gaps: list[Gap] = []
        async for attempt in stamina.retry_context(
            on=AWAY, attempts=None, timeout=None, wait_initial=0.1, wait_max=WAIT_AT_MOST_SECONDS
        ):
            with attempt:
                gaps = await self._taken(batches)
        return gaps

    def take(self, batches: Mapping[int, Sequence[Raw]]) -> list[Gap]:
        """
        Process what is fresh in these batches, and return the gaps that were found.

        Raises only when the store or the broker is away, or when the process must end.
        """
        if self._assignment != self._standing.assignments:
            self._start_over()
            self._assignment = self._standing.assignments
        self._load_places(batches)
        gaps: list[Gap] = []
        slices: list[Slice] = []
        for partition, records in sorted(batches.items()):
            tp = TP(self._work.topic, partition)
            if tp in self._standing.stopped:
                continue
            place = self._places[partition]
            passed = self._passable.pop(partition, None)
            if passed is not None and passed > place.next_offset:
                place = self._jump(partition, place, passed)
            kept, found = fresh(records, place)
            if found is not None:
                gaps.append(Gap(partition, place.next_offset + len(kept), found))
            if kept:
                slices.append(Slice(partition, place, kept))
        if slices:
            self._process(slices)
        return gaps

    def _process(self, slices: Sequence[Slice], *, once_more: bool = True) -> None:
        halved = any(each.place.starts >= HALVED_AFTER_STARTS for each in slices)
        if halved and sum(len(each.records) for each in slices) > 1:
            self._process_halves(slices)
            return
        started = time.perf_counter()
        try:
            counts = self._work.process(self._connected(), slices, {})
        except AWAY:
            self._start_over()
            raise
        except (NewerCode, NewerEvent):
            raise
        except PartitionBroken as error:
            self._standing.stop(TP(self._work.topic, error.partition), str(error))
            self._start_over()
            self._load_places({each.partition: [] for each in slices})
            others = [each for each in slices if each.partition != error.partition]
            if others:
                self._process(others)
        except Exception as error:
            self._after_failure(slices, error, once_more=once_more)
        else:
            self._moved(slices)
            log.info(
                "batch processed",
                agent=self._work.name,
                records=sum(len(each.records) for each in slices),
                partitions=len(slices),
                milliseconds=round((time.perf_counter() - started) * 1000, 1),
                counts=counts,
            )

    def _after_failure(self, slices: Sequence[Slice], error: Exception, *, once_more: bool) -> None:
        """
        Learn from the rows whether it happened; if not, halve, down to the one record that fails. A lone record is
        decided once more: what was live in memory may have been changed elsewhere.
        """
        self._start_over()
        self._load_places({each.partition: [] for each in slices})
        left = [
            Slice(each.partition, self._places[each.partition], kept)
            for each in slices
            if (kept := fresh(each.records, self._places[each.partition])[0])
        ]
        if not left:
            return
        if consumer_offsets.is_offset_moved(error) or isinstance(error, OffsetMoved):
            self._process(left)
        elif sum(len(each.records) for each in left) > 1:
            self._process_halves(left)
        elif once_more:
            self._process(left, once_more=False)
        else:
            self._bury(left[0], error)

    def _process_halves(self, slices: Sequence[Slice]) -> None:
        pairs = [(each.partition, record) for each in slices for record in each.records]
        middle = len(pairs) // 2
        for half in (pairs[:middle], pairs[middle:]):
            by_partition: dict[int, list[Raw]] = {}
            for partition, record in half:
                by_partition.setdefault(partition, []).append(record)
            self._load_places({partition: [] for partition in by_partition})
            parts = [
                Slice(partition, self._places[partition]._replace(starts=0), kept)
                for partition, records in by_partition.items()
                if (kept := fresh(records, self._places[partition])[0])
            ]
            if parts:
                self._process(parts)

    def _bury(self, slice_: Slice, error: Exception) -> None:
        """Write the one record that our own code cannot process as a dead letter; what follows goes on."""
        record = slice_.records[0]
        log.error(
            "record dead-lettered as a bug",
            agent=self._work.name,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            error=type(error).__name__,
            exc_info=error,
        )
        connection = self._connected()
        letter = dead_letter(
            self._work.name, record, "bug", type(error).__name__, keys=self._keys, connection=connection
        )
        self._work.process(connection, [slice_], {(record.partition, record.offset): letter})
        self._moved([slice_])

    def _moved(self, slices: Sequence[Slice]) -> None:
        for each in slices:
            offset = each.place.next_offset + len(each.records)
            self._places[each.partition] = Place(offset, max(each.place.seen_position, highest_position(each.records)))
            self._standing.moved(self._work.name, TP(self._work.topic, each.partition), offset)

    def _jump(self, partition: int, place: Place, until: int) -> Place:
        """Pass offsets between which nothing lies in the log."""
        connection = self._connected()
        advance = Advance(partition, place.next_offset, until, place.seen_position)
        consumer_offsets.advance(connection, self._work.name, self._work.topic, [advance])
        log.warning(
            "empty offsets passed", agent=self._work.name, partition=partition, start=place.next_offset, until=until
        )
        self._places[partition] = place._replace(next_offset=until)
        return self._places[partition]

    async def _close_gap(self, gap: Gap, reread: Reread) -> None:
        """Read again from exactly the offset; where the log itself has nothing there, pass it."""
        tp = TP(self._work.topic, gap.partition)
        start, first = await reread.first_at(tp, gap.expected)
        if start > gap.expected:
            self._standing.stop(tp, f"the log starts at {start}, the next offset is {gap.expected}: records are lost")
            return
        if first > gap.expected:
            self._passable[gap.partition] = first
        log.warning(
            "gap", agent=self._work.name, partition=gap.partition, expected=gap.expected, found=gap.found, first=first
        )
        await reread.seek(tp, gap.expected)

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._dsn, self._work.name)
        return self._connection

    def _load_places(self, partitions: Mapping[int, Any]) -> None:
        missing = [partition for partition in partitions if partition not in self._places]
        if not missing:
            return
        connection = self._connected()
        consumer_offsets.count_start(connection, self._work.name, self._work.topic, missing)
        found = consumer_offsets.places(connection, self._work.name, self._work.topic, missing)
        for partition in missing:
            if partition not in found:
                raise StoreUnavailable(f"{self._work.name} has no offset row for partition {partition}")
        self._places.update(found)

    def _start_over(self) -> None:
        """Trust nothing that is in memory: the connection is closed, which rolls back what was open."""
        self._places.clear()
        self._work.forget()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Reread(Protocol):
    """How an agent reads a partition again."""

    def seek(self, tp: TP, offset: int) -> Awaitable[None]:
        """Make the transport deliver from this offset again."""

    def first_at(self, tp: TP, offset: int) -> Awaitable[tuple[int, int]]:
        """The log's start, and the offset of the first record at or after `offset`; asked of the broker itself."""


def is_new(one: Received, seen: int, *, equal_is_new: bool) -> bool:
    """
    Whether a record was not sent before, by the highest log position seen on its partition.

    Several commands may carry one position, so for them an equal one is decided by its business key. Raises
    `PartitionBroken` when the record says that one was sent before it which never came; `seen` below 0 is unknown.
    """
    position = one.envelope.log_position
    if position is None:
        return True
    if position < seen or (position == seen and not equal_is_new):
        return False
    previous = one.envelope.previous_position or 0
    if 0 <= seen < previous:
        raise PartitionBroken(one.record.partition, f"the record of position {previous} was sent and never came")
    return True


def position_of(record: Raw) -> int:
    """The log position that a record carries, 0 without one that makes sense: a bad record is passed like any other."""
    for name, value in reversed(record.headers):
        if name == "ce_logposition":
            return int(value) if value.isdigit() and int(value) < 2**63 else 0
    return 0


def highest_position(records: Sequence[Raw]) -> int:
    """The highest log position that any of these records carries, 0 without one."""
    return max(position_of(record) for record in records)


def advances(slices: Sequence[Slice]) -> list[Advance]:
    """The moves of the rows behind these slices."""
    return [
        Advance(
            each.partition,
            each.place.next_offset,
            each.place.next_offset + len(each.records),
            highest_position(each.records),
        )
        for each in slices
    ]


def _waiting(queue: Any, already: int) -> list[Any]:
    """What else waits for this agent, up to a thousand records in all."""
    events: list[Any] = []
    while already < GROUP_RECORDS and not queue.empty():
        event = queue.get_nowait()
        events.append(event)
        already += len(event.value)
    return events
