"""Any value survives PostgreSQL: stored events and scheduled commands come back byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregates.event_store import relay_state, scheduled_commands
from aggregates.event_store.recorder import Effects, Origin
from aggregates.event_store.scheduled_commands import scheduled
from aggregates.publication import STORED
from schemas import codec
from schemas.commands import Command
from schemas.topics import CATALOGUE
from tests.integration.event_store.stored import Store
from tests.values import ANY_TEXT, any_of

COMMANDS = [kind for topic in CATALOGUE for kind in topic.types if issubclass(kind, Command)]
AT_ONCE = 20
"""One example draws so many kinds: hypothesis gives up one that grows too large."""

some = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def batched(kinds: Iterable[type[Any]]) -> list[list[type[Any]]]:
    """All kinds, so many at once."""
    every = list(kinds)
    return [every[start : start + AT_ONCE] for start in range(0, len(every), AT_ONCE)]


@pytest.mark.parametrize("kinds", batched(STORED.values()), ids=lambda kinds: kinds[0].__qualname__)
@some
@given(data=st.data(), cause=ANY_TEXT)
def test_any_stored_event_survives_the_store(
    stored: Store, kinds: Sequence[type[Any]], data: st.DataObject, cause: str
) -> None:
    """One of each kind, in one stream, with causes of any characters."""
    stream = uuid4()
    events = [data.draw(any_of(kind)) for kind in kinds]
    made = [stored.log.mapper.to_stored_event(event) for event in events]
    rows = [StoredEvent(stream, number, row.topic, row.state) for number, row in enumerate(made, 1)]
    stored.log.recorder.insert_events(
        rows,
        connection=stored.connection,
        effects=Effects("", ""),
        origins=[Origin(cause, cause)] * len(rows),
    )
    found = relay_state.stream(stored.connection, stream)
    assert [(row.topic, row.state, row.cause) for row in found] == [(row.topic, row.state, cause) for row in rows]
    again = [_fields(stored.log.event_of(row)) for row in found]
    assert again == [_fields(event) for event in events]


@pytest.mark.parametrize("kinds", batched(COMMANDS), ids=lambda kinds: kinds[0].__qualname__)
@some
@given(data=st.data())
def test_any_command_survives_the_store(stored: Store, kinds: Sequence[type[Command]], data: st.DataObject) -> None:
    """One of each kind, on its way through a timer."""
    sent = [data.draw(any_of(kind)) for kind in kinds]
    timers = [scheduled(each, f"{number}:{uuid4()}", datetime.now(UTC), "", "") for number, each in enumerate(sent)]
    stored.log.recorder.insert_events(
        [], connection=stored.connection, effects=Effects("", "", scheduled=timers), origins=[]
    )
    due = scheduled_commands.due(stored.connection, len(sent))
    scheduled_commands.delete(stored.connection, [each.id for each in due])
    found = {each.key: codec.decode(each.type, 1, each.body) for each in due}
    assert [found[timer.key] for timer in timers] == sent


def _fields(event: Any) -> dict[str, Any]:
    """What an event says, without whose it is."""
    return {name: value for name, value in vars(event).items() if not name.startswith("originator_")}
