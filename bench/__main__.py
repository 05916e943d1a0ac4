"""
`python -m bench`: each figure beside a baseline of the same run, so that a slow hour of the machine meets both.

The last line compares whole orders: ours over HTTP against the library's own System runner. ORDERS= shortens it.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack

from bench.micro import Measured, measure_all
from bench.peers import run_peer
from bench.publishing import measure_publisher
from creatorflow import devstack
from proof.machine import load, machine
from proof.stacks import run_demo, whole_stack
from proof.verdict import knob

ORDERS = 10_000
PEER_SHARE = 10


def main() -> int:
    """Print the table."""
    busy = load()
    print(f"{machine()}\nload before: {busy['load_1_minute']:.2f}, {busy['cpu_percent']:.0f} % CPU busy\n")
    print(f"{'a second':<46}{'ours':>12}{'baseline':>12}{'ratio':>8}  baseline")
    for measured in measure_all():
        _show(measured)
    with whole_stack() as stack, ExitStack() as outages:
        orders = knob("ORDERS", ORDERS)
        report = run_demo(stack, "--orders", str(orders), "--rate", "max")
        for service in devstack.status(stack.settings).services:
            if service.kind == "process":
                outages.enter_context(stack.outage(service.name))
        _show(measure_publisher(stack.bootstrap))
        peer = run_peer(stack.dsn, max(orders // PEER_SHARE, 500))
    _show(Measured("orders, end to end", report["orders_per_second"], "the library's System runner", peer.best))
    return 0 if report["holds"] else 1


def _show(measured: Measured) -> None:
    print(
        f"{measured.step:<46}{measured.ours_per_second:>12,.0f}{measured.baseline_per_second:>12,.0f}"
        f"{measured.ratio:>8.2f}  {measured.baseline}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
