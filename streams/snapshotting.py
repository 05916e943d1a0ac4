"""
Load long aggregates from their latest snapshot and what came after it, and take the next one when it pays.

A snapshot is folded from committed events, never from a live aggregate. One that cannot be read, or whose form,
version, digest or sums do not fit, is dropped with a warning and made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from eventsourcing.domain import Aggregate

from aggregates.event_store import snapshots
from aggregates.event_store.application import EventLog
from aggregates.event_store.connection import Connection
from aggregates.event_store.snapshots import Snapshot

log = structlog.get_logger()

EVENTS_AT_LEAST = 500
"""How many events a snapshot must save."""


class Form(NamedTuple):
    """How the state of one kind of aggregate is written."""

    number: int
    to_bytes: Callable[[Any], bytes]
    from_bytes: Callable[[UUID, int, bytes], Any]
    """Raises `ValueError` where the bytes do not fit."""
    size: Callable[[Any], int]
    """The length of the state, in what one event adds to it."""


class Snapshots:
    """The snapshots of one agent's aggregates. Used from its agent's thread alone."""

    def __init__(self, form: Form, event_log: EventLog) -> None:
        self._form = form
        self._log = event_log
        self._versions: dict[UUID, int] = {}

    def forget(self) -> None:
        """Drop what is known of snapshots: another process may have taken the next ones."""
        self._versions.clear()

    def load(self, connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Any]:
        """The aggregates behind these ids, as committed."""
        found: dict[UUID, Any] = {}
        for taken in snapshots.latest(connection, ids):
            aggregate = self._read(connection, taken)
            if aggregate is not None:
                found[taken.originator_id] = aggregate
        self._versions.update({each: found[each].version if each in found else 0 for each in ids})
        for event in self._log.recorder.select_later(connection, {each: self._versions[each] for each in ids}):
            originator: Any = event.originator_id
            domain_event: Any = self._log.mapper.to_domain_event(event)
            found[originator] = domain_event.mutate(found.get(originator))
        return found

    def take(self, connection: Connection, touched: Iterable[Aggregate]) -> None:
        """Take the snapshots that are due, after the commit of what touched these aggregates."""
        due = [each.id for each in touched if self._is_due(each)]
        for aggregate_id in due:
            committed = self.load(connection, [aggregate_id])[aggregate_id]
            state = self._form.to_bytes(committed)
            taken = snapshots.snapshot(aggregate_id, committed.version, self._form.number, state)
            snapshots.keep(connection, taken)
            self._versions[aggregate_id] = committed.version
            log.info("snapshot taken", aggregate=str(aggregate_id), version=committed.version, bytes=len(state))

    def _is_due(self, aggregate: Aggregate) -> bool:
        since = aggregate.version - self._versions.get(aggregate.id, 0)
        return since > EVENTS_AT_LEAST and since > self._form.size(aggregate)

    def _read(self, connection: Connection, taken: Snapshot) -> Any:
        """The aggregate, None where the snapshot does not fit."""
        try:
            if taken.form != self._form.number:
                raise ValueError(f"has form {taken.form}, not {self._form.number}")
            if not taken.in_log:
                raise ValueError(f"the log has no version {taken.originator_version}")
            if not taken.is_whole:
                raise ValueError("its digest does not fit")
            return self._form.from_bytes(taken.originator_id, taken.originator_version, taken.state)
        except ValueError as error:
            log.warning("snapshot dropped", aggregate=str(taken.originator_id), reason=str(error))
            snapshots.drop(connection, taken.originator_id, taken.originator_version)
            return None
