"""
What every proof has in common: the knobs that shorten it, the load before it starts, its last line, its exit code.

A proof that is told to end raises `SystemExit`, so that the blocks that hold its stack and its children end too.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

from proof.machine import load

EXIT_TOLD_TO_END = 143
RUNNER = "CREATORFLOW_PROOF_RUNNER"
"""The pid of the process that runs the proofs; one whose runner is gone ends too."""

LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Verdict:
    """What a proof found. `details` are further figures, kept beside the one that the claim is about."""

    claim: str
    figure: float
    unit: str
    goal: str
    holds: bool
    details: dict[str, Any] = field(default_factory=dict)

    def as_line(self, load_before: dict[str, float]) -> str:
        """The last line of a proof."""
        plain = asdict(self)
        details = plain.pop("details")
        return json.dumps({**plain, "load_before": load_before, **details}, default=str)


def prove(measure: Callable[[], Verdict]) -> NoReturn:
    """Measure, print the verdict as the last line, and exit 0 only if the claim holds."""
    end_when_told()
    if runner := os.environ.get(RUNNER):
        threading.Thread(target=_end_with, args=(int(runner),), name="runner", daemon=True).start()
    load_before = load()
    print(f"load before: {load_before['load_1_minute']:.2f}, {load_before['cpu_percent']:.0f} % CPU busy", flush=True)
    verdict = measure()
    sys.stderr.flush()
    print(verdict.as_line(load_before), flush=True)
    sys.exit(0 if verdict.holds else 1)


def end_when_told() -> None:
    """Make SIGTERM an exception, so that every block on the way out is left in good order."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_TOLD_TO_END))


def _end_with(runner: int) -> None:
    while os.getppid() == runner:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def knob(name: str, default: int) -> int:
    """A number from the environment that shortens a proof: ORDERS or SECONDS."""
    return int(os.environ.get(name) or default)
