"""Field cases as tests that are named after what they show: what both proofs of them have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence

from proof.pytests import run_tests
from proof.verdict import Verdict

TESTS = "tests"


def measure_cases(claim: str, cases: Sequence[str]) -> Verdict:
    """Each case must have at least one test that carries its number."""
    passed = run_tests(TESTS, "-k", " or ".join(f"fc_{case} or fc{case}" for case in cases))
    missing = [f"FC-{case}" for case in cases if not any(re.search(f"fc_?{case}", name) for name in passed.outcomes)]
    return Verdict(
        claim,
        passed.figure,
        "tests passed",
        f"all, and each of the {len(cases)} cases among them",
        passed.holds and not missing,
        {"failed": passed.names_of("failed"), "skipped": passed.names_of("skipped"), "cases_without_a_test": missing},
    )
