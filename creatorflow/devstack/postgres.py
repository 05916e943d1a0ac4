"""One PostgreSQL server on this machine: its real binaries, out of a Python package, as an ordinary server with TCP."""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from creatorflow.devstack.errors import StackError
from creatorflow.devstack.postgres_place import Place
from creatorflow.devstack.processes import identify, run_to_end, runs_program, stop
from creatorflow.devstack.specs import ReadyCheck, ServiceSpec

NAME: Final = "postgres"
HOST: Final = "127.0.0.1"
DATABASE: Final = "creatorflow"
ROLE: Final = "creatorflow"
START_LIMIT_SECONDS: Final = 120
STOP_LIMIT_SECONDS: Final = 30

# The package's server is built without lz4 and zstd, and pglz costs more CPU than the full pages cost disk here,
# so wal_compression stays off. No socket file: a folder for it could be too deep for its 107 characters.
CONFIGURATION: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "fsync": "on",
    "synchronous_commit": "on",
    "autovacuum": "on",
    "jit": "off",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "16",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %u ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class Server:
    """Where the one server keeps its files, who runs it and where it listens."""

    place: Place
    port: int
    password: str

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.place.folder / "data"

    @property
    def dsn(self) -> str:
        """The connection string that clients are given."""
        return f"host={HOST} port={self.port} dbname={DATABASE} user={ROLE} password={self.password}"


def prepare(server: Server, *, ran_before: bool = False) -> None:
    """Make the data folder, with the one database in it, if this server never ran; see that nobody else runs on it."""
    _stop_stray(server)
    if not server.data.is_dir():
        if ran_before:
            raise StackError(f"the data in {server.data} is gone", "Restore it, or start afresh: `rm -r` the home")
        draft = server.place.folder / "data.draft"
        shutil.rmtree(draft, ignore_errors=True)
        _init_database(server, draft)
        # Last, under its real name: one that was cut short is made again from the start.
        draft.rename(server.data)


def _stop_stray(server: Server) -> None:
    """Stop a server that runs on these files and that no supervisor knows of, as its state file was lost."""
    pid_file = server.data / "postmaster.pid"
    if not pid_file.is_file():
        return
    pid = pid_file.read_text().partition("\n")[0].strip()
    if pid.isdigit() and runs_program(int(pid), str(server.place.program("postgres"))):
        stop(identify(int(pid)), signal.SIGINT, STOP_LIMIT_SECONDS)


def spec(server: Server) -> ServiceSpec:
    """How the server is run; SIGINT is its fast shutdown."""
    settings = {**CONFIGURATION, "port": str(server.port)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return ServiceSpec(
        name=NAME,
        kind="service",
        command=(str(server.place.program("postgres")), "-D", str(server.data), *options),
        cwd=str(server.place.folder),
        user=server.place.user,
        group=server.place.group,
        port=server.port,
        port_setting="CREATORFLOW_POSTGRES_PORT",
        ready=ReadyCheck(by="postgres", address=server.dsn),
        ready_within_seconds=START_LIMIT_SECONDS,
        stop_signal=signal.SIGINT,
        stop_within_seconds=STOP_LIMIT_SECONDS,
        pid_file=str(server.data / "postmaster.pid"),
    )


def _init_database(server: Server, data: Path) -> None:
    """Collation by code point, built in: the order of text is then the same on every machine."""
    place = server.place
    password_file = place.folder / "password"
    password_file.write_text(server.password)
    place.give(password_file)
    options = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    access = ("--auth=scram-sha-256", f"--username={ROLE}", f"--pwfile={password_file}")
    try:
        _run(place, "initdb", "-D", str(data), "--no-instructions", *options, *access)
    finally:
        password_file.unlink()
    _run(place, "postgres", "--single", "-D", str(data), "postgres", stdin=f"CREATE DATABASE {DATABASE};\n")


def _run(place: Place, program: str, *arguments: str, stdin: str = "") -> None:
    """Run one of PostgreSQL's programs as its user, to its end."""
    run_to_end(
        (str(place.program(program)), *arguments),
        doing="making the PostgreSQL database",
        fix=f"Look into {place.folder}, or set CREATORFLOW_POSTGRES to a server that runs",
        stdin=stdin,
        cwd=place.folder,
        user=place.user,
        group=place.group,
    )
