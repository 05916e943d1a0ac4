"""The shelf in calm trade: what is lost and kept adds up, by hand where chance is taken out."""

from __future__ import annotations

from proof.calm_trade import Shelf, by_formula, by_rule, trade
from schemas.values import SupplyTerms

TERMS = SupplyTerms(lead_time_hours=24)


def test_without_orders_all_but_the_first_stock_is_lost() -> None:
    """The shelf starts with the lead time's and three days' sales, and nothing comes."""
    traded = trade(lambda shelf: 0, 2.0, TERMS, days=20, seed=1)
    assert traded.wanted - traded.lost == 2 * (24 + 72)
    assert (traded.orders, traded.ordered) == (0, 0)


def test_the_same_seed_is_the_same_demand() -> None:
    """Two ways of ordering meet the same buyers."""
    assert trade(by_rule, 2.0, TERMS, 10, seed=4).wanted == trade(by_formula, 2.0, TERMS, 10, seed=4).wanted


def test_calm_trade_makes_one_order_of_98_every_two_days() -> None:
    """At 2 an hour and any lead time: about 98 units each, about every two days, and nothing is lost."""
    for lead in (3 * 24, 14 * 24):
        traded = trade(by_rule, 2.0, SupplyTerms(lead_time_hours=lead), days=60, seed=2)
        assert traded.lost == 0
        assert 27 <= traded.orders <= 33
        assert 93 <= traded.ordered / traded.orders <= 105


def test_the_formula_orders_each_hour_while_its_first_order_is_on_the_way() -> None:
    """As it is written it knows of no order on its way: a day's lead time is up to 24 orders."""
    shelves: list[Shelf] = []

    def watched(shelf: Shelf) -> int:
        shelves.append(shelf)
        return by_formula(shelf)

    trade(watched, 2.0, TERMS, days=30, seed=3)
    assert max(len(shelf.arrivals) for shelf in shelves) > 15
