"""
Harm to a running stack, at random moments that a seed repeats: kill -9, and SIGSTOP followed later by SIGCONT.

Only processes of the stack that is handed in are touched. Whatever ends is started again by the stack's supervisor.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal, NamedTuple

import psutil
import psycopg

from creatorflow import devstack
from creatorflow.devstack import RunningStack, ServiceStatus, StackError
from creatorflow.devstack.postgres import ROLE

Kind = Literal[
    "kill worker",
    "kill ingress",
    "kill relay leader",
    "kill broker",
    "kill database backend",
    "kill postmaster",
    "stop worker",
    "stop relay leader",
]

FAULTS: Final[Mapping[Kind, int]] = {
    "kill worker": 4,
    "kill ingress": 3,
    "kill relay leader": 3,
    "kill broker": 3,
    "kill database backend": 3,
    "kill postmaster": 2,
    "stop worker": 3,
    "stop relay leader": 3,
}
STOPPED_SECONDS: Final = 15.0
TARGET_WITHIN_SECONDS: Final = 30.0
LOOK_AGAIN_SECONDS: Final = 0.1


class NoTarget(Exception):
    """Nothing of that kind runs at this moment."""


class Fault(NamedTuple):
    """What was done, to which process, and when on the monotonic clock."""

    kind: Kind
    pid: int
    at: float


@dataclass
class Nemesis:
    """Does its faults one after the other; what was stopped wakes up by itself, whatever happens meanwhile."""

    stack: RunningStack
    dice: Random
    say: Callable[[str], None]
    pause_seconds: tuple[float, float] = (3.0, 12.0)
    faults: list[Fault] = field(default_factory=list)
    _asleep: list[threading.Timer] = field(default_factory=list)

    def run(self, kinds: Sequence[Kind]) -> None:
        """All of them, each after a random pause; returns when whatever was stopped runs again."""
        try:
            for number, kind in enumerate(kinds, 1):
                time.sleep(self.dice.uniform(*self.pause_seconds))
                self.faults.append(self._do(kind))
                self.say(f"fault {number} of {len(kinds)}: {kind}, pid {self.faults[-1].pid}")
        finally:
            for timer in self._asleep:
                timer.join()

    def wait(self, seconds: float) -> None:
        """Do nothing for a while."""
        time.sleep(seconds)

    def _do(self, kind: Kind) -> Fault:
        """Find a process of that kind, which may just be starting again, and harm it."""
        deadline = time.monotonic() + TARGET_WITHIN_SECONDS
        while True:
            try:
                target = self._target(kind)
                self._put_to_sleep(target) if kind.startswith("stop") else target.kill()
                return Fault(kind, target.pid, time.monotonic())
            except (NoTarget, StackError, psutil.Error, psycopg.Error) as error:
                if time.monotonic() > deadline:
                    raise NoTarget(f"{kind}: {error}") from error
                time.sleep(LOOK_AGAIN_SECONDS)

    def _target(self, kind: Kind) -> psutil.Process:
        _, _, whom = kind.partition(" ")
        if whom == "relay leader":
            return self._leader()
        if whom == "database backend":
            return self._any([each for each in self._one_of("postgres").children() if _serves_a_client(each)])
        return self._one_of({"broker": "kafka", "postmaster": "postgres"}.get(whom, whom))

    def _one_of(self, prefix: str) -> psutil.Process:
        """A process that runs of the services with this name or these names: `worker` stands for each of them."""
        found = [service for service in devstack.status(self.stack.settings).services if service.pid is not None]
        return self._any([_process(service) for service in found if service.name.partition("-")[0] == prefix])

    def _leader(self) -> psutil.Process:
        with psycopg.connect(self.stack.dsn, connect_timeout=2) as connection:
            row = connection.execute("SELECT leader FROM relay WHERE lease_until > now()").fetchone()
        leader = int(row[0].rpartition(":")[2]) if row else 0
        # The row may still name one that was killed; its pid must be that of a worker of this very stack.
        services = devstack.status(self.stack.settings).services
        return self._any([_process(service) for service in services if service.pid == leader])

    def _any(self, processes: Sequence[psutil.Process]) -> psutil.Process:
        awake = [process for process in processes if process.status() != psutil.STATUS_STOPPED]
        if not awake:
            raise NoTarget("none runs now")
        return self.dice.choice(awake)

    def _put_to_sleep(self, process: psutil.Process) -> None:
        process.suspend()
        timer = threading.Timer(STOPPED_SECONDS, _wake, (process,))
        self._asleep.append(timer)
        timer.start()


def shuffled(dice: Random, counts: Mapping[Kind, int] = FAULTS) -> list[Kind]:
    """So many of each kind, in an order of the dice."""
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    dice.shuffle(kinds)
    return kinds


def _wake(process: psutil.Process) -> None:
    # It may have been killed in its sleep, or with its whole stack.
    with suppress(psutil.NoSuchProcess):
        process.resume()


def _process(service: ServiceStatus) -> psutil.Process:
    if service.pid is None:
        raise NoTarget(f"{service.name} does not run now")
    return psutil.Process(service.pid)


def _serves_a_client(process: psutil.Process) -> bool:
    """Whether this child of the postmaster is a backend with a client, and none of its own helpers."""
    return " ".join(process.cmdline()).startswith(f"postgres: {ROLE} ")
