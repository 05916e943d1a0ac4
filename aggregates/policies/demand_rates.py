"""How fast a stock item sells, read off its paid orders: the normal rate, and over which hours its sales are seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from aggregates.policies.stock_risk import UNITS_OF_AN_ORDER

HOUR = timedelta(hours=1)
LOOKED_BACK = (timedelta(days=7), timedelta(days=28))
"""How far the normal rate looks back; further where too little of it is left."""

HOURS_LEFT_AT_LEAST = 72
NEW_UNDER = timedelta(hours=24)
OBSERVED_OVER = (1, 3, 6)
"""Over how many of the last hours the sales are counted."""


class Span(NamedTuple):
    """A stretch of time; `until` None: it lasts."""

    since: datetime
    until: datetime | None = None


class Normal(NamedTuple):
    """The normal rate and the hours behind it; None where nothing is known of any calm hour."""

    per_hour: float | None
    hours: float
    is_new: bool = False


def counted_units(units: int) -> int:
    """What an order counts for: one large order is no demand of many."""
    return min(units, UNITS_OF_AN_ORDER)


def normal_rate(
    units_by_hour: Mapping[datetime, int],
    left_out: Iterable[Span],
    since: datetime,
    at: datetime,
    new_under: timedelta = NEW_UNDER,
) -> Normal:
    """
    Paid units an hour over the trailing 7 days, without the clock hours that touch what is left out: spikes, and times
    at which nothing was there. If under 72 hours remain, 28 days. Known for under a day: units so far over hours.
    """
    known_for = at - since
    if known_for < new_under:
        first = _hour_of(since)
        sold = sum(units for hour, units in units_by_hour.items() if first <= hour <= at)
        return Normal(sold / max(known_for / HOUR, 1.0), known_for / HOUR, is_new=True)
    spans = list(left_out)
    hours = 0.0
    units = 0
    for look_back in LOOKED_BACK:
        start = max(since, _hour_of(at - look_back))
        first = _hour_of(start)
        out = _hours_touched(spans, start, at)
        hours = (at - start) / HOUR - sum(_part_of(hour, start, at) for hour in out)
        units = sum(sold for hour, sold in units_by_hour.items() if first <= hour <= at and hour not in out)
        if hours >= HOURS_LEFT_AT_LEAST:
            break
    return Normal(units / hours if hours >= 1 else None, max(hours, 0.0))


def _hours_touched(spans: Iterable[Span], since: datetime, at: datetime) -> set[datetime]:
    """The hours of the clock that any of these spans touches between two moments."""
    found: set[datetime] = set()
    for span in spans:
        first, last = max(span.since, since), min(span.until or at, at)
        hour = _hour_of(first)
        while hour < last and first < last:
            found.add(hour)
            hour += HOUR
    return found


def _part_of(hour: datetime, since: datetime, at: datetime) -> float:
    """How much of an hour lies between two moments."""
    return max((min(hour + HOUR, at) - max(hour, since)) / HOUR, 0.0)


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
