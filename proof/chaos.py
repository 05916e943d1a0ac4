"""
Kill and stop everything at random moments while orders flow, then hold the log against the client's own record.

A second, shorter run with a build that skips the compare-and-set must be found out by the same checker. The same build
without faults stands beside it, so that one sees that it is the faults that find it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import uvloop

from creatorflow.devstack import RunningStack
from proof import mutant
from proof.flow import Flowed, Wish, as_details, flow
from proof.nemesis import Kind, Nemesis, shuffled
from proof.stacks import keep_logs, whole_stack
from proof.verdict import Verdict, knob, prove
from proof.watching import Watch, unavailability

CLAIM = (
    "Processes, broker and database are killed and stopped at random moments while orders flow: afterwards every"
    " acknowledged order is there exactly once with its events, its reservations held or released, one label or none;"
    " a build without the compare-and-set is caught by the same checker"
)
NOT_COVERED = (
    "Power loss and lost disks (kill -9 keeps the page cache); several brokers; network partitions, clocks and full"
    " disks; a carrier that answers after it acted"
)

ORDERS: Final = 20_000
LEAST_FAULTS: Final = 20
RATE: Final = 110.0
SEED: Final = 20_240_607
AFTER_THE_LAST_SECONDS: Final = 12.0

MUTANT_ORDERS: Final = 3_000
CONTROL_ORDERS: Final = 1_500
FINDINGS_SHOWN: Final = 20
MUTANT_FAULTS: Final[tuple[Kind, ...]] = (
    "kill worker",
    "stop worker",
    "kill database backend",
    "kill worker",
    "stop relay leader",
    "kill broker",
)
MUTANT_NO_PROGRESS_SECONDS: Final = 15.0


@dataclass(frozen=True)
class Harmed:
    """A run under faults."""

    flowed: Flowed
    faults: list[dict[str, Any]]


def measure() -> Verdict:
    """A run shortened by ORDERS= has fewer faults in proportion, and is judged by the audit alone."""
    orders = knob("ORDERS", ORDERS)
    dice = Random(SEED)
    kinds = shuffled(dice)
    kinds = kinds[: max(3, len(kinds) * orders // ORDERS)]
    with whole_stack() as stack:
        real = _harm(stack, kinds, dice, Wish(orders, RATE))
        if real.flowed.findings or not real.flowed.settled:
            _say(f"the logs are kept in {keep_logs(stack, 'chaos')}")
    unharmed = _mutated((), min(orders, CONTROL_ORDERS))
    mutated = _mutated(MUTANT_FAULTS, min(orders, MUTANT_ORDERS))
    flowed = real.flowed
    caught = bool(mutated.flowed.counts.keys() - {mutant.ALWAYS_BROKEN})
    holds = (
        not flowed.counts
        and flowed.settled
        and flowed.orders >= orders
        and len(real.faults) >= min(len(kinds), LEAST_FAULTS)
        and caught
    )
    return Verdict(
        CLAIM,
        sum(flowed.counts.values()),
        "broken invariants",
        f"0 after at least {LEAST_FAULTS} faults and {ORDERS:,} orders; the mutant caught",
        holds,
        {
            **as_details(flowed),
            "faults": len(real.faults),
            "seed": SEED,
            "unavailable": _summary(real.faults),
            "each_fault": real.faults,
            "mutant_caught": caught,
            "mutant_without_faults": as_details(unharmed.flowed),
            "mutant_with_faults": {"faults": len(mutated.faults), **as_details(mutated.flowed)},
        },
    )


def _mutated(kinds: Sequence[Kind], orders: int) -> Harmed:
    with whole_stack(prepare=mutant.prepare) as stack:
        return _harm(stack, kinds, Random(SEED), Wish(orders, RATE, no_progress_seconds=MUTANT_NO_PROGRESS_SECONDS))


def _harm(stack: RunningStack, kinds: Sequence[Kind], dice: Random, wish: Wish) -> Harmed:
    nemesis = Nemesis(stack, dice, _say)

    def harm() -> None:
        nemesis.run(kinds)
        # The last fault needs orders behind it too.
        nemesis.wait(AFTER_THE_LAST_SECONDS if kinds else 0)

    with Watch(stack.dsn) as watch:
        flowed = uvloop.run(flow(stack, wish, harm, _say))
    cost = [unavailability(fault, watch.looks)._asdict() for fault in nemesis.faults]
    _say(f"broken: {flowed.counts or 'nothing'}; {flowed.report.states}")
    for finding in flowed.findings[:FINDINGS_SHOWN]:
        _say(f"  {finding.invariant}: {finding.subject} {finding.what} (position {finding.position})")
    return Harmed(flowed, cost)


def _summary(faults: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The longest times of each kind of fault."""
    summary: dict[str, dict[str, Any]] = {}
    for kind in dict.fromkeys(fault["kind"] for fault in faults):
        of_kind = [fault for fault in faults if fault["kind"] == kind]
        summary[kind] = {name: _longest(fault[name] for fault in of_kind) for name in of_kind[0] if name != "kind"}
    return summary


def _longest(seconds: Any) -> float | str:
    found = list(seconds)
    return "for good" if None in found else max(found)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    prove(measure)
