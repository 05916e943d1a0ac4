"""The points of an order's priority."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aggregates.policies.priority import PriorityInputs, classify, level_of
from tests.builders import NOON

HOUR = timedelta(hours=1)
UNKNOWN = PriorityInputs(at=NOON, may_ship=True)


def points(inputs: PriorityInputs) -> dict[str, float]:
    """The points by factor."""
    return {point.factor: point.points for point in classify(inputs).points}


def test_unknown_inputs_give_no_points_and_say_so() -> None:
    """With nothing known the score is its base, and each factor says that it is unknown."""
    outcome = classify(UNKNOWN)
    assert (outcome.score, outcome.level, outcome.floor) == (20, "LOW", "")
    assert {point.input for point in outcome.points if point.factor != "base"} == {"unknown"}


@pytest.mark.parametrize(
    ("inputs", "factor", "expected"),
    [
        (UNKNOWN._replace(creator_multiplier=0.5), "creator", 0.0),
        (UNKNOWN._replace(creator_multiplier=3.0), "creator", 12.5),
        (UNKNOWN._replace(creator_multiplier=9.0), "creator", 25.0),
        (UNKNOWN._replace(demand_ratio=0.5), "demand", 0.0),
        (UNKNOWN._replace(demand_ratio=2.0), "demand", 5.0),
        (UNKNOWN._replace(demand_ratio=50.0), "demand", 20.0),
        (UNKNOWN._replace(kept_orders=0), "tier", 0.0),
        (UNKNOWN._replace(kept_orders=1), "tier", 5.0),
        (UNKNOWN._replace(kept_orders=9), "tier", 5.0),
        (UNKNOWN._replace(kept_orders=10), "tier", 15.0),
        (UNKNOWN._replace(hours_of_stock=6.0), "urgency", 10.0),
        (UNKNOWN._replace(hours_of_stock=39.0), "urgency", 5.0),
        (UNKNOWN._replace(hours_of_stock=100.0), "urgency", 0.0),
        (UNKNOWN._replace(dispatch_by=NOON + 48 * HOUR), "deadline", 0.0),
        (UNKNOWN._replace(dispatch_by=NOON + 12 * HOUR), "deadline", 7.5),
        (UNKNOWN._replace(dispatch_by=NOON - HOUR), "deadline", 15.0),
        (UNKNOWN._replace(abroad=True), "complexity", -5.0),
        (UNKNOWN._replace(address_kind="box"), "complexity", -3.0),
        (UNKNOWN._replace(address_kind="military", address_held=True), "complexity", -5.0),
        (UNKNOWN._replace(address_kind="street", abroad=False), "complexity", 0.0),
    ],
)
def test_each_factor_is_linear_and_clamped(inputs: PriorityInputs, factor: str, expected: float) -> None:
    """Each factor gives points between its ends, and none beyond them."""
    assert points(inputs)[factor] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("inputs", "score", "floor"),
    [
        (UNKNOWN._replace(dispatch_by=NOON + 24 * HOUR), 55, "dispatch_by within 24 h"),
        (UNKNOWN._replace(dispatch_by=NOON + 6 * HOUR), 85, "dispatch_by within 6 h or past"),
        (UNKNOWN._replace(dispatch_by=NOON - 9 * HOUR), 85, "dispatch_by within 6 h or past"),
        (UNKNOWN._replace(cancel_by=NOON + 24 * HOUR), 85, "cancel_by within 24 h"),
        (UNKNOWN._replace(cancel_by=NOON + 24 * HOUR, may_ship=False), 20, ""),
    ],
)
def test_near_deadlines_set_a_floor_for_what_can_ship(inputs: PriorityInputs, score: int, floor: str) -> None:
    """A near deadline lifts an order that can ship to its floor, and no other."""
    outcome = classify(inputs)
    assert (outcome.score, outcome.floor) == (score, floor)


def test_the_score_is_clamped() -> None:
    """All factors at once stay at 100; the levels begin at 40 and 70."""
    everything = UNKNOWN._replace(
        creator_multiplier=5.0,
        demand_ratio=9.0,
        kept_orders=20,
        hours_of_stock=1.0,
        dispatch_by=NOON,
    )
    assert classify(everything).score == 100
    assert [level_of(score) for score in (39, 40, 69, 70)] == ["LOW", "MEDIUM", "MEDIUM", "HIGH"]
