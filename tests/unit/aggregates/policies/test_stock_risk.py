"""Rates, predictions and levels: the specification's figures, evidence before them, and calm after them."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from aggregates.policies.stock_risk import (
    Burn,
    Counted,
    Spike,
    Standing,
    burn_of,
    confidence_of,
    hours_left,
    level_at,
    multiplier_of,
    next_spike,
    next_standing,
    observed_rate,
    predict_depletion,
)
from schemas.values import Rates
from tests.builders import NOON

HOUR = timedelta(hours=1)
RATES = Rates(evaluated_at=NOON, normal_per_hour=2.0)


def test_the_specification_s_prediction() -> None:
    """Score 40: (40 / 10) ** 1.5 = 8 times; 2 an hour become 16; 48 units last 3 h; 16 * 72 = 1,152 units."""
    found = predict_depletion(40.0, 48, 2.0)
    assert (found.hourly_burn_rate, found.projected_depletion_hours) == (16.0, 3.0)
    assert (found.confidence_level, found.recommended_reorder_quantity) == (40.0, 1_152)
    assert found.supplier_lead_time_hours == 24
    assert (multiplier_of(10.0), multiplier_of(-3.0), confidence_of(120.0)) == (1.0, 0.0, 95.0)


def test_content_never_lowers_demand() -> None:
    """The formula's 0.35 times at a score of 5 would halve what sells anyway."""
    assert predict_depletion(5.0, 48, 2.0).hourly_burn_rate == 2.0


@pytest.mark.parametrize(("stock", "rate", "hours"), [(48, 0.0, None), (0, 0.0, None), (0, 2.0, 0.0), (-4, 2.0, 0.0)])
def test_nothing_is_infinite(stock: int, rate: float, hours: float | None) -> None:
    """No sales: no hours; nothing there and demand: 0 hours."""
    assert predict_depletion(0.0, stock, rate).projected_depletion_hours == hours
    assert hours_left(stock, 0, rate) == hours
    assert hours_left(48, 1, None) == 0.0


def test_observed_is_the_largest_bound_that_the_last_hours_prove() -> None:
    """20 orders of 2 units in 1 h prove 13.25 * 2 = 26.5 an hour; 30 in 6 h less."""
    windows = (Counted(1, 20, 20, 40), Counted(3, 24, 24, 48), Counted(6, 30, 30, 60))
    assert observed_rate(windows, 2.0) == pytest.approx(13.2547 * 2, abs=1e-3)
    assert observed_rate(windows, 13.0) == pytest.approx(26.509, abs=1e-3)
    assert observed_rate(windows, 13.3) is None


def test_few_orders_or_few_buyers_prove_nothing() -> None:
    """Four orders, or one buyer of fifty, are no demand."""
    assert observed_rate((Counted(1, 4, 4, 40),), 0.1) is None
    assert observed_rate((Counted(1, 50, 4, 50),), 0.1) is None
    assert observed_rate((Counted(1, 5, 5, 5),), 0.1) == pytest.approx(1.9701, abs=1e-4)
    assert observed_rate((), 0.0) is None


@pytest.mark.parametrize(
    ("rates", "burn"),
    [
        (RATES, Burn(per_hour=2.0, predicted_per_hour=2.0)),
        (Rates(evaluated_at=NOON), None),
        (Rates(evaluated_at=NOON, observed_per_hour=3.0), Burn(per_hour=3.0)),
        (
            Rates(evaluated_at=NOON, normal_per_hour=2.0, multiplier=8.0),
            Burn(per_hour=16.0, predicted_per_hour=16.0, evidence="formula"),
        ),
        (
            Rates(evaluated_at=NOON, normal_per_hour=2.0, multiplier=8.0, observed_per_hour=20.0),
            Burn(per_hour=20.0, predicted_per_hour=16.0),
        ),
        (
            Rates(evaluated_at=NOON, normal_per_hour=2.0, multiplier=8.0, forecast_per_hour=7.0),
            Burn(per_hour=7.0, predicted_per_hour=7.0, evidence="forecast"),
        ),
        (
            Rates(evaluated_at=NOON, normal_per_hour=2.0, multiplier=0.3),
            Burn(per_hour=2.0, predicted_per_hour=2.0),
        ),
    ],
)
def test_the_burn_is_the_larger_and_says_what_lifts_it(rates: Rates, burn: Burn | None) -> None:
    """Sales, a forecast or the formula alone; unknown stays unknown."""
    assert burn_of(rates) == burn


@pytest.mark.parametrize(
    ("hours", "monitored", "level"),
    [
        (5.99, False, "CRITICAL"),
        (6.0, False, "WARNING"),
        (23.99, False, "WARNING"),
        (24.0, True, "MONITORING"),
        (24.0, False, ""),
        (None, True, "MONITORING"),
        (None, False, ""),
    ],
)
def test_levels_are_the_specification_s(hours: float | None, monitored: bool, level: str) -> None:
    """Under 6 hours, under 24, and from there on only while something is watched."""
    assert level_at(hours, monitored=monitored) == level


def test_a_level_rises_at_once_and_falls_after_a_calm_hour() -> None:
    """CRITICAL falls when 7.5 h or more have been left for an hour; a dip in between starts the hour anew."""
    critical = next_standing(Standing("WARNING"), 5.0, monitored=True, at=NOON)
    assert critical == Standing("CRITICAL")
    assert next_standing(critical, 7.5, monitored=True, at=NOON) == Standing("CRITICAL")
    calm = next_standing(critical, 7.6, monitored=True, at=NOON)
    assert calm == Standing("CRITICAL", NOON, "WARNING")
    assert next_standing(calm, 7.4, monitored=True, at=NOON + HOUR) == Standing("CRITICAL")
    assert next_standing(calm, 40.0, monitored=True, at=NOON + HOUR / 2) == Standing("CRITICAL", NOON, "MONITORING")
    assert next_standing(calm, 40.0, monitored=True, at=NOON + HOUR) == Standing("MONITORING")
    assert next_standing(Standing("MONITORING"), None, monitored=False, at=NOON) == Standing("")


def test_a_spike_opens_at_twice_normal_and_ends_after_three_calm_hours() -> None:
    """Once open, it stays while the burn is not under 1.5 times normal for 3 h, and 72 h at most."""
    assert next_spike(None, 3.9, 2.0, NOON) is None
    assert next_spike(None, 4.0, 2.0, NOON) == Spike(NOON)
    assert next_spike(None, 4.0, 0.0, NOON) is None
    spike = next_spike(Spike(NOON), 2.9, 2.0, NOON + HOUR)
    assert spike == Spike(NOON, NOON + HOUR)
    assert next_spike(spike, 3.0, 2.0, NOON + 2 * HOUR) == Spike(NOON)
    assert next_spike(spike, 2.0, 2.0, NOON + 3 * HOUR) == spike
    assert next_spike(spike, 2.0, 2.0, NOON + 4 * HOUR) is None
    assert next_spike(Spike(NOON), 50.0, 2.0, NOON + 72 * HOUR) is None


def test_no_figure_is_other_than_finite() -> None:
    """Whatever the score, stock and rate, within what inputs may be."""
    for score in (0.0, 1e-9, 34.4, 100.0, 130.0):
        for stock in (-5, 0, 1, 10**9):
            for rate in (0.0, 1e-9, 0.2, 1e6):
                found = predict_depletion(score, stock, rate)
                hours = found.projected_depletion_hours
                assert math.isfinite(found.hourly_burn_rate)
                assert hours is None or (math.isfinite(hours) and hours >= 0)
