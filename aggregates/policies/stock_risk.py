"""How fast a stock item sells, how long it lasts, and how near the end is: pure, by the hour, unknown is not 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from aggregates.policies.poisson import lower_bound
from schemas.values import Rates, Value

Level = Literal["", "MONITORING", "WARNING", "CRITICAL"]
Evidence = Literal["sales", "forecast", "formula"]

LEVELS: Final[tuple[Level, ...]] = ("", "MONITORING", "WARNING", "CRITICAL")
BELOW_HOURS: Final[dict[Level, float]] = {"CRITICAL": 6.0, "WARNING": 24.0}
FALLS_ABOVE: Final = 1.25
FALLS_AFTER: Final = timedelta(hours=1)

SPIKE_FROM: Final = 2.0
CALM_BELOW: Final = 1.5
CALM_AFTER: Final = timedelta(hours=3)
SPIKE_MOST: Final = timedelta(hours=72)

LEAST_ORDERS: Final = 5
LEAST_BUYERS: Final = 5
UNITS_OF_AN_ORDER: Final = 10
"""What one order counts at most."""

SCORE_PER_MULTIPLE: Final = 10
MULTIPLIER_POWER: Final = 1.5
CONFIDENCE_MOST: Final = 95.0
SUPPLY_HOURS: Final = 72
LEAD_TIME_HOURS: Final = 24


class Prediction(Value):
    """The specification's `StockPrediction`; `projected_depletion_hours` is None where nothing sells."""

    current_stock: int
    hourly_burn_rate: float
    projected_depletion_hours: float | None
    confidence_level: float
    recommended_reorder_quantity: int
    supplier_lead_time_hours: int


class Counted(NamedTuple):
    """What was sold in the last `hours`: an order counts at most 10 units, a buyer who is unknown is one of its own."""

    hours: int
    orders: int
    buyers: int
    units: int


class Burn(Value):
    """How many units an hour are expected to go, and what says so. `evidence` is what lifts it above normal, if any."""

    per_hour: float
    predicted_per_hour: float | None = None
    evidence: Evidence = "sales"


class Spike(NamedTuple):
    """An open spike: since when, and since when it has been calm."""

    opened_at: datetime
    calm_since: datetime | None = None


class Standing(NamedTuple):
    """An alert's level; since when the hours left have been well above its threshold, and what it then falls to."""

    level: Level = ""
    calm_since: datetime | None = None
    falls_to: Level = ""


def level_named(name: str) -> Level:
    """The level of that name; what is none of them is no risk that we know."""
    return next((level for level in LEVELS if level == name), "")


def multiplier_of(score: float) -> float:
    """The specification's viral multiplier. No score is below 0."""
    return float((max(score, 0.0) / SCORE_PER_MULTIPLE) ** MULTIPLIER_POWER)


def confidence_of(score: float) -> float:
    """The specification's confidence, 0 to 95."""
    return min(max(score, 0.0), CONFIDENCE_MOST)


def predict_depletion(
    score: float, stock: int, normal_per_hour: float, lead_time_hours: int = LEAD_TIME_HOURS
) -> Prediction:
    """The specification's `predictStockDepletion`, except that content never lowers demand."""
    rate = normal_per_hour * max(multiplier_of(score), 1.0)
    return Prediction(
        current_stock=stock,
        hourly_burn_rate=rate,
        projected_depletion_hours=hours_left(stock, 0, rate),
        confidence_level=confidence_of(score),
        recommended_reorder_quantity=math.ceil(rate * SUPPLY_HOURS),
        supplier_lead_time_hours=lead_time_hours,
    )


def observed_rate(windows: Sequence[Counted], normal_per_hour: float | None) -> float | None:
    """
    Units an hour that the last hours' sales prove: the largest lower bound of a window, in orders times mean units.

    None where no window has 5 orders of 5 buyers, or where it is under twice a normal rate that is known.
    """
    rates = [
        lower_bound(window.orders) * window.units / window.orders / window.hours
        for window in windows
        if window.orders >= LEAST_ORDERS and window.buyers >= LEAST_BUYERS
    ]
    best = max(rates, default=None)
    return None if best is None or best < SPIKE_FROM * (normal_per_hour or 0.0) else best


def burn_of(rates: Rates) -> Burn | None:
    """The larger of what was predicted and what was observed; None where no rate is known."""
    normal, observed = rates.normal_per_hour, rates.observed_per_hour
    if normal is None:
        return None if observed is None else Burn(per_hour=observed)
    seen = max(normal, observed or 0.0)
    forecast = rates.forecast_per_hour
    predicted = normal * max(rates.multiplier or 0.0, 1.0) if forecast is None else max(forecast, normal)
    if predicted <= seen:
        return Burn(per_hour=seen, predicted_per_hour=predicted)
    return Burn(
        per_hour=predicted, predicted_per_hour=predicted, evidence="formula" if forecast is None else "forecast"
    )


def hours_left(available: int, backordered: int, burn_per_hour: float | None) -> float | None:
    """How long the stock lasts: 0 while units are owed, None where nothing sells or no rate is known."""
    if backordered > 0:
        return 0.0
    if not burn_per_hour:
        return None
    return max(available, 0) / burn_per_hour


def level_at(hours: float | None, *, monitored: bool) -> Level:
    """The specification's levels; `monitored`: a spike is open or a reorder is due."""
    for level, below in BELOW_HOURS.items():
        if hours is not None and hours < below:
            return level
    return "MONITORING" if monitored else ""


def next_standing(standing: Standing, hours: float | None, *, monitored: bool, at: datetime) -> Standing:
    """The level after new figures: it rises at once, and falls after an hour well above its threshold."""
    wanted = level_at(hours, monitored=monitored)
    below = BELOW_HOURS.get(standing.level)
    if LEVELS.index(wanted) >= LEVELS.index(standing.level) or below is None:
        return Standing(wanted)
    if hours is not None and hours <= FALLS_ABOVE * below:
        return Standing(standing.level)
    since = standing.calm_since or at
    return Standing(wanted) if at - since >= FALLS_AFTER else Standing(standing.level, since, wanted)


def next_spike(spike: Spike | None, burn_per_hour: float, normal_per_hour: float, at: datetime) -> Spike | None:
    """The spike after a new burn: open from twice normal until 3 h under 1.5 times normal, 72 h at most."""
    if spike is None:
        opens = normal_per_hour > 0 and burn_per_hour >= SPIKE_FROM * normal_per_hour
        return Spike(at) if opens else None
    if at - spike.opened_at >= SPIKE_MOST:
        return None
    if burn_per_hour > 0 and burn_per_hour >= CALM_BELOW * normal_per_hour:
        return Spike(spike.opened_at)
    since = spike.calm_since or at
    return None if at - since >= CALM_AFTER else Spike(spike.opened_at, since)
