"""Commands with a due time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from aggregates.event_store import scheduled_commands
from aggregates.event_store.connection import Connection
from aggregates.event_store.scheduled_commands import Scheduled, scheduled
from schemas.commands import FillBackorders
from tests.effects import write

COMMAND = FillBackorders(stock_item_id=uuid4(), set_for=3)


def at(key: str, seconds: float) -> Scheduled:
    """A command that is due so many seconds from now."""
    return scheduled(COMMAND, key, datetime.now(UTC) + timedelta(seconds=seconds), "cause", "outside")


def test_due_commands_come_earliest_first(database: str, opened: Connection) -> None:
    """What is not due stays; what is due comes in the order of its time."""
    write(database, opened, scheduled=[at("second", -1), at("first", -9), at("later", 60)])
    assert [each.key for each in scheduled_commands.due(opened, 10)] == ["first", "second"]


def test_page_has_a_limit(database: str, opened: Connection) -> None:
    """No more than asked for."""
    write(database, opened, scheduled=[at(str(number), -1) for number in range(5)])
    assert len(scheduled_commands.due(opened, 3)) == 3


def test_timer_is_set_once(database: str, opened: Connection) -> None:
    """The same key again leaves the first time standing."""
    write(database, opened, scheduled=[at("timer", 60)])
    write(database, opened, scheduled=[at("timer", -60)])
    assert scheduled_commands.due(opened, 10) == []


def test_acknowledged_command_is_forgotten(database: str, opened: Connection) -> None:
    """Deleting twice is deleting once."""
    write(database, opened, scheduled=[at("timer", -1)])
    ids = [each.id for each in scheduled_commands.due(opened, 10)]
    scheduled_commands.delete(opened, ids)
    scheduled_commands.delete(opened, ids)
    assert scheduled_commands.due(opened, 10) == []
