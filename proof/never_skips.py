"""Whatever an agent's function raises, nothing is acknowledged that was not written or dead-lettered."""

from __future__ import annotations

from proof.pytests import run_tests
from proof.verdict import Verdict, prove
from schemas.topics import CATALOGUE

CLAIM = (
    "For every agent, whatever exception its function raises, nothing is acknowledged that was not written or"
    " dead-lettered, and its neighbours in the batch are written"
)
NOT_COVERED = "What ends the process without an exception (a crash of the interpreter): that is the proof chaos"
TESTS = "tests/integration/streams/test_never_skips.py"


def measure() -> Verdict:
    """Every agent of the catalogue must be named by a test, so that a new agent without one does not pass unseen."""
    passed = run_tests(TESTS)
    agents = sorted({agent for topic in CATALOGUE for agent in topic.readers})
    untested = [agent for agent in agents if not any(agent in name for name in passed.outcomes)]
    return Verdict(
        CLAIM,
        passed.figure,
        "tests passed",
        f"all, and each of the {len(agents)} agents among them",
        passed.holds and not untested,
        {"failed": passed.names_of("failed"), "skipped": passed.names_of("skipped"), "agents_without_a_test": untested},
    )


if __name__ == "__main__":
    prove(measure)
