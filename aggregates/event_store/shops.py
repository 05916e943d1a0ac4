"""The shop registry: who owns a shop, and which of its doors to the outside are open."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from aggregates.event_store.connection import Connection
from schemas.shipping import LabelTiming


class Shop(msgspec.Struct, frozen=True):
    """One shop of one marketplace. A shop that is not live in a respect reads and decides, but asks nobody outside."""

    marketplace: str
    shop: str
    user_id: str
    time_zone: str
    live_stock: bool
    live_labels: bool
    live_buying: bool


_COLUMNS = "marketplace, shop, user_id, time_zone, live_stock, live_labels, live_buying"


def add(connection: Connection, shop: Shop) -> bool:
    """Register a shop; false when it is there already, which changes nothing."""
    inserted = connection.execute(
        f"INSERT INTO shops ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (
            shop.marketplace,
            shop.shop,
            shop.user_id,
            shop.time_zone,
            shop.live_stock,
            shop.live_labels,
            shop.live_buying,
        ),
    )
    return inserted.rowcount == 1


def every(connection: Connection) -> list[Shop]:
    """All registered shops."""
    return [Shop(*row) for row in connection.execute(f"SELECT {_COLUMNS} FROM shops ORDER BY marketplace, shop")]


def label_timings(connection: Connection, of: Collection[tuple[str, str]]) -> dict[tuple[str, str], LabelTiming]:
    """When these shops buy their labels, by marketplace and shop; nothing of those that never said."""
    wanted = sorted(of)
    rows = connection.execute(
        "SELECT marketplace, shop, settings -> 'label_timing' FROM shops"
        " JOIN unnest(%b::text[], %b::text[]) AS v (marketplace, shop) USING (marketplace, shop)"
        " WHERE settings ? 'label_timing'",
        ([marketplace for marketplace, _ in wanted], [shop for _, shop in wanted]),
        prepare=True,
    )
    return {(marketplace, shop): msgspec.convert(timing, LabelTiming) for marketplace, shop, timing in rows}


def set_label_timing(connection: Connection, marketplace: str, shop: str, timing: LabelTiming) -> bool:
    """Say when a shop buys the labels of packages opened from now on; false where no such shop is registered."""
    updated = connection.execute(
        "UPDATE shops SET settings = settings || jsonb_build_object('label_timing', %s::text::jsonb)"
        " WHERE marketplace = %s AND shop = %s",
        (msgspec.json.encode(timing).decode(), marketplace, shop),
    )
    return updated.rowcount == 1
