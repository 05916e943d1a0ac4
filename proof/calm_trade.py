"""A shelf in calm trade, hour by hour: what is sold, lost, ordered and kept, under one way of ordering or another."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from aggregates.policies.buying import Arrival, Position, plan_purchase
from aggregates.policies.stock_risk import BELOW_HOURS, level_at, predict_depletion
from schemas.values import SupplyTerms

START = datetime(2026, 1, 5, tzinfo=UTC)
WEEK_HOURS = 7 * 24
HOUR = timedelta(hours=1)


class Shelf(NamedTuple):
    """What a way of ordering is shown at an hour."""

    at: datetime
    available: int
    arrivals: tuple[Arrival, ...]
    normal_per_hour: float
    terms: SupplyTerms


class Traded(NamedTuple):
    """What came of some days of trade."""

    wanted: int
    lost: int
    orders: int
    ordered: int
    days_of_stock: float

    @property
    def lost_percent(self) -> float:
        """The share of demand that found an empty shelf."""
        return 100 * self.lost / self.wanted


Order = Callable[[Shelf], int]


def by_rule(shelf: Shelf) -> int:
    """The buying rule by lead time."""
    hours = shelf.available / shelf.normal_per_hour if shelf.normal_per_hour else None
    position = Position(
        at=shelf.at,
        available=shelf.available,
        backordered=0,
        arrivals=shelf.arrivals,
        normal_per_hour=shelf.normal_per_hour,
        burn_per_hour=shelf.normal_per_hour,
        level=level_at(hours, monitored=False),
    )
    return plan_purchase(position, shelf.terms).quantity


def by_formula(shelf: Shelf) -> int:
    """The specification's formula as it is written: under 24 h of stock, 72 h of sales, whatever is on its way."""
    found = predict_depletion(0.0, shelf.available, shelf.normal_per_hour, shelf.terms.lead_time_hours)
    hours = found.projected_depletion_hours
    return found.recommended_reorder_quantity if hours is not None and hours < BELOW_HOURS["WARNING"] else 0


def by_formula_less_on_order(shelf: Shelf) -> int:
    """The same, less what is on its way: the kindest reading of it."""
    return max(by_formula(shelf) - sum(arrival.units for arrival in shelf.arrivals), 0)


def trade(order: Order, rate: float, terms: SupplyTerms, days: int, seed: int) -> Traded:
    """Sell by chance at a rate for some days, ordering each hour. What finds an empty shelf goes elsewhere."""
    dice = random.Random(seed)
    lead = timedelta(hours=terms.lead_time_hours)
    sold = deque((_chance(dice, rate) for _ in range(WEEK_HOURS)), maxlen=WEEK_HOURS)
    stock = round(rate * (terms.lead_time_hours + 72))
    arrivals: list[Arrival] = []
    wanted = lost = orders = ordered = kept = 0
    for hour in range(days * 24):
        at = START + hour * HOUR
        stock += sum(arrival.units for arrival in arrivals if arrival.due_at == at)
        arrivals = [arrival for arrival in arrivals if arrival.due_at != at]
        asked = _chance(dice, rate)
        served = min(asked, stock)
        stock -= served
        sold.append(asked)
        wanted, lost, kept = wanted + asked, lost + asked - served, kept + stock
        quantity = order(Shelf(at, stock, tuple(arrivals), sum(sold) / WEEK_HOURS, terms))
        if quantity:
            orders, ordered = orders + 1, ordered + quantity
            arrivals.append(Arrival(at + lead, quantity))
    return Traded(wanted, lost, orders, ordered, kept / (days * 24) / (rate * 24))


def _chance(dice: random.Random, rate: float) -> int:
    """How many buyers come in an hour, one after the other."""
    count, waited = 0, dice.expovariate(rate)
    while waited < 1:
        count, waited = count + 1, waited + dice.expovariate(rate)
    return count
