"""What was ordered of suppliers without asking or with, so that a shop's limit of the day can be kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from aggregates.event_store.connection import Connection


class Purchase(NamedTuple):
    """What one order cost, or hurrying it. `shop` is marketplace:shop."""

    key: str
    shop: str
    placed_at: datetime
    amount: Decimal
    currency: str


def spent_today(connection: Connection) -> dict[tuple[str, str], Decimal]:
    """What each shop spent since its midnight, by shop and currency; days of an unregistered shop are in UTC."""
    rows = connection.execute(
        "SELECT p.shop, p.currency, sum(p.amount) FROM purchases AS p"
        " LEFT JOIN shops AS s ON p.shop = s.marketplace || ':' || s.shop"
        " WHERE p.placed_at > now() - interval '25 hours' AND p.placed_at >="
        " date_trunc('day', now() AT TIME ZONE coalesce(s.time_zone, 'UTC')) AT TIME ZONE coalesce(s.time_zone, 'UTC')"
        " GROUP BY p.shop, p.currency"
    )
    return {(shop, currency): amount for shop, currency, amount in rows}


def insert(connection: Connection, purchases: Sequence[Purchase]) -> None:
    """Note purchases. Repeated: nothing."""
    rows = sorted(set(purchases))
    connection.execute(
        "INSERT INTO purchases (key, shop, placed_at, amount, currency)"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::numeric[], %s::text[])"
        " ON CONFLICT DO NOTHING",
        tuple(list(column) for column in zip(*rows, strict=True)),
    )
