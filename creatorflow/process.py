"""What every process of ours does beside its work: serve, say that it lives, watch its agents, stop in order."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import structlog
import uvicorn
from starlette.applications import Starlette

from aggregates.event_store import heartbeats
from aggregates.event_store.connection import STORE_FAULT, connect
from aggregates.event_store.heartbeats import Heartbeat
from creatorflow.settings import Settings
from schemas.envelope import CODE
from streams.consuming import Agent

log = structlog.get_logger()

HEARTBEAT_SECONDS = 5.0
STUCK_SECONDS = 90.0
EXIT_STUCK = 75
COLLECT_AFTER_IDLE_SECONDS = 30.0
COLLECT_EVERY_SECONDS = 900.0
COLLECT_AT_LATEST_SECONDS = 6 * 3600.0
COLLECT_AT_LATEST_OBJECTS = 20_000_000
"""
When a worker looks for garbage in cycles. Hardly any comes up (10 objects in 100,000 by measurement), while every look
walks the live aggregates: a tenth of a worker's time under load, and pauses of 0.1 to 0.9 s. So it waits for a quiet
moment.
"""
STOP_WITHIN_SECONDS = 10.0


async def watch(agents: Sequence[Agent]) -> None:
    """End the process when an agent has work and makes no progress; its supervisor starts another."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(STUCK_SECONDS / 10)
        stuck = [agent.name for agent in agents if agent.busy and loop.time() - agent.progressed_at > STUCK_SECONDS]
        if stuck:
            log.critical("agents make no progress", agents=stuck, seconds=STUCK_SECONDS)
            os._exit(EXIT_STUCK)


async def collect_garbage(agents: Sequence[Agent]) -> None:
    """Look for garbage in cycles while no agent has work; without such a moment after six hours or many objects."""
    loop = asyncio.get_running_loop()
    collected_at = loop.time()
    while True:
        await asyncio.sleep(COLLECT_AFTER_IDLE_SECONDS / 3)
        since = loop.time() - collected_at
        idle = all(
            not agent.busy and loop.time() - agent.progressed_at > COLLECT_AFTER_IDLE_SECONDS for agent in agents
        )
        overdue = since > COLLECT_AT_LATEST_SECONDS or gc.get_count()[0] > COLLECT_AT_LATEST_OBJECTS
        if overdue or (idle and since > COLLECT_EVERY_SECONDS):
            started = time.perf_counter()
            found = gc.collect()
            log.info("garbage collected", objects=found, seconds=round(time.perf_counter() - started, 3))
            collected_at = loop.time()


async def served(app: Starlette, host: str, port: int, lifespan: Literal["on", "off"] = "off") -> None:
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http="httptools",
        loop="none",
        log_config=None,
        access_log=False,
        lifespan=lifespan,
        server_header=False,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    await server.serve()


async def beat(settings: Settings, name: str, kind: str, details: Callable[[], dict[str, Any]]) -> None:
    """Say every five seconds that this process is alive; while the store is away there is nobody to tell."""
    started_at = datetime.now(UTC)
    while True:
        told = {"code": CODE, **details()}
        heartbeat = Heartbeat(name, kind, os.getpid(), socket.gethostname(), started_at, told)
        try:
            await asyncio.to_thread(_tell, settings.postgres, heartbeat)
        except STORE_FAULT as error:
            log.warning("heartbeat not written", error=type(error).__name__)
        await asyncio.sleep(HEARTBEAT_SECONDS)


def _tell(dsn: str, heartbeat: Heartbeat) -> None:
    with connect(dsn, "heartbeat") as connection:
        heartbeats.beat(connection, heartbeat)


async def until_stopped(*parts: Coroutine[Any, Any, None]) -> None:
    """Run all parts until SIGTERM or SIGINT, or until one of them ends, which none should."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks: list[asyncio.Task[Any]] = [loop.create_task(part) for part in parts]
    stopping: asyncio.Task[Any] = loop.create_task(stop.wait())
    done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=STOP_WITHIN_SECONDS)
    stopping.cancel()
    for task in done - {stopping}:
        task.result()
        raise RuntimeError("a part of this process ended by itself")
