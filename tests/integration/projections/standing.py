"""Where agents and the relay stand, set as a test needs it."""

from __future__ import annotations

from collections.abc import Sequence

from projections import store
from projections.catalogue import AGENTS
from projections.published import Published
from projections.store import Connection
from tests.unit.projections.histories import by_topic


def apply_all(connection: Connection, said: Sequence[Published], size: int = 1_000) -> None:
    """Apply events topic by topic, as their agents do, in batches."""
    for topic, published in by_topic(said).items():
        for start in range(0, len(published), size):
            with connection.transaction():
                store.apply(connection, topic, published[start : start + size])


def relay_stands(connection: Connection, position: int, last_offset: int = 9) -> None:
    """The relay has sent everything up to a position, and `last_offset` is the last on every topic's one partition."""
    connection.execute("UPDATE relay SET position = %s", (position,))
    for topic in AGENTS.values():
        connection.execute(
            "INSERT INTO relay_sent (topic, partition, last_offset, position) VALUES (%s, 0, %s, %s)"
            " ON CONFLICT (topic, partition)"
            " DO UPDATE SET last_offset = excluded.last_offset, position = excluded.position",
            (topic, last_offset, position),
        )


def agents_stand(connection: Connection, seen_position: int, next_offset: int = 10, topic: str | None = None) -> None:
    """The agents (or that of one topic) have taken everything before an offset and saw a position last."""
    for agent, reads in AGENTS.items():
        if topic in {None, reads}:
            connection.execute(
                "INSERT INTO consumer_offsets (agent, topic, partition, next_offset, seen_position)"
                " VALUES (%s, %s, 0, %s, %s) ON CONFLICT (agent, topic, partition)"
                " DO UPDATE SET next_offset = excluded.next_offset, seen_position = excluded.seen_position",
                (agent, reads, next_offset, seen_position),
            )


def seen(connection: Connection) -> set[int]:
    """The positions that the agents' rows say were seen."""
    return {position for (position,) in connection.execute("SELECT seen_position FROM consumer_offsets")}
