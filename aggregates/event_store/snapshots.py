"""The latest state of long aggregates. Nothing is lost with a row: the events say all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from aggregates.event_store.connection import Connection


class Snapshot(NamedTuple):
    """
    The state of one aggregate after the event of this version. `form` names how the state is written; `in_log` is
    false where the log has no such event, as after a restore.
    """

    originator_id: UUID
    originator_version: int
    form: int
    digest: bytes
    state: bytes
    in_log: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether the digest is that of what stands here."""
        return self.digest == _digest(*self[:3], self.state)


def snapshot(originator_id: UUID, version: int, form: int, state: bytes) -> Snapshot:
    """A snapshot with its digest."""
    return Snapshot(originator_id, version, form, _digest(originator_id, version, form, state), state)


def _digest(originator_id: UUID, version: int, form: int, state: bytes) -> bytes:
    return hashlib.sha256(b"%s:%d:%d:" % (str(originator_id).encode(), version, form) + state).digest()


def latest(connection: Connection, originator_ids: Sequence[UUID]) -> list[Snapshot]:
    """The snapshots of those of these aggregates that have one."""
    rows = connection.execute(
        "SELECT originator_id, originator_version, form, digest, state, EXISTS (SELECT FROM events AS e WHERE"
        " e.originator_id = s.originator_id AND e.originator_version = s.originator_version)"
        " FROM snapshots AS s WHERE originator_id = ANY(%b::uuid[])",
        (list(originator_ids),),
        prepare=True,
        binary=True,
    )
    return [Snapshot(*row) for row in rows]


def keep(connection: Connection, taken: Snapshot) -> None:
    """Put a snapshot in the place of an older one. Repeated, or raced by a later one: nothing."""
    connection.execute(
        "INSERT INTO snapshots (originator_id, originator_version, form, digest, state) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (originator_id) DO UPDATE SET originator_version = excluded.originator_version,"
        " form = excluded.form, digest = excluded.digest, state = excluded.state, taken_at = now()"
        " WHERE snapshots.originator_version < excluded.originator_version",
        taken[:5],
    )


def drop(connection: Connection, originator_id: UUID, originator_version: int) -> None:
    """Remove a snapshot that does not fit. Repeated: nothing."""
    connection.execute(
        "DELETE FROM snapshots WHERE originator_id = %s AND originator_version = %s",
        (originator_id, originator_version),
    )
