"""What the supervisor is told to keep running: plain data, so that it can be handed to another process as a file."""

from __future__ import annotations

import hashlib
import signal
import sys
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from creatorflow.devstack.processes import ProcessId
from creatorflow.devstack.stack import Home, read_json
from creatorflow.settings import Settings

Kind = Literal["service", "process"]


class ReadyCheck(BaseModel):
    """How one tells that a service answers: `alive` is enough for what listens nowhere."""

    model_config = ConfigDict(frozen=True)

    by: Literal["kafka", "postgres", "valkey", "port", "alive"] = "alive"
    address: str = ""


class ServiceSpec(BaseModel):
    """One program: how it is started, how one knows it is ready, how it is stopped."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Kind
    command: tuple[str, ...]
    env: dict[str, str] = {}
    cwd: str | None = None
    user: int | None = None
    group: int | None = None
    port: int | None = None
    port_setting: str = ""
    ready: ReadyCheck = ReadyCheck()
    ready_within_seconds: float = 60
    stop_signal: int = signal.SIGTERM
    stop_within_seconds: float = 15
    pid_file: str | None = None
    """A file the program itself makes, its pid on the first line, and takes for a rival if a crash left it behind."""

    def digest(self) -> str:
        """What tells whether a program that runs was started from this same description."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


class Plan(BaseModel):
    """All that one supervisor keeps running; services are up before the first process starts."""

    model_config = ConfigDict(frozen=True)

    specs: tuple[ServiceSpec, ...]
    owner: ProcessId | None = None
    """The process whose end ends the stack too; None for a stack that is to outlive whoever started it."""


def read_plan(home: Home) -> Plan:
    """The plan of the supervisor that runs, or ran last, in this home."""
    return Plan.model_validate(read_json(home.plan_file) or {"specs": ()})


def creatorflow_processes(settings: Settings) -> list[ServiceSpec]:
    """The processes of the product: one ingress, the workers, one api."""
    names = ["ingress", *(f"worker-{number}" for number in range(1, settings.workers + 1)), "api"]
    return [_process(name, settings) for name in names]


def _process(name: str, settings: Settings) -> ServiceSpec:
    command = name.partition("-")[0]
    port = {"ingress": settings.ingress_port, "api": settings.api_port}.get(command)
    return ServiceSpec(
        name=name,
        kind="process",
        command=(sys.executable, "-m", "creatorflow", command),
        env=settings.for_children(),
        cwd=str(Path.cwd()),
        port=port,
        port_setting=f"CREATORFLOW_{command.upper()}_PORT" if port else "",
        ready=ReadyCheck(by="port", address=f"{settings.host}:{port}") if port else ReadyCheck(),
    )
