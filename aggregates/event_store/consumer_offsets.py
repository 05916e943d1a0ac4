"""
Where each agent stands on each partition: the only offsets that count.

The row moves by compare-and-set in the transaction that holds everything the records caused, so it is at once
the proof that they were processed and the fence against a second owner of the partition.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import psycopg

from aggregates.event_store.connection import Connection
from aggregates.event_store.migrate import OFFSET_MOVED


class Place(NamedTuple):
    """Where an agent stands on one partition: the next offset, and the highest log position seen there."""

    next_offset: int
    seen_position: int
    starts: int = 0


class Advance(NamedTuple):
    """A move of one partition's row from `start` (it must stand there) to `until`; `position` is the highest seen."""

    partition: int
    start: int
    until: int
    position: int = 0


class OffsetMoved(Exception):
    """The row does not stand where this batch starts: a repeat, or another owner of the partition."""


def advance(connection: Connection, agent: str, topic: str, advances: Sequence[Advance]) -> None:
    """Move the rows of one agent on one topic; a row that stands elsewhere makes the transaction fail."""
    ordered = sorted(advances)
    connection.execute(
        "SELECT advance_offsets(%s, %s, %b::integer[], %b::bigint[], %b::bigint[], %b::bigint[])",
        (
            agent,
            topic,
            [each.partition for each in ordered],
            [each.start for each in ordered],
            [each.until for each in ordered],
            [each.position for each in ordered],
        ),
        prepare=True,
    )


def is_offset_moved(error: BaseException) -> bool:
    """Whether this is the failed compare-and-set of `advance`."""
    return isinstance(error, psycopg.Error) and error.sqlstate == OFFSET_MOVED


def places(connection: Connection, agent: str, topic: str, partitions: Iterable[int]) -> dict[int, Place]:
    """The rows that exist for these partitions."""
    rows = connection.execute(
        "SELECT partition, next_offset, seen_position, starts FROM consumer_offsets"
        " WHERE agent = %s AND topic = %s AND partition = ANY(%s)",
        (agent, topic, list(partitions)),
    )
    return {partition: Place(offset, position, starts) for partition, offset, position, starts in rows}


def lowest(connection: Connection, agents: Iterable[str]) -> dict[tuple[str, int], int]:
    """The lowest next offset of these agents, per topic and partition."""
    rows = connection.execute(
        "SELECT topic, partition, min(next_offset) FROM consumer_offsets WHERE agent = ANY(%s) GROUP BY"
        " topic, partition",
        (list(agents),),
    )
    return {(topic, partition): offset for topic, partition, offset in rows}


def begin(connection: Connection, agent: str, topic: str, partition: int, log_start: int) -> None:
    """Make the row of a partition that nobody read yet, at the log's start. Repeated or raced: the first one stays."""
    connection.execute(
        "INSERT INTO consumer_offsets (agent, topic, partition, next_offset) VALUES (%s, %s, %s, %s) ON"
        " CONFLICT DO NOTHING",
        (agent, topic, partition, log_start),
    )


def count_start(connection: Connection, agent: str, topic: str, partitions: Iterable[int]) -> None:
    """Note that a batch is begun again; a batch that was begun three times without moving is halved."""
    connection.execute(
        "UPDATE consumer_offsets SET starts = starts + 1 WHERE agent = %s AND topic = %s AND partition = ANY(%s)",
        (agent, topic, list(partitions)),
    )


class OffsetRow(NamedTuple):
    """One row as an operator sees it."""

    agent: str
    topic: str
    partition: int
    next_offset: int
    seen_position: int
    moved_at: str


def every(connection: Connection) -> list[OffsetRow]:
    """All rows, for an operator."""
    rows = connection.execute(
        "SELECT agent, topic, partition, next_offset, seen_position, moved_at::text FROM consumer_offsets"
        " ORDER BY 1, 2, 3"
    )
    return [OffsetRow(*row) for row in rows]
