"""
Windows on a real store: whatever the order in which records come, how often, and after a process that was killed in
the middle, the rows are those of an undisturbed run; and what they say is told.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import psycopg
import pytest

from aggregates.event_store import forgetting, listings, scheduled_commands, stock_windows
from aggregates.event_store.application import open_event_log
from aggregates.event_store.connection import Connection, connect
from aggregates.event_store.listings import Listing, ListingKey
from aggregates.event_store.readings import Link
from aggregates.event_store.recorder import Effects
from aggregates.policies.shelf_windows import Demand
from aggregates.policies.stock_risk import Counted
from creatorflow.crossing import curves_of
from schemas import codec, content, events, topics
from schemas.commands import AssessStockRisk
from schemas.values import Need, content_id, stock_item_id
from streams.reviewing import Reviewer, look
from streams.windows import CONTENT_AGENT, DEMAND_AGENT, take_readings
from tests.builders import item_of
from tests.integration.streams.agents import Fitted
from tests.records import ARecord, relayed

NOW = datetime.now(UTC).replace(microsecond=0)
MINUTE = timedelta(minutes=1)
SHOP = "7490000000000000001"
ITEM = stock_item_id("tiktok", SHOP, "TEA-30")
TABLES = ("readings", "window_buckets", "demands", "contents")


def a_reading(content: str, minutes_ago: int, views: int, offset: int = 0, **fields: Any) -> ARecord:
    """The record of a reading so many minutes ago."""
    read_at = int((NOW - minutes_ago * MINUTE).timestamp())
    body = {"content_id": content, "read_at": read_at, "views": views, **fields}
    return ARecord(topics.CONTENT_METRICS, 0, offset, key=content.encode(), value=msgspec.json.encode(body))


def numbered(records: Sequence[ARecord]) -> list[ARecord]:
    """Records as they stand on one partition."""
    return [replace(record, offset=offset) for offset, record in enumerate(records)]


def a_series(content: str, per_minute: int, **fields: Any) -> list[ARecord]:
    """A reading every five minutes for two hours; the counter was corrected once and reset once."""
    views = [per_minute * (120 - ago) for ago in range(120, -1, -5)]
    views[7] -= per_minute * 5
    views[12:] = [count // 5 for count in views[12:]]
    return [
        a_reading(content, ago, count, likes=count // 10, **fields)
        for ago, count in zip(range(120, -1, -5), views, strict=True)
    ]


def sale(number: int, quantity: int = 1, *, minutes_ago: int = 5) -> ARecord:
    """The record of a paid order's reservation; log positions follow each other."""
    order = item_of(f"order-{number}")
    event = events.StockReserved(
        stock_item_id=ITEM,
        order_id=order,
        quantity=quantity,
        on_hand=1_000,
        reserved=number,
        backordered=0,
        paid_at=NOW - minutes_ago * MINUTE,
        buyer=f"buyer-{number}",
    )
    return relayed(event, number, position=number + 1, previous=number)


def rows(connection: Connection) -> dict[str, list[str]]:
    """Everything that the windows hold. An hour of 0 is one in which nothing was counted."""
    connection.execute("DELETE FROM window_buckets WHERE amount = 0")
    return {
        table: [row for (row,) in connection.execute(f"SELECT t::text FROM {table} AS t ORDER BY 1")]
        for table in TABLES
    }


def cleared(connection: Connection, agent: str) -> None:
    """Begin anew with empty windows."""
    for table in (*TABLES, "stock_windows", "content_links", "left_out_spans"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute("UPDATE consumer_offsets SET next_offset = 0, seen_position = 0 WHERE agent = %s", (agent,))


def told(connection: Connection) -> list[AssessStockRisk]:
    """The assessments that wait to be sent, the oldest first."""
    due = scheduled_commands.due(connection, 100)
    found = [codec.decode(each.type, 1, each.body) for each in due]
    return [command for command in found if isinstance(command, AssessStockRisk)]


def looked(database: str, at: datetime) -> list[AssessStockRisk]:
    """What is told once a look was had at everything that is due."""
    log = open_event_log(database)
    with connect(database, "test") as connection:
        look(connection, log, at)
        found = told(connection)
    log.close()
    return found


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_and_doubled_readings_leave_what_an_undisturbed_run_leaves(
    database: str, opened: Connection, loop: asyncio.AbstractEventLoop, seed: int
) -> None:
    """Three contents, one with a reset, each reading sent three times in any order, in batches of any size."""
    clean = [*a_series("a", 100), *a_series("b", 7, sku_ids=["TEA-30"], shop_id=SHOP), *a_series("c", 30)]
    Fitted(CONTENT_AGENT, topics.CONTENT_METRICS, database, loop).take(numbered(clean))
    undisturbed = rows(opened)
    assert undisturbed["window_buckets"]
    cleared(opened, CONTENT_AGENT)
    chance = Random(seed)
    shuffled = clean * 3
    chance.shuffle(shuffled)
    shuffled = numbered(shuffled)
    disturbed = Fitted(CONTENT_AGENT, topics.CONTENT_METRICS, database, loop)
    while shuffled:
        cut = chance.randint(1, 20)
        disturbed.take(shuffled[:cut])
        shuffled = shuffled[cut:]
    assert rows(opened) == undisturbed


def test_after_kill_9_the_windows_are_those_of_an_undisturbed_run(
    database: str, opened: Connection, loop: asyncio.AbstractEventLoop
) -> None:
    """
    A process is killed in the transaction, after its rows were written; the next one owns the partition and goes on,
    and takes some of what was done once more.
    """
    clean = numbered([*a_series("a", 100), *a_series("b", 7)])
    Fitted(CONTENT_AGENT, topics.CONTENT_METRICS, database, loop).take(clean)
    undisturbed = rows(opened)
    cleared(opened, CONTENT_AGENT)
    Fitted(CONTENT_AGENT, topics.CONTENT_METRICS, database, loop).take(clean[:20])
    killed_in_the_middle(database, clean[20:30])
    after = Fitted(CONTENT_AGENT, topics.CONTENT_METRICS, database, loop)
    after.take(clean[10:])
    assert after.next_offsets()[0] == len(clean)
    assert rows(opened) == undisturbed


def killed_in_the_middle(database: str, records: Sequence[ARecord]) -> None:
    """Take readings in a process of its own, which gets SIGKILL with its rows written and nothing committed."""
    child = os.fork()
    if child == 0:
        connection = connect(database, "killed")
        connection.execute("BEGIN")
        take_readings(connection, [content.parse(each.value or b"", NOW) for each in records], NOW)
        os.kill(os.getpid(), 9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -9


def test_a_bad_reading_is_a_dead_letter_and_the_next_one_counts(
    database: str, opened: Connection, loop: asyncio.AbstractEventLoop
) -> None:
    """FC-54: a reading dated two hours ahead opens no window; what stands behind it is taken."""
    fitted = Fitted(CONTENT_AGENT, topics.CONTENT_METRICS, database, loop)
    fitted.take(numbered([a_reading("a", -120, 5), a_reading("a", 10, 5)]))
    assert [(offset, kind, reason) for _, offset, kind, reason in fitted.dead()] == [
        (0, "bad", "read_at: is not between 2015 and now")
    ]
    assert len(rows(opened)["readings"]) == 1


def test_what_content_foretells_is_told_of_the_stock_item_that_it_sells(
    database: str, opened: Connection, loop: asyncio.AbstractEventLoop
) -> None:
    """
    Readings of a video that takes off and a count of what it sells: one assessment, with the video's score. What never
    sold has no spike, as nothing times anything is nothing.
    """
    known = events.StockCounted(stock_item_id=ITEM, quantity=40, counted_at=NOW, on_hand=40, reserved=0, backordered=0)
    Fitted(DEMAND_AGENT, topics.INVENTORY_EVENTS, database, loop).take([relayed(known, 0, position=1)])
    series = [
        a_reading("viral", ago, views, sku_ids=["TEA-30"], shop_id=SHOP)
        for ago, views in ((120, 0), (60, 10_000), (0, 1_000_000))
    ]
    Fitted(CONTENT_AGENT, topics.CONTENT_METRICS, database, loop).take(numbered(series))
    (assessed,) = looked(database, datetime.now(UTC))
    assert (assessed.stock_item_id, assessed.available, assessed.backordered) == (ITEM, 40, 0)
    assert assessed.rates is not None
    assert assessed.rates.content_id == "viral"
    assert assessed.rates.score is not None
    assert assessed.rates.score > 30
    assert looked(database, datetime.now(UTC)) == [assessed]
    assert stock_windows.shown(opened, None, 10) == []
    (shown,) = stock_windows.shown(opened, [ITEM], 10)
    assert shown.rates == assessed.rates
    curves = curves_of(opened, ITEM, 24, datetime.now(UTC) + MINUTE)
    assert curves is not None
    (video,) = curves.contents
    assert sum(hour.amount for hour in video.views_per_hour) == 1_000_000


def test_windows_fall_to_zero_when_nothing_comes_any_more(
    database: str, opened: Connection, loop: asyncio.AbstractEventLoop
) -> None:
    """Sales and views stop; looked at again by itself, the item is calm, and its spike ends after three hours."""
    fitted = Fitted(DEMAND_AGENT, topics.INVENTORY_EVENTS, database, loop)
    fitted.take([sale(number) for number in range(40)])
    moment = datetime.now(UTC)
    (first,) = looked(database, moment)
    assert first.rates is not None
    assert first.rates.observed_per_hour is not None
    for hours in (7, 11):
        opened.execute("DELETE FROM scheduled_commands")
        moment = NOW + timedelta(hours=hours)
        looked(database, moment)
    (shown,) = stock_windows.shown(opened, [ITEM], 1)
    assert (shown.rates.observed_per_hour, shown.spike_opened_at) == (None, None)


async def test_an_item_at_which_a_look_fails_does_not_keep_the_others(database: str, opened: Connection) -> None:
    """One row is spoilt: the page fails, then the row alone, which is put off; the rest is looked at."""
    spoilt, sound = item_of("spoilt"), item_of("sound")
    opened.execute(
        "INSERT INTO stock_windows (stock_item_id, known_since, figures_at, review_at)"
        " VALUES (%s, now(), 'infinity', now() - interval '2 hours'), (%s, now(), now(), now() - interval '1 hour')",
        (spoilt, sound),
    )
    log = open_event_log(database)
    reviewer = Reviewer(database, log, timedelta(0))
    with pytest.raises(psycopg.DataError):
        await reviewer.look_once()
    assert await reviewer.look_once() == 1
    log.close()
    found: dict[Any, bool] = dict(
        opened.execute("SELECT stock_item_id, review_at > now() + interval '4 minutes' FROM stock_windows").fetchall()
    )
    assert found == {spoilt: True, sound: True}
    reviewed = opened.execute("SELECT stock_item_id FROM stock_windows WHERE reviewed_at IS NOT NULL").fetchall()
    assert reviewed == [(sound,)]


def test_the_last_hours_count_orders_buyers_and_units(opened: Connection) -> None:
    """
    An order of 300 counts as ten units; a buyer counts once, and one who is unknown is one of its own; what is paid
    later than now does not count, nor what was taken off.
    """
    told = [
        (30, 300, "a"),
        (90, 1, "a"),
        (180, 4, "b"),
        (300, 2, "b"),
        (301, 1, ""),
        (302, 1, ""),
        (360, 7, "e"),
        (-5, 9, "c"),
        (10, 0, "d"),
    ]
    stock_windows.put_demands(
        opened,
        [Demand(ITEM, item_of(str(ago)), NOW - ago * MINUTE, units, buyer) for ago, units, buyer in told],
    )
    never = item_of("never sold")
    assert stock_windows.sales(opened, [ITEM, never], NOW) == {
        ITEM: [Counted(1, 1, 1, 10), Counted(3, 2, 1, 11), Counted(6, 6, 4, 19)],
        never: [Counted(1, 0, 0, 0), Counted(3, 0, 0, 0), Counted(6, 0, 0, 0)],
    }


def test_what_is_old_is_forgotten_page_by_page(opened: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is older goes, however many pages that are; the rest stays."""
    monkeypatch.setattr(forgetting, "PAGE_ROWS", 2)
    opened.execute(
        "INSERT INTO demands (stock_item_id, order_id, paid_at, units, buyer)"
        " SELECT %s, gen_random_uuid(), %s - day * interval '1 day', 1, '' FROM generate_series(1, 9) AS day",
        (ITEM, NOW),
    )
    stock_windows.forget(opened, NOW - timedelta(days=4))
    assert opened.execute("SELECT count(*) FROM demands").fetchone() == (4,)


def test_orders_are_counted_once_whatever_is_sent_again(
    database: str, opened: Connection, loop: asyncio.AbstractEventLoop
) -> None:
    """Events below what was seen are dropped; a cancellation takes an order off, a large order counts as ten units."""
    fitted = Fitted(DEMAND_AGENT, topics.INVENTORY_EVENTS, database, loop)
    fitted.take([sale(0), sale(1, quantity=300)])
    again = replace(sale(0), offset=2)
    gone = events.DemandRecorded(stock_item_id=ITEM, order_id=item_of("order-0"), quantity=0)
    fitted.take([again, relayed(gone, 3, position=3, previous=2)])
    counted: dict[str, int] = dict(
        opened.execute("SELECT measure, sum(amount)::int FROM window_buckets GROUP BY 1").fetchall()
    )
    assert counted == {"orders": 1, "units": 10}


def test_fc_33_a_renamed_sku_keeps_its_links(
    database: str, opened: Connection, loop: asyncio.AbstractEventLoop
) -> None:
    """FC-33: content is linked to the listing's id, not to what the seller calls it; a new mapping moves the link."""
    naming = a_reading("a", 5, 1, sku_ids=["TEA-30"], shop_id=SHOP)
    fitted = Fitted(CONTENT_AGENT, topics.CONTENT_METRICS, database, loop)
    fitted.take([naming])
    assert linked(opened) == [ITEM]
    other = item_of("another")
    key = ListingKey("tiktok", SHOP, "TEA-30")
    listings.insert(opened, [Listing(key, (Need(stock_item_id=other, quantity=1),), NOW)])
    fitted.take([a_reading("a", 4, 2, offset=1, sku_ids=["TEA-30"], shop_id=SHOP)])
    assert linked(opened) == [other]


def test_an_order_links_its_content_to_what_it_asks_for(database: str, opened: Connection) -> None:
    """Whoever bought through a video shows what the video sells. Repeated: once."""
    link = Link(content_id("tiktok", "video"), "tiktok", "video", SHOP, "TEA-30", ITEM)
    log = open_event_log(database)
    for _ in range(2):
        log.events.put([], connection=opened, effects=Effects("", "", content_links=[link]), origins=[])
    log.close()
    assert linked(opened) == [ITEM]


def linked(connection: Connection) -> list[Any]:
    """The stock items that content is linked to."""
    return [item for (item,) in connection.execute("SELECT stock_item_id FROM content_links ORDER BY 1")]
