"""Forgetting rows that are too old, a page at a time: each is done with by itself and holds nobody up."""

from __future__ import annotations

from datetime import datetime

from aggregates.event_store.connection import Connection

PAGE_ROWS = 10_000


def forget(connection: Connection, table: str, column: str, before: datetime) -> None:
    """Forget the rows of a table from before a moment. Repeated: nothing."""
    deleted = PAGE_ROWS
    while deleted == PAGE_ROWS:
        deleted = connection.execute(
            f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {column} < %s LIMIT %s))",
            (before, PAGE_ROWS),
        ).rowcount
