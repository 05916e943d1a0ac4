"""How an amount is spread over several lines so that not a cent is left over or missing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor


def spread(amount: Decimal, weights: Sequence[Decimal], digits: int) -> tuple[Decimal, ...]:
    """
    Shares of an amount in proportion to the weights, which add up to it exactly; none where no weight is positive.

    Each is whole in the currency's smallest unit (`digits` behind the point), unless the amount itself is finer. What
    rounding leaves goes one unit each to the largest remainders, to the earlier of equal ones.
    """
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int), "an amount is a number"
    digits = max(digits, -exponent)
    whole = sum(map(Fraction, weights), Fraction(0))
    if whole <= 0 or any(weight < 0 for weight in weights):
        return ()
    exact = [Fraction(amount) * 10**digits * Fraction(weight) / whole for weight in weights]
    units = [floor(each) for each in exact]
    left = int(Fraction(amount) * 10**digits) - sum(units)
    by_remainder = sorted(range(len(exact)), key=lambda place: (units[place] - exact[place], place))
    for place in by_remainder[:left]:
        units[place] += 1
    return tuple(Decimal(each).scaleb(-digits) for each in units)
