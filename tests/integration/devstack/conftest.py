"""A stack per module, and homes that leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from creatorflow import devstack
from creatorflow.devstack import RunningStack, services
from creatorflow.devstack.postgres_place import OUTSIDE, name_outside
from creatorflow.devstack.temporary import temporary_settings
from creatorflow.settings import Settings


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Kafka, PostgreSQL and Valkey."""
    with services(tmp_path_factory.mktemp("stack") / "home") as running:
        yield running


@pytest.fixture
def database_only(tmp_path: Path) -> Iterator[Settings]:
    """Settings of a stack with PostgreSQL alone, which starts in half a second; it ends with the test."""
    settings = temporary_settings(tmp_path / "home", kafka=False, postgres=True, valkey=False)
    yield settings
    devstack.erase(settings)
    assert not list(OUTSIDE.glob(f"{name_outside(settings.home)}*"))
