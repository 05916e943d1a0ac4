"""The windows after kill -9, a new owner, duplicates and shuffled input equal those of an undisturbed run."""

from __future__ import annotations

from proof.pytests import run_tests
from proof.verdict import Verdict, prove

CLAIM = (
    "The windows of content and demand after kill -9 in the middle of a batch, a new owner of the partition, duplicates"
    " and shuffled input equal an undisturbed run, row by row, and fall to zero without input"
)
NOT_COVERED = (
    "When a spike was seen to open, which depends on when somebody looked; a whole worker under load, which is the"
    " proof chaos"
)
TESTS = (
    "tests/unit/aggregates/policies/test_content_windows.py",
    "tests/unit/aggregates/policies/test_shelf_windows.py",
    "tests/integration/streams/test_windows.py",
)
SHOWN = ("kill_9", "shuffled", "any_order", "sent_again", "fall_to_zero", "fc_54")


def measure() -> Verdict:
    """Each of the disturbances must be named by a test, so that none passes unseen."""
    passed = run_tests(*TESTS)
    unseen = [each for each in SHOWN if not any(each in name for name in passed.outcomes)]
    return Verdict(
        CLAIM,
        passed.figure,
        "tests passed",
        f"all, and each of the {len(SHOWN)} disturbances among them",
        passed.holds and not unseen,
        {"failed": passed.names_of("failed"), "skipped": passed.names_of("skipped"), "without_a_test": unseen},
    )


if __name__ == "__main__":
    prove(measure)
