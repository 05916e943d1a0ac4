"""Recognising processes, and keeping their logs small."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from creatorflow.devstack import processes


def test_a_process_is_told_from_a_later_one_with_its_pid() -> None:
    """A pid that was given to another process since does not stand for the first."""
    me = processes.identify(os.getpid())
    assert me is not None
    assert processes.find(me) is not None
    assert processes.find(me.model_copy(update={"started_at": me.started_at - 60})) is None


def test_a_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    """Stopping ends, whatever the program does with the signal."""
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    log = tmp_path / "log"
    child = processes.start((sys.executable, "-c", program), log)
    while processes.last_lines(log) != "deaf":
        assert child.poll() is None
    processes.stop(processes.identify(child.pid), within_seconds=0.1)
    assert child.wait() == -9


def test_a_log_is_capped_while_it_is_written(tmp_path: Path) -> None:
    """The writer goes on at the new end of the same file; what was there is kept once."""
    log = tmp_path / "worker.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old " * 1000)
        processes.cap_log(log, limit_bytes=1000)
        writer.write(b"new")
    assert log.read_bytes() == b"new"
    assert (tmp_path / "worker.log.1").read_bytes() == b"old " * 1000


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    """Below the limit nothing is moved."""
    log = tmp_path / "worker.log"
    log.write_text("short")
    processes.cap_log(log)
    assert [path.name for path in tmp_path.iterdir()] == ["worker.log"]
