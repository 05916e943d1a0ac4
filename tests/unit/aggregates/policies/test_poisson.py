"""What a count proves of a rate, against published tables and the definition itself."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from aggregates.policies.poisson import lower_bound


@pytest.mark.parametrize(
    ("events", "mean"),
    [(1, 0.0513), (2, 0.3554), (3, 0.8177), (5, 1.9701), (10, 5.4254), (20, 13.2547), (50, 38.9647), (100, 84.1393)],
)
def test_it_is_half_the_five_percent_quantile_of_chi_square(events: int, mean: float) -> None:
    """The tables of chi-square give 0.1026 for 2 degrees of freedom, 0.7107 for 4, 10.851 for 20: the half is it."""
    assert lower_bound(events) == pytest.approx(mean, abs=5e-5)


@pytest.mark.parametrize("events", [1, 2, 7, 40, 300])
def test_so_many_or_more_have_a_chance_of_one_in_twenty(events: int) -> None:
    """The definition, summed term by term."""
    mean = lower_bound(events)
    fewer = math.fsum(math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(events))
    assert 1 - fewer == pytest.approx(0.05, abs=1e-9)


def test_none_prove_nothing_and_more_prove_more() -> None:
    """No event, no rate; each further event proves a higher one, always under the count."""
    bounds = [lower_bound(events) for events in range(2_000)]
    assert bounds[0] == 0
    assert all(low < high for low, high in pairwise(bounds))
    assert all(bound <= events for events, bound in enumerate(bounds))
