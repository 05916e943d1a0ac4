"""A publisher whose broker is a list, or does what a test wants instead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from aiokafka.producer.message_accumulator import BatchBuilder

from schemas.envelope import Headers
from streams.publishing import BATCH_BYTES, Acknowledged, Batches, Publisher, Record, partition_of

PARTITIONS = 4


class KeptBatches(Batches):
    """Batches that can also be read, in the order in which they were filled."""

    def __init__(self) -> None:
        super().__init__(lambda: BatchBuilder(BATCH_BYTES, 0))
        self.added: list[Record] = []

    def add(self, topic: str, partition: int, key: bytes | None, value: bytes, headers: Headers) -> None:
        super().add(topic, partition, key, value, headers)
        self.added.append(Record(topic, key, value, headers, partition))


class KeptPublisher(Publisher):
    """Keeps what was acknowledged. `instead` runs first, and what it raises is what the broker did."""

    def __init__(self) -> None:
        super().__init__("nowhere.invalid:9092", "test")
        self.records: list[Record] = []
        self.instead: Callable[[], Awaitable[None]] | None = None

    async def partitions(self, topic: str) -> int:
        return PARTITIONS

    async def batches(self) -> KeptBatches:
        return KeptBatches()

    async def send(self, batches: Batches) -> list[Acknowledged]:
        assert isinstance(batches, KeptBatches)
        return await self.publish(batches.added)

    async def publish(self, records: Sequence[Record]) -> list[Acknowledged]:
        if self.instead is not None:
            await self.instead()
        last: dict[tuple[str, int], int] = {}
        for record in records:
            partition = record.partition
            if partition is None:
                partition = partition_of(record.key or b"", PARTITIONS)
            last[record.topic, partition] = len(self.records)
            self.records.append(record)
        return [Acknowledged(topic, partition, offset) for (topic, partition), offset in last.items()]

    async def discard(self) -> None:
        """There is nothing to discard."""


def raising(error: BaseException) -> Callable[[], Awaitable[None]]:
    """What a broker does that answers with an error."""

    async def answer() -> None:
        raise error

    return answer
