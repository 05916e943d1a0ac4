"""Ours against the library's own multi-threaded runner, on the same PostgreSQL, one after the other in one run."""

from __future__ import annotations

from contextlib import ExitStack

from bench.peers import run_peer
from creatorflow import devstack
from proof.stacks import of_report, run_demo, whole_stack
from proof.verdict import Verdict, knob, prove

CLAIM = "At least 5 times the orders/s of the same flow on the library's multi-threaded System runner"
NOT_COVERED = (
    "What the peer leaves out, which bench/peer_system.py lists and which only helps it; the peer runs fewer orders,"
    " and its better figure counts: the whole run, or its steady part"
)
GOAL_RATIO = 5.0
ORDERS = 30_000
PEER_SHARE = 10


def measure() -> Verdict:
    """While the peer runs, of our stack only the database works; the broker idles."""
    orders = knob("ORDERS", ORDERS)
    with whole_stack() as stack, ExitStack() as outages:
        report = run_demo(stack, "--orders", str(orders), "--rate", "max")
        for service in devstack.status(stack.settings).services:
            if service.kind == "process":
                outages.enter_context(stack.outage(service.name))
        peer = run_peer(stack.dsn, max(orders // PEER_SHARE, 500))
    ours = report["orders_per_second"]
    ratio = round(ours / peer.best, 2)
    holds = report["holds"] and ratio >= GOAL_RATIO
    details = {"ours": of_report(report), "peer": peer._asdict()}
    return Verdict(CLAIM, ratio, "times", f"at least {GOAL_RATIO:g}", holds, details)


if __name__ == "__main__":
    prove(measure)
