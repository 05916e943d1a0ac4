"""
Keep the read models in step with the events.

Reads: the four `*.events.v1` topics, keyed by aggregate.    Writes: read rows, in the transaction that moves the
offset.
Repeated: ignored, by log position.    Bad: an unknown type or a lost record stops its partition loudly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aggregates.event_store.application import EventLog
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.connection import Connection
from aggregates.event_store.dead_letters import DeadLetter
from aggregates.event_store.recorder import Effects
from projections.published import Published
from schemas import codec
from streams.consuming import (
    PartitionBroken,
    Raw,
    Received,
    Slice,
    advances,
    decode,
    gathering,
    is_new,
    with_value,
)
from streams.letters import dead_letter

GATHER_SECONDS = 0.2

Apply = Callable[[Connection, str, Sequence[Published]], None]


class Reader:
    """A `Work` that applies events to the read models of one topic. Used from its agent's thread alone."""

    def __init__(self, name: str, topic: str, apply: Apply, log: EventLog, keys: BuyerKeys) -> None:
        self.name = name
        self.topic = topic
        self._apply = apply
        self._log = log
        self._keys = keys

    def forget(self) -> None:
        """There is nothing in memory."""

    def pause_after(self, records: int) -> float:
        """A row that several events of a batch touch is written once, so readers gather longer."""
        return gathering(records, GATHER_SECONDS)

    def process(
        self, connection: Connection, slices: Sequence[Slice], dead: Mapping[tuple[int, int], DeadLetter]
    ) -> str:
        """Apply the events that are new, in the transaction that moves the offsets."""
        effects = Effects(self.name, self.topic, advances(slices), rows=None)
        effects.dead_letters.extend(dead.values())
        published = [to_published(one) for part in slices for one in self._new(connection, part, dead, effects)]

        def write(inside: Connection) -> None:
            self._apply(inside, self.topic, published)

        effects = Effects(self.name, self.topic, effects.advances, dead_letters=effects.dead_letters, rows=write)
        self._log.events.put([], connection=connection, effects=effects, origins=[])
        return f"{len(published)} events applied, {len(effects.dead_letters)} dead letters"

    def _new(
        self, connection: Connection, part: Slice, dead: Mapping[tuple[int, int], DeadLetter], effects: Effects
    ) -> list[Received]:
        seen = part.place.seen_position
        new: list[Received] = []
        for record in with_value(self.name, part.records):
            if (record.partition, record.offset) in dead:
                continue
            one = self._decoded(connection, record, effects)
            if one is not None and one.envelope.log_position is not None and is_new(one, seen, equal_is_new=False):
                seen = one.envelope.log_position
                new.append(one)
        return new

    def _decoded(self, connection: Connection, record: Raw, effects: Effects) -> Received | None:
        try:
            return decode(record)
        except codec.UnknownType as error:
            raise PartitionBroken(record.partition, str(error)) from None
        except codec.BadMessage as error:
            effects.dead_letters.append(
                dead_letter(self.name, record, "bad", str(error), keys=self._keys, connection=connection)
            )
            return None


def to_published(one: Received) -> Published:
    """What a projection is given of a record."""
    envelope = one.envelope
    assert envelope.log_position is not None
    return Published(
        position=envelope.log_position,
        event=one.message,
        occurred_at=envelope.time,
        id=envelope.id,
        cause=envelope.causation_id,
        correlation=envelope.correlation_id,
        body=one.record.value or b"",
    )
