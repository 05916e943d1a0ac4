"""How fast an item sells now: what sales prove, what content foretells, and when a spike opens and ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from aggregates.policies.content_windows import Pulse
from aggregates.policies.demand_rates import HOUR, OBSERVED_OVER, Span
from aggregates.policies.reviewing import Reviewed, Seen, Watched, review
from aggregates.policies.stock_risk import Counted, Spike
from schemas.values import Rates
from tests.builders import NOON

LONG_AGO = NOON - timedelta(days=30)
CALM = {NOON - number * HOUR: 2 for number in range(1, 169)}
VIRAL = Pulse(900_000, 100_000, 90_000)


def a_video(pulse: Pulse = VIRAL, name: str = "video", median: float | None = None) -> Watched:
    """A video that came out an hour ago."""
    return Watched(name, pulse, NOON - HOUR, median)


def sales(number: int, buyers: int | None = None) -> list[Counted]:
    """So many orders of a unit in the last half hour, of as many buyers unless it is said of how many."""
    return [Counted(hours, number, number if buyers is None else buyers, number) for hours in OBSERVED_OVER]


def seen(**more: Any) -> Seen:
    """An item that sells two units an hour."""
    return Seen(known_since=LONG_AGO, units_by_hour=CALM, sales=sales(0))._replace(**more)


def test_calm_trade_has_its_normal_rate_alone() -> None:
    """Nothing observed, no content, no spike; looked at again in an hour."""
    found = review(seen(), NOON)
    assert found == Reviewed(
        Rates(evaluated_at=NOON, normal_per_hour=2.0, observed_per_hour=None), None, None, None, NOON + HOUR
    )


def test_sales_open_a_spike_without_any_view() -> None:
    """Thirty orders of thirty buyers in half an hour prove more than ten times the normal rate."""
    found = review(seen(sales=sales(30)), NOON)
    assert found.rates.observed_per_hour is not None
    assert found.rates.observed_per_hour == pytest.approx(21.594, abs=0.001)
    assert found.spike == Spike(NOON)
    assert found.rates.spike_opened_at == NOON


def test_one_buyer_is_no_spike() -> None:
    """Thirty orders of one buyer prove nothing."""
    assert review(seen(sales=sales(30, buyers=1)), NOON).spike is None


def test_content_foretells_and_opens_a_spike() -> None:
    """The specification's score of the video, its multiplier and confidence, and which video it is."""
    rates = review(seen(contents=[a_video()]), NOON).rates
    assert rates.content_id == "video"
    assert rates.score is not None
    assert rates.score == pytest.approx((90 * 0.4 + 10 * 0.3 + 100 * 0.3) * (1 - 1 / 24))
    assert rates.multiplier is not None
    assert rates.multiplier == pytest.approx((rates.score / 10) ** 1.5)
    assert rates.spike_opened_at == NOON


def test_fc_56_a_few_views_are_no_spike() -> None:
    """FC-56 (b): from 3 to 90 views an hour is under the floor, however fast it grows."""
    rates = review(seen(contents=[a_video(Pulse(90, 3, 40))]), NOON).rates
    assert (rates.score, rates.content_id, rates.spike_opened_at) == (None, "", None)


def test_the_floor_of_a_small_creator_is_lower() -> None:
    """900 views an hour speak where the creator's median hour has 100, and not where nobody knows it."""
    few = Pulse(900, 100, 90)
    assert review(seen(contents=[a_video(few, median=100.0)]), NOON).rates.score is not None
    assert review(seen(contents=[a_video(few)]), NOON).rates.score is None


def test_fc_56_of_two_videos_the_higher_multiplier_counts() -> None:
    """FC-56 (c): two viral videos of one item lead to one rate, that of the stronger one."""
    weak, strong = a_video(Pulse(300_000, 100_000, 9_000), "weak"), a_video(name="strong")
    both = review(seen(contents=[weak, strong]), NOON).rates
    assert both == review(seen(contents=[strong]), NOON).rates == review(seen(contents=[strong, weak]), NOON).rates


def test_a_spike_ends_after_three_calm_hours() -> None:
    """Calm is noted when it is seen first; what was the spike is left out from then on."""
    opened = NOON - 5 * HOUR
    first = review(seen(spike=Spike(opened)), NOON)
    assert (first.spike, first.ended) == (Spike(opened, NOON), None)
    later = NOON + 3 * HOUR
    over = review(seen(spike=first.spike), later)
    assert (over.spike, over.ended, over.normal_since) == (None, Span(opened, later), None)


def test_after_72_hours_the_spike_is_normal() -> None:
    """Its level becomes the normal rate, so that it does not open again at once."""
    opened = NOON - timedelta(hours=72)
    units = CALM | {NOON - number * HOUR: 20 for number in range(1, 73)}
    lasting = review(seen(units_by_hour=units, sales=sales(30), spike=Spike(opened)), NOON)
    assert (lasting.spike, lasting.ended, lasting.normal_since) == (None, None, opened)
    after = review(seen(units_by_hour=units, sales=sales(30), normal_since=opened), NOON)
    assert after.rates.normal_per_hour == 20.0
    assert after.spike is None


def test_an_item_that_nobody_buys_is_left_alone() -> None:
    """Without sales and views nothing is looked at until something happens."""
    assert review(Seen(LONG_AGO, {}, []), NOON).again_at is None


@pytest.mark.parametrize("pulse", [Pulse(0, 0, 0), Pulse(10**12, 0, 10**12), Pulse(10**12, 10**12, 0)])
@pytest.mark.parametrize("units", [{}, CALM])
def test_no_figure_is_without_end(pulse: Pulse, units: dict[datetime, int]) -> None:
    """No NaN and no infinity, whatever the counters show."""
    text = msgspec.json.encode(review(Seen(LONG_AGO, units, [], contents=[a_video(pulse)]), NOON).rates)
    assert b"null" not in text
    assert b"inf" not in text
