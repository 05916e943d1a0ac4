"""Choose and check TCP ports of this machine."""

from __future__ import annotations

import random
import socket
from typing import Final

import psutil

from creatorflow.devstack.errors import StackError

# Below the range that Linux gives to outgoing connections, so that none of those takes the port before its owner does.
CHOICE: Final = range(20_000, 32_000)
TRIES: Final = 200


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on and that is likely to stay free until its new owner starts."""
    choice = random.SystemRandom()
    for _ in range(TRIES):
        port = choice.choice(CHOICE)
        if is_free(port, host):
            return port
    raise StackError(
        f"no free port in {TRIES} tries between {CHOICE.start} and {CHOICE.stop}", "Stop what listens there"
    )


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen here now; connections still closing down do not count for servers either."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def taken(port: int, owner: str, setting: str) -> StackError:
    """The error for a port that another program listens on, with that program's name where the system tells it."""
    holder = _holder(port)
    by = f" by {holder}" if holder else ""
    return StackError(f"port {port}, meant for {owner}, is taken{by}", f"Stop that program, or set {setting}")


def _holder(port: int) -> str:
    try:
        listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    except psutil.AccessDenied:
        return ""
    pids = {c.pid for c in listening if c.pid and getattr(c.laddr, "port", None) == port}
    return ", ".join(f"{_name(pid)} (pid {pid})" for pid in sorted(pids))


def _name(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "a process"
