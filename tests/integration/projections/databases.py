"""A migrated database, made once and emptied before each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from aggregates.event_store.migrate import migrate
from projections import store
from projections.catalogue import READ_MODELS
from projections.store import Connection

Connect = Callable[[], Connection]


@pytest.fixture(scope="session")
def migrated(postgres: str) -> Iterator[str]:
    """A database of this session with every table."""
    name = f"read_models_{uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        dsn = make_conninfo(postgres, dbname=name)
        with psycopg.connect(dsn, autocommit=True) as connection:
            migrate(connection, store.create_tables)
        yield dsn
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def dsn(migrated: str) -> str:
    """A migrated database without rows."""
    with psycopg.connect(migrated) as connection:
        for name in READ_MODELS:
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(name)))
        connection.execute("TRUNCATE events, consumer_offsets, relay_sent, processes, read_models RESTART IDENTITY")
        connection.execute("UPDATE relay SET position = 0, leader = '', lease_until = '-infinity'")
        store.create_tables(connection)
    return migrated


@pytest.fixture
def connect(dsn: str) -> Connect:
    """New connections to the test's database, in autocommit mode."""
    return lambda: psycopg.connect(dsn, autocommit=True)


@pytest.fixture
def connection(connect: Connect) -> Iterator[Connection]:
    """One connection to the test's database, in autocommit mode."""
    with connect() as opened:
        yield opened
