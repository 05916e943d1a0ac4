"""Run a command to its end, in a process group of its own that does not outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

ENDED_BY_LIMIT = -1


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    limit_seconds: float | None = None,
) -> int:
    """Its exit code; whatever it started is gone afterwards, also where this process is told to end meanwhile."""
    process = subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return process.wait(limit_seconds)
    except subprocess.TimeoutExpired:
        return ENDED_BY_LIMIT
    finally:
        end_group(process.pid)
        process.wait()


def end_group(group: int) -> None:
    """Kill whatever of a process group still runs."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
