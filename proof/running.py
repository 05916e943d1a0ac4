"""Run one proof as a process of its own, with a limit, and leave nothing of it running whatever it did."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil

from creatorflow import devstack
from creatorflow.settings import PREFIX, Settings
from proof.catalogue import Proof
from proof.commands import end_group
from proof.verdict import RUNNER

END_WITHIN_SECONDS = 60


def run(proof: Proof) -> dict[str, Any]:
    """
    What the proof said in its last line; where it said nothing, why.

    It works in a folder of its own. What it is told by CREATORFLOW_* variables would change what is measured, so
    they are not handed on.
    """
    folder = Path(tempfile.mkdtemp(prefix="creatorflow-prove-"))
    # A clone's tests become another user, who must reach what is installed in it.
    folder.chmod(0o755)
    env = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    process = subprocess.Popen(
        (sys.executable, "-m", proof.module),
        stdout=subprocess.PIPE,
        text=True,
        env={**env, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1", RUNNER: str(os.getpid())},
        start_new_session=True,
    )
    told_to_end = threading.Event()
    limit = threading.Timer(proof.limit_seconds, _end, (process, told_to_end))
    limit.start()
    try:
        with ExitStack() as unless_ended:
            unless_ended.callback(_end, process, told_to_end)
            last_line = _echoed(process)
            exit_code = process.wait()
            unless_ended.pop_all()
    finally:
        limit.cancel()
        end_group(process.pid)
        _erase(folder)
    if told_to_end.is_set():
        return {"holds": False, "failed": f"ended by its limit of {proof.limit_seconds} s"}
    return as_said(last_line, exit_code)


def _echoed(process: subprocess.Popen[str]) -> str:
    """Show its output as it comes, and return the last line."""
    assert process.stdout is not None
    last_line = ""
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        last_line = line.strip() or last_line
    return last_line


def as_said(last_line: str, exit_code: int) -> dict[str, Any]:
    """What a last line says, holding only where the exit code says so too."""
    try:
        said = json.loads(last_line)
    except json.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        return {"holds": False, "failed": f"exit code {exit_code}, its last words: {last_line[:200]}"}
    # Its word and its exit code must agree; where they do not, the claim does not hold.
    return {**said, "holds": bool(said.get("holds")) and exit_code == 0}


def _end(process: subprocess.Popen[str], told_to_end: threading.Event) -> None:
    """Ask it to end, with time to put its things away; then make it."""
    told_to_end.set()
    process.terminate()
    try:
        process.wait(END_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        end_group(process.pid)


def _erase(folder: Path) -> None:
    """End whatever it started that still runs, and delete what it left: its stacks, and its folder."""
    deadline = time.monotonic() + END_WITHIN_SECONDS
    while (left := _started_in(folder)) and time.monotonic() < deadline:
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=1)
    for plan_file in folder.rglob("run/plan.json"):
        with suppress(OSError, devstack.StackError):
            devstack.erase(Settings(home=plan_file.parent.parent))
    shutil.rmtree(folder, ignore_errors=True)


def _started_in(folder: Path) -> list[psutil.Process]:
    """Whatever a proof starts inherits the name of its folder, and keeps it when its parent has gone."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("TMPDIR") == str(folder):
                found.append(process)
    return found
