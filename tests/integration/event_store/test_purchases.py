"""What a shop spent today, as its limit of the day sees it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from aggregates.event_store import purchases, shops
from aggregates.event_store.connection import connect
from aggregates.event_store.purchases import Purchase, spent_today
from aggregates.event_store.shops import Shop

KIRITIMATI = ZoneInfo("Pacific/Kiritimati")
"""Fourteen hours ahead of UTC, so that its day began at another moment than most."""


def a_purchase(key: str, shop: str, at: datetime, amount: str, currency: str = "USD") -> Purchase:
    """What one order cost."""
    return Purchase(key, shop, at, Decimal(amount), currency)


def test_a_day_is_the_shop_s_own_and_currencies_stay_apart(database: str) -> None:
    """Since the shop's midnight, each order once, each currency by itself; yesterday is not counted."""
    now = datetime.now(UTC)
    midnight = now.astimezone(KIRITIMATI).replace(hour=0, minute=0, second=0, microsecond=0)
    name = f"shop-{now.timestamp()}"
    shop = f"tiktok:{name}"
    with connect(database, "test") as connection:
        shops.add(
            connection,
            Shop(
                "tiktok",
                name,
                "seller",
                KIRITIMATI.key,
                live_stock=False,
                live_labels=False,
                live_buying=False,
            ),
        )
        rows = [
            a_purchase(f"{name}-1", shop, midnight, "10.50"),
            a_purchase(f"{name}-2", shop, now, "4.50"),
            a_purchase(f"{name}-3", shop, now, "7.00", "EUR"),
            a_purchase(f"{name}-4", shop, midnight - timedelta(seconds=1), "99.00"),
        ]
        purchases.insert(connection, rows)
        purchases.insert(connection, rows[:1])
        spent = spent_today(connection)
    assert {key: amount for key, amount in spent.items() if key[0] == shop} == {
        (shop, "USD"): Decimal("15.00"),
        (shop, "EUR"): Decimal("7.00"),
    }
