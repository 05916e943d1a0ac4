"""What one unit of a stock item weighs, as a person told it, for packages whose lines do not say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from aggregates.event_store.connection import Connection


class ItemWeight(NamedTuple):
    """The weight of one unit of a stock item."""

    stock_item_id: UUID
    grams: int


def insert(connection: Connection, weights: Sequence[ItemWeight]) -> None:
    """Note weights; the latest of an item counts."""
    latest = dict(weights)
    connection.execute(
        "INSERT INTO item_weights (stock_item_id, grams) SELECT * FROM unnest(%b::uuid[], %b::integer[])"
        " ON CONFLICT (stock_item_id) DO UPDATE SET grams = excluded.grams",
        (sorted(latest), [latest[item] for item in sorted(latest)]),
    )


def of_items(connection: Connection, items: Iterable[UUID]) -> dict[UUID, int]:
    """The weights of those of these items that somebody told of, in grams."""
    rows = connection.execute(
        "SELECT stock_item_id, grams FROM item_weights WHERE stock_item_id = ANY(%b::uuid[])",
        (sorted(set(items)),),
        prepare=True,
        binary=True,
    )
    return dict(rows.fetchall())
