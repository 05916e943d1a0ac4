"""Commands with a due time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from aggregates.event_store import scheduled_commands
from aggregates.event_store.connection import Connection
from aggregates.event_store.scheduled_commands import Scheduled, scheduled
from schemas.commands import FillBackorders

COMMAND = FillBackorders(stock_item_id=uuid4(), set_for=3)


def at(key: str, seconds: float) -> Scheduled:
    """A command that is due so many seconds from now."""
    return scheduled(COMMAND, key, datetime.now(UTC) + timedelta(seconds=seconds), "cause", "outside")


def test_due_commands_come_earliest_first(opened: Connection) -> None:
    """What is not due stays; what is due comes in the order of its time."""
    scheduled_commands.insert(opened, [at("second", -1), at("first", -9), at("later", 60)])
    assert [each.key for each in scheduled_commands.due(opened, 10)] == ["first", "second"]


def test_page_has_a_limit(opened: Connection) -> None:
    """No more than asked for."""
    scheduled_commands.insert(opened, [at(str(number), -1) for number in range(5)])
    assert len(scheduled_commands.due(opened, 3)) == 3


def test_timer_is_set_once(opened: Connection) -> None:
    """The same key again leaves the first time standing."""
    scheduled_commands.insert(opened, [at("timer", 60)])
    scheduled_commands.insert(opened, [at("timer", -60)])
    assert scheduled_commands.due(opened, 10) == []


def test_acknowledged_command_is_forgotten(opened: Connection) -> None:
    """Deleting twice is deleting once."""
    scheduled_commands.insert(opened, [at("timer", -1)])
    ids = [each.id for each in scheduled_commands.due(opened, 10)]
    scheduled_commands.delete(opened, ids)
    scheduled_commands.delete(opened, ids)
    assert scheduled_commands.due(opened, 10) == []
