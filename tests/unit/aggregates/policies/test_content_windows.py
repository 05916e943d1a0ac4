"""Windows of content are made of a set of readings: neither their order nor how often they come changes anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregates.policies.content_windows import (
    HOUR,
    Pulse,
    Reading,
    by_hour,
    changes,
    growth,
    interactions_of,
    merged,
    pulse,
    views_of,
)
from tests.builders import NOON

MINUTE = timedelta(minutes=1)


def at_minute(minute: int, views: int, **counters: int) -> Reading:
    """A reading so many minutes after noon."""
    return Reading(NOON + minute * MINUTE, views, **counters)


class Kept:
    """Readings and hours as the store keeps them: what is written is worked out from the neighbours alone."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.views = Counter[datetime]()

    def take(self, told: Sequence[Reading]) -> None:
        """Take a batch in."""
        moments = [each.read_at for each in told]
        first, last = min(moments), max(moments)
        before = [each for each in self.readings if each.read_at < first][-1:]
        between = [each for each in self.readings if first <= each.read_at <= last]
        after = [each for each in self.readings if each.read_at > last][:1]
        known = before + between + after
        moved = changes(by_hour(views_of(known)), by_hour(views_of(merged(known, told))))
        self.views.update(moved)
        self.readings = merged(self.readings, told)

    def hours(self) -> dict[datetime, int]:
        """The hours in which anything was counted."""
        return {hour: views for hour, views in sorted(self.views.items()) if views}


readings = st.lists(
    st.builds(
        Reading,
        st.integers(0, 600).map(lambda minute: NOON + minute * MINUTE),
        st.integers(0, 10**9),
        st.none() | st.integers(0, 10**6),
    ),
    min_size=1,
    max_size=40,
)


@given(readings, st.randoms(use_true_random=False), st.integers(1, 7))
def test_any_order_and_any_batches_give_the_same_windows(told: list[Reading], chance: Random, size: int) -> None:
    """Shuffled, sent twice and cut into batches anywhere, readings leave what the clean series leaves."""
    clean = merged([], told)
    again = [*told, *told]
    chance.shuffle(again)
    kept = Kept()
    for start in range(0, len(again), size):
        kept.take(again[start : start + size])
    assert kept.readings == clean
    assert kept.hours() == by_hour(views_of(clean))
    for minute in (0, 60, 300, 630):
        moment = NOON + minute * MINUTE
        assert pulse(kept.readings, moment) == pulse(clean, moment)


@given(readings)
def test_hours_add_up_to_what_the_counter_grew(told: list[Reading]) -> None:
    """Nothing is lost between the hours, and no window is below 0."""
    series = merged([], told)
    points = views_of(series)
    assert sum(by_hour(points).values()) == growth(points, NOON - HOUR, NOON + 11 * HOUR)
    assert min(pulse(series, NOON + 5 * HOUR)) >= 0


def test_fc_54_repeated_and_late_readings() -> None:
    """FC-54: minutes 20, 0, 10, 10, 10, then 5 three hours late: the velocity is that of the clean series."""
    clean = [at_minute(0, 1_000), at_minute(5, 1_500), at_minute(10, 2_000), at_minute(20, 3_000)]
    kept = Kept()
    for minute, views in ((20, 3_000), (0, 1_000), (10, 2_000), (10, 2_000), (10, 2_000)):
        kept.take([at_minute(minute, views)])
    then = NOON + 20 * MINUTE
    assert pulse(kept.readings, then).views == pulse(clean, then).views == 2_000
    kept.take([at_minute(5, 1_500)])
    assert kept.readings == clean
    assert pulse(kept.readings, NOON + 3 * HOUR) == Pulse(0, 0, 0)


def test_the_same_moment_twice_counts_once_and_the_higher_counts() -> None:
    """Two readings of one moment that differ: the one with more views, whichever came first."""
    low, high = at_minute(5, 90), at_minute(5, 100)
    assert merged([low], [high]) == merged([high], [low]) == [high]


def test_growth_is_spread_between_two_readings() -> None:
    """600 views in two hours are 300 in each."""
    series = [at_minute(-60, 0), at_minute(60, 600)]
    assert pulse(series, NOON + HOUR) == Pulse(300, 300, 0)


def test_the_first_reading_is_no_growth() -> None:
    """A video first read at a million views has not been watched a million times in this hour."""
    assert pulse([at_minute(0, 1_000_000)], NOON + MINUTE) == Pulse(0, 0, 0)


@pytest.mark.parametrize(
    ("counts", "grown"),
    [((1_000, 990, 1_090), 90), ((1_000, 400, 500), 100), ((1_000, 500, 600), 0), ((100, 0, 0), 0)],
    ids=["corrected", "reset to under half", "exactly half is a correction", "gone"],
)
def test_a_counter_that_falls_is_never_growth(counts: tuple[int, ...], grown: int) -> None:
    """A small fall takes growth back, a reset to under half begins anew, and no window is negative."""
    series = [at_minute(10 * number, views) for number, views in enumerate(counts)]
    assert pulse(series, NOON + HOUR).views == grown


def test_windows_fall_to_zero_without_readings() -> None:
    """What nobody reads any more is watched by nobody, as far as we know."""
    series = [at_minute(0, 0), at_minute(60, 6_000)]
    shown = [pulse(series, NOON + hours * HOUR).views for hours in (1, 1.5, 2, 3)]
    assert shown == [6_000, 3_000, 0, 0]


def test_a_counter_that_was_not_told_is_not_0() -> None:
    """Likes that are told for the first time are no growth; each counter counts where it was told."""
    series = [at_minute(0, 10), at_minute(10, 20, likes=5_000), at_minute(20, 30, likes=5_010, shares=3)]
    assert pulse(series, NOON + HOUR).interactions == 10
    assert [len(points) for points in interactions_of(series)] == [2, 0, 1]
