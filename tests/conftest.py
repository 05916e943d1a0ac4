"""The real stack, started when a test first asks for it, on free ports in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import structlog
from hypothesis import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from aggregates.event_store import shops
from aggregates.event_store.connection import Connection, connect
from aggregates.event_store.migrate import migrate
from creatorflow.bootstrap import DEMO_SHOP
from creatorflow.devstack import services
from projections import store
from tests.end_to_end.world import World, a_world

ROOT = Path(__file__).parent
EMPTY = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
        AND tablename NOT IN ('migrations', 'relay', 'store_epoch')
    LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'
    LOOP PERFORM setval(name::regclass, 1, false); END LOOP;
    UPDATE relay SET leader = '', term = 0, lease_until = '-infinity', position = 0, last_timer_sent = 0;
    UPDATE store_epoch SET min_code = 1;
END $$
"""
"""Deleting is some twenty times as fast as making a database, or truncating so many tables."""

MARKED_FOLDERS = {"integration": pytest.mark.integration, "end_to_end": pytest.mark.end_to_end}


settings.register_profile("steady", derandomize=True)
settings.register_profile("search", print_blob=True)
settings.load_profile("steady")
"""`make test` draws the same examples each time: only a change of the code fails it. `make test-all` draws others."""


def pytest_configure() -> None:
    """Let pytest show the log lines of a failed test; structlog's own renderer spends seconds on a traceback."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the folder that it stands in."""
    for item in items:
        folder = item.path.relative_to(ROOT).parts[0]
        if folder in MARKED_FOLDERS:
            item.add_marker(MARKED_FOLDERS[folder])
        if folder == "simulation":
            item.add_marker(pytest.mark.simulation)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of a server in which databases can be made."""
    with services(tmp_path_factory.mktemp("postgres") / "home", kafka=False, valkey=False) as running:
        yield running.dsn


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker without topics."""
    with services(tmp_path_factory.mktemp("kafka") / "home", postgres=False, valkey=False) as running:
        yield running.bootstrap


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Valkey server in which there is nothing."""
    with services(tmp_path_factory.mktemp("valkey") / "home", kafka=False, postgres=False) as running:
        yield running.valkey


@pytest.fixture(scope="session")
def migrated_database(postgres: str) -> str:
    """The DSN of a migrated database, which `database` empties for one test after the other."""
    name = f"tests_{uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        # What a power cut would lose is not what these tests are about, and waiting for the disk is half their time.
        server.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name)))
    dsn = make_conninfo(postgres, dbname=name)
    with connect(dsn, "tests") as connection:
        migrate(connection, store.create_tables)
    return dsn


@pytest.fixture
def database(migrated_database: str) -> str:
    """The DSN of a migrated database in which there is nothing but the demo shop, and nobody is connected."""
    with connect(migrated_database, "tests") as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute(EMPTY)
        shops.add(connection, DEMO_SHOP)
    return migrated_database


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """The DSN of a database of this test's own without any table."""
    name = f"empty_{uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield make_conninfo(postgres, dbname=name)
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def opened(database: str) -> Iterator[Connection]:
    """A connection to this test's database, as agents open theirs."""
    with connect(database, "test") as connection:
        yield connection


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """
    The whole product with two workers, started once and shared.

    Tests stay apart by order numbers and SKUs of their own, as shops do; what does harm has a world of its own.
    """
    with a_world(tmp_path_factory.mktemp("world") / "home", workers=2) as made:
        yield made
