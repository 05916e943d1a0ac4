"""When a program is started again, and what a crash left that would keep it from starting."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from creatorflow.devstack.service import LONGEST_PAUSE_SECONDS, Service, pause_before_restart
from creatorflow.devstack.specs import ServiceSpec
from creatorflow.devstack.stack import Home


def test_pauses_grow_to_a_limit() -> None:
    """A crash is answered at once, a crash loop ever more slowly."""
    pauses = [pause_before_restart(exits) for exits in range(1, 12)]
    assert pauses[:3] == [0.2, 0.4, 0.8]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize("pid", ["1", "999999999", "", "garbage"])
def test_a_pid_file_of_another_program_is_removed(tmp_path: Path, pid: str) -> None:
    """A killed server's pid now belongs to somebody else, or to nobody: it does not keep the next one from starting."""
    pid_file = tmp_path / "server.pid"
    pid_file.write_text(f"{pid}\n/data\n")
    _start_and_stop(tmp_path, pid_file)
    assert not pid_file.exists()


def test_a_pid_file_of_the_same_program_stays(tmp_path: Path) -> None:
    """While the server truly runs, its pid file protects its data."""
    pid_file = tmp_path / "server.pid"
    pid_file.write_text(f"{os.getpid()}\n")
    _start_and_stop(tmp_path, pid_file)
    assert pid_file.exists()


def _start_and_stop(folder: Path, pid_file: Path) -> None:
    home = Home(folder)
    home.make()
    # The first word of this very process's command line is the program, so that "the same program" can be had here.
    program = Path("/proc/self/cmdline").read_text().split("\0")[0]
    command = (program, "-c", "import signal; signal.pause()")
    service = Service(ServiceSpec(name="server", kind="service", command=command, pid_file=str(pid_file)), home)
    service.tick(may_start=True)
    service.stop()


def test_a_service_that_may_not_start_waits(tmp_path: Path) -> None:
    """Processes wait for the services they need."""
    home = Home(tmp_path)
    home.make()
    service = Service(ServiceSpec(name="worker", kind="process", command=(sys.executable, "-c", "pass")), home)
    service.tick(may_start=False)
    assert service.status().state == "waiting"
    assert service.status().pid is None
