"""The field cases of an order's bad days, each as tests that are named after what they show."""

from __future__ import annotations

from proof.field_cases import measure_cases
from proof.verdict import Verdict, prove

CASES = ("11", "14", "16", "17", "22", "23", "26", "29", "32", "33", "35", "47", "49", "61")
CLAIM = "Field cases FC-11, 14, 16, 17, 22, 23, 26, 29, 32, 33, 35, 47, 49 and 61 pass as tests"
NOT_COVERED = "The other field cases, which come with the issues that they belong to"


def measure() -> Verdict:
    """The figure is how many tests passed."""
    return measure_cases(CLAIM, CASES)


if __name__ == "__main__":
    prove(measure)
