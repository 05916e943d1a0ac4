"""
Which code may work on this store: the number that every worker's code must have at least.

A worker raises it to its own before it takes its first record, so before the first event that older code would not
know. Older workers see it and leave.
"""

from __future__ import annotations

from aggregates.event_store.connection import Connection


class CodeTooOld(Exception):
    """The store was taken over by newer code: this process takes nothing more."""


def min_code(connection: Connection) -> int:
    """The least code number that may work on this store."""
    row = connection.execute("SELECT max(min_code) FROM store_epoch").fetchone()
    assert row is not None
    return int(row[0])


def check(connection: Connection, code: int) -> None:
    """Raise `CodeTooOld` when the store asks for newer code than this."""
    least = min_code(connection)
    if least > code:
        raise CodeTooOld(
            f"the store asks for code {least} or newer, and this is code {code}: start the newer release's processes"
        )


def take_over(connection: Connection, code: int) -> int:
    """
    Keep code older than this away from now on, and return the least code that was allowed before.

    Refused: raises `CodeTooOld` when newer code took over already.    Repeated or raced: it is raised once.
    """
    with connection.transaction():
        connection.execute("SELECT FROM store_epoch ORDER BY epoch FOR UPDATE")
        before = min_code(connection)
        check(connection, code)
        connection.execute("UPDATE store_epoch SET min_code = %s WHERE min_code < %s", (code, code))
    return before
