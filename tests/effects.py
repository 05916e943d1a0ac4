"""Rows of the event store, written as agents write them: with a batch, in one transaction."""

from __future__ import annotations

from typing import Any

from aggregates.event_store.application import open_event_log
from aggregates.event_store.connection import Connection
from aggregates.event_store.recorder import Effects


def write(dsn: str, connection: Connection, **effects: Any) -> None:
    """Write inbox entries, calls or scheduled commands, by the names that `Effects` has for them."""
    log = open_event_log(dsn)
    try:
        log.events.put([], connection=connection, effects=Effects("", "", **effects), origins=[])
    finally:
        log.close()
