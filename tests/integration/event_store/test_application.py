"""Which server and tables the event log reads: those of its DSN, whatever else the process was told."""

from __future__ import annotations

from uuid import uuid4

import pytest

from aggregates.event_store.application import open_event_log

ELSEWHERE = {"DBNAME": "elsewhere", "HOST": "nowhere.invalid", "PORT": "1", "USER": "nobody", "SCHEMA": "elsewhere"}


@pytest.mark.parametrize("prefix", ["CREATORFLOW_POSTGRES_", "POSTGRES_"])
@pytest.mark.parametrize("name", ELSEWHERE)
def test_event_log_is_the_one_of_its_dsn(
    database: str, monkeypatch: pytest.MonkeyPatch, prefix: str, name: str
) -> None:
    """A variable of the process, our own CREATORFLOW_POSTGRES_PORT among them, does not lead it elsewhere."""
    monkeypatch.setenv(f"{prefix}{name}", ELSEWHERE[name])
    log = open_event_log(database)
    try:
        assert list(log.recorder.select_events(uuid4())) == []
    finally:
        log.close()
