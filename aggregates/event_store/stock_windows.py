"""What is known of each stock item's demand: paid orders, times that are left out, the open spike, the last rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from aggregates.event_store import forgetting
from aggregates.event_store.connection import Connection
from aggregates.policies.demand_rates import OBSERVED_OVER, Span
from aggregates.policies.reviewing import Reviewed
from aggregates.policies.shelf_windows import Demand, Shelf
from aggregates.policies.stock_risk import UNITS_OF_AN_ORDER, Counted, Spike
from schemas.values import Rates

Kind = Literal["spike", "empty"]

NEVER = "infinity"
_decoder = msgspec.json.Decoder(Rates)


class Due(NamedTuple):
    """A stock item that is to be looked at."""

    shelf: Shelf
    normal_since: datetime | None
    spike: Spike | None


class Shown(NamedTuple):
    """A stock item's rates as they were worked out last, and what they stood on."""

    stock_item_id: UUID
    available: int
    backordered: int
    stock_unknown: bool
    reviewed_at: datetime
    spike_opened_at: datetime | None
    rates: Rates


# Following the events


def lock(connection: Connection, items: Iterable[UUID], at: datetime) -> dict[UUID, Shelf]:
    """The rows of these stock items, made where there are none, for this transaction alone until it ends."""
    wanted = sorted(set(items))
    connection.execute(
        "INSERT INTO stock_windows (stock_item_id, known_since) SELECT id, %s FROM unnest(%b::uuid[]) AS v (id)"
        " ON CONFLICT DO NOTHING",
        (at, wanted),
        prepare=True,
    )
    rows = connection.execute(
        "SELECT stock_item_id, known_since, available, backordered, stock_unknown, figures_at, empty_since"
        " FROM stock_windows WHERE stock_item_id = ANY(%b::uuid[]) ORDER BY 1 FOR UPDATE",
        (wanted,),
        prepare=True,
    )
    return {row[0]: Shelf(*row) for row in rows.fetchall()}


def put(connection: Connection, shelves: Iterable[Shelf], look_at: datetime, not_within: timedelta) -> None:
    """Take over how shelves stand, and have them looked at, not sooner than so long after the last time."""
    rows = sorted(shelves)
    connection.execute(
        "UPDATE stock_windows AS w SET known_since = v.known, available = v.available, backordered = v.backordered,"
        " stock_unknown = v.stock_unknown, figures_at = v.figures_at, empty_since = v.empty_since,"
        " review_at = least(review_at, greatest(%s, reviewed_at + %s))"
        " FROM unnest(%b::uuid[], %b::timestamptz[], %b::integer[], %b::integer[], %b::boolean[], %b::timestamptz[],"
        " %b::timestamptz[]) AS v (id, known, available, backordered, stock_unknown, figures_at, empty_since)"
        " WHERE w.stock_item_id = v.id",
        (look_at, not_within, *([row[number] for row in rows] for number in range(len(Shelf._fields)))),
        prepare=True,
    )


def ask_for(connection: Connection, items: Iterable[UUID], look_at: datetime, not_within: timedelta) -> None:
    """Have these stock items looked at, not sooner than so long after the last time. Repeated: nothing more."""
    wanted = sorted(lock(connection, items, look_at))
    connection.execute(
        "UPDATE stock_windows SET review_at = least(review_at, greatest(%s, reviewed_at + %s))"
        " WHERE stock_item_id = ANY(%b::uuid[])",
        (look_at, not_within, wanted),
        prepare=True,
    )


def demands_of(connection: Connection, asked: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Demand]:
    """What these orders are known to ask of these stock items."""
    wanted = sorted(set(asked))
    rows = connection.execute(
        "SELECT stock_item_id, order_id, paid_at, units, buyer FROM demands"
        " JOIN unnest(%b::uuid[], %b::uuid[]) AS v (stock_item_id, order_id) USING (stock_item_id, order_id)",
        ([item for item, _ in wanted], [order for _, order in wanted]),
        prepare=True,
    )
    return {(row[0], row[1]): Demand(*row) for row in rows.fetchall()}


def put_demands(connection: Connection, demands: Iterable[Demand]) -> None:
    """Take over what orders ask."""
    rows = sorted(demands, key=lambda each: each[:2])
    connection.execute(
        "INSERT INTO demands (stock_item_id, order_id, paid_at, units, buyer)"
        " SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::timestamptz[], %b::integer[], %b::text[])"
        " ON CONFLICT (stock_item_id, order_id) DO UPDATE"
        " SET paid_at = excluded.paid_at, units = excluded.units, buyer = excluded.buyer",
        [[row[number] for row in rows] for number in range(len(Demand._fields))],
        prepare=True,
    )


def leave_out(connection: Connection, kind: Kind, spans: Sequence[tuple[UUID, Span]]) -> None:
    """Leave times out of the normal rate from now on. Repeated: nothing."""
    rows = sorted(spans)
    connection.execute(
        "INSERT INTO left_out_spans (stock_item_id, kind, since, until)"
        " SELECT id, %s, since, until FROM unnest(%b::uuid[], %b::timestamptz[], %b::timestamptz[])"
        " AS v (id, since, until) ON CONFLICT (stock_item_id, kind, since) DO NOTHING",
        (kind, [item for item, _ in rows], [span.since for _, span in rows], [span.until for _, span in rows]),
        prepare=True,
    )


# Looking


def due(connection: Connection, at: datetime, limit: int, only: UUID | None = None) -> list[Due]:
    """
    The stock items that are to be looked at, or only this one of them, the longest due first; others who look pass them
    meanwhile.
    """
    rows = connection.execute(
        "SELECT stock_item_id, known_since, available, backordered, stock_unknown, figures_at, empty_since,"
        " normal_since, spike_opened_at, spike_calm_since FROM stock_windows WHERE review_at <= %s"
        " AND (%s::uuid IS NULL OR stock_item_id = %s) ORDER BY review_at LIMIT %s FOR UPDATE SKIP LOCKED",
        (at, only, only, limit),
        prepare=True,
    )
    return [
        Due(Shelf(*shelf), normal_since, None if opened_at is None else Spike(opened_at, calm_since))
        for *shelf, normal_since, opened_at, calm_since in rows.fetchall()
    ]


def sales(connection: Connection, items: Sequence[UUID], at: datetime) -> dict[UUID, list[Counted]]:
    """What was paid in the last hours, however many orders that were; one without a buyer is a buyer of its own."""
    rows = connection.execute(
        "SELECT stock_item_id, w.hours, count(*), count(DISTINCT coalesce(nullif(buyer, ''), order_id::text)),"
        " sum(least(units, %s))::bigint FROM unnest(%b::integer[]) AS w (hours) JOIN demands"
        " ON stock_item_id = ANY(%b::uuid[]) AND paid_at > %s - w.hours * interval '1 hour' AND paid_at <= %s"
        " AND units > 0 GROUP BY 1, 2",
        (UNITS_OF_AN_ORDER, list(OBSERVED_OVER), list(items), at, at),
        prepare=True,
    )
    found = {(item, hours): Counted(hours, *counts) for item, hours, *counts in rows.fetchall()}
    return {item: [found.get((item, hours), Counted(hours, 0, 0, 0)) for hours in OBSERVED_OVER] for item in items}


def first_due(connection: Connection, at: datetime) -> UUID | None:
    """The stock item that is to be looked at before all others, None where nothing is due."""
    row = connection.execute(
        "SELECT stock_item_id FROM stock_windows WHERE review_at <= %s ORDER BY review_at LIMIT 1", (at,)
    ).fetchone()
    return None if row is None else row[0]


def put_off(connection: Connection, item: UUID, until: datetime) -> None:
    """Look at this stock item no sooner than that. Repeated: nothing."""
    connection.execute(
        "UPDATE stock_windows SET review_at = greatest(review_at, %s) WHERE stock_item_id = %s", (until, item)
    )


def left_out(connection: Connection, items: Sequence[UUID], since: datetime) -> dict[UUID, list[Span]]:
    """The times that are left out of the normal rate and reach beyond a moment."""
    rows = connection.execute(
        "SELECT stock_item_id, since, until FROM left_out_spans WHERE stock_item_id = ANY(%b::uuid[]) AND until > %s",
        (list(items), since),
        prepare=True,
    )
    found: dict[UUID, list[Span]] = {item: [] for item in items}
    for item, start, end in rows.fetchall():
        found[item].append(Span(start, end))
    return found


def conclude(connection: Connection, reviewed: Mapping[UUID, Reviewed], at: datetime) -> None:
    """Note what was found, and when to look again."""
    items = sorted(reviewed)
    found = [reviewed[item] for item in items]
    connection.execute(
        "UPDATE stock_windows AS w SET rates = v.rates::jsonb, reviewed_at = %s, normal_since = v.normal_since,"
        " spike_opened_at = v.opened_at, spike_calm_since = v.calm_since,"
        " review_at = coalesce(v.again_at, 'infinity')"
        " FROM unnest(%b::uuid[], %b::text[], %b::timestamptz[], %b::timestamptz[], %b::timestamptz[],"
        " %b::timestamptz[]) AS v (id, rates, normal_since, opened_at, calm_since, again_at)"
        " WHERE w.stock_item_id = v.id",
        (
            at,
            items,
            [msgspec.json.encode(each.rates).decode() for each in found],
            [each.normal_since for each in found],
            [None if each.spike is None else each.spike.opened_at for each in found],
            [None if each.spike is None else each.spike.calm_since for each in found],
            [each.again_at for each in found],
        ),
        prepare=True,
    )


def forget(connection: Connection, before: datetime) -> None:
    """Forget orders and spans from before a moment."""
    forgetting.forget(connection, "demands", "paid_at", before)
    forgetting.forget(connection, "left_out_spans", "until", before)


# Showing


def shown(connection: Connection, items: Sequence[UUID] | None, limit: int) -> list[Shown]:
    """These stock items with their rates; without any, those of an open spike, the latest first."""
    rows = connection.execute(
        "SELECT stock_item_id, available, backordered, stock_unknown, reviewed_at, spike_opened_at, rates::text"
        " FROM stock_windows WHERE rates IS NOT NULL AND CASE WHEN %s::uuid[] IS NULL THEN spike_opened_at IS NOT NULL"
        " ELSE stock_item_id = ANY(%s::uuid[]) END ORDER BY spike_opened_at DESC NULLS LAST, 1 LIMIT %s",
        (items, items, limit),
    )
    return [Shown._make((*figures, _decoder.decode(rates))) for *figures, rates in rows.fetchall()]


def spikes_of(connection: Connection, item: UUID, limit: int) -> list[Span]:
    """The spikes of a stock item that are over, the latest first."""
    rows = connection.execute(
        "SELECT since, until FROM left_out_spans WHERE stock_item_id = %s AND kind = 'spike'"
        " ORDER BY since DESC LIMIT %s",
        (item, limit),
    )
    return [Span(*row) for row in rows.fetchall()]
