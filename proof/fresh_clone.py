"""
A machine that has git, make and Python 3.11 and nothing else: clone, `make demo`; clone again, `make test`.

Each clone has a home of its own and a PATH with those three programs, and what a shell and a make recipe cannot do
without. What is committed is cloned, not what lies in the work tree.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from creatorflow.devstack import free_port
from creatorflow.devstack.lifecycle import PORT_SETTINGS
from proof.commands import run
from proof.verdict import Verdict, knob, prove

CLAIM = "git clone and make demo, and in another clone with a fresh home make test, with git, make and Python 3.11 only"
NOT_COVERED = "Other systems than this one; a machine without a network (packages and Kafka are fetched once)"
ORDERS: Final = 10_000
PYTHON: Final = "python3.11"
PROGRAMS: Final = (
    *("git", "make", "bash", "sh", "env"),
    *("awk", "basename", "cat", "chmod", "cp", "dirname", "find", "grep", "head", "ln", "ls", "mkdir", "mktemp", "mv"),
    *("rm", "sed", "tail", "touch", "uname"),
)
LIMIT_SECONDS: Final = 1_200
PASSED_ON: Final = (
    "PIP_INDEX_URL",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "TMPDIR",
)
"""How this machine reaches PyPI and Maven Central, where it does so through a proxy or a mirror; and where to work."""


def measure() -> Verdict:
    """The figure is how many of the two commands worked; their times stand beside it."""
    with TemporaryDirectory(prefix="creatorflow-fresh-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        orders = knob("ORDERS", ORDERS)
        demo = _in_a_clone(folder / "demo", ("make", "demo", f"ORDERS={orders}"), then=("make", "down"))
        test = _in_a_clone(folder / "test", ("make", "test"))
    worked = [run for run in (demo, test) if run["exit_code"] == 0]
    details = {"orders": orders, "commit": _commit(), "make_demo": demo, "make_test": test}
    return Verdict(CLAIM, len(worked), "of 2 commands worked", "2", len(worked) == 2, details)


def _in_a_clone(folder: Path, command: tuple[str, ...], then: tuple[str, ...] = ()) -> dict[str, Any]:
    folder.mkdir()
    env = _bare_environment(folder)
    clone = folder / "creatorflow"
    subprocess.run(("git", "clone", "--quiet", str(Path.cwd()), str(clone)), env=env, check=True)
    started = time.monotonic()
    try:
        exit_code = run(command, cwd=clone, env=env, limit_seconds=LIMIT_SECONDS)
        took = round(time.monotonic() - started)
    finally:
        if then:
            run(then, cwd=clone, env=env)
    return {"exit_code": exit_code, "seconds": took}


def _bare_environment(folder: Path) -> Mapping[str, str]:
    """A PATH with the few programs, a home with nothing, and free ports, as something may run on the usual ones."""
    programs = folder / "bin"
    programs.mkdir()
    for name in PROGRAMS:
        found = shutil.which(name)
        if found:
            (programs / name).symlink_to(found)
    (programs / PYTHON).symlink_to(_base_python())
    home = folder / "home"
    home.mkdir()
    ports = {f"CREATORFLOW_{name.upper()}": str(free_port()) for name in PORT_SETTINGS}
    known = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**known, **ports, "PATH": str(programs), "HOME": str(home), "LANG": "C.UTF-8"}


def _base_python() -> Path:
    """The interpreter behind the virtual environment that runs this."""
    return Path(sys.base_prefix) / "bin" / PYTHON


def _commit() -> str:
    found = subprocess.run(("git", "rev-parse", "--short", "HEAD"), stdout=subprocess.PIPE, text=True, check=True)
    return found.stdout.strip()


if __name__ == "__main__":
    prove(measure)
