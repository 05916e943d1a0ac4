"""
Keep the services and processes of one local stack running: `python -m creatorflow.devstack HOME`.

It starts what the plan names, services first, starts again what exits, and stops all in order when told to. Killed
itself, it leaves everything running as it is; the supervisor of the next `up` adopts that, by pid and start time.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final

from creatorflow.devstack import processes
from creatorflow.devstack.service import Service
from creatorflow.devstack.signals import StopSignal
from creatorflow.devstack.specs import Kind, Plan, read_plan
from creatorflow.devstack.stack import Home
from creatorflow.devstack.state import StackStatus, read_state, write_state

TICK_SECONDS: Final = 0.2
LOG_CHECK_SECONDS: Final = 5.0
PROCESSES: Final = "processes"
"""While this name is held, services run and no process starts yet."""

log = logging.getLogger(__name__)


class Supervisor:
    """All services and processes of one plan."""

    def __init__(self, home: Home, plan: Plan) -> None:
        self.home = home
        self.plan = plan
        self.services = [Service(spec, home) for spec in plan.specs]
        self.me = processes.identify(os.getpid())
        self.written: StackStatus | None = None
        self.logs_checked_at = 0.0

    def adopt(self) -> None:
        """Take over what a predecessor that was killed left running."""
        left = {status.name: status for status in read_state(self.home).services}
        for service in self.services:
            if service.spec.name in left:
                service.adopt(left[service.spec.name])

    def tick(self) -> None:
        """Look at each once, act where needed, write down what changed."""
        for service in self.services:
            service.tick(may_start=self._may_start(service))
        self._write_state()
        self._cap_logs()

    def stop(self) -> None:
        """Stop processes before the services they use, and the broker before the database, as the plan has them."""
        with ThreadPoolExecutor() as threads:
            list(threads.map(Service.stop, self._of_kind("process")))
        for service in self._of_kind("service"):
            service.stop()
        self._write_state()

    def _may_start(self, service: Service) -> bool:
        if service.spec.kind == "service":
            return True
        return not self.home.held(PROCESSES).exists() and all(each.was_ready for each in self._of_kind("service"))

    def _of_kind(self, kind: Kind) -> list[Service]:
        return [service for service in self.services if service.spec.kind == kind]

    def _write_state(self) -> None:
        state = StackStatus(supervisor=self.me, services=tuple(service.status() for service in self.services))
        if state != self.written and self.home.run.is_dir():
            write_state(self.home, state)
            self.written = state

    def _cap_logs(self) -> None:
        if time.monotonic() - self.logs_checked_at > LOG_CHECK_SECONDS:
            self.logs_checked_at = time.monotonic()
            for path in self.home.logs.glob("*.log"):
                processes.cap_log(path)


def watch(supervisor: Supervisor, stop: StopSignal) -> None:
    """Tick until told to stop, or until the home is deleted, or the owner of a stack that is not to outlive it gone."""
    owner = supervisor.plan.owner
    while not stop.requested and supervisor.home.run.is_dir() and (owner is None or processes.find(owner)):
        try:
            supervisor.tick()
        except Exception:
            # Whatever went wrong (a full disk, no process to be had), all that runs is better off watched than not.
            log.exception("a round of the supervisor failed; it goes on")
        stop.wait(TICK_SECONDS)


def main(root: Path) -> int:
    """Run until told to stop. A second supervisor of the same home ends at once."""
    home = Home(root)
    with (home.run / "supervisor.lock").open("w") as lock:
        if not _only_one(lock):
            log.error("another supervisor has this home")
            return 1
        _detach()
        stop = StopSignal.install()
        supervisor = Supervisor(home, read_plan(home))
        log.info("started, pid %d", os.getpid())
        supervisor.adopt()
        watch(supervisor, stop)
        log.info("stopping")
        supervisor.stop()
    return 0


def _only_one(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _detach() -> None:
    """Leave whoever started this, who sees its child end; the lock, being inherited, stays held all the while."""
    if os.fork():
        os._exit(0)
    os.setsid()
