"""What the supervisor saw last, kept in a file: status reads it, and a successor finds in it whom to adopt."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from creatorflow.devstack.errors import StackError
from creatorflow.devstack.processes import ProcessId, find
from creatorflow.devstack.specs import Kind
from creatorflow.devstack.stack import Home, read_json, write_atomically

State = Literal["waiting", "starting", "ready", "held", "stopped"]


class ServiceStatus(BaseModel):
    """One service or process as it was seen last."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Kind
    state: State
    pid: int | None
    port: int | None
    restarts: int
    log: str
    process: ProcessId | None = None
    digest: str = ""
    failed_starts: int = 0
    """Starts in a row that ended before the service was ready."""
    exit_code: int | None = None


class StackStatus(BaseModel):
    """The whole stack as it was seen last."""

    model_config = ConfigDict(frozen=True)

    supervisor: ProcessId | None = None
    services: tuple[ServiceStatus, ...] = ()

    @property
    def running(self) -> bool:
        """Whether its supervisor lives; without one what runs is not restarted."""
        return find(self.supervisor) is not None

    @property
    def ready(self) -> bool:
        """Whether all of it answers."""
        return self.running and all(service.state == "ready" for service in self.services)

    def of(self, name: str) -> ServiceStatus:
        """The one with this name."""
        for service in self.services:
            if service.name == name:
                return service
        raise StackError(f"nothing called {name} runs here", "Start it: `creatorflow up`")


def read_state(home: Home) -> StackStatus:
    """What the file says, whoever wrote it and whether or not any of it still lives."""
    return StackStatus.model_validate(read_json(home.state_file))


def write_state(home: Home, state: StackStatus) -> None:
    """Replace the file."""
    write_atomically(home.state_file, state.model_dump_json(indent=2))


def observed(home: Home) -> StackStatus:
    """What the file says, corrected by who is alive: of those that died only the name is left."""
    state = read_state(home)
    return state.model_copy(update={"services": tuple(_corrected(service) for service in state.services)})


def _corrected(service: ServiceStatus) -> ServiceStatus:
    if find(service.process) is not None:
        return service
    gone = "stopped" if service.state in ("ready", "starting") else service.state
    return service.model_copy(update={"state": gone, "pid": None})
