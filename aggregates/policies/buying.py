"""Whether to order units of a stock item, and how many: the buying rule in the form that needs no content."""

from __future__ import annotations

import math
from typing import NamedTuple

SAFETY_FACTOR = 1.65
LOOK_AHEAD_HOURS = 24
COVER_HOURS = 72
ASKS_ABOVE_HOURS = 30 * 24

UNKNOWN_RATE_SPARE_UNITS = 24
UNKNOWN_RATE_SPARE_SHARE = 0.25
"""
What is ordered beyond the debt while nobody knows how fast an item sells: a quarter more, at least 24 units.

The quarter makes each order grow with the debt, so that a run on an item leads to few orders and not to many.
"""

CRITICAL_BELOW_HOURS = 6
WARNING_BELOW_HOURS = 24


class Position(NamedTuple):
    """What is free, owed and on order, how fast it sells (None: unknown) and how long a delivery takes."""

    available: int
    backordered: int
    on_order: int
    on_order_in_time: int
    lead_time_hours: int
    normal_rate: float | None = None
    pack: int = 1
    minimum: int = 0


class Purchase(NamedTuple):
    """How many units to order, 0 for none, the terms of the sum, and whether a person is asked."""

    quantity: int
    terms: tuple[tuple[str, str], ...]
    asks: bool = False


def risk_level(position: Position) -> str:
    """CRITICAL, WARNING or MONITORING by the hours that the stock lasts; empty while it is in no danger."""
    hours = hours_left(position)
    if hours is not None and hours < CRITICAL_BELOW_HOURS:
        return "CRITICAL"
    if hours is not None and hours < WARNING_BELOW_HOURS:
        return "WARNING"
    return "MONITORING" if _net(position) < _order_point(position) else ""


def hours_left(position: Position) -> float | None:
    """How long the stock lasts: 0 while units are owed, None where no rate is known or nothing sells."""
    if position.backordered > 0:
        return 0.0
    return position.available / position.normal_rate if position.normal_rate else None


def plan_purchase(position: Position) -> Purchase:
    """
    Order up to the stock of the lead time and 72 hours more, once less than the lead time and a day is covered.

    With an unknown rate only what is owed counts, and the purchase has a spare share instead of a forecast.
    """
    if _net(position) >= _order_point(position):
        return Purchase(0, ())
    rate = position.normal_rate or 0.0
    target = rate * (position.lead_time_hours + COVER_HOURS) + _safety(position)
    if position.normal_rate is None:
        target = max(UNKNOWN_RATE_SPARE_UNITS, math.ceil(position.backordered * UNKNOWN_RATE_SPARE_SHARE))
    wanted = math.ceil(target + position.backordered - position.available - position.on_order_in_time)
    if wanted <= 0:
        return Purchase(0, ())
    quantity = max(-(-wanted // position.pack) * position.pack, position.minimum)
    asks = position.normal_rate is not None and quantity > position.normal_rate * ASKS_ABOVE_HOURS
    return Purchase(quantity, _terms(position, target, quantity), asks)


def _safety(position: Position) -> float:
    return SAFETY_FACTOR * math.sqrt((position.normal_rate or 0.0) * position.lead_time_hours)


def _net(position: Position) -> int:
    return position.available + position.on_order - position.backordered


def _order_point(position: Position) -> float:
    return (position.normal_rate or 0.0) * (position.lead_time_hours + LOOK_AHEAD_HOURS) + _safety(position)


def _terms(position: Position, target: float, quantity: int) -> tuple[tuple[str, str], ...]:
    known = position.normal_rate is not None
    return (
        ("normal_rate_per_hour", f"{position.normal_rate:g}" if known else "unknown"),
        ("lead_time_hours", str(position.lead_time_hours)),
        ("safety_units", f"{_safety(position):.2f}"),
        ("target_units" if known else "spare_units", f"{target:.2f}"),
        ("backordered", str(position.backordered)),
        ("available", str(position.available)),
        ("on_order", str(position.on_order)),
        ("on_order_in_time", str(position.on_order_in_time)),
        ("pack", str(position.pack)),
        ("minimum", str(position.minimum)),
        ("quantity", str(quantity)),
    )
