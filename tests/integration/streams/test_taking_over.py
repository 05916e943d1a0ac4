"""How workers of two releases change over, seen by one of them."""

from __future__ import annotations

import asyncio

import pytest

from aggregates.event_store import codes
from aggregates.event_store.codes import CodeTooOld
from aggregates.event_store.connection import Connection
from schemas.envelope import CODE
from streams import taking_over
from streams.taking_over import leave_when_taken_over, take_over
from tests.waiting import soon


async def still_looks(looking: asyncio.Task[None]) -> bool:
    """Whether it has looked several times and not left."""
    done, _ = await asyncio.wait([looking], timeout=0.3)
    return not done


def test_worker_keeps_older_code_away(database: str, opened: Connection) -> None:
    """Before its first record the store asks for its number. Repeated by its neighbours: nothing more happens."""
    take_over(database)
    take_over(database)
    assert codes.min_code(opened) == CODE


def test_worker_of_older_code_does_not_start(database: str, opened: Connection) -> None:
    """It ends before it takes anything, and the number stays."""
    codes.take_over(opened, CODE + 1)
    with pytest.raises(CodeTooOld, match=f"this is code {CODE}"):
        take_over(database)
    assert codes.min_code(opened) == CODE + 1


async def test_worker_leaves_when_newer_code_takes_over(
    database: str, opened: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It works on beside code of its own number, and leaves once there is newer code."""
    monkeypatch.setattr(taking_over, "LOOK_SECONDS", 0.02)
    looking = asyncio.create_task(leave_when_taken_over(database))
    take_over(database)
    assert await still_looks(looking)
    codes.take_over(opened, CODE + 1)
    await soon(looking.done)
    with pytest.raises(CodeTooOld):
        await looking


async def test_outage_of_the_store_is_no_reason_to_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """While nobody answers nobody takes the store over."""
    monkeypatch.setattr(taking_over, "LOOK_SECONDS", 0.02)
    looking = asyncio.create_task(leave_when_taken_over("host=127.0.0.1 port=1 dbname=nowhere connect_timeout=1"))
    assert await still_looks(looking)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
