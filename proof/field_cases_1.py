"""The first field cases, each as tests that are named after what they show."""

from __future__ import annotations

import re

from proof.pytests import run_tests
from proof.verdict import Verdict, prove

CLAIM = "Field cases FC-01, 03, 06, 07, 27, 43, 45 and 51 pass as tests"
NOT_COVERED = "The other field cases, which come with the issues that they belong to"
CASES = ("01", "03", "06", "07", "27", "43", "45", "51")
TESTS = "tests"


def measure() -> Verdict:
    """Each case must have at least one test that carries its number."""
    passed = run_tests(TESTS, "-k", " or ".join(f"fc_{case} or fc{case}" for case in CASES))
    missing = [f"FC-{case}" for case in CASES if not any(re.search(f"fc_?{case}", name) for name in passed.outcomes)]
    return Verdict(
        CLAIM,
        passed.figure,
        "tests passed",
        f"all, and each of the {len(CASES)} cases among them",
        passed.holds and not missing,
        {"failed": passed.names_of("failed"), "skipped": passed.names_of("skipped"), "cases_without_a_test": missing},
    )


if __name__ == "__main__":
    prove(measure)
