"""The buying rule, against the examples that `rules.md` worked out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aggregates.policies.buying import Arrival, Position, hours_covered, plan_purchase
from aggregates.policies.stock_risk import Level
from schemas.values import SupplyTerms
from tests.builders import NOON

HOUR = timedelta(hours=1)
CALM = Position(at=NOON, available=1_000, backordered=0)
DAY = SupplyTerms(lead_time_hours=24)
FORTNIGHT = SupplyTerms(lead_time_hours=14 * 24)
SPIKE = CALM._replace(available=60, normal_per_hour=2.0, burn_per_hour=20.0, level="CRITICAL", spike_opened_at=NOON)


@pytest.mark.parametrize(("terms", "quantity"), [(DAY, 20), (FORTNIGHT, 93)])
def test_a_slow_seller(terms: SupplyTerms, quantity: int) -> None:
    """0.2 an hour with 3 in stock: 20 units at a day's lead time, 93 at fourteen days'."""
    position = CALM._replace(available=3, normal_per_hour=0.2, burn_per_hour=0.2)
    assert plan_purchase(position, terms).quantity == quantity


@pytest.mark.parametrize(("terms", "quantity"), [(DAY, 1_008), (FORTNIGHT, 799)])
def test_a_spike(terms: SupplyTerms, quantity: int) -> None:
    """2 an hour at ten times, 60 in stock: 1,008 a day away; in fourteen days the spike is over, so 799."""
    assert plan_purchase(SPIKE, terms).quantity == quantity


def test_enough_is_enough() -> None:
    """While stock and what is on order cover the lead time and a day, nothing is ordered."""
    assert plan_purchase(CALM._replace(normal_per_hour=2.0), DAY).quantity == 0
    due = Arrival(NOON + 10 * HOUR, 1_000)
    assert plan_purchase(CALM._replace(available=30, arrivals=(due,), normal_per_hour=2.0), DAY).quantity == 0
    planned = plan_purchase(CALM._replace(available=108, normal_per_hour=2.0), DAY)
    assert (planned.quantity, planned.turns) == (0, "below 107.43 units, free or on order, 108 now")
    assert plan_purchase(CALM._replace(available=107, normal_per_hour=2.0), DAY).rule == "below the order point"


def test_what_ends_before_a_delivery_is_ordered_although_much_is_on_order() -> None:
    """Units that come too late to close the gap do not keep from ordering those that come before."""
    late = Arrival(NOON + 200 * HOUR, 500)
    planned = plan_purchase(CALM._replace(available=60, arrivals=(late,), normal_per_hour=2.0), DAY)
    assert (planned.quantity, planned.rule) == (144, "ends before a delivery")


def test_express_is_chosen_when_stock_ends_before_a_standard_delivery() -> None:
    """60 units at 20 an hour last 3 h: the standard two days are too late, so express, and the sum is with its time."""
    both = SupplyTerms(lead_time_hours=48, express_lead_time_hours=24)
    planned = plan_purchase(SPIKE, both)
    assert (planned.delivery, planned.lead_time_hours, planned.quantity) == ("express", 24, 1_008)
    calm = plan_purchase(CALM._replace(available=110, normal_per_hour=2.0), both)
    assert (calm.delivery, calm.lead_time_hours) == ("standard", 48)


def test_the_cut_off_makes_a_delivery_a_day_later() -> None:
    """Ordered at noon with a cut-off at 11 it comes after 48 h instead of 24; with one at 13 it does not."""
    position = CALM._replace(available=3, normal_per_hour=0.2)
    missed = plan_purchase(position, SupplyTerms(lead_time_hours=24, cut_off_hour=11))
    assert (missed.lead_time_hours, plan_purchase(position, SupplyTerms(cut_off_hour=13)).lead_time_hours) == (48, 24)
    assert missed.quantity == plan_purchase(position, SupplyTerms(lead_time_hours=48)).quantity


@pytest.mark.parametrize(
    ("level", "burn", "counted"), [("CRITICAL", 90.0, 20.0), ("CRITICAL", 2.5, 6.0), ("WARNING", 90.0, 6.0)]
)
def test_the_burn_is_kept_within_the_level_s_range(level: Level, burn: float, counted: float) -> None:
    """CRITICAL buys for 3 to 10 times normal, WARNING for 2 to 3; the lower end holds while a spike is open."""
    terms = dict(plan_purchase(SPIKE._replace(level=level, burn_per_hour=burn), DAY).terms)
    assert float(terms["burn_per_hour"]) == counted
    calm = SPIKE._replace(level=level, burn_per_hour=2.5, spike_opened_at=None)
    assert dict(plan_purchase(calm, DAY).terms)["burn_per_hour"] == "2.5"


def test_an_old_spike_is_bought_for_less() -> None:
    """Of the 72 h that a spike is reckoned to last, its age and the delivery are gone: 18 an hour for 8 h are left."""
    planned = plan_purchase(SPIKE._replace(spike_opened_at=NOON - 40 * HOUR), DAY)
    assert dict(planned.terms)["spike_units"] == "144.00"
    ending = plan_purchase(SPIKE._replace(spike_opened_at=NOON - 60 * HOUR), DAY)
    assert (dict(ending.terms)["spike_units"], ending.quantity) == ("0.00", 144)


def test_what_is_owed_is_ordered_on_top() -> None:
    """With 30 owed and none there, 30 more than the target are ordered, less what comes in time."""
    position = CALM._replace(available=0, backordered=30, normal_per_hour=2.0)
    assert plan_purchase(position, DAY).quantity == 234
    soon = position._replace(arrivals=(Arrival(NOON + 20 * HOUR, 100), Arrival(NOON + 97 * HOUR, 500)))
    assert plan_purchase(soon, DAY).quantity == 134


def test_with_an_unknown_rate_the_debt_and_a_spare_are_ordered() -> None:
    """Nobody knows how fast it sells: what is owed, and a quarter or 24 units more, less what is on order."""
    empty = CALM._replace(available=0)
    assert plan_purchase(empty._replace(backordered=3), DAY).quantity == 27
    assert plan_purchase(empty._replace(backordered=1_000), DAY).quantity == 1_250
    ordered = empty._replace(backordered=1_000, arrivals=(Arrival(None, 900),))
    assert plan_purchase(ordered, DAY).quantity == 350
    assert plan_purchase(empty._replace(backordered=3, arrivals=(Arrival(None, 3),)), DAY).quantity == 0


def test_packs_and_minimum_round_up() -> None:
    """A quantity is rounded up to whole packs, then to the supplier's minimum."""
    owed = CALM._replace(available=0, backordered=3)
    assert plan_purchase(owed, SupplyTerms(pack=10)).quantity == 30
    assert plan_purchase(owed, SupplyTerms(pack=10, minimum=50)).quantity == 50


def test_more_than_thirty_days_of_sales_asks() -> None:
    """A purchase above 30 days of normal sales asks a person."""
    owed = CALM._replace(available=0, normal_per_hour=1.0)
    assert plan_purchase(owed._replace(backordered=900), DAY).asks
    assert not plan_purchase(owed._replace(backordered=5), DAY).asks


def test_the_terms_explain_the_sum() -> None:
    """What went into the quantity stands beside it, the unknown as unknown, and where it would turn."""
    terms = dict(plan_purchase(CALM._replace(available=0, backordered=3), DAY).terms)
    assert terms["normal_rate_per_hour"] == "unknown"
    assert (terms["backordered"], terms["spare_units"], terms["quantity"]) == ("3", "24.00", "27")
    spike = plan_purchase(SPIKE, DAY)
    terms = dict(spike.terms)
    assert (terms["target_units"], terms["safety_units"], terms["hours_left"]) == ("1067.43", "11.43", "3.00")
    assert (spike.rule, spike.turns) == ("below the order point", "from 108 units, free or on order, 60 now")


def test_dated_arrivals_stretch_the_hours() -> None:
    """What has no date, or is late, adds nothing; a gap counts only if a delivery ordered now could close it."""
    position = CALM._replace(available=10)
    covered = [
        hours_covered(position._replace(arrivals=(Arrival(due, 20),)), 2.0, lead_time_hours=24)
        for due in (NOON + 4 * HOUR, NOON + 20 * HOUR, NOON + 25 * HOUR, None, NOON - HOUR)
    ]
    assert covered == [15.0, 15.0, 5.0, 5.0, 5.0]


def test_what_is_owed_lasts_no_hour() -> None:
    """Units that are owed are there once an arrival covers them; without sales nothing ends."""
    owed = CALM._replace(available=0, backordered=10)
    assert hours_covered(owed, 2.0, 24) == 0.0
    assert hours_covered(owed._replace(arrivals=(Arrival(NOON + 4 * HOUR, 30),)), 2.0, 24) == 10.0
    assert [hours_covered(CALM, 0.0, 24), hours_covered(owed, 0.0, 24)] == [None, 0.0]
