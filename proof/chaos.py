"""
Kill and stop everything at random moments through the worst day (`proof.worst_day`), then hold the log against the
client's own record and each order against its history.

A second, shorter run with a build that skips the compare-and-set must be found out by the same checker. The same build
without faults stands beside it, so that one sees that it is the faults that find it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any, Final

import uvloop

from creatorflow.devstack import RunningStack
from creatorflow.ledger_facts import Fault as Finding
from proof import mutant
from proof.flow import Flowed, Wish, as_details, flow
from proof.nemesis import Kind, Nemesis, shuffled
from proof.stacks import keep_logs, whole_stack
from proof.verdict import Verdict, knob, prove
from proof.watching import Watch, unavailability
from proof.worst_day import Relived, relive

CLAIM = (
    "Processes, broker and database are killed and stopped at random moments through a day with 15 % cancelled, 5 %"
    " moved, 5 % returned, duplicated and shuffled messages: afterwards every acknowledged order is there exactly once"
    " with its events, in the state of its history, its reservations held or released, one label or none; a build"
    " without the compare-and-set is caught by the same checker"
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


def measure() -> Verdict:
    """A run shortened by ORDERS= has fewer faults in proportion, and is judged by the audit alone."""
    orders = knob("ORDERS", ORDERS)
    dice = Random(SEED)
    kinds = shuffled(dice)
    kinds = kinds[: max(3, len(kinds) * orders // ORDERS)]
    with whole_stack() as stack:
        day, faults = _worst_day(stack, orders, kinds, dice)
        if day.wrong or not day.settled:
            _say(f"the logs are kept in {keep_logs(stack, 'chaos')}")
    unharmed, _ = _mutated((), min(orders, CONTROL_ORDERS))
    mutated, mutated_faults = _mutated(MUTANT_FAULTS, min(orders, MUTANT_ORDERS))
    caught = bool(mutated.counts.keys() - {mutant.ALWAYS_BROKEN})
    holds = (
        not day.wrong
        and day.settled
        and day.harmed_throughout
        and len(faults) >= min(len(kinds), LEAST_FAULTS)
        and caught
    )
    return Verdict(
        CLAIM,
        day.wrong.total(),
        "things wrong",
        f"0 after at least {LEAST_FAULTS} faults and {ORDERS:,} orders; the mutant caught",
        holds,
        {
            **day.facts,
            "settled": day.settled,
            "states": day.report.states,
            "events": day.report.events,
            "wrong": dict(day.wrong),
            "messages_beyond_the_last_fault": day.harmed_throughout,
            "faults": len(faults),
            "seed": SEED,
            "unavailable": _summary(faults),
            "each_fault": faults,
            "mutant_caught": caught,
            "mutant_without_faults": as_details(unharmed),
            "mutant_with_faults": {"faults": len(mutated_faults), **as_details(mutated)},
        },
    )


def _worst_day(
    stack: RunningStack, orders: int, kinds: Sequence[Kind], dice: Random
) -> tuple[Relived, list[dict[str, Any]]]:
    nemesis = Nemesis(stack, dice, _say)
    with Watch(stack.dsn) as watch:
        day = uvloop.run(relive(stack, orders, SEED, _say, rate=RATE, harm=partial(nemesis.run, kinds)))
    _say(f"wrong: {dict(day.wrong) or 'nothing'}; {day.report.states}")
    _show(day.findings)
    return day, _costs(nemesis, watch)


def _mutated(kinds: Sequence[Kind], orders: int) -> tuple[Flowed, list[dict[str, Any]]]:
    """The plain flow, which ends when its faults are done: a build without the fence need not live through a day."""
    wish = Wish(orders, RATE, no_progress_seconds=MUTANT_NO_PROGRESS_SECONDS)
    with whole_stack(prepare=mutant.prepare) as stack:
        nemesis = Nemesis(stack, Random(SEED), _say)

        def harm() -> None:
            nemesis.run(kinds)
            # The last fault needs orders behind it too.
            nemesis.wait(AFTER_THE_LAST_SECONDS if kinds else 0)

        with Watch(stack.dsn) as watch:
            flowed = uvloop.run(flow(stack, wish, harm, _say))
        _say(f"broken: {flowed.counts or 'nothing'}; {flowed.report.states}")
        _show(flowed.findings)
        return flowed, _costs(nemesis, watch)


def _costs(nemesis: Nemesis, watch: Watch) -> list[dict[str, Any]]:
    return [unavailability(fault, watch.looks)._asdict() for fault in nemesis.faults]


def _show(findings: Sequence[Finding]) -> None:
    for finding in findings[:FINDINGS_SHOWN]:
        _say(f"  {finding.invariant}: {finding.subject} {finding.what} (position {finding.position})")


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
