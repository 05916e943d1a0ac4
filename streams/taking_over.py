"""
How workers of two releases change over: the newer one takes the store over, the older one leaves.

A worker raises the store's `min_code` to its own number before it takes its first record, and looks every other second
whether newer code did the same. Then it hands over what it holds and ends; started again, it ends at once. What it may
still meet until then is a record or an event that it does not know, which ends it as well and dead-letters nothing.
"""

from __future__ import annotations

import asyncio

import structlog

from aggregates.event_store import codes
from aggregates.event_store.connection import STORE_FAULT, connect
from schemas.envelope import CODE

log = structlog.get_logger()

LOOK_SECONDS = 2.0


def take_over(dsn: str) -> None:
    """Keep older code away from this store. Raises `CodeTooOld` when newer code has done so."""
    with connect(dsn, "taking over") as connection:
        before = codes.take_over(connection, CODE)
    if before < CODE:
        log.info("store taken over", code=CODE, before=before)


async def leave_when_taken_over(dsn: str) -> None:
    """Look for ever; raises `CodeTooOld` once newer code took over. While the store is away nobody takes it over."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            await asyncio.to_thread(_look, dsn)
        except STORE_FAULT as error:
            log.warning("min_code not read", error=type(error).__name__)


def _look(dsn: str) -> None:
    with connect(dsn, "taking over") as connection:
        codes.check(connection, CODE)
