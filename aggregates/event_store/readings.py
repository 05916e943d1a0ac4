"""What content showed and when: readings as they came, kept for 30 days, and which stock items content sells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from aggregates.event_store import forgetting
from aggregates.event_store.connection import Connection
from aggregates.policies.content_windows import Reading
from schemas.content import ContentReading

_COLUMNS = "read_at, views, likes, comments, shares"


class Content(NamedTuple):
    """One content, by its first and its latest reading."""

    content: UUID
    content_id: str
    marketplace: str
    creator_id: str
    published_at: datetime | None
    first_read_at: datetime
    last_read_at: datetime


class Link(NamedTuple):
    """A content sells a stock item, under this listing."""

    content: UUID
    marketplace: str
    content_id: str
    shop: str
    sku_id: str
    stock_item_id: UUID


def note_contents(connection: Connection, told: Iterable[ContentReading]) -> None:
    """Note the contents of readings. From here on their rows are locked, so that each is worked on by one at a time."""
    by_content: dict[UUID, list[ContentReading]] = defaultdict(list)
    for each in told:
        by_content[each.content].append(each)
    rows = [_noted(by_content[content]) for content in sorted(by_content)]
    connection.execute(
        "INSERT INTO contents (content, content_id, marketplace, creator_id, published_at, first_read_at, last_read_at)"
        " SELECT * FROM unnest(%b::uuid[], %b::text[], %b::text[], %b::text[], %b::timestamptz[], %b::timestamptz[],"
        " %b::timestamptz[]) ON CONFLICT (content) DO UPDATE SET"
        " creator_id = greatest(contents.creator_id, excluded.creator_id),"
        " published_at = least(contents.published_at, excluded.published_at),"
        " first_read_at = least(contents.first_read_at, excluded.first_read_at),"
        " last_read_at = greatest(contents.last_read_at, excluded.last_read_at)",
        [list(column) for column in zip(*rows, strict=True)],
        prepare=True,
    )


def _noted(told: Sequence[ContentReading]) -> Content:
    published = [each.published_at for each in told if each.published_at is not None]
    moments = [each.read_at for each in told]
    return Content(
        told[0].content,
        told[0].content_id,
        told[0].marketplace,
        max(each.creator_id for each in told),
        min(published, default=None),
        min(moments),
        max(moments),
    )


def around(connection: Connection, spans: Mapping[UUID, tuple[datetime, datetime]]) -> dict[UUID, list[Reading]]:
    """The readings of each content in a span, with the last one before it and the first one after it."""
    contents = sorted(spans)
    rows = connection.execute(
        f"SELECT v.content, {_COLUMNS} FROM unnest(%b::uuid[], %b::timestamptz[], %b::timestamptz[])"
        " AS v (content, since, until) JOIN readings AS r ON r.content = v.content"
        " AND r.read_at >= coalesce((SELECT max(read_at) FROM readings WHERE content = v.content AND read_at < since),"
        " since)"
        " AND r.read_at <= coalesce((SELECT min(read_at) FROM readings WHERE content = v.content AND read_at > until),"
        " until) ORDER BY 1, 2",
        (contents, [spans[each][0] for each in contents], [spans[each][1] for each in contents]),
        prepare=True,
    )
    found: dict[UUID, list[Reading]] = {content: [] for content in contents}
    for content, *counters in rows.fetchall():
        found[content].append(Reading(*counters))
    return found


def keep(connection: Connection, told: Iterable[ContentReading], counting: Mapping[UUID, Sequence[Reading]]) -> None:
    """
    Keep those of these readings that count: of several of one moment the one with the most views.

    Repeated: nothing changes.
    """
    counts = {(content, reading) for content, readings in counting.items() for reading in readings}
    kept = {(each.content, each.read_at): each for each in told if (each.content, reading_of(each)) in counts}
    rows = [kept[key] for key in sorted(kept)]
    connection.execute(
        "INSERT INTO readings (content, read_at, views, likes, comments, shares, creator_follower_count, reading_id)"
        " SELECT * FROM unnest(%b::uuid[], %b::timestamptz[], %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[],"
        " %b::bigint[], %b::text[]) ON CONFLICT (content, read_at) DO UPDATE SET views = excluded.views,"
        " likes = excluded.likes, comments = excluded.comments, shares = excluded.shares,"
        " creator_follower_count = excluded.creator_follower_count, reading_id = excluded.reading_id",
        (
            [each.content for each in rows],
            [each.read_at for each in rows],
            [each.views for each in rows],
            [each.likes for each in rows],
            [each.comments for each in rows],
            [each.shares for each in rows],
            [each.creator_follower_count for each in rows],
            [each.reading_id for each in rows],
        ),
        prepare=True,
    )


def reading_of(told: ContentReading) -> Reading:
    """What the windows take of a reading."""
    return Reading(told.read_at, told.views, told.likes, told.comments, told.shares)


# Links


def link(connection: Connection, links: Iterable[Link]) -> None:
    """Note that content sells stock items. Repeated: nothing."""
    rows = sorted(set(links))
    connection.execute(
        "INSERT INTO content_links (content, marketplace, content_id, shop, sku_id, stock_item_id)"
        " SELECT * FROM unnest(%b::uuid[], %b::text[], %b::text[], %b::text[], %b::text[], %b::uuid[])"
        " ON CONFLICT DO NOTHING",
        [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in Link._fields],
        prepare=True,
    )


def unlink_others(connection: Connection, links: Iterable[Link]) -> None:
    """Forget what these listings were made of when they were linked before and are made of no more."""
    rows = sorted(set(links))
    connection.execute(
        "DELETE FROM content_links AS l USING unnest(%b::uuid[], %b::text[], %b::text[]) AS v (content, shop, sku_id)"
        " WHERE l.content = v.content AND l.shop = v.shop AND l.sku_id = v.sku_id AND (l.content, l.shop, l.sku_id,"
        " l.stock_item_id) NOT IN (SELECT * FROM unnest(%b::uuid[], %b::text[], %b::text[], %b::uuid[]))",
        (
            [each.content for each in rows],
            [each.shop for each in rows],
            [each.sku_id for each in rows],
            [each.content for each in rows],
            [each.shop for each in rows],
            [each.sku_id for each in rows],
            [each.stock_item_id for each in rows],
        ),
    )


def items_of(connection: Connection, contents: Iterable[UUID]) -> set[UUID]:
    """The stock items that any of these contents sells."""
    rows = connection.execute(
        "SELECT DISTINCT stock_item_id FROM content_links WHERE content = ANY(%b::uuid[])",
        (sorted(set(contents)),),
        prepare=True,
    )
    return {item for (item,) in rows.fetchall()}


def read_since(connection: Connection, items: Sequence[UUID], since: datetime) -> dict[UUID, list[Content]]:
    """The contents that sell each of these stock items and were read since then."""
    rows = connection.execute(
        "SELECT DISTINCT l.stock_item_id, c.content, c.content_id, c.marketplace, c.creator_id, c.published_at,"
        " c.first_read_at, c.last_read_at FROM content_links AS l JOIN contents AS c USING (content)"
        " WHERE l.stock_item_id = ANY(%b::uuid[]) AND c.last_read_at >= %s ORDER BY 1, 3",
        (list(items), since),
        prepare=True,
    )
    found: dict[UUID, list[Content]] = {}
    for item, *content in rows.fetchall():
        found.setdefault(item, []).append(Content(*content))
    return found


def forget(connection: Connection, before: datetime) -> None:
    """Forget readings from before a moment."""
    forgetting.forget(connection, "readings", "read_at", before)
