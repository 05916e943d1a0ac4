"""Whether to order units of a stock item, how many and how: the buying rule by lead time. Who decides is another's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from aggregates.policies.stock_risk import Level
from schemas.values import SupplyTerms

Delivery = Literal["standard", "express"]
Terms = tuple[tuple[str, str], ...]

SAFETY_FACTOR: Final = 1.65
LOOK_AHEAD_HOURS: Final = 24
COVER_HOURS: Final = 72
ASKS_ABOVE_HOURS: Final = 30 * 24
CUT_OFF_MISSED_HOURS: Final = 24
"""What a delivery takes longer when the supplier's cut-off of the day has passed."""

BURN_RANGE: Final[dict[Level, tuple[float, float]]] = {
    "CRITICAL": (3.0, 10.0),
    "WARNING": (2.0, 3.0),
    "MONITORING": (1.5, 2.0),
    "": (1.0, 2.0),
}
"""Between which multiples of normal the specification lets an order be made, by level."""

UNKNOWN_RATE_SPARE_UNITS: Final = 24
UNKNOWN_RATE_SPARE_SHARE: Final = 0.25
"""
What is ordered beyond the debt while nobody knows how fast an item sells: a quarter more, at least 24 units.

The quarter makes each order grow with the debt, so that a run on an item leads to few orders and not to many.
"""


class Arrival(NamedTuple):
    """Units on order, and when they are due; None where the supplier named no date."""

    due_at: datetime | None
    units: int


class Position(NamedTuple):
    """What is free, owed and on order, and how fast it sells. A normal rate of None is unknown."""

    at: datetime
    available: int
    backordered: int
    arrivals: Sequence[Arrival] = ()
    normal_per_hour: float | None = None
    burn_per_hour: float | None = None
    level: Level = ""
    spike_opened_at: datetime | None = None

    @property
    def on_order(self) -> int:
        """All units on order, dated or not."""
        return sum(arrival.units for arrival in self.arrivals)

    @property
    def net(self) -> int:
        """What is free or on order and not owed."""
        return self.available + self.on_order - self.backordered


class Purchase(NamedTuple):
    """How many units to order, 0 for none; how; which rule fired, with the terms of its sum and where it would turn."""

    quantity: int
    delivery: Delivery = "standard"
    lead_time_hours: int = 0
    rule: str = ""
    terms: Terms = ()
    turns: str = ""
    asks: str = ""
    """Why a person is asked whatever the limits are, empty where none must be."""


def lead_hours(terms: SupplyTerms, delivery: Delivery, at: datetime) -> int:
    """How long a delivery takes from now; a day longer once the cut-off of the day (UTC) has passed."""
    lead = terms.lead_time_hours if delivery == "standard" else terms.express_lead_time_hours
    if lead is None:
        raise AssertionError(f"{delivery} delivery has no lead time")
    missed = terms.cut_off_hour is not None and at.hour >= terms.cut_off_hour
    return lead + (CUT_OFF_MISSED_HOURS if missed else 0)


def plan_purchase(position: Position, terms: SupplyTerms) -> Purchase:
    """
    Order up to the target once what is there and on order is below the order point, or ends before a new delivery.

    With an unknown rate only what is owed counts, and the purchase has a spare share instead of a forecast.
    """
    lead = lead_hours(terms, "standard", position.at)
    if position.normal_per_hour is None:
        return _owed_and_spare(position, terms, lead)
    normal = position.normal_per_hour
    burn = _clamped(position, normal)
    point = normal * (lead + LOOK_AHEAD_HOURS) + safety_units(normal, lead)
    express = terms.express_lead_time_hours is not None
    soonest = lead_hours(terms, "express", position.at) if express else lead
    hours = hours_covered(position, burn, soonest)
    ends_early = hours is not None and hours < lead + LOOK_AHEAD_HOURS
    if position.net >= point and not ends_early:
        return Purchase(0, turns=f"below {point:.2f} units, free or on order, {position.net} now")
    delivery: Delivery = "standard"
    if express and hours is not None and hours < lead:
        delivery, lead = "express", soonest
    rule = "below the order point" if position.net < point else "ends before a delivery"
    return _up_to_target(position, terms, (normal, burn, point, hours), (delivery, lead, rule))


def _up_to_target(
    position: Position,
    terms: SupplyTerms,
    rates: tuple[float, float, float, float | None],
    chosen: tuple[Delivery, int, str],
) -> Purchase:
    normal, burn, point, hours = rates
    delivery, lead, rule = chosen
    extra = (burn - normal) * _spike_hours(position, lead)
    target = normal * (lead + COVER_HOURS) + safety_units(normal, lead) + extra
    in_time = _due_within(position, lead + COVER_HOURS)
    wanted = math.ceil(target + position.backordered - position.available - in_time)
    quantity = rounded(wanted, terms) if wanted > 0 else 0
    summed = (
        ("level", position.level or "none"),
        ("normal_rate_per_hour", f"{normal:g}"),
        ("burn_per_hour", f"{burn:g}"),
        ("hours_left", "none" if hours is None else f"{hours:.2f}"),
        ("lead_time_hours", str(lead)),
        ("safety_units", f"{safety_units(normal, lead):.2f}"),
        ("order_point_units", f"{point:.2f}"),
        ("spike_units", f"{extra:.2f}"),
        ("target_units", f"{target:.2f}"),
        *_counted(position, in_time, terms, quantity),
    )
    asks = "more than 30 days of normal sales" if quantity > normal * ASKS_ABOVE_HOURS else ""
    turns = f"from {math.ceil(point)} units, free or on order, {position.net} now"
    return Purchase(quantity, delivery, lead, rule, summed, turns, asks)


def _owed_and_spare(position: Position, terms: SupplyTerms, lead: int) -> Purchase:
    if position.net >= 0:
        return Purchase(0, turns="more owed than is free or on order")
    spare = max(UNKNOWN_RATE_SPARE_UNITS, math.ceil(position.backordered * UNKNOWN_RATE_SPARE_SHARE))
    in_time = _due_within(position, lead + COVER_HOURS)
    wanted = spare + position.backordered - position.available - in_time
    quantity = rounded(wanted, terms) if wanted > 0 else 0
    summed = (
        ("level", position.level or "none"),
        ("normal_rate_per_hour", "unknown"),
        ("lead_time_hours", str(lead)),
        ("spare_units", f"{spare:.2f}"),
        *_counted(position, in_time, terms, quantity),
    )
    return Purchase(quantity, "standard", lead, "owed, rate unknown", summed, "nothing owed beyond what is on order")


def safety_units(normal_per_hour: float, lead_time_hours: int) -> float:
    """What is kept against chance while a delivery is on its way."""
    return SAFETY_FACTOR * math.sqrt(normal_per_hour * lead_time_hours)


def rounded(wanted: int, terms: SupplyTerms) -> int:
    """Whole packs, then at least the supplier's minimum."""
    return max(-(-wanted // terms.pack) * terms.pack, terms.minimum)


def hours_covered(position: Position, burn_per_hour: float, lead_time_hours: int) -> float | None:
    """
    How long stock and dated arrivals last; None where nothing sells and nothing is owed.

    A gap before an arrival ends it, if a delivery ordered now would come before that arrival; else nothing ordered now
    could close it.
    """
    units = position.available - position.backordered
    dated = sorted((each.due_at, each.units) for each in position.arrivals if each.due_at is not None)
    for due_at, more in dated:
        due_in = (due_at - position.at).total_seconds() / 3600
        if due_in < 0:
            continue
        if units < burn_per_hour * due_in and due_in > lead_time_hours:
            break
        units += more
    if burn_per_hour <= 0:
        return 0.0 if units < 0 else None
    return max(units, 0) / burn_per_hour


def _clamped(position: Position, normal: float) -> float:
    low, high = BURN_RANGE[position.level]
    burn = min(max(position.burn_per_hour or 0.0, normal), normal * high)
    return burn if position.spike_opened_at is None else max(burn, normal * low)


def _spike_hours(position: Position, lead: int) -> float:
    """For how many hours after the delivery the open spike is reckoned to go on."""
    if position.spike_opened_at is None:
        return 0.0
    age = (position.at - position.spike_opened_at).total_seconds() / 3600
    return max(0.0, COVER_HOURS - age - lead)


def _due_within(position: Position, hours: int) -> int:
    """Units that are due by then; what has no date counts as in time."""
    latest = position.at + timedelta(hours=hours)
    return sum(each.units for each in position.arrivals if each.due_at is None or each.due_at <= latest)


def _counted(position: Position, in_time: int, terms: SupplyTerms, quantity: int) -> Terms:
    return (
        ("backordered", str(position.backordered)),
        ("available", str(position.available)),
        ("on_order", str(position.on_order)),
        ("on_order_in_time", str(in_time)),
        ("pack", str(terms.pack)),
        ("minimum", str(terms.minimum)),
        ("quantity", str(quantity)),
    )
