"""Small programs to supervise, and a look at what runs on this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import psutil

from creatorflow.devstack import ServiceSpec
from creatorflow.devstack.postgres_place import name_outside
from creatorflow.settings import Settings

WAITS = "import signal; signal.pause()"
LIMIT_SECONDS = 30


def process(name: str, program: str = WAITS) -> ServiceSpec:
    """A process of the product, as far as the supervisor can tell."""
    return ServiceSpec(name=name, kind="process", command=(sys.executable, "-c", program, name))


def one_worker(settings: Settings) -> list[ServiceSpec]:
    """The smallest list of processes."""
    return [process("worker")]


def running_in(home: Path) -> list[str]:
    """The command lines of all programs that belong to this home."""
    marks = {str(home), name_outside(home)}
    found = []
    for each in psutil.process_iter(["cmdline", "environ", "status"]):
        command = " ".join(each.info["cmdline"] or [])
        environment = each.info["environ"] or {}
        alive = each.info["status"] != psutil.STATUS_ZOMBIE
        if alive and (any(mark in command for mark in marks) or environment.get("CREATORFLOW_HOME") == str(home)):
            found.append(command)
    return found


def eventually(fact: Callable[[], bool]) -> bool:
    """Whether this becomes true before the limit."""
    deadline = monotonic() + LIMIT_SECONDS
    while not fact():
        if monotonic() > deadline:
            return False
        sleep(0.02)
    return True
