"""Which partition a key belongs to, and how records become batches."""

from __future__ import annotations

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.publishing import MAX_VALUE_BYTES, Batches, RecordTooLarge, partition_of

# From Apache Kafka's own UtilsTest.testMurmur2, as unsigned numbers of 31 bits.
JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "hashed"), JAVA.items())
@pytest.mark.parametrize("partitions", [1, 4, 12, 97])
def test_partition_is_that_of_the_java_client(key: bytes, hashed: int, partitions: int) -> None:
    """Any other producer sends a key to the same partition, by murmur2 as Kafka's own tests have it."""
    assert partition_of(key, partitions) == (hashed & 0x7FFFFFFF) % partitions


def test_keys_spread_over_all_partitions() -> None:
    """No partition stays empty with enough keys."""
    assert {partition_of(b"%d" % number, 12) for number in range(500)} == set(range(12))


def test_records_of_a_partition_keep_their_order_over_batches() -> None:
    """What one batch does not take opens the next one of that partition, and no other partition's."""
    batches = Batches(lambda: BatchBuilder(1000, 0))
    for number in range(10):
        batches.add("t", number % 2, b"k", b"%d" % number * 200, [])
    assert batches.records == 10
    assert {place: values_of(built) for place, built in batches.by_partition.items()} == {
        ("t", 0): [b"%d" % number * 200 for number in (0, 2, 4, 6, 8)],
        ("t", 1): [b"%d" % number * 200 for number in (1, 3, 5, 7, 9)],
    }
    assert all(len(built) > 1 for built in batches.by_partition.values())


def test_record_that_no_topic_takes_is_refused() -> None:
    """It is named as too large, and what came before it stays."""
    batches = Batches(lambda: BatchBuilder(1000, 0))
    batches.add("t", 0, b"k", b"small", [])
    with pytest.raises(RecordTooLarge, match=f"t: {MAX_VALUE_BYTES + 1} bytes"):
        batches.add("t", 0, b"k", b"x" * (MAX_VALUE_BYTES + 1), [])
    assert batches.records == 1


def values_of(built: list[BatchBuilder]) -> list[bytes]:
    """The values in these batches, in order."""
    values = []
    for each in built:
        each.close()
        records = MemoryRecords(bytes(each._build()))
        while (batch := records.next_batch()) is not None:
            values += [record.value for record in batch]
    return values
