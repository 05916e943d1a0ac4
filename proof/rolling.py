"""
Two rolling deploys under load: workers of an old and a new release side by side, until the old ones have left.

The releases are this source and two that are built from it, each with types that are new. In the first deploy the old
workers see in time that the store was taken over; in the second they look late, and work on beside the new ones until
they meet what they do not know, or look. The newest release then audits what all three wrote, so the run itself is a
program of that one.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from proof.commands import run
from proof.release import SOURCE, copied, next_release, that_looks_late
from proof.verdict import Verdict, knob, prove

CLAIM = (
    "Workers of an old and a new release side by side under load, twice, the new one with events and commands that the"
    " old one does not know: nothing is dead-lettered, nothing lost, and the old one takes nothing more once it left"
)
NOT_COVERED = (
    "A release that goes back: once the new one has stored its events, the old one stays away. A release that changes a"
    " table of which the old one reads the changed part"
)

ORDERS: Final = 4_000
RATE: Final = 60.0
LIMIT_SECONDS: Final = 290.0


def measure() -> Verdict:
    """Build the releases, and let the newest one run the deploys."""
    with TemporaryDirectory(prefix="creatorflow-releases-") as folder:
        root = Path(folder)
        # The stack's programs run as another user, who must reach their source.
        root.chmod(0o755)
        first = copied(root / "first", SOURCE)
        second = that_looks_late(next_release(root / "second", first, "Welcomed"))
        third = next_release(root / "third", second, "Thanked")
        report = root / "report.json"
        asked = (str(report), str(knob("ORDERS", ORDERS)), str(RATE), str(first), str(second), str(third))
        exit_code = run((sys.executable, "-m", "proof.rollout", *asked), cwd=third, limit_seconds=LIMIT_SECONDS)
        if not report.exists():
            raise RuntimeError(f"the deploys ended with {exit_code} and without a report")
        found = json.loads(report.read_text())
    return Verdict(
        CLAIM,
        found["broken"] + found["dead_letters"],
        "broken invariants and dead letters",
        f"0 over two deploys and {ORDERS:,} orders, and the old releases left",
        found["holds"] and exit_code == os.EX_OK,
        found,
    )


if __name__ == "__main__":
    prove(measure)
