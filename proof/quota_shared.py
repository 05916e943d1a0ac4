"""Thirty workers in three processes take all they can get of one quota; whoever is asked counts what arrives."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from valkey.asyncio import Valkey

from creatorflow.devstack import services
from gateways.own_quota import OwnQuota
from gateways.quota import PER_MINUTE, RANKS, WINDOW_SECONDS, Endpoint, Limits, Rank
from gateways.shared_quota import SharedQuota
from proof.verdict import Verdict, knob, prove

CLAIM = (
    "30 workers in 3 processes on one quota: never above it in any minute, no worker starves, cancellations and stock"
    " first"
)
NOT_COVERED = (
    "TikTok's own, unpublished quota, which is met by halving a class on 429; more than one Valkey node; the 5 % of the"
    " limit that are never shared, which are for when Valkey is away"
)
PROCESSES: Final = 3
WORKERS: Final = (
    *(Endpoint.CANCELLATION, Endpoint.STOCK),
    *(Endpoint.FULFILMENT, Endpoint.FULFILMENT),
    *(Endpoint.ORDER_READ, Endpoint.ORDER_READ, Endpoint.ORDER_READ, Endpoint.READ, Endpoint.READ, Endpoint.READ),
)
"""The ten workers of each process."""

LIMITS: Final = Limits(per_window=PER_MINUTE, window_seconds=WINDOW_SECONDS, processes=PROCESSES)
SECONDS: Final = 250
PHASES: Final = 2
CALM_SECONDS: Final = 2.0
"""How often each of the urgent asks in the first half; in the second as often as it can, as all others do in both."""

LONGEST_URGENT_SECONDS: Final = 1.0
ACCOUNT: Final = "proof:quota-shared"


class Arrival(NamedTuple):
    """One request, as who is asked saw it."""

    worker: str
    endpoint: Endpoint
    at: float
    waited: float


def measure() -> Verdict:
    """Run both halves, then judge what arrived."""
    seconds = knob("SECONDS", SECONDS)
    with tempfile.TemporaryDirectory() as folder, services(Path(folder) / "home", kafka=False, postgres=False) as stack:
        started, arrivals = asyncio.run(_run(stack.valkey, seconds))
    return judge(arrivals, started, seconds)


def judge(arrivals: Sequence[Arrival], started: float, seconds: float) -> Verdict:
    """The most in any minute; the least of any worker in each half; how long the urgent waited while others queued."""
    times = sorted(each.at for each in arrivals)
    most = most_in_any_window(times, LIMITS.window_seconds)
    half = started + seconds / PHASES
    calm, crowded = ([each for each in arrivals if (each.at < half) is first] for first in (True, False))
    least = {name: min(_by_worker(part).values()) for name, part in (("calm", calm), ("crowded", crowded))}
    workers = {name: len(_by_worker(part)) for name, part in (("calm", calm), ("crowded", crowded))}
    urgent = [each.waited for each in calm if RANKS[each.endpoint] is Rank.URGENT]
    others = [each.waited for each in calm if RANKS[each.endpoint] is Rank.READ]
    shares = {name: _by_rank(part) for name, part in (("calm", calm), ("crowded", crowded))}
    expected = PROCESSES * len(WORKERS)
    fair = all(workers[name] == expected for name in workers) and min(least.values()) >= 1
    first = max(urgent) <= LONGEST_URGENT_SECONDS and shares["crowded"]["URGENT"] > shares["crowded"]["READ"]
    return Verdict(
        CLAIM,
        float(most),
        "requests in the busiest minute",
        f"at most {LIMITS.per_window}; every worker served in both halves; the urgent within 1 s in the calm half",
        most <= LIMITS.per_window and most > LIMITS.shared * 0.9 and fair and first,
        {
            "seconds": seconds,
            "requests": len(arrivals),
            "least_of_a_worker": least,
            "workers_served": workers,
            "urgent_waited_most_seconds": round(max(urgent), 3),
            "reads_waited_median_seconds": round(median(others), 3),
            "reads_waited_most_seconds": round(max(others), 3),
            "by_rank": shares,
        },
    )


def most_in_any_window(times: Sequence[float], seconds: float) -> int:
    """The most of these times, in order, that lie within so many seconds of each other."""
    most = start = 0
    for place, at in enumerate(times):
        while times[start] <= at - seconds:
            start += 1
        most = max(most, place - start + 1)
    return most


async def _run(valkey: str, seconds: float) -> tuple[float, list[Arrival]]:
    """Take requests until the processes end; when the first one came, and all of them."""
    arrivals: list[Arrival] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            at = time.monotonic()
            said = json.loads(line)
            arrivals.append(Arrival(said["worker"], Endpoint(said["endpoint"]), at, said["waited"]))
            writer.write(b"ok\n")
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    started = time.monotonic()
    children = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "proof.quota_shared", "process", str(number), valkey, str(port), str(seconds))
        )
        for number in range(PROCESSES)
    ]
    codes = [await child.wait() for child in children]
    server.close()
    assert not any(codes), f"a process ended with {codes}"
    return started, arrivals


async def _process(number: int, valkey: str, port: int, seconds: float) -> None:
    """One process: its ten workers until the time is over."""
    server: Valkey = Valkey.from_url(valkey)
    quota = SharedQuota(server, LIMITS, OwnQuota(LIMITS))
    until = time.monotonic() + seconds
    calm_until = until - seconds / PHASES
    tasks = [
        asyncio.create_task(_work(quota, f"{number}.{place}", endpoint, port, calm_until))
        for place, endpoint in enumerate(WORKERS)
    ]
    done, _ = await asyncio.wait(tasks, timeout=until - time.monotonic())
    for task in tasks:
        task.cancel()
    for task in done:
        task.result()
    await server.aclose()


async def _work(quota: SharedQuota, worker: str, endpoint: Endpoint, port: int, calm_until: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    calm = RANKS[endpoint] is Rank.URGENT
    while True:
        if calm and time.monotonic() < calm_until:
            await asyncio.sleep(CALM_SECONDS)
        asked_at = time.monotonic()
        await quota.take(ACCOUNT, endpoint, patience_seconds=600)
        told: Mapping[str, Any] = {"worker": worker, "endpoint": endpoint, "waited": time.monotonic() - asked_at}
        writer.write(json.dumps(told).encode() + b"\n")
        await reader.readline()


def _by_worker(arrivals: Sequence[Arrival]) -> dict[str, int]:
    counts: defaultdict[str, int] = defaultdict(int)
    for each in arrivals:
        counts[each.worker] += 1
    return counts


def _by_rank(arrivals: Sequence[Arrival]) -> dict[str, int]:
    counts = {rank.name: 0 for rank in Rank}
    for each in arrivals:
        counts[RANKS[each.endpoint].name] += 1
    return counts


if __name__ == "__main__":
    if sys.argv[1:2] == ["process"]:
        asyncio.run(_process(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), float(sys.argv[5])))
    else:
        prove(measure)
