"""A simulator in a process of its own, on a free port."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

START_LIMIT_SECONDS = 20


class SimulatorProcess:
    """Started on entering, gone on leaving; `kill` and `start` again keep its record."""

    def __init__(self, kind: str, record: Path, *options: str) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = (
            *(sys.executable, "-m", "creatorflow.devstack.simulators", kind),
            *("--port", str(self.port), "--record", str(record), *options),
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    def start(self) -> None:
        """Start and wait until it answers."""
        self._process = subprocess.Popen(self._command)
        limit = time.monotonic() + START_LIMIT_SECONDS
        while time.monotonic() < limit:
            try:
                self.record()
            except httpx.TransportError:
                assert self._process.poll() is None, "the simulator ended"
                time.sleep(0.05)
            else:
                return
        self.kill()
        raise AssertionError(f"the simulator did not answer within {START_LIMIT_SECONDS} s")

    def kill(self) -> None:
        """End it as kill -9 does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def control(self, *faults: dict[str, Any], **settings: Any) -> None:
        """Tell it what to do wrong from now on, in place of all that it was told."""
        httpx.post(f"{self.url}/_control", json={"faults": faults, **settings}, trust_env=False).raise_for_status()

    def record(self) -> dict[str, Any]:
        """What it did, and how many requests asked for each key."""
        content: dict[str, Any] = httpx.get(f"{self.url}/_record", trust_env=False).raise_for_status().json()
        return content

    def done(self, kind: str) -> list[dict[str, Any]]:
        """What it did of one kind."""
        return [entry for entry in self.record()["done"] if entry["did"] == kind]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
