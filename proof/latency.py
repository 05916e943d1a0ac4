"""At 100 orders a second, from the webhook's first sending to the label in the log."""

from __future__ import annotations

from proof.stacks import of_report, run_demo, whole_stack
from proof.verdict import Verdict, knob, prove

CLAIM = "At 100 orders/s: webhook to label p99 under 1 s"
GOAL_SECONDS = 1.0
RATE = 100
NOT_COVERED = "A carrier over the network (the local carrier answers at once); rates above 100/s"


def measure() -> Verdict:
    """Send for a minute by default; every invariant must hold too."""
    orders = knob("ORDERS", knob("SECONDS", 60) * RATE)
    with whole_stack() as stack:
        report = run_demo(stack, "--orders", str(orders), "--rate", str(RATE))
    p99 = report["webhook_to_label_p99_seconds"]
    holds = report["holds"] and 0 < p99 < GOAL_SECONDS
    return Verdict(CLAIM, p99, "s", f"under {GOAL_SECONDS:g} s", holds, of_report(report))


if __name__ == "__main__":
    prove(measure)
