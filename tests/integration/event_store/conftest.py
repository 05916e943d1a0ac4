"""A store for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aggregates.event_store.connection import Connection
from tests.integration.event_store.stored import Store


@pytest.fixture
def stored(database: str, opened: Connection) -> Iterator[Store]:
    """An empty log with one agent."""
    made = Store(database, opened)
    yield made
    made.log.close()
