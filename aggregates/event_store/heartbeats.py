"""Which processes are alive, by their own word."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from aggregates.event_store.connection import Connection


class Heartbeat(NamedTuple):
    """One process: its name is unique per host, kind and pid."""

    name: str
    kind: str
    pid: int
    host: str
    started_at: datetime
    details: dict[str, Any]


def beat(connection: Connection, heartbeat: Heartbeat) -> None:
    """Say that this process is alive, and what it sees."""
    connection.execute(
        "INSERT INTO processes (name, kind, pid, host, started_at, beat_at, details) VALUES (%s, %s, %s, %s,"
        " %s, now(), %s)"
        " ON CONFLICT (name) DO UPDATE SET beat_at = now(), details = excluded.details, started_at ="
        " excluded.started_at",
        (*heartbeat[:5], Jsonb(heartbeat.details)),
    )


def forget(connection: Connection, name: str) -> None:
    """Take a process off the list when it ends by itself."""
    connection.execute("DELETE FROM processes WHERE name = %s", (name,))
