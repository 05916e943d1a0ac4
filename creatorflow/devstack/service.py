"""One service or process under the supervisor's eye: started, seen ready, started again, held, stopped."""

from __future__ import annotations

import logging
import subprocess
import time
from pathlib import Path
from typing import Final

from creatorflow.devstack import processes
from creatorflow.devstack.ready import is_ready
from creatorflow.devstack.specs import ServiceSpec
from creatorflow.devstack.stack import Home
from creatorflow.devstack.state import ServiceStatus, State

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 10.0
# What ran this long before it exited is started again without a pause.
STABLE_SECONDS: Final = 10.0
# The system may refuse to start anything (no memory, no process to be had); asking at every tick would not help.
PAUSE_AFTER_REFUSAL_SECONDS: Final = 1.0
# What listens nowhere counts as ready when it has not exited by then.
ALIVE_SECONDS: Final = 1.0

log = logging.getLogger(__name__)


class Service:
    """The present state of one ServiceSpec."""

    def __init__(self, spec: ServiceSpec, home: Home) -> None:
        self.spec = spec
        self.home = home
        self.process: processes.ProcessId | None = None
        self.child: subprocess.Popen[bytes] | None = None
        self.state: State = "waiting"
        self.was_ready = False
        self.restarts = 0
        self.failed_starts = 0
        self.exits_in_a_row = 0
        self.exit_code: int | None = None
        self.started_at = 0.0
        self.start_not_before = 0.0

    @property
    def log_file(self) -> Path:
        """Where its output goes."""
        return self.home.logs / f"{self.spec.name}.log"

    def adopt(self, left: ServiceStatus) -> None:
        """Take over the program that an earlier supervisor started from this same description, if it runs."""
        self.restarts = left.restarts
        if left.digest == self.spec.digest() and processes.find(left.process):
            self.process = left.process
            self.state = "starting"
            self.started_at = time.monotonic()
            log.info("%s adopted, pid %d", self.spec.name, left.pid or 0)

    def tick(self, *, may_start: bool) -> None:
        """Look once, and act where needed."""
        if self.process is not None and not self._is_alive():
            self._note_exit()
        if self.home.held(self.spec.name).exists():
            self._hold()
        elif self.process is None:
            self._start_when_due(may_start=may_start)
        elif self.state == "starting" and self._is_ready():
            self._note_ready()

    def stop(self) -> None:
        """Stop it in good order."""
        if self.process is not None:
            asked_at = time.monotonic()
            gone = processes.stop(self.process, self.spec.stop_signal, self.spec.stop_within_seconds)
            how = "stopped" if gone else "did not stop and was killed"
            log.info("%s %s after %.1f s", self.spec.name, how, time.monotonic() - asked_at)
            self._is_alive()
        self.process = None
        self.state = "stopped"

    def status(self) -> ServiceStatus:
        """What others are told."""
        return ServiceStatus(
            name=self.spec.name,
            kind=self.spec.kind,
            state=self.state,
            pid=self.process.pid if self.process else None,
            port=self.spec.port,
            restarts=self.restarts,
            log=str(self.log_file),
            process=self.process,
            digest=self.spec.digest(),
            failed_starts=self.failed_starts,
            exit_code=self.exit_code,
        )

    def _is_alive(self) -> bool:
        # Of an own child the exit code is taken, so that it does not stay as a zombie.
        if self.child is not None and self.child.poll() is not None:
            return False
        return processes.find(self.process) is not None

    def _is_ready(self) -> bool:
        if self.spec.ready.by == "alive":
            return time.monotonic() - self.started_at >= ALIVE_SECONDS
        return is_ready(self.spec.ready)

    def _start_when_due(self, *, may_start: bool) -> None:
        self.state = "waiting"
        if may_start and time.monotonic() >= self.start_not_before:
            self._start()

    def _start(self) -> None:
        _forget_stale_pid_file(self.spec)
        spec = self.spec
        self.start_not_before = time.monotonic() + PAUSE_AFTER_REFUSAL_SECONDS
        self.child = processes.start(
            spec.command, self.log_file, env=spec.env, cwd=spec.cwd, user=spec.user, group=spec.group
        )
        self.process = processes.identify(self.child.pid)
        self.state = "starting"
        self.started_at = time.monotonic()
        log.info("%s started, pid %d", spec.name, self.child.pid)

    def _note_ready(self) -> None:
        self.state = "ready"
        self.was_ready = True
        self.failed_starts = 0
        log.info("%s ready after %.1f s", self.spec.name, time.monotonic() - self.started_at)

    def _note_exit(self) -> None:
        self.exit_code = self.child.returncode if self.child else None
        log.warning("%s exited with %s", self.spec.name, self.exit_code)
        ran_for = time.monotonic() - self.started_at
        self.exits_in_a_row = 1 if ran_for > STABLE_SECONDS else self.exits_in_a_row + 1
        self.failed_starts += self.state == "starting"
        self.restarts += 1
        self.start_not_before = time.monotonic() + pause_before_restart(self.exits_in_a_row)
        self.process = self.child = None
        self.state = "waiting"

    def _hold(self) -> None:
        if self.process is not None:
            self.stop()
        self.start_not_before = 0.0
        self.state = "held"


def pause_before_restart(exits_in_a_row: int) -> float:
    """Seconds to wait: short after one exit, doubling with each that follows closely, up to a limit."""
    return float(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (exits_in_a_row - 1)))


def _forget_stale_pid_file(spec: ServiceSpec) -> None:
    """
    Remove the pid file of a program that was killed.

    PostgreSQL takes any process of its user that has the pid by now for a rival, and then refuses to start.
    """
    if spec.pid_file is None or not Path(spec.pid_file).exists():
        return
    pid = Path(spec.pid_file).read_text().partition("\n")[0].strip()
    if not pid.isdigit() or not processes.runs_program(int(pid), spec.command[0]):
        Path(spec.pid_file).unlink(missing_ok=True)
