"""What the carriers of a new installation charge, in USD; an operator's own tariffs take their place."""

from __future__ import annotations

from decimal import Decimal

from schemas.shipping import Tariff
from schemas.values import Money


def _usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


TARIFFS = (
    Tariff(
        carrier="postal",
        service="ground",
        cost=_usd("4.75"),
        cost_per_step=_usd("1.10"),
        days=4,
        default_weight_grams=500,
        kinds=("street", "box", "military"),
    ),
    Tariff(
        carrier="courier",
        service="standard",
        cost=_usd("4.20"),
        cost_per_step=_usd("1.60"),
        days=3,
        default_weight_grams=500,
        countries=("US",),
        kinds=("street",),
    ),
    Tariff(
        carrier="courier",
        service="next-day",
        cost=_usd("14.50"),
        cost_per_step=_usd("3.00"),
        days=1,
        default_weight_grams=500,
        countries=("US",),
        kinds=("street",),
    ),
)
