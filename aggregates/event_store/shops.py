"""The shop registry: who owns a shop, and which of its doors to the outside are open."""

from __future__ import annotations

import msgspec

from aggregates.event_store.connection import Connection


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
