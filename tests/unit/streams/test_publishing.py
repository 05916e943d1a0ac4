"""Which partition a key belongs to."""

from __future__ import annotations

import pytest

from streams.publishing import partition_of

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
