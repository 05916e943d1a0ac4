"""A publisher whose broker is a list, or does what a test wants instead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from streams.publishing import Acknowledged, Publisher, Record, partition_of

PARTITIONS = 4


class KeptPublisher(Publisher):
    """Keeps what was acknowledged. `instead` runs first, and what it raises is what the broker did."""

    def __init__(self) -> None:
        super().__init__("nowhere.invalid:9092", "test")
        self.records: list[Record] = []
        self.instead: Callable[[], Awaitable[None]] | None = None

    async def partitions(self, topic: str) -> int:
        return PARTITIONS

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
