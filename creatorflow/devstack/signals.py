"""Be told to stop, and to look at once when a child ends."""

from __future__ import annotations

import select
import signal
import socket
from types import FrameType


class StopSignal:
    """Whether SIGTERM or SIGINT came; waiting on it ends early on these, and on the end of a child."""

    def __init__(self, wakeups: socket.socket) -> None:
        self.requested = False
        self._wakeups = wakeups

    @classmethod
    def install(cls) -> StopSignal:
        """Take over the signals of this process."""
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        # The writing end lives as long as the process: only its number is kept by the interpreter.
        signal.set_wakeup_fd(writer.detach())
        stop = cls(reader)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop._request)
        signal.signal(signal.SIGCHLD, stop._nothing_more)
        return stop

    def wait(self, seconds: float) -> None:
        """Sleep, until a signal comes."""
        readable, _, _ = select.select([self._wakeups], [], [], seconds)
        if readable:
            self._wakeups.recv(4096)

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.requested = True

    def _nothing_more(self, number: int, frame: FrameType | None) -> None:
        """A handler must be there for the signal to wake the wait."""
