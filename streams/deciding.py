"""
The shape of an agent that decides: commands in, events and all their effects out, in one transaction.

An agent module names its aggregate's `decide`, what a decision must know, and what else its events write. This
module does the rest, the same for all: repeats by log position and inbox, live aggregates, effects of events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from cachetools import LRUCache
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import StoredEvent

from aggregates.event_store import inbox, scheduled_commands
from aggregates.event_store.application import EventLog
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.calls import CallRow
from aggregates.event_store.connection import Connection
from aggregates.event_store.dead_letters import DeadLetter
from aggregates.event_store.recorder import Effects, Origin
from aggregates.policies.clocks import scheduled_after
from aggregates.policies.outside_calls import calls_of
from schemas import codec, topics
from schemas.commands import Command
from schemas.envelope import Envelope
from streams.consuming import Raw, Received, Slice, advances, decode, gathering, is_new, with_value
from streams.letters import dead_letter, under_key
from streams.snapshotting import Form, Snapshots

LIVE_AGGREGATES = 20_000
GATHER_SECONDS = 0.06

SCHEDULER = "scheduler"
"""The source of what the scheduler sends. Its commands are recognised by what they were set for, not by the inbox."""

KnownOf = Callable[[Command], Any]


class Decision(NamedTuple):
    """What one agent decides, as three plain functions and a name."""

    name: str
    topic: str
    decide: Callable[[Any, Any, Any], Any]
    known: Callable[[Connection, Sequence[Command], datetime], KnownOf]
    """Reads what the decisions of this batch must know, in bulk; the function it returns gives each its part."""
    also: Callable[[Any, Any, Effects], None]
    """Adds what an event of an aggregate writes beside calls and timers."""
    snapshots: Form | None = None
    """How aggregates that grow long are kept beside their events."""


@dataclass(frozen=True)
class _Decided:
    """A batch that was decided: everything that goes into its transaction."""

    effects: Effects
    events: list[Any]
    origins: list[Origin]
    repeats: int


class Decider:
    """A `Work` that decides. Used from its agent's thread alone."""

    def __init__(self, decision: Decision, log: EventLog, keys: BuyerKeys) -> None:
        self.name = decision.name
        self.topic = decision.topic
        self._decision = decision
        self._log = log
        self._keys = keys
        self._live: LRUCache[UUID, Aggregate] = LRUCache(LIVE_AGGREGATES)
        self._snapshots = None if decision.snapshots is None else Snapshots(decision.snapshots, log)

    def forget(self) -> None:
        """Drop the live aggregates."""
        self._live.clear()
        if self._snapshots is not None:
            self._snapshots.forget()

    def pause_after(self, records: int) -> float:
        """Commands wait for each other a little."""
        return gathering(records, GATHER_SECONDS)

    def process(
        self, connection: Connection, slices: Sequence[Slice], dead: Mapping[tuple[int, int], DeadLetter]
    ) -> str:
        """Decide the commands of these slices and write all of it in one transaction."""
        effects = Effects(self.name, self.topic, advances(slices))
        effects.dead_letters.extend(dead.values())
        received = self._received(connection, slices, dead, effects)
        decided = self._decided(connection, received, effects)
        self._log.events.put(decided.events, connection=connection, effects=decided.effects, origins=decided.origins)
        if self._snapshots is not None:
            self._snapshots.take(connection, self._touched(decided.events))
        return (
            f"{len(decided.events)} events, {decided.repeats} repeats, {len(effects.calls)} calls,"
            f" {len(effects.dead_letters)} dead letters"
        )

    def _received(
        self,
        connection: Connection,
        slices: Sequence[Slice],
        dead: Mapping[tuple[int, int], DeadLetter],
        effects: Effects,
    ) -> list[Received]:
        """Decode what is new; what is below the log position seen on its partition was sent before."""
        received: list[Received] = []
        for part in slices:
            seen = part.place.seen_position
            for record in with_value(self.name, part.records):
                if (record.partition, record.offset) in dead:
                    continue
                one = self._decoded(connection, record, effects)
                if one is None or self._is_astray(connection, one, effects):
                    continue
                if is_new(one, seen, equal_is_new=True):
                    seen = max(seen, one.envelope.log_position or 0)
                    received.append(one)
        return received

    def _decoded(self, connection: Connection, record: Raw, effects: Effects) -> Received | None:
        try:
            return decode(record)
        except codec.BadMessage as error:
            effects.dead_letters.append(
                dead_letter(self.name, record, "bad", str(error), keys=self._keys, connection=connection)
            )
            return None

    def _is_astray(self, connection: Connection, one: Received, effects: Effects) -> bool:
        """Whether a record came under a key that is not its aggregate's, and is sent again, where its writer is."""
        if one.envelope.log_position is not None:
            return False
        key = topics.key_of(one.message)
        if one.record.key == key.encode():
            return False
        letter = dead_letter(
            self.name, one.record, "bad", "key: is not the id in the body", keys=self._keys, connection=connection
        )
        effects.dead_letters.append(under_key(letter, key))
        return True

    def _decided(self, connection: Connection, received: Sequence[Received], effects: Effects) -> _Decided:
        entries = {index: entry for index, one in enumerate(received) if (entry := inbox_entry(one)) is not None}
        known_ids = inbox.known(connection, list(entries.values())) if entries else {}
        aggregates = self._loaded(connection, {target_of(one.message) for one in received})
        known = self._decision.known(connection, [one.message for one in received], datetime.now(UTC))
        decided = _Decided(effects, [], [], 0)
        repeats = 0
        for index, one in enumerate(received):
            entry = entries.get(index)
            if entry is not None:
                if known_ids.get(entry[:3]) == entry.payload_hash:
                    repeats += 1
                    continue
                known_ids[entry[:3]] = entry.payload_hash
            self._decide(one, aggregates, known, decided)
            if entry is not None:
                effects.inbox.append(entry)
        return _Decided(_once(effects), decided.events, decided.origins, repeats)

    def _decide(self, one: Received, aggregates: dict[UUID, Aggregate], known: KnownOf, decided: _Decided) -> None:
        target = target_of(one.message)
        aggregate = self._decision.decide(aggregates.get(target), one.message, known(one.message))
        if aggregate is None:
            return
        aggregates[target] = self._live[target] = aggregate
        origin = Origin(one.envelope.id, one.envelope.correlation_id)
        for event in aggregate.collect_events():
            decided.events.append(event)
            decided.origins.append(origin)
            self._effects_of(aggregate, event, one.envelope, decided.effects)

    def _effects_of(self, aggregate: Any, event: Any, envelope: Envelope, effects: Effects) -> None:
        calls, timers = calls_of(event), scheduled_after(event)
        cause = f"{event.originator_id}:{event.originator_version}" if calls or timers else ""
        for call in calls:
            (effects.asked if call.call.ONE_AT_A_TIME else effects.calls).append(
                CallRow(
                    call.key,
                    type(call.call).__name__,
                    call.call.SERVICE,
                    call.shop,
                    call.priority,
                    call.due_at,
                    call.deadline_at,
                    codec.encode(call.call),
                    cause,
                    envelope.correlation_id,
                )
            )
        for timer in timers:
            effects.scheduled.append(
                scheduled_commands.scheduled(timer.command, timer.key, timer.due_at, cause, envelope.correlation_id)
            )
        self._decision.also(aggregate, event, effects)

    def _loaded(self, connection: Connection, ids: set[UUID]) -> dict[UUID, Aggregate]:
        """The aggregates behind these ids, live ones from memory, the rest in one read."""
        found: dict[UUID, Aggregate] = {}
        missing: list[UUID] = []
        for each in ids:
            aggregate = self._live.get(each)
            if aggregate is None:
                missing.append(each)
            else:
                found[each] = aggregate
        if missing and self._snapshots is not None:
            loaded = self._snapshots.load(connection, sorted(missing))
            self._live.update(loaded)
            found.update(loaded)
        elif missing:
            stored = self._log.recorder.select_streams(connection, sorted(missing))
            found.update(self._folded(stored))
        return found

    def _touched(self, events: Sequence[Any]) -> list[Aggregate]:
        return [live for each in {event.originator_id for event in events} if (live := self._live.get(each))]

    def _folded(self, stored: Sequence[StoredEvent]) -> dict[UUID, Aggregate]:
        folded: dict[UUID, Any] = {}
        for event in stored:
            domain_event: Any = self._log.mapper.to_domain_event(event)
            originator: Any = event.originator_id
            folded[originator] = domain_event.mutate(folded.get(originator))
        self._live.update(folded)
        return folded


def target_of(message: Command) -> UUID:
    """The aggregate that a command is for: its first field."""
    target: UUID = getattr(message, type(message).__struct_fields__[0])
    return target


def inbox_entry(one: Received) -> inbox.Entry | None:
    """The inbox entry of a message from outside; None for what the relay or the scheduler sent."""
    envelope = one.envelope
    if envelope.log_position is not None or envelope.source == SCHEDULER:
        return None
    payload_hash = envelope.payload_hash or hashlib.sha256(one.record.value or b"").digest()
    return inbox.Entry(envelope.source, envelope.id, target_of(one.message), payload_hash)


def _once(effects: Effects) -> Effects:
    """One inbox row per key: a batch may hold an id twice, with two bodies; the later hash is kept."""
    latest = {entry[:3]: entry for entry in effects.inbox}
    effects.inbox[:] = latest.values()
    return effects
