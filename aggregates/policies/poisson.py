"""
The rate that a count proves: the exact one-sided lower bound of a Poisson mean.

Garwood, F. (1936), Fiduciary limits for the Poisson distribution, Biometrika 28: the bound is the mean under which the
count or more has a chance of 5 %, half the 5 % quantile of chi-square with two degrees of freedom per event.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

CHANCE: Final = 0.05
_NORMAL_QUANTILE: Final = 1.6448536269514722
_STEPS_MAX: Final = 50
_EXACT_TO: Final = 1e-12


@lru_cache(maxsize=4096)
def lower_bound(events: int) -> float:
    """The mean that `events` prove with 95 % certainty, 0 for none: Newton from Wilson and Hilferty's guess."""
    if events <= 0:
        return 0.0
    shape = 1 - 1 / (9 * events) - _NORMAL_QUANTILE / (3 * math.sqrt(events))
    mean = events * shape**3 if shape > 0 else CHANCE
    for _ in range(_STEPS_MAX):
        density = math.exp((events - 1) * math.log(mean) - mean - math.lgamma(events))
        step = (_chance_of_at_least(events, mean) - CHANCE) / density
        mean = max(mean - step, mean / 2)
        if abs(step) <= _EXACT_TO * mean:
            break
    return mean


def _chance_of_at_least(events: int, mean: float) -> float:
    """The chance of so many events or more: the regularized lower incomplete gamma function by its series."""
    term = math.exp(events * math.log(mean) - mean - math.lgamma(events + 1))
    total, number = term, events
    while term > total * _EXACT_TO:
        number += 1
        term *= mean / number
        total += term
    return total
