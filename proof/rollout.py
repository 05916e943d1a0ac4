"""The two deploys of the proof `rolling`, as a program of the newest release: `rolling.py` starts it in its folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
import uvloop

from creatorflow.devstack import RunningStack, ServiceSpec, creatorflow_processes, services
from creatorflow.settings import Settings
from proof.flow import Flowed, Wish, as_details, flow
from proof.group import wait_for_workers
from proof.release import code_of
from proof.stacks import keep_logs, prepare
from proof.verdict import end_when_told

WORKERS: Final = 2
BETWEEN_SECONDS: Final = 15.0
LEAVES_WITHIN_SECONDS: Final = 60.0
NEW_EVENTS: Final = ("order.welcomed", "order.thanked")

REASONS: Final = {
    "taken over": "the store asks for code",
    "unknown event": "does not know this type",
    "unknown record": "NewerCode",
}
"""What ends an old worker, by the words of its log."""


@dataclass
class Worker:
    """One worker of one release: started as its supervisor would."""

    stack: RunningStack
    tree: Path
    log: Path
    ends: list[int] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it in its release's folder."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                (sys.executable, "-m", "creatorflow", "worker"),
                cwd=self.tree,
                env={**os.environ, **self.stack.settings.for_children()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def wait(self, seconds: float) -> bool:
        """Whether it ended by itself within the time."""
        assert self.process is not None
        try:
            self.ends.append(self.process.wait(seconds))
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self) -> None:
        """End it for good."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def reasons(self) -> dict[str, int]:
        """Why it ended, each time, by its own log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return {name: sum(words in line for line in lines) for name, words in REASONS.items()}


@dataclass
class Fleet:
    """The workers of one release."""

    stack: RunningStack
    tree: Path
    workers: list[Worker] = field(default_factory=list)

    def start(self) -> None:
        """Start them all."""
        for number in range(WORKERS):
            worker = Worker(self.stack, self.tree, self.stack.home.logs / f"code-{code_of(self.tree)}-{number}.log")
            worker.start()
            self.workers.append(worker)

    def leave(self) -> float:
        """
        Wait until all have left by themselves and, started again as a supervisor would, have ended at once; the seconds
        until the last one had left.
        """
        started, deadline = time.monotonic(), time.monotonic() + LEAVES_WITHIN_SECONDS
        for worker in self.workers:
            if not worker.wait(max(deadline - time.monotonic(), 0)):
                raise TimeoutError(f"a worker of code {code_of(self.tree)} goes on beside newer ones")
        seconds = time.monotonic() - started
        for worker in self.workers:
            worker.start()
        for worker in self.workers:
            if not worker.wait(LEAVES_WITHIN_SECONDS):
                raise TimeoutError(f"a worker of code {code_of(self.tree)} works again beside newer ones")
        return round(seconds, 1)

    def end(self) -> None:
        """End those that still run."""
        for worker in self.workers:
            worker.end()


@dataclass
class Deploys:
    """The releases one after the other on one stack, while orders flow."""

    stack: RunningStack
    trees: Sequence[Path]
    fleets: list[Fleet] = field(default_factory=list)
    side_by_side_seconds: list[float] = field(default_factory=list)

    def begin(self) -> None:
        """The first release works."""
        self._start(self.trees[0])
        wait_for_workers(self.stack)

    def run(self) -> None:
        """Each later release starts beside the one before it, which must leave."""
        for tree in self.trees[1:]:
            threading.Event().wait(BETWEEN_SECONDS)
            self._start(tree)
            self.side_by_side_seconds.append(self.fleets[-2].leave())
            wait_for_workers(self.stack)
            print(f"code {code_of(tree)} took over after {self.side_by_side_seconds[-1]} s", flush=True)
        threading.Event().wait(BETWEEN_SECONDS)

    def end(self) -> None:
        """Nothing of any release runs."""
        for fleet in self.fleets:
            fleet.end()

    def _start(self, tree: Path) -> None:
        self.fleets.append(Fleet(self.stack, tree))
        self.fleets[-1].start()

    def ends(self) -> dict[str, dict[str, Any]]:
        """How the workers of each release ended."""
        return {
            f"code {code_of(fleet.tree)}": {
                "exit_codes": [worker.ends for worker in fleet.workers],
                "reasons": [worker.reasons() for worker in fleet.workers],
            }
            for fleet in self.fleets
        }


def main(report: Path, orders: int, rate: float, trees: Sequence[Path]) -> bool:
    """Run the deploys, write the report, and say whether the claim holds."""
    with _stack(trees[0]) as stack:
        deploys, holds = Deploys(stack, trees), False
        try:
            deploys.begin()
            flowed = uvloop.run(flow(stack, Wish(orders, rate), deploys.run, _say))
            found = _found(stack, deploys, flowed)
            holds = bool(found["holds"])
        finally:
            if not holds:
                _say(f"the logs are kept in {keep_logs(stack, 'rolling')}")
            deploys.end()
    report.write_text(json.dumps(found))
    return holds


@contextmanager
def _stack(oldest: Path) -> Iterator[RunningStack]:
    """
    A stack whose ingress and api are of the oldest release and stay, and whose workers are ours. The newest made its
    tables and topics, as migrations come before the first worker of a release.
    """

    def processes_of(settings: Settings) -> list[ServiceSpec]:
        specs = creatorflow_processes(settings)
        return [each.model_copy(update={"cwd": str(oldest)}) for each in specs if not each.name.startswith("worker")]

    with (
        tempfile.TemporaryDirectory(prefix="creatorflow-proof-") as folder,
        services(Path(folder) / "home", processes_of=processes_of, prepare=prepare, workers=WORKERS) as stack,
    ):
        yield stack


def _found(stack: RunningStack, deploys: Deploys, flowed: Flowed) -> dict[str, Any]:
    with psycopg.connect(stack.dsn) as connection:
        dead = connection.execute(
            "SELECT count(*) FROM dead_letters WHERE agent <> 'intake.tiktok' OR kind <> 'bad'"
        ).fetchall()[0][0]
        least = connection.execute("SELECT max(min_code) FROM store_epoch").fetchall()[0][0]
        new: dict[str, int] = dict(
            connection.execute(
                "SELECT topic, count(*) FROM events WHERE topic = ANY(%s) GROUP BY topic", (list(NEW_EVENTS),)
            ).fetchall()
        )
    ends = deploys.ends()
    old = [worker for fleet in deploys.fleets[:-1] for worker in fleet.workers]
    left = all(len(worker.ends) == 2 and all(worker.ends) for worker in old)
    newest_stayed = not any(worker.ends for worker in deploys.fleets[-1].workers)
    broken = sum(flowed.counts.values())
    return {
        "holds": not broken
        and not dead
        and flowed.settled
        and left
        and newest_stayed
        and all(new.get(topic) for topic in NEW_EVENTS)
        and least == code_of(deploys.trees[-1]),
        "broken": broken,
        "dead_letters": dead,
        "min_code": least,
        "new_events": new,
        "side_by_side_seconds": deploys.side_by_side_seconds,
        "old_workers_left": left,
        "newest_workers_stayed": newest_stayed,
        "ends": ends,
        **as_details(flowed),
    }


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    end_when_told()
    target, count, per_second, *folders = sys.argv[1:]
    sys.exit(0 if main(Path(target), int(count), float(per_second), [Path(each) for each in folders]) else 1)
