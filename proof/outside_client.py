"""An implementation of the Partner API that nobody here wrote agrees with our signatures, simulator and webhooks."""

from __future__ import annotations

from proof.pytests import run_tests
from proof.verdict import Verdict, prove

TESTS = (
    "tests/unit/creatorflow/devstack/simulators/test_tiktok_outside_client.py",
    "tests/integration/devstack/test_tiktok_simulator.py",
)
CLAIM = (
    "The tiktok-shop-api package signs as published and as we do, calls our TikTok simulator (tokens, shops, orders, "
    "shipping, labels, stock, products, cancellations, returns) and verifies and reads its webhooks"
)
NOT_COVERED = (
    "The live API: neither the package nor the simulator was ever compared with it, only with its documentation"
)


def measure() -> Verdict:
    """The figure is how many tests passed."""
    passed = run_tests(*TESTS)
    return Verdict(
        CLAIM,
        passed.figure,
        "tests passed",
        "all, the two published signatures among them",
        passed.holds and sum("published" in name for name in passed.outcomes) == 2,
        {"failed": passed.names_of("failed"), "skipped": passed.names_of("skipped")},
    )


if __name__ == "__main__":
    prove(measure)
