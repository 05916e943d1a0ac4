"""Connections to PostgreSQL, set so that a lost server is noticed and a forgotten transaction ends."""

from __future__ import annotations

from typing import Any

import psycopg

CONNECT_TIMEOUT_SECONDS = 3
STATEMENT_TIMEOUT_MILLISECONDS = 20_000
IDLE_IN_TRANSACTION_MILLISECONDS = 10_000
TRANSACTION_TIMEOUT_MILLISECONDS = 15_000
"""
Ends the transaction of a process that was frozen inside it. The idle limit does not: a pipeline is not idle in the
server's eyes, and a stopped process's kernel goes on answering keepalives.
"""

TCP_USER_TIMEOUT_MILLISECONDS = 10_000

Connection = psycopg.Connection[tuple[Any, ...]]


class StoreUnavailable(Exception):
    """PostgreSQL cannot be reached or went away; nothing can be said about a transaction under way."""


STORE_AWAY = (
    StoreUnavailable,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
)
"""What a store that is down, restarting, locked or too slow raises, and a transaction that we kept too long."""

STORE_FAULT = (StoreUnavailable, psycopg.Error)
"""Anything that the store may raise."""


def connect(dsn: str, name: str) -> Connection:
    """
    One connection in autocommit mode, shown in pg_stat_activity under `name`.

    It scans no table whole where an index serves: a plan made while the table was nearly empty would do so for ever
    (at 20,000 orders the callers' took 0.19 ms of PostgreSQL an order, and 0.09 then).

    Raises `StoreUnavailable` when the server does not answer within three seconds.
    """
    try:
        return psycopg.connect(
            dsn,
            autocommit=True,
            application_name=f"creatorflow {name}",
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=TCP_USER_TIMEOUT_MILLISECONDS,
            options=(
                f"-c statement_timeout={STATEMENT_TIMEOUT_MILLISECONDS}"
                f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MILLISECONDS}"
                f" -c transaction_timeout={TRANSACTION_TIMEOUT_MILLISECONDS}"
                " -c enable_seqscan=off"
            ),
        )
    except psycopg.OperationalError as error:
        raise StoreUnavailable(str(error).strip()) from error
