"""Run the peer in a process of its own, as it would run."""

from __future__ import annotations

import json
import subprocess
import sys

from bench.peer_system import PeerRate

LIMIT_SECONDS = 400


def run_peer(dsn: str, orders: int) -> PeerRate:
    """The rate of the peer system on this PostgreSQL server. Raises when it does not get to its end."""
    done = subprocess.run(
        (sys.executable, "-m", "bench.peer_system", dsn, str(orders)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=LIMIT_SECONDS,
    )
    return PeerRate(**json.loads(done.stdout.splitlines()[-1]))
