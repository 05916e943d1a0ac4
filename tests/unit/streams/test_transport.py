"""How fetched records become batches for agents."""

from __future__ import annotations

from faust.types import TP

from streams.transport import BATCH_BYTES, BATCH_RECORDS, BatchScheduling, NoReadOffsets
from tests.records import ARecord

ONE, TWO = TP("t", 0), TP("t", 1)


def handed(fetched: dict[TP, list[ARecord]]) -> list[tuple[TP, list[ARecord]]]:
    """The lists that agents get of a fetch, in their order."""
    return list(BatchScheduling().iterate(fetched))  # type: ignore[abstract]


def of(partition: int, number: int, size: int = 1) -> list[ARecord]:
    """Records of one partition in a row."""
    return [ARecord("t", partition, offset, value=b"x" * size) for offset in range(number)]


def test_batches_keep_order_and_lose_nothing() -> None:
    """The lists of one partition, put together, are its records as they were fetched."""
    fetched = {ONE: of(0, 1_203), TWO: of(1, 7)}
    together: dict[TP, list[ARecord]] = {ONE: [], TWO: []}
    for _, batch in handed(fetched):
        for record in batch:
            together[TP(record.topic, record.partition)].append(record)
    assert together == fetched


def test_batch_is_of_one_topic() -> None:
    """A list may hold several partitions of a topic, under the name of the first; it never mixes topics."""
    other = TP("other", 0)
    fetched = {ONE: of(0, 2), other: [ARecord("other", 0, offset) for offset in range(2)], TWO: of(1, 2)}
    batches = handed(fetched)
    assert [(tp, len(batch)) for tp, batch in batches] == [(ONE, 4), (other, 2)]
    assert all({each.topic for each in batch} == {tp.topic} for tp, batch in batches)


def test_batch_has_a_limit_of_records() -> None:
    """No list is longer than 500 records."""
    sizes = [len(batch) for _, batch in handed({ONE: of(0, 1_203)})]
    assert sizes == [BATCH_RECORDS, BATCH_RECORDS, 203]


def test_batch_has_a_limit_of_bytes() -> None:
    """A list is closed as soon as it holds 4 MiB; it is never empty."""
    sizes = [len(batch) for _, batch in handed({ONE: of(0, 5, BATCH_BYTES // 2)})]
    assert sizes == [2, 2, 1]


def test_topics_take_turns() -> None:
    """A long topic does not hold back a short one."""
    short = TP("short", 0)
    turns = [tp for tp, _ in handed({ONE: of(0, 1_500), short: [ARecord("short", 0)]})]
    assert turns[:2] == [ONE, short]


def test_record_without_value_has_no_size() -> None:
    """A tombstone is handed out like any other record."""
    tombstone = ARecord("t", value=None)
    assert [batch for _, batch in handed({ONE: [tombstone]})] == [[tombstone]]


def test_faust_is_told_of_no_read_offset() -> None:
    """Faust drops records below its read offset; it never knows one."""
    offsets = NoReadOffsets()
    offsets[ONE] = 7
    assert offsets[ONE] is None
    assert offsets[TWO] is None
