"""What newer code wrote stops every agent of older code before it: nothing is passed, and nothing dead-lettered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from aggregates.event_store.connection import connect
from aggregates.event_store.mapper import NewerEvent
from schemas.envelope import CODE
from streams.consuming import NewerCode
from streams.deciding import target_of
from tests.integration.streams.agents import MESSAGES, READERS, Fitted, batch_for

# What comes from outside says its kind in its body.
OF_MESSAGES = [(topic, name) for topic, name in READERS if name not in {"intake.tiktok", "windows.content"}]
DECIDERS = [(topic, name) for topic, name in OF_MESSAGES if name.endswith(".decide")]
BEGINNING = {0: 0, 1: 0}


@pytest.mark.parametrize(("topic", "name"), OF_MESSAGES, ids=[name for _, name in OF_MESSAGES])
@pytest.mark.parametrize("header", [("ce_type", b"OfTomorrow"), ("ce_dataschema", b"any:99")])
def test_record_of_newer_code_is_not_taken(
    database: str, loop: asyncio.AbstractEventLoop, topic: str, name: str, header: tuple[str, bytes]
) -> None:
    """An unknown type or version, in the middle of a batch: the process must end, and all of the batch stays."""
    agent = Fitted(name, topic, database, loop)
    records, _ = batch_for(name, topic)
    headers = (*records[2].headers, header, ("ce_code", b"%d" % (CODE + 1)))
    records[2] = replace(records[2], headers=headers)
    with pytest.raises(NewerCode, match=f"code {CODE + 1} wrote it, this is {CODE}"):
        agent.take(records)
    assert (agent.next_offsets(), agent.written(), agent.dead()) == (BEGINNING, [], [])


@pytest.mark.parametrize(("topic", "name"), DECIDERS, ids=[name for _, name in DECIDERS])
def test_aggregate_that_newer_code_changed_is_not_decided(
    database: str, loop: asyncio.AbstractEventLoop, topic: str, name: str
) -> None:
    """An aggregate with an event that this code does not know cannot be loaded: the process must end."""
    agent = Fitted(name, topic, database, loop)
    records, _ = batch_for(name, topic)
    changed: UUID = target_of(MESSAGES[name](2))
    with connect(database, "newer code") as connection:
        connection.execute(
            "INSERT INTO events (originator_id, originator_version, topic, state, cause, correlation)"
            " VALUES (%s, 1, 'order.of-tomorrow', '{}', 'cause', 'outside')",
            (changed,),
        )
    with pytest.raises(NewerEvent, match=r"order\.of-tomorrow"):
        agent.take(records)
    assert (agent.next_offsets(), agent.dead()) == (BEGINNING, [])
