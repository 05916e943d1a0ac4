"""
Look at stock items whose windows moved, or whose time has come: work out how fast they sell, and say so.

Reads: `stock_windows` and what it stands on.    Writes: the rates, and `AssessStockRisk` as a scheduled command, in one
transaction.
Repeated: several that look share the work by row locks; the same windows give the same rates.    Bad: cannot be; the
rows were written by our own code.

Windows that nobody feeds fall to zero, since an item is looked at again while anything about it moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from aggregates.event_store import readings, scheduled_commands, stock_windows, window_buckets
from aggregates.event_store.application import EventLog
from aggregates.event_store.connection import STORE_FAULT, Connection
from aggregates.event_store.readings import Content
from aggregates.event_store.recorder import Effects
from aggregates.event_store.scheduled_commands import Scheduled
from aggregates.event_store.stock_windows import Due
from aggregates.policies import content_windows
from aggregates.policies.demand_rates import LOOKED_BACK, NEW_UNDER
from aggregates.policies.reviewing import ASSESSED, Reviewed, Seen, Watched, review
from aggregates.policies.viral_score import FLOOR_LEAST_VIEWS, FLOOR_VIEWS
from schemas.commands import AssessStockRisk
from schemas.values import replenishment_id
from streams.store_thread import StoreThread

log = structlog.get_logger()

PAGE_ITEMS = 20
PUT_OFF = timedelta(minutes=5)
"""When an item is looked at again at which a look fails."""

IDLE_SECONDS = 0.1
START_OVER_SECONDS = 1.0
CLEAN_EVERY_SECONDS = 3600.0
MEDIAN_OVER = timedelta(days=30)
PULSE_OVER = 2 * content_windows.HOUR
KEPT_FOR = LOOKED_BACK[-1] + timedelta(days=2)


class Reviewer:
    """The part of one process that looks at stock items."""

    def __init__(self, dsn: str, event_log: EventLog, new_under: timedelta) -> None:
        self._store = StoreThread(dsn, "windows.review")
        self._log = event_log
        self._new_under = new_under
        self._cleaned_at = float("-inf")
        self._in_doubt = False

    async def run(self) -> None:
        """Look at what is due, for ever."""
        while True:
            try:
                if await self.look_once() < PAGE_ITEMS:
                    await asyncio.sleep(IDLE_SECONDS)
                await self._clean()
            except STORE_FAULT as error:
                log.warning("windows are looked at later", kind=type(error).__name__)
                await self._store.disconnect()
                await asyncio.sleep(START_OVER_SECONDS)

    async def look_once(self) -> int:
        """
        Look at one page; returns how many stock items that were. After a fault at one item, since one at which a look
        fails must not keep the others waiting: if that fails too, the item is put off.
        """
        at = datetime.now(UTC)
        if self._in_doubt:
            await self._look_at_first(at)
            self._in_doubt = False
        try:
            return await self._store.run(look, self._log, at, self._new_under)
        except STORE_FAULT:
            self._in_doubt = True
            raise

    async def _look_at_first(self, at: datetime) -> None:
        item = await self._store.run(stock_windows.first_due, at)
        if item is None:
            return
        try:
            await self._store.run(look, self._log, at, self._new_under, item)
        except STORE_FAULT as error:
            await self._store.disconnect()
            await self._store.run(stock_windows.put_off, item, at + PUT_OFF)
            log.warning("a stock item is looked at later", stock_item_id=str(item), kind=type(error).__name__)

    async def _clean(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._cleaned_at > CLEAN_EVERY_SECONDS:
            await self._store.run(_forget_old)
            self._cleaned_at = now


def look(
    connection: Connection,
    event_log: EventLog,
    at: datetime,
    new_under: timedelta = NEW_UNDER,
    only: UUID | None = None,
) -> int:
    """Look at one page of what is due at a moment, or only at this item; returns how many stock items that were."""
    with connection.transaction():
        due = stock_windows.due(connection, at, PAGE_ITEMS, only)
        if due:
            reviewed = {
                each.shelf.stock_item_id: review(seen, at, new_under) for each, seen in seen_of(connection, due, at)
            }
            _conclude(connection, event_log, due, reviewed, at)
    return len(due)


def _conclude(
    connection: Connection, event_log: EventLog, due: Sequence[Due], reviewed: Mapping[UUID, Reviewed], at: datetime
) -> None:
    stock_windows.conclude(connection, reviewed, at)
    ended = [(item, each.ended) for item, each in reviewed.items() if each.ended is not None]
    if ended:
        stock_windows.leave_out(connection, "spike", ended)
    told = [scheduled for each in due for scheduled in assessment(each, reviewed[each.shelf.stock_item_id], at)]
    event_log.events.put([], connection=connection, effects=Effects("", "", scheduled=told), origins=[])


def _forget_old(connection: Connection) -> None:
    before = datetime.now(UTC) - KEPT_FOR
    for forget in (readings.forget, stock_windows.forget, window_buckets.forget):
        forget(connection, before)


def seen_of(connection: Connection, due: Sequence[Due], at: datetime) -> list[tuple[Due, Seen]]:
    """What is known of each of these stock items, read for all of them at once."""
    items = [each.shelf.stock_item_id for each in due]
    since = at - LOOKED_BACK[-1] - content_windows.HOUR
    units = window_buckets.by_hour(connection, items, "units", since, at)
    sales = stock_windows.sales(connection, items, at)
    spans = stock_windows.left_out(connection, items, since)
    contents = readings.read_since(connection, items, at - PULSE_OVER)
    watched = _watched(connection, {content for each in contents.values() for content in each}, at)

    def seen(each: Due) -> Seen:
        item = each.shelf.stock_item_id
        return Seen(
            each.shelf.known_since,
            units[item],
            sales[item],
            spans[item],
            [watched[content.content] for content in contents.get(item, ())],
            each.spike,
            each.shelf.empty_since,
            each.normal_since,
        )

    return [(each, seen(each)) for each in due]


def _watched(connection: Connection, contents: set[Content], at: datetime) -> dict[UUID, Watched]:
    """The windows of contents that end at a moment."""
    if not contents:
        return {}
    spans = {each.content: (at - PULSE_OVER, at) for each in contents}
    read = readings.around(connection, spans)
    found = {}
    for each in contents:
        pulse = content_windows.pulse(read[each.content], at)
        median = None
        if FLOOR_LEAST_VIEWS <= pulse.views < FLOOR_VIEWS:  # Elsewhere the median decides nothing.
            median = window_buckets.creator_median(
                connection, each.marketplace, each.creator_id, at - MEDIAN_OVER, at - content_windows.HOUR
            )
        found[each.content] = Watched(each.content_id, pulse, each.published_at or each.first_read_at, median)
    return found


def assessment(due: Due, reviewed: Reviewed, at: datetime) -> list[Scheduled]:
    """The command that tells what was found; none where nobody knows how much there is."""
    shelf = due.shelf
    if shelf.figures_at is None or shelf.stock_unknown:
        return []
    command = AssessStockRisk(
        replenishment_id=replenishment_id(shelf.stock_item_id),
        stock_item_id=shelf.stock_item_id,
        available=shelf.available,
        backordered=shelf.backordered,
        occurred_at=shelf.figures_at,
        rates=reviewed.rates,
    )
    key = f"{ASSESSED}:{shelf.stock_item_id}:{at.isoformat()}"
    return [scheduled_commands.scheduled(command, key, at, "windows", str(shelf.stock_item_id))]
