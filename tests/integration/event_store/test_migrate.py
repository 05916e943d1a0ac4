"""Tables that are made once, by however many processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from aggregates.event_store.connection import connect
from aggregates.event_store.migrate import MIGRATIONS, migrate
from projections import store

NUMBERS = [number for number, _ in MIGRATIONS]


def run(dsn: str) -> list[int]:
    """Migrate as one process does."""
    with connect(dsn, "migrate") as connection:
        return migrate(connection, store.create_tables)


def test_ten_processes_at_once_make_the_tables_once(empty_database: str) -> None:
    """Ten at once on an empty database: one runs all migrations, nine find nothing to do, none fails."""
    with ThreadPoolExecutor(10) as threads:
        ran = list(threads.map(run, [empty_database] * 10))
    assert sorted(ran) == [[]] * 9 + [NUMBERS]


def test_second_run_changes_nothing(empty_database: str) -> None:
    """A migration that ran does not run again."""
    assert run(empty_database) == NUMBERS
    assert run(empty_database) == []
