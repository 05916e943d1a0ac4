"""Workers that a test starts, kills and starts again, beside a world that has none of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import TracebackType
from typing import Self

from tests.end_to_end.world import World

STOP_WITHIN_SECONDS = 20


class Worker:
    """One worker process; gone at the end of the block, whatever happened in it."""

    def __init__(
        self, world: World, name: str, *, module: str = "creatorflow", starts: bool = True, **settings: str
    ) -> None:
        self.log = world.stack.home.logs / f"{name}.log"
        arguments = ("worker",) if module == "creatorflow" else ()
        self._command = (sys.executable, "-m", module, *arguments)
        told = {f"CREATORFLOW_{key.upper()}": value for key, value in settings.items()}
        self._environment = {**os.environ, **world.settings.for_children(), **told}
        self._starts = starts
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if self._starts:
            self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start it; what it says is added to its log."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it as kill -9 does."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """End it as its supervisor would, and with force where that does not help."""
        try:
            self._signal(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            self.kill()

    def wait(self) -> int:
        """Its exit code, once it has ended by itself."""
        assert self._process is not None
        return self._process.wait(60)

    def said(self, words: str) -> int:
        """How often these words stand in its log."""
        return self.log.read_text("utf-8", "replace").count(words)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(STOP_WITHIN_SECONDS)
