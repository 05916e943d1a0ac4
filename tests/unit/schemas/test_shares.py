"""A discount is spread so that its shares add up exactly (FC-16)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from schemas.currencies import minor_digits
from schemas.shares import spread

amounts = st.decimals(min_value=0, max_value=10**9, places=2)
weights = st.lists(st.decimals(min_value=0, max_value=10**6, places=2), min_size=1, max_size=12)


def shares(amount: str, *costs: str, digits: int = 2) -> list[str]:
    """The shares of an amount over lines of these costs."""
    return [str(share) for share in spread(Decimal(amount), [Decimal(cost) for cost in costs], digits)]


def test_fc_16_shares_of_ten_over_three_equal_lines_add_up_to_ten() -> None:
    """Three times 3.33 is 9.99; the cent that is left goes to the first."""
    assert shares("10.00", "33.33", "33.33", "33.33") == ["3.34", "3.33", "3.33"]


def test_what_is_left_goes_to_the_largest_remainders() -> None:
    """One unit each, so that no share is further than a unit from its exact value."""
    assert shares("1.00", "1", "1", "4") == ["0.17", "0.17", "0.66"]
    assert shares("0.01", "1", "3") == ["0.00", "0.01"]


def test_line_that_costs_nothing_bears_nothing() -> None:
    """A gift has no share."""
    assert shares("5.00", "0", "10") == ["0.00", "5.00"]


def test_nothing_can_be_spread_over_nothing() -> None:
    """Without a cost, or with a negative one, there are no shares."""
    assert shares("5.00", "0", "0") == shares("5.00", "-1", "3") == shares("5.00") == []


def test_shares_are_whole_in_the_smallest_unit() -> None:
    """A yen has no cents, a dinar has a thousand fils; an amount that is finer stays exact."""
    assert shares("100", "1", "1", "1", digits=minor_digits("JPY")) == ["34", "33", "33"]
    assert shares("0.010", "1", "1", "1", digits=minor_digits("KWD")) == ["0.004", "0.003", "0.003"]
    assert shares("0.005", "1", "1", digits=minor_digits("USD")) == ["0.003", "0.002"]


@given(amounts, weights)
def test_shares_always_add_up_and_are_close(amount: Decimal, costs: list[Decimal]) -> None:
    """To the last cent, whatever the costs; each within a cent of its exact part."""
    found = spread(amount, costs, 2)
    if not sum(costs):
        assert found == ()
        return
    assert sum(found) == amount
    for share, cost in zip(found, costs, strict=True):
        assert abs(share * sum(costs) - amount * cost) < Decimal("0.011") * sum(costs)
