"""The specification's score, to the digit, on inputs that mean something."""

from __future__ import annotations

import math

import pytest

from aggregates.policies.viral_score import Metrics, is_silent, metrics_of, viral_score


@pytest.mark.parametrize(
    ("metrics", "score"),
    [
        # 50,000 / 10,000 = 5 points; 8; 2 * 50 = 100; (5 * 0.4 + 8 * 0.3 + 100 * 0.3) * (1 - 6 / 24)
        (Metrics(50_000, 0.08, 2.0, 6.0), (2.0 + 2.4 + 30.0) * 0.75),
        (Metrics(2_000_000, 0.5, 9.0, 0.0), (100 * 0.4 + 50 * 0.3 + 100 * 0.3)),
        (Metrics(10_000, 0.1, 0.5, 48.0), (0.4 + 3.0 + 7.5) * 0.1),
        (Metrics(0, 0.0, 0.0, 0.0), 0.0),
    ],
)
def test_the_formula(metrics: Metrics, score: float) -> None:
    """Worked by hand: caps at 100 points, and a tenth of the weight is left after a day."""
    assert viral_score(metrics).score == pytest.approx(score, rel=1e-12)


def test_the_terms_stand_beside_it() -> None:
    """Whoever asks why finds each term."""
    found = viral_score(Metrics(50_000, 0.08, 2.0, 6.0))
    assert (found.velocity_points, found.engagement_points, found.acceleration_points, found.decay) == (5, 8, 100, 0.75)


def test_inputs_are_cleaned() -> None:
    """Fewer views than before are no growth, an hour of few views no base, more interactions than views no 200 %."""
    assert metrics_of(views=300, views_before=900, interactions=400, age_hours=-1) == Metrics(300, 1.0, 0.0, 0.0)
    assert metrics_of(views=600, views_before=3, interactions=6, age_hours=1).velocity_acceleration == 2.0
    assert metrics_of(views=0, views_before=50, interactions=9, age_hours=1) == Metrics(0, 0.0, 0.0, 1.0)
    assert metrics_of(views=-5, views_before=0, interactions=-1, age_hours=0) == Metrics(0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["views", "views_before", "interactions", "age_hours"])
def test_what_is_no_number_is_refused(name: str, bad: float) -> None:
    """Nothing that is not finite gets past here."""
    with pytest.raises(ValueError, match="finite"):
        metrics_of(**{"views": 1.0, "views_before": 1.0, "interactions": 1.0, "age_hours": 1.0, name: bad})


@pytest.mark.parametrize(
    ("views", "median", "silent"),
    [
        (999, None, True),
        (1_000, None, False),
        (499, 100.0, True),
        (500, 100.0, False),
        (199, 2.0, True),
        (200, 2.0, False),
    ],
)
def test_under_the_floor_it_is_silent(views: float, median: float | None, silent: bool) -> None:
    """A video that goes from 3 to 90 views an hour is no spike, whoever made it."""
    assert is_silent(views, median) is silent
    assert is_silent(90, 0.1)
