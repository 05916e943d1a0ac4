"""The normal rate of a stock item, each worked by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

from aggregates.policies.demand_rates import HOUR, Normal, Span, normal_rate
from tests.builders import NOON

DAY = timedelta(days=1)
LONG_AGO = NOON - 60 * DAY


def hourly(units: int, since: datetime, until: datetime) -> dict[datetime, int]:
    """So many units in each hour of a span."""
    hours = int((until - since) / HOUR)
    return {since + number * HOUR: units for number in range(hours)}


def test_the_normal_rate_is_that_of_seven_days() -> None:
    """Two units in each of the last 168 hours are two an hour, whatever sold before."""
    units = hourly(50, LONG_AGO, NOON - 8 * DAY) | hourly(2, NOON - 7 * DAY, NOON)
    assert normal_rate(units, [], LONG_AGO, NOON) == Normal(2.0, 168.0)


def test_hours_of_a_spike_are_left_out() -> None:
    """Ten hours at 90 units change nothing, nor do the two in which nothing was there."""
    units = hourly(2, NOON - 7 * DAY, NOON) | hourly(90, NOON - 30 * HOUR, NOON - 20 * HOUR)
    for empty in (NOON - 5 * HOUR, NOON - 4 * HOUR):
        units[empty] = 0
    spans = [Span(NOON - 30 * HOUR, NOON - 20 * HOUR), Span(NOON - 5 * HOUR, NOON - 3 * HOUR)]
    assert normal_rate(units, spans, LONG_AGO, NOON) == Normal(2.0, 156.0)


def test_an_open_span_is_left_out_until_now() -> None:
    """A spike that is still open counts for nothing, from the hour in which it opened."""
    units = hourly(2, NOON - 7 * DAY, NOON - 3 * HOUR) | hourly(80, NOON - 3 * HOUR, NOON)
    assert normal_rate(units, [Span(NOON - timedelta(hours=2, minutes=30))], LONG_AGO, NOON) == Normal(2.0, 165.0)


def test_with_under_72_hours_left_it_looks_back_28_days() -> None:
    """After six days at nothing on the shelf the weeks before say what is normal."""
    units = hourly(3, NOON - 28 * DAY, NOON - 6 * DAY)
    assert normal_rate(units, [Span(NOON - 6 * DAY)], LONG_AGO, NOON) == Normal(3.0, 22 * 24.0)


def test_an_hour_that_began_before_the_item_was_known_counts() -> None:
    """Known since half past: the units of that hour were sold after it, those of the hour before were not."""
    since = NOON - 2 * DAY + timedelta(minutes=30)
    units = {NOON - 2 * DAY - HOUR: 50, NOON - 2 * DAY: 95}
    assert normal_rate(units, [], since, NOON) == Normal(2.0, 47.5)


def test_without_a_calm_hour_it_is_unknown() -> None:
    """An item that never had anything on the shelf has no normal rate, which is not 0."""
    assert normal_rate({}, [Span(LONG_AGO)], LONG_AGO, NOON).per_hour is None


def test_a_new_item_has_its_units_so_far() -> None:
    """Under a day of history: units over hours, at least one hour."""
    since = NOON - timedelta(hours=4)
    assert normal_rate({NOON - 2 * HOUR: 12}, [], since, NOON) == Normal(3.0, 4.0, is_new=True)
    assert normal_rate({NOON: 6}, [], NOON - timedelta(minutes=10), NOON).per_hour == 6.0


def test_how_long_an_item_is_new_may_be_set() -> None:
    """Set to nothing no item is new; in its first hour nothing is known of its rate."""
    nothing = timedelta(0)
    assert normal_rate({NOON: 6}, [], NOON - timedelta(minutes=10), NOON, nothing) == Normal(None, 1 / 6)
    assert normal_rate({NOON: 6}, [], NOON - 2 * HOUR, NOON, nothing) == Normal(3.0, 2.0)


def test_a_day_without_sales_is_calm() -> None:
    """Nothing sold in two days of history is a rate of 0, which is known."""
    assert normal_rate({}, [], NOON - 2 * DAY, NOON) == Normal(0.0, 48.0)
