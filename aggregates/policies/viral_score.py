"""How viral one content is: the specification's formula, on readings that were cleaned before."""

from __future__ import annotations

import math
from typing import NamedTuple

from schemas.values import Value

VELOCITY_PER_POINT = 10_000
POINTS_MAX = 100
ENGAGEMENT_POINTS = 100
ACCELERATION_POINTS = 50
SHARES = (0.4, 0.3, 0.3)
"""How much velocity, engagement and acceleration weigh."""

DECAY_HOURS = 24
DECAY_LEAST = 0.1

ACCELERATION_BASE_VIEWS = 200
"""Fewer views than this in the hour before count as this many: three views that become thirty are no acceleration."""

FLOOR_VIEWS = 1_000
FLOOR_MEDIANS = 5
FLOOR_LEAST_VIEWS = 200


class Metrics(NamedTuple):
    """What the formula is given, under the specification's names."""

    view_velocity: float
    engagement_rate: float
    velocity_acceleration: float
    content_age_hours: float


class Score(Value):
    """The score and its terms, so that it can be explained."""

    score: float
    velocity_points: float
    engagement_points: float
    acceleration_points: float
    decay: float


def metrics_of(*, views: float, views_before: float, interactions: float, age_hours: float) -> Metrics:
    """
    The formula's inputs from the views of the last 60 minutes, of the 60 before, and the interactions of the last 60.

    What is negative counts as 0, and engagement is at most 1. Raises `ValueError` for what is no finite number.
    """
    if not all(map(math.isfinite, (views, views_before, interactions, age_hours))):
        raise ValueError("a reading is not a finite number")
    shown = max(views, 0.0)
    return Metrics(
        view_velocity=shown,
        engagement_rate=min(max(interactions, 0.0) / shown, 1.0) if shown > 0 else 0.0,
        velocity_acceleration=max(shown / max(views_before, ACCELERATION_BASE_VIEWS) - 1, 0.0),
        content_age_hours=max(age_hours, 0.0),
    )


def viral_score(metrics: Metrics) -> Score:
    """The specification's `calculateViralScore`. Velocity and acceleration have at most 100 points each."""
    velocity = min(max(metrics.view_velocity, 0.0) / VELOCITY_PER_POINT, POINTS_MAX)
    engagement = max(metrics.engagement_rate, 0.0) * ENGAGEMENT_POINTS
    acceleration = min(max(metrics.velocity_acceleration, 0.0) * ACCELERATION_POINTS, POINTS_MAX)
    decay = max(1 - metrics.content_age_hours / DECAY_HOURS, DECAY_LEAST)
    weighted = sum(share * points for share, points in zip(SHARES, (velocity, engagement, acceleration), strict=True))
    return Score(
        score=weighted * decay,
        velocity_points=velocity,
        engagement_points=engagement,
        acceleration_points=acceleration,
        decay=decay,
    )


def is_silent(views: float, creator_median_views: float | None) -> bool:
    """
    Whether a content has too few views an hour for the formula to speak.

    The floor is the lower of 1,000 and five times the creator's median hour, and not under 200; a median that is
    unknown leaves 1,000.
    """
    floor = FLOOR_VIEWS if creator_median_views is None else min(FLOOR_VIEWS, FLOOR_MEDIANS * creator_median_views)
    return views < max(floor, FLOOR_LEAST_VIEWS)
