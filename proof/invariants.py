"""The worst day of real purchases, on a stack that nobody harms: see `proof.worst_day`."""

from __future__ import annotations

from typing import Final

import uvloop

from proof.stacks import whole_stack
from proof.verdict import Verdict, knob, prove
from proof.worst_day import relive

CLAIM = (
    "Real purchases with 15 % cancelled, 5 % moved and 5 % returned, duplicated and shuffled within 10 minutes, on"
    " scarce stock: every order is in the state that its sorted history gives, stock adds up to the unit, no label"
    " without a live package"
)
NOT_COVERED = "Cancellations of single lines and split orders, which the purchases of one line do not have"

ORDERS: Final = 20_000
SEED: Final = 20_251_124
FINDINGS_SHOWN: Final = 20


def measure() -> Verdict:
    """The figure is how much is wrong, over the audit's invariants and the orders' own histories."""
    orders = knob("ORDERS", ORDERS)
    with whole_stack() as stack:
        day = uvloop.run(relive(stack, orders, SEED, _say))
    wrong, report = day.wrong, day.report
    for finding in day.findings[:FINDINGS_SHOWN]:
        print(f"  {finding.invariant}: {finding.subject} {finding.what}", flush=True)
    return Verdict(
        CLAIM,
        wrong.total(),
        "things wrong",
        f"0 after {ORDERS:,} purchases",
        day.settled and not wrong,
        {**day.facts, "settled": day.settled, "states": report.states, "events": report.events, "wrong": dict(wrong)},
    )


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    prove(measure)
