"""
Where this process's agents stand, shared by Faust's transport and the agents.

The event store's rows are the truth; this holds what was read from them for the partitions that are assigned now,
and which partitions stopped because the log does not fit its row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog
from faust.types import TP

from aggregates.event_store import consumer_offsets
from aggregates.event_store.connection import connect
from schemas.topics import Topic

log = structlog.get_logger()


class Standing:
    """The offsets of all agents of this process; safe to ask from any thread."""

    def __init__(self, dsn: str, topics: Sequence[Topic]) -> None:
        self._dsn = dsn
        self._agents = {topic.name: topic.readers for topic in topics}
        self._stands: dict[TP, dict[str, int]] = {}
        self.stopped: dict[TP, str] = {}
        self.assignments = 0
        """Counts assignments, so that an agent notices that its caches may be old."""

    def read(self) -> Mapping[TP, int]:
        """
        The lowest next offset of the agents on each partition that any of them read. Opens a connection of
        its own.
        """
        agents = [agent for names in self._agents.values() for agent in names]
        with connect(self._dsn, "standing") as connection:
            rows = consumer_offsets.lowest(connection, agents)
        self.assignments += 1
        self.stopped.clear()
        return {TP(topic, partition): offset for (topic, partition), offset in rows.items()}

    def begin(self, starts: Mapping[TP, int]) -> None:
        """Make the rows of partitions that nobody read yet, at the log's start."""
        with connect(self._dsn, "standing") as connection:
            for tp, start in starts.items():
                for agent in self._agents.get(tp.topic, ()):
                    consumer_offsets.begin(connection, agent, tp.topic, tp.partition, start)

    def moved(self, agent: str, tp: TP, offset: int) -> None:
        """An agent's row was moved; what all agents of the partition passed may be committed to Kafka."""
        self._stands.setdefault(tp, {})[agent] = offset

    def stands_at(self, tp: TP) -> int | None:
        """What may be committed to Kafka for a partition, None while not all its agents moved."""
        stands = self._stands.get(tp, {})
        agents = self._agents.get(tp.topic, ())
        return min(stands.values()) if len(stands) == len(agents) and stands else None

    def stop(self, tp: TP, reason: str) -> None:
        """Process nothing more of a partition until somebody acts. Repeated: alarms once."""
        if tp not in self.stopped:
            self.stopped[tp] = reason
            log.error("partition stopped", topic=tp.topic, partition=tp.partition, reason=reason)
