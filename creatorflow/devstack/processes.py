"""Start, recognise and stop programs of the operating system."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil
from pydantic import BaseModel, ConfigDict

from creatorflow.devstack.errors import StackError, disk_full

# Two processes with one pid cannot start this close together, and clock corrections move start times by less.
SAME_START_SECONDS: Final = 2.0
RUN_LIMIT_SECONDS: Final = 120
LAST_WORDS_CHARACTERS: Final = 500
NO_SPACE: Final = "No space left on device"
LOG_LIMIT_BYTES: Final = 20 * 1024 * 1024


class ProcessId(BaseModel):
    """A process for good: a pid alone is given to another one some day."""

    model_config = ConfigDict(frozen=True)

    pid: int
    started_at: float


def identify(pid: int) -> ProcessId | None:
    """The lasting identity of the process that has this pid now; None if none has."""
    try:
        return ProcessId(pid=pid, started_at=psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def find(process: ProcessId | None) -> psutil.Process | None:
    """This very process, if it still runs; one that died and was not yet buried by its parent does not run."""
    if process is None:
        return None
    try:
        found = psutil.Process(process.pid)
        same = abs(found.create_time() - process.started_at) < SAME_START_SECONDS
        return found if same and found.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def runs_program(pid: int, program: str) -> bool:
    """Whether the process that has this pid now is this program."""
    try:
        return psutil.Process(pid).cmdline()[:1] == [program]
    except psutil.Error:
        return False


def start(
    command: Sequence[str],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    user: int | None = None,
    group: int | None = None,
) -> subprocess.Popen[bytes]:
    """
    Start a program in a session of its own, its output going straight to the end of its log.

    Straight, and not through a pipe, so that it lives on unharmed when whoever started it is killed.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )


def run_to_end(
    command: Sequence[str],
    *,
    doing: str,
    fix: str,
    stdin: str = "",
    cwd: str | Path | None = None,
    user: int | None = None,
    group: int | None = None,
) -> None:
    """Run a program that does one thing and ends; StackError, with the end of its output, if it does not do it."""
    try:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=RUN_LIMIT_SECONDS,
            check=False,
            cwd=cwd,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StackError(f"{doing} failed: {error}", fix) from error
    output = (done.stdout + done.stderr).strip()
    if done.returncode == 0:
        return
    if NO_SPACE in output:
        raise disk_full(doing)
    raise StackError(f"{doing} failed: {' '.join(output[-LAST_WORDS_CHARACTERS:].split())}", fix)


def stop(process: ProcessId | None, with_signal: int = signal.SIGTERM, within_seconds: float = 15) -> bool:
    """Ask a process to end, and make it end after a limit; whether asking was enough. Repeated: nothing."""
    found = find(process)
    if process is None or found is None:
        return True
    try:
        found.send_signal(with_signal)
        # A stopped process would not see the request before it runs again.
        found.send_signal(signal.SIGCONT)
    except psutil.NoSuchProcess:
        return True
    gone = wait_until_gone(process, within_seconds)
    if not gone:
        kill(process)
    return gone


def kill(process: ProcessId) -> None:
    """End a process at once, with all that it started, and see it gone."""
    found = find(process)
    if found is None:
        return
    try:
        family = [found, *found.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    wait_until_gone(process, within_seconds=10)


def wait_until_gone(process: ProcessId, within_seconds: float) -> bool:
    """Whether the process ended within the limit."""
    deadline = time.monotonic() + within_seconds
    while find(process) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def cap_log(log: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
    """
    Keep a log below its limit: what it holds moves to `NAME.1` and it starts afresh.

    The file is emptied, not renamed: its writer keeps it open and, appending, goes on at the new end.
    """
    if not log.exists() or log.stat().st_size < limit_bytes:
        return
    log.with_name(f"{log.name}.1").write_bytes(log.read_bytes())
    os.truncate(log, 0)


def last_lines(log: Path, count: int = 5) -> str:
    """The end of a log, for an error message."""
    if not log.exists():
        return ""
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(lines[-count:])
