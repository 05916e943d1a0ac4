"""What was counted in each hour, per content and per stock item: rows that only ever move by increments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from aggregates.event_store import forgetting
from aggregates.event_store.connection import Connection

Measure = Literal["views", "interactions", "orders", "units"]


class Increment(NamedTuple):
    """What is added to one hour of one subject."""

    subject: UUID
    measure: Measure
    starts_at: datetime
    amount: int


def add(connection: Connection, increments: Iterable[Increment]) -> None:
    """Move the buckets. Repeated: moved again, so it stands in the transaction that moves the offset."""
    summed: dict[tuple[UUID, str, datetime], int] = {}
    for each in increments:
        summed[each[:3]] = summed.get(each[:3], 0) + each.amount
    keys = sorted(key for key, amount in summed.items() if amount)
    connection.execute(
        "INSERT INTO window_buckets AS b (subject, measure, starts_at, amount)"
        " SELECT * FROM unnest(%b::uuid[], %b::text[], %b::timestamptz[], %b::bigint[])"
        " ON CONFLICT (subject, measure, starts_at) DO UPDATE SET amount = b.amount + excluded.amount",
        (*([key[number] for key in keys] for number in range(3)), [summed[key] for key in keys]),
        prepare=True,
    )


def by_hour(
    connection: Connection, subjects: Sequence[UUID], measure: Measure, since: datetime, until: datetime
) -> dict[UUID, dict[datetime, int]]:
    """The hours of each subject from one moment until another, without those in which nothing was counted."""
    rows = connection.execute(
        "SELECT subject, starts_at, amount FROM window_buckets WHERE subject = ANY(%b::uuid[]) AND measure = %s"
        " AND starts_at >= %s AND starts_at < %s AND amount <> 0 ORDER BY 1, 2",
        (list(subjects), measure, since, until),
        prepare=True,
    )
    found: dict[UUID, dict[datetime, int]] = {subject: {} for subject in subjects}
    for subject, starts_at, amount in rows.fetchall():
        found[subject][starts_at] = amount
    return found


def creator_median(
    connection: Connection, marketplace: str, creator_id: str, since: datetime, until: datetime
) -> float | None:
    """The median hour of a creator's contents, in views, over the hours in which any were counted; None without one."""
    if not creator_id:
        return None
    row = connection.execute(
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) FROM contents JOIN window_buckets AS b"
        " ON b.subject = content AND b.measure = 'views' WHERE marketplace = %s AND creator_id = %s"
        " AND b.starts_at >= %s AND b.starts_at < %s AND b.amount > 0",
        (marketplace, creator_id, since, until),
        prepare=True,
    ).fetchone()
    return None if row is None or row[0] is None else float(row[0])


def forget(connection: Connection, before: datetime) -> None:
    """Forget the hours before a moment."""
    forgetting.forget(connection, "window_buckets", "starts_at", before)
