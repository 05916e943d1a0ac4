"""
How much content was watched, read off its readings: cumulative counters, each at a moment of its own.

Whatever the order in which readings come, and however often, the same set of them gives the same windows. Growth is
spread evenly between two readings, in whole views, so that the hours add up to what the counter says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

HOUR = timedelta(hours=1)
KEPT_FOR = timedelta(days=30)
"""How long readings are kept, and how old one may be that is still taken."""

RESET_TO_UNDER = 2
"""A counter that falls to under a half was reset; one that falls by less was corrected."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)

Point = tuple[int, int]
"""A moment in microseconds, and what the counter showed then."""


class Reading(NamedTuple):
    """What a content's counters showed at one moment. None: that one was not told."""

    read_at: datetime
    views: int
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None


class Pulse(NamedTuple):
    """What the viral formula is made from: the trailing hour, and the views of the hour before."""

    views: int
    views_before: int
    interactions: int


def merged(known: Iterable[Reading], told: Iterable[Reading]) -> list[Reading]:
    """All of them in the order of their time; of several of one moment the one with the most views counts."""
    highest: dict[datetime, Reading] = {}
    for reading in (*known, *told):
        present = highest.get(reading.read_at)
        if present is None or _shown(reading) > _shown(present):
            highest[reading.read_at] = reading
    return [highest[moment] for moment in sorted(highest)]


def pulse(readings: Sequence[Reading], at: datetime) -> Pulse:
    """The windows that end at `at`. Growth that was taken back counts as none; readings are in the order of time."""
    views = views_of(readings)
    return Pulse(
        views=max(growth(views, at - HOUR, at), 0),
        views_before=max(growth(views, at - 2 * HOUR, at - HOUR), 0),
        interactions=sum(max(growth(points, at - HOUR, at), 0) for points in interactions_of(readings)),
    )


def views_of(readings: Iterable[Reading]) -> list[Point]:
    """The view counter."""
    return [(_ticks(reading.read_at), reading.views) for reading in readings]


def interactions_of(readings: Sequence[Reading]) -> tuple[list[Point], list[Point], list[Point]]:
    """The counters of likes, comments and shares, each where it was told."""
    return (
        [(_ticks(each.read_at), each.likes) for each in readings if each.likes is not None],
        [(_ticks(each.read_at), each.comments) for each in readings if each.comments is not None],
        [(_ticks(each.read_at), each.shares) for each in readings if each.shares is not None],
    )


def growth(points: Sequence[Point], since: datetime, until: datetime) -> int:
    """
    By how much a counter grew in a span. A correction is taken off; a reset is no growth, and neither is what it showed
    when it was first read.
    """
    start, end = _ticks(since), _ticks(until)
    return sum(_grown(*each, end) - _grown(*each, start) for each in pairwise(points))


def by_hour(points: Sequence[Point]) -> dict[datetime, int]:
    """By how much a counter grew in each hour of the clock."""
    hour = HOUR // _TICK
    found = Counter[int]()
    for before, after in pairwise(points):
        for number in range(before[0] // hour, -(-after[0] // hour)):
            grown = _grown(before, after, (number + 1) * hour) - _grown(before, after, number * hour)
            if grown:
                found[number] += grown
    return {_EPOCH + number * HOUR: grown for number, grown in sorted(found.items()) if grown}


def changes(before: Mapping[datetime, int], after: Mapping[datetime, int]) -> dict[datetime, int]:
    """What has to be added to each hour, so that it shows `after` where it showed `before`."""
    moved = {hour: after.get(hour, 0) - before.get(hour, 0) for hour in sorted(before.keys() | after.keys())}
    return {hour: amount for hour, amount in moved.items() if amount}


def _grown(before: Point, after: Point, until: int) -> int:
    """What a counter grew by from one reading until a moment, the next reading at the latest."""
    if until <= before[0]:
        return 0
    grown = after[1] - before[1]
    if after[1] * RESET_TO_UNDER < before[1]:
        return 0
    if until >= after[0]:
        return grown
    return grown * (until - before[0]) // (after[0] - before[0])


def _shown(reading: Reading) -> tuple[int, int, int, int]:
    likes, comments, shares = (-1 if count is None else count for count in reading[2:])
    return reading.views, likes, comments, shares


def _ticks(moment: datetime) -> int:
    return (moment - _EPOCH) // _TICK
