"""The buying rule, against the examples that `rules.md` worked out."""

from __future__ import annotations

import pytest

from aggregates.policies.buying import Position, hours_left, plan_purchase, risk_level

CALM = Position(available=1_000, backordered=0, on_order=0, on_order_in_time=0, lead_time_hours=24)


@pytest.mark.parametrize(("lead_time_hours", "quantity"), [(24, 20), (14 * 24, 93)])
def test_the_worked_example(lead_time_hours: int, quantity: int) -> None:
    """0.2 an hour with 3 in stock: 20 units at a day's lead time, 93 at fourteen days'."""
    position = CALM._replace(available=3, normal_rate=0.2, lead_time_hours=lead_time_hours)
    assert plan_purchase(position).quantity == quantity


def test_enough_is_enough() -> None:
    """While stock and what is on order cover the lead time and a day, nothing is ordered."""
    assert plan_purchase(CALM._replace(normal_rate=2.0)).quantity == 0
    assert plan_purchase(CALM._replace(available=0, on_order=1_000, normal_rate=2.0)).quantity == 0


def test_with_an_unknown_rate_the_debt_and_a_spare_are_ordered() -> None:
    """Nobody knows how fast it sells: what is owed, and a quarter or 24 units more, less what is on order."""
    assert plan_purchase(CALM._replace(available=0, backordered=3)).quantity == 27
    assert plan_purchase(CALM._replace(available=0, backordered=1_000)).quantity == 1_250
    assert (
        plan_purchase(CALM._replace(available=0, backordered=1_000, on_order=900, on_order_in_time=900)).quantity == 350
    )
    assert plan_purchase(CALM._replace(available=0, backordered=3, on_order=3)).quantity == 0


def test_packs_and_minimum_round_up() -> None:
    """A quantity is rounded up to whole packs, then to the supplier's minimum."""
    position = CALM._replace(available=0, backordered=3, pack=10)
    assert plan_purchase(position).quantity == 30
    assert plan_purchase(position._replace(minimum=50)).quantity == 50


def test_more_than_thirty_days_of_sales_asks() -> None:
    """A purchase above 30 days of normal sales asks a person."""
    assert plan_purchase(CALM._replace(available=0, backordered=900, normal_rate=1.0)).asks
    assert not plan_purchase(CALM._replace(available=0, backordered=5, normal_rate=1.0)).asks


def test_the_terms_explain_the_sum() -> None:
    """What went into the quantity stands beside it, the unknown as unknown."""
    terms = dict(plan_purchase(CALM._replace(available=0, backordered=3)).terms)
    assert terms["normal_rate_per_hour"] == "unknown"
    assert (terms["backordered"], terms["spare_units"], terms["quantity"]) == ("3", "24.00", "27")


@pytest.mark.parametrize(
    ("position", "level"),
    [
        (CALM, ""),
        (CALM._replace(available=0), ""),
        (CALM._replace(backordered=1), "CRITICAL"),
        (CALM._replace(available=5, normal_rate=1.0), "CRITICAL"),
        (CALM._replace(available=20, normal_rate=1.0), "WARNING"),
        (CALM._replace(available=40, normal_rate=1.0), "MONITORING"),
        (CALM._replace(normal_rate=1.0), ""),
    ],
)
def test_the_level_follows_the_hours_left(position: Position, level: str) -> None:
    """Under 6 hours is critical, under 24 a warning, a reorder that is due is monitored; nothing sold is no danger."""
    assert risk_level(position) == level


def test_nothing_sold_and_nothing_owed_never_runs_out() -> None:
    """A rate of 0, or none known, gives no hours instead of infinity."""
    assert hours_left(CALM) is None
    assert hours_left(CALM._replace(normal_rate=0.0)) is None
