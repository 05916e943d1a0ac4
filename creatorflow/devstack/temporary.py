"""A local stack for as long as a `with` block lasts, beside any other: for tests and proofs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from creatorflow.devstack import lifecycle, processes
from creatorflow.devstack.errors import StackError
from creatorflow.devstack.ports import free_port
from creatorflow.devstack.specs import ServiceSpec
from creatorflow.devstack.stack import Home
from creatorflow.devstack.state import ServiceStatus
from creatorflow.settings import Settings

POLL_SECONDS: Final = 0.02
NOT_WANTED: Final = "unused.invalid:0"


class RunningStack:
    """A stack that runs, to connect to and to do harm to: what is killed is started again by its supervisor."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = Home(settings.home)

    @property
    def bootstrap(self) -> str:
        """Kafka's address."""
        return self.settings.kafka

    @property
    def valkey(self) -> str:
        """Valkey's address, its password in it."""
        return self.settings.valkey

    @property
    def dsn(self) -> str:
        """PostgreSQL's connection string."""
        return self.settings.postgres

    def service(self, name: str) -> ServiceStatus:
        """How `kafka`, `postgres`, `valkey` or a process is now."""
        return lifecycle.status(self.settings).of(name)

    def pid(self, name: str) -> int:
        """Its pid; an error while it is down."""
        pid = self.service(name).pid
        if pid is None:
            raise StackError(f"{name} does not run now", "Wait for it: wait_until_ready")
        return pid

    def kill(self, name: str) -> ServiceStatus:
        """End it as a crash would (kill -9, of it alone); how it was, for `wait_until_restarted`."""
        before = self.service(name)
        os.kill(self.pid(name), signal.SIGKILL)
        return before

    def wait_until_ready(self, name: str, within_seconds: float = 60) -> ServiceStatus:
        """Wait until it answers, as seen by the supervisor."""
        return self._wait(name, lambda service: service.state == "ready", within_seconds)

    def wait_until_restarted(self, before: ServiceStatus, within_seconds: float = 60) -> ServiceStatus:
        """Wait until it answers again, having been started anew."""
        return self._wait(before.name, lambda s: s.state == "ready" and s.restarts > before.restarts, within_seconds)

    @contextmanager
    def outage(self, name: str) -> Iterator[None]:
        """Keep it stopped inside the block; it is ready again after it."""
        marker = self.home.held(name)
        marker.touch()
        self._wait(name, lambda service: service.state == "held", within_seconds=60)
        try:
            yield
        finally:
            marker.unlink()
            self.wait_until_ready(name)

    def _wait(self, name: str, fits: Callable[[ServiceStatus], bool], within_seconds: float) -> ServiceStatus:
        deadline = time.monotonic() + within_seconds
        while not fits(service := self.service(name)):
            if time.monotonic() > deadline:
                raise StackError(f"{name} is {service.state} after {within_seconds} s", f"See {service.log}")
            time.sleep(POLL_SECONDS)
        return service


@contextmanager
def services(
    home: Path,
    *,
    kafka: bool = True,
    postgres: bool = True,
    valkey: bool = True,
    processes_of: Callable[[Settings], Sequence[ServiceSpec]] = lambda settings: (),
    prepare: Callable[[Settings], None] = lambda settings: None,
    keep_data: bool = False,
    **arguments: object,
) -> Iterator[RunningStack]:
    """
    Run a stack of its own on free ports; further arguments are settings.

    It has the same supervisor as `up`, in a process of its own, so that what a test kills comes back. The supervisor
    watches this process: a test run that is itself killed leaves nothing running either.
    """
    settings = temporary_settings(home, kafka=kafka, postgres=postgres, valkey=valkey, **arguments)
    try:
        lifecycle.up(settings, processes_of, prepare, owner=processes.identify(os.getpid()))
        yield RunningStack(settings.reloaded())
    finally:
        lifecycle.down(settings) if keep_data else lifecycle.erase(settings)


def temporary_settings(home: Path, *, kafka: bool, postgres: bool, valkey: bool, **arguments: object) -> Settings:
    """Settings for a home of its own on free ports; a service that is not wanted is one that someone else has."""
    ports = {name: free_port() for name in lifecycle.PORT_SETTINGS}
    wished = {"kafka": kafka, "postgres": postgres, "valkey": valkey}
    absent = {name: NOT_WANTED for name, wanted in wished.items() if not wanted}
    return Settings.model_validate({"home": home, **ports, **absent, **arguments})
