"""How urgent an order is, from 1 to 100, and the points that say why. It orders the work, it never buys speed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from schemas.events import PriorityPoint

HIGH_FROM = 70
MEDIUM_FROM = 40
LOWEST, HIGHEST = 1, 100

BASE_POINTS = 20.0
CREATOR_POINTS_MAX = 25.0
MULTIPLIER_MIN, MULTIPLIER_MAX = 1.0, 5.0
DEMAND_POINTS_MAX = 20.0
DEMAND_PER_NORMAL_RATE = 25.0
DEMAND_MAX = 100.0
REPEAT_FROM_ORDERS, REPEAT_POINTS = 1, 5.0
VIP_FROM_ORDERS, VIP_POINTS = 10, 15.0
URGENCY_POINTS_MAX = 10.0
URGENT_HOURS_OF_STOCK, CALM_HOURS_OF_STOCK = 6.0, 72.0
DEADLINE_POINTS_MAX = 15.0
DEADLINE_HOURS = 24.0
COMPLEXITY_POINTS_MAX = 5.0
ABROAD, BOX_OR_MILITARY, ADDRESS_HELD = 1.0, 0.6, 1.0

FLOOR_SOON, FLOOR_SOON_WITHIN = 55, timedelta(hours=24)
FLOOR_NOW, FLOOR_NOW_WITHIN = 85, timedelta(hours=6)
CANCELLED_WITHIN = timedelta(hours=24)

UNKNOWN = "unknown"
HOUR_SECONDS = 3600.0

_BASE = PriorityPoint(factor="base", input="", points=BASE_POINTS)


class PriorityInputs(NamedTuple):
    """What is known of an order when its priority is worked out. None is unknown and gives no points."""

    at: datetime
    may_ship: bool
    dispatch_by: datetime | None = None
    cancel_by: datetime | None = None
    kept_orders: int | None = None
    creator_multiplier: float | None = None
    demand_ratio: float | None = None
    hours_of_stock: float | None = None
    abroad: bool | None = None
    address_kind: Literal["street", "box", "military"] | None = None
    address_held: bool = False


class Classification(NamedTuple):
    """The outcome: the score, its level, the points behind it and the floor that lifted it, if one did."""

    score: int
    level: str
    points: tuple[PriorityPoint, ...]
    floor: str


def classify(inputs: PriorityInputs) -> Classification:
    """The priority of an order: base and points added up, lifted to the floor of its deadlines, clamped."""
    points = (
        _BASE,
        _creator(inputs.creator_multiplier),
        _demand(inputs.demand_ratio),
        _tier(inputs.kept_orders),
        _urgency(inputs.hours_of_stock),
        _deadline(inputs.dispatch_by, inputs.at),
        _complexity(inputs),
    )
    score = round(sum(point.points for point in points))
    least, floor = _floor(inputs)
    if score >= least:
        floor = ""
    score = clamped(max(score, least))
    return Classification(score, level_of(score), points, floor)


def clamped(score: int) -> int:
    """The score inside 1 to 100."""
    return min(max(score, LOWEST), HIGHEST)


def level_of(score: int) -> str:
    """HIGH from 70, MEDIUM from 40, else LOW."""
    if score >= HIGH_FROM:
        return "HIGH"
    return "MEDIUM" if score >= MEDIUM_FROM else "LOW"


def _unknown(factor: str) -> PriorityPoint:
    return _UNKNOWN[factor]


_UNKNOWN = {
    factor: PriorityPoint(factor=factor, input=UNKNOWN, points=0.0)
    for factor in ("creator", "demand", "tier", "urgency", "deadline", "complexity")
}


def _creator(multiplier: float | None) -> PriorityPoint:
    if multiplier is None:
        return _unknown("creator")
    clear = min(max(multiplier, MULTIPLIER_MIN), MULTIPLIER_MAX)
    share = (clear - MULTIPLIER_MIN) / (MULTIPLIER_MAX - MULTIPLIER_MIN)
    return PriorityPoint(factor="creator", input=f"{multiplier:g}x", points=CREATOR_POINTS_MAX * share)


def _demand(ratio: float | None) -> PriorityPoint:
    if ratio is None:
        return _unknown("demand")
    demand = min(max(DEMAND_PER_NORMAL_RATE * (ratio - 1.0), 0.0), DEMAND_MAX)
    return PriorityPoint(factor="demand", input=f"{ratio:g}x", points=DEMAND_POINTS_MAX * demand / DEMAND_MAX)


def _tier(kept_orders: int | None) -> PriorityPoint:
    if kept_orders is None:
        return _unknown("tier")
    if kept_orders >= VIP_FROM_ORDERS:
        return PriorityPoint(factor="tier", input=f"VIP, {kept_orders} kept orders", points=VIP_POINTS)
    if kept_orders >= REPEAT_FROM_ORDERS:
        return PriorityPoint(factor="tier", input=f"REPEAT, {kept_orders} kept orders", points=REPEAT_POINTS)
    return PriorityPoint(factor="tier", input="NEW", points=0.0)


def _urgency(hours_of_stock: float | None) -> PriorityPoint:
    if hours_of_stock is None:
        return _unknown("urgency")
    share = (CALM_HOURS_OF_STOCK - hours_of_stock) / (CALM_HOURS_OF_STOCK - URGENT_HOURS_OF_STOCK)
    points = URGENCY_POINTS_MAX * min(max(share, 0.0), 1.0)
    return PriorityPoint(factor="urgency", input=f"{hours_of_stock:.1f} h of stock", points=points)


def _deadline(dispatch_by: datetime | None, at: datetime) -> PriorityPoint:
    if dispatch_by is None:
        return _unknown("deadline")
    hours = (dispatch_by - at).total_seconds() / HOUR_SECONDS
    share = min(max(1.0 - hours / DEADLINE_HOURS, 0.0), 1.0)
    return PriorityPoint(factor="deadline", input=f"{hours:.1f} h to dispatch", points=DEADLINE_POINTS_MAX * share)


def _complexity(inputs: PriorityInputs) -> PriorityPoint:
    found = [
        (weight, name)
        for weight, name, holds in (
            (ABROAD, "abroad", bool(inputs.abroad)),
            (ADDRESS_HELD, "address held", inputs.address_held),
            (BOX_OR_MILITARY, inputs.address_kind or "", inputs.address_kind in {"box", "military"}),
        )
        if holds
    ]
    if found:
        weight, name = max(found)
        return PriorityPoint(factor="complexity", input=name, points=-COMPLEXITY_POINTS_MAX * weight)
    if inputs.abroad is None or inputs.address_kind is None:
        return _unknown("complexity")
    return PriorityPoint(factor="complexity", input="none", points=0.0)


def _floor(inputs: PriorityInputs) -> tuple[int, str]:
    if not inputs.may_ship:
        return LOWEST, ""
    if inputs.cancel_by is not None and inputs.cancel_by - inputs.at <= CANCELLED_WITHIN:
        return FLOOR_NOW, "cancel_by within 24 h"
    if inputs.dispatch_by is None:
        return LOWEST, ""
    left = inputs.dispatch_by - inputs.at
    if left <= FLOOR_NOW_WITHIN:
        return FLOOR_NOW, "dispatch_by within 6 h or past"
    if left <= FLOOR_SOON_WITHIN:
        return FLOOR_SOON, "dispatch_by within 24 h"
    return LOWEST, ""
