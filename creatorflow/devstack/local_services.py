"""Make ready the services that nothing else provides: Kafka, PostgreSQL, Valkey, each unless a setting names one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from creatorflow.devstack import kafka, postgres, postgres_place, valkey
from creatorflow.devstack.errors import StackError
from creatorflow.devstack.kafka_jars import ensure_jars
from creatorflow.devstack.ports import free_port, is_free
from creatorflow.devstack.specs import ServiceSpec
from creatorflow.devstack.stack import Home, ensure_secrets, read_json, require_room
from creatorflow.settings import Settings

CONTROLLER_PORT: Final = "kafka_controller_port"
POSTGRES_FOLDER: Final = "postgres_folder"


@dataclass(frozen=True)
class LocalService:
    """One service: how it runs, what must be done before it may start, what `stack.json` says of it."""

    spec: ServiceSpec
    prepare: Callable[[], None]
    stack: dict[str, Any]


def local_services(settings: Settings, home: Home) -> list[LocalService]:
    """The services that this stack provides, in the order in which they stop."""
    secrets = ensure_secrets(home)
    services = []
    if settings.kafka_is_local:
        services.append(_kafka(settings, home))
    if settings.postgres_is_local:
        services.append(_postgres(settings, home, secrets))
    if settings.valkey_is_local:
        services.append(_valkey(settings, home, secrets))
    return services


def prepare_services(services: Sequence[LocalService]) -> None:
    """Make them fit to start, all at once, as formatting and initialising take a second each."""
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda service: service.prepare(), services))


def _kafka(settings: Settings, home: Home) -> LocalService:
    broker = kafka.Broker(
        folder=home.root / kafka.NAME,
        jars=ensure_jars(settings.cache),
        port=settings.kafka_port,
        controller_port=_controller_port(home),
    )
    stack = {"kafka": broker.bootstrap, CONTROLLER_PORT: broker.controller_port}
    return LocalService(kafka.spec(broker), lambda: kafka.prepare(broker), stack)


def _controller_port(home: Home) -> int:
    """The port it had before: a broker that still runs has it, and one that starts anew may take any."""
    stack = read_json(home.stack_file)
    known = stack.get(CONTROLLER_PORT)
    if known is None or (is_free(stack.get("kafka_port", 0)) and not is_free(known)):
        return free_port()
    return int(known)


def _postgres(settings: Settings, home: Home, secrets: Mapping[str, str]) -> LocalService:
    place = postgres_place.settle(home.root, secrets["stack_id"])
    require_room(place.folder)
    server = postgres.Server(place=place, port=settings.postgres_port, password=secrets["postgres_password"])
    stack = {"postgres": server.dsn, POSTGRES_FOLDER: str(place.folder)}
    ran_before = read_json(home.stack_file).get(POSTGRES_FOLDER) == str(place.folder)
    return LocalService(postgres.spec(server), lambda: postgres.prepare(server, ran_before=ran_before), stack)


def _valkey(settings: Settings, home: Home, secrets: Mapping[str, str]) -> LocalService:
    folder = home.root / valkey.NAME
    server = valkey.Server(folder=folder, port=settings.valkey_port, password=secrets["valkey_password"])
    return LocalService(valkey.spec(server), lambda: valkey.prepare(server), {"valkey": server.url})


def erase_data(home: Home) -> None:
    """Delete all that the local services keep; nothing of them may run."""
    postgres_place.delete_outside(home.root)
    try:
        shutil.rmtree(home.root)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StackError(f"{home.root} could not be deleted: {error}", "Delete it yourself") from error
