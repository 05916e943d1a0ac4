"""Bring the local stack up, tell how it is, take it down: what the command line calls."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from creatorflow.devstack import processes
from creatorflow.devstack.errors import StackError, disk_full
from creatorflow.devstack.local_services import LocalService, erase_data, local_services, prepare_services
from creatorflow.devstack.ports import is_free, taken
from creatorflow.devstack.ready import is_ready
from creatorflow.devstack.service import Service
from creatorflow.devstack.specs import Kind, Plan, ServiceSpec, read_plan
from creatorflow.devstack.stack import Home, require_room, write_atomically, write_json
from creatorflow.devstack.state import ServiceStatus, StackStatus, observed, read_state
from creatorflow.devstack.supervisor import PROCESSES, Supervisor
from creatorflow.settings import Settings

POLL_SECONDS: Final = 0.05
# A postmaster that follows a killed one may have to wait for that one's children; what fails thrice will not come up.
FAILED_STARTS_LIMIT: Final = 3
SUPERVISOR_MODULE: Final = "creatorflow.devstack"
SUPERVISOR_LIMIT_SECONDS: Final = 10.0
LOG_LINES_READ: Final = 40
STOP_LIMIT_SECONDS: Final = 90.0

PORT_SETTINGS: Final = (
    "kafka_port",
    "postgres_port",
    "valkey_port",
    "ingress_port",
    "api_port",
    "simulator_tiktok_port",
    "simulator_carrier_port",
    "simulator_supplier_port",
)


class SupervisorEnded(StackError):
    """The supervisor is gone while it was waited for; one killed a moment ago may have been seen alive still."""


def up(
    settings: Settings,
    processes_of: Callable[[Settings], Sequence[ServiceSpec]] = lambda settings: (),
    prepare: Callable[[Settings], None] = lambda settings: None,
    owner: processes.ProcessId | None = None,
) -> StackStatus:
    """
    Start the local services and a supervisor that keeps them and the processes running; return when all answer.

    `prepare` runs when the services answer and no process has started yet. With an `owner` the stack ends with it.
    Repeated: nothing is started twice. After a kill -9 of anything: what still runs is kept, the rest starts again.
    Refused: StackError, and then nothing of it is left running.
    """
    home = Home(settings.home)
    home.make()
    with home.locked():
        if read_state(home).running:
            with suppress(SupervisorEnded):
                return _finish(home, settings, prepare)
        with ExitStack() as unless_up:
            unless_up.callback(_stop, home)
            _launch(home, settings, processes_of, owner)
            status = _finish(home, settings, prepare)
            unless_up.pop_all()
        return status


def down(settings: Settings) -> None:
    """Stop processes, broker and database, in this order; their data stays. Repeated: nothing."""
    home = Home(settings.home)
    if home.root.is_dir():
        with home.locked():
            _stop(home)


def erase(settings: Settings) -> None:
    """Stop the stack and delete its data, its secrets with it."""
    down(settings)
    erase_data(Home(settings.home))


def status(settings: Settings) -> StackStatus:
    """How each service and process of this home is now."""
    return observed(Home(settings.home))


def _launch(
    home: Home,
    settings: Settings,
    processes_of: Callable[[Settings], Sequence[ServiceSpec]],
    owner: processes.ProcessId | None,
) -> None:
    """Everything up to a running supervisor; what a killed one left running is kept if it still fits."""
    require_room(home.root)
    left = {service.spec.digest(): service for service in _left_running(home)}
    services = local_services(settings, home)
    specs = (*(service.spec for service in services), *processes_of(settings))
    for digest in left.keys() - {spec.digest() for spec in specs}:
        left.pop(digest).stop()
    _require_free_ports([spec for spec in specs if spec.digest() not in left])
    prepare_services([service for service in services if service.spec.digest() not in left])
    write_json(home.stack_file, _stack_content(settings, services))
    write_atomically(home.plan_file, Plan(specs=specs, owner=owner).model_dump_json(indent=2))
    for marker in home.run.glob("*.held"):
        marker.unlink()
    home.held(PROCESSES).touch()
    _start_supervisor(home)


def _finish(home: Home, settings: Settings, prepare: Callable[[Settings], None]) -> StackStatus:
    """Wait for the services, prepare them if that is yet to be done, let the processes start, wait for those."""
    _wait_until_ready(home, "service")
    if home.held(PROCESSES).exists():
        prepare(settings.reloaded())
        home.held(PROCESSES).unlink()
    _wait_until_ready(home, "process")
    return observed(home)


def _stack_content(settings: Settings, services: Sequence[LocalService]) -> dict[str, object]:
    """What other commands, and the next `up`, find in `stack.json`."""
    ports = {name: getattr(settings, name) for name in PORT_SETTINGS}
    return {**{name: value for service in services for name, value in service.stack.items()}, **ports}


def _left_running(home: Home) -> list[Service]:
    """What a supervisor that was killed left behind."""
    supervisor = Supervisor(home, read_plan(home))
    supervisor.adopt()
    return [service for service in supervisor.services if service.process is not None]


def _require_free_ports(specs: Sequence[ServiceSpec]) -> None:
    for spec in specs:
        if spec.port is not None and not is_free(spec.port):
            raise taken(spec.port, spec.name, spec.port_setting)


def _start_supervisor(home: Home) -> None:
    """Start it and see it at work; it detaches itself, so that the command started here ends at once."""
    command = (sys.executable, "-m", SUPERVISOR_MODULE, str(home.root))
    processes.start(command, home.logs / "supervisor.log").wait(SUPERVISOR_LIMIT_SECONDS)
    deadline = time.monotonic() + SUPERVISOR_LIMIT_SECONDS
    while not read_state(home).running:
        if time.monotonic() > deadline:
            lines = processes.last_lines(home.logs / "supervisor.log")
            raise StackError(f"the supervisor did not start: {lines}", f"See {home.logs / 'supervisor.log'}")
        time.sleep(POLL_SECONDS)


def _wait_until_ready(home: Home, kind: Kind) -> None:
    """Wait until the supervisor has seen them ready and they answer us too, as what was killed just now looks alive."""
    specs = {spec.name: spec for spec in read_plan(home).specs if spec.kind == kind}
    started = time.monotonic()
    while True:
        late = _late(home, specs) or _silent(home, specs) or _late(home, specs)
        if not late:
            return
        for service in late:
            limit = specs[service.name].ready_within_seconds
            if service.failed_starts >= FAILED_STARTS_LIMIT or time.monotonic() - started > limit:
                raise _did_not_start(service)
        time.sleep(POLL_SECONDS)


def _silent(home: Home, specs: Mapping[str, ServiceSpec]) -> list[ServiceStatus]:
    """Those that do not answer us."""
    state = observed(home)
    return [state.of(name) for name, spec in specs.items() if not is_ready(spec.ready)]


def _late(home: Home, names: Container[str]) -> list[ServiceStatus]:
    """Those of these names that are not ready."""
    state = observed(home)
    if not state.running:
        raise SupervisorEnded("the supervisor ended as the stack was starting", f"See {home.logs / 'supervisor.log'}")
    return [service for service in state.services if service.name in names and service.state != "ready"]


def _did_not_start(service: ServiceStatus) -> StackError:
    """Why, from the end of its log."""
    lines = processes.last_lines(Path(service.log), count=LOG_LINES_READ)
    if processes.NO_SPACE in lines:
        return disk_full(f"starting {service.name}")
    last = processes.last_lines(Path(service.log), count=1)
    return StackError(f"{service.name} did not start (exit code {service.exit_code}): {last}", f"See {service.log}")


def _stop(home: Home) -> None:
    """Tell the supervisor to stop everything; where it was killed, stop what it left."""
    processes.stop(read_state(home).supervisor, within_seconds=STOP_LIMIT_SECONDS)
    left = Supervisor(home, read_plan(home))
    left.adopt()
    left.stop()
    home.state_file.unlink(missing_ok=True)
    home.held(PROCESSES).unlink(missing_ok=True)
