"""`up` and `down`: twice, after a crash of anything, and when the machine is not as it should be."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from creatorflow import devstack
from creatorflow.devstack import ServiceSpec, ServiceStatus, StackError, services
from creatorflow.devstack.kafka_jars import ensure_jars
from creatorflow.devstack.stack import Home, read_json
from creatorflow.settings import Settings
from tests.integration.devstack.processes import eventually, one_worker, process, running_in

pytestmark = pytest.mark.integration


def _pids(settings: Settings) -> dict[str, int | None]:
    return {service.name: service.pid for service in devstack.status(settings).services}


def _kill(*pids: int | None) -> None:
    for pid in pids:
        assert pid is not None
        os.kill(pid, signal.SIGKILL)


def _kill_supervisor(settings: Settings) -> None:
    supervisor = devstack.status(settings).supervisor
    assert supervisor is not None
    _kill(supervisor.pid)
    assert eventually(lambda: not devstack.status(settings).running)


def _restarted(settings: Settings, name: str, restarts: int) -> bool:
    service: ServiceStatus = devstack.status(settings).of(name)
    return service.state == "ready" and service.restarts > restarts


def test_a_second_up_changes_nothing(database_only: Settings) -> None:
    """What runs goes on running, the same processes, and no second ones."""
    first = devstack.up(database_only, one_worker)
    second = devstack.up(database_only, one_worker)
    assert first.ready
    assert second == first


def test_down_stops_everything_and_a_second_down_nothing(database_only: Settings) -> None:
    """After `down` nothing of the stack runs, and saying it again is no error."""
    devstack.up(database_only, one_worker)
    devstack.down(database_only)
    devstack.down(database_only)
    assert running_in(database_only.home) == []
    assert not devstack.status(database_only).running


def test_data_survives_down_and_up(database_only: Settings) -> None:
    """What was committed before `down` is there after `up`, under the same secrets."""
    devstack.up(database_only)
    with psycopg.connect(database_only.reloaded().postgres) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
    devstack.down(database_only)
    devstack.up(database_only)
    with psycopg.connect(database_only.reloaded().postgres) as connection:
        assert connection.execute("SELECT id FROM kept").fetchone() == (1,)


def test_what_prepares_runs_before_any_process(database_only: Settings) -> None:
    """Topics and tables can be made when the services answer and no process looks for them yet."""
    seen: list[object] = []

    def prepare(settings: Settings) -> None:
        with psycopg.connect(settings.postgres) as connection:
            seen.append(connection.execute("SELECT 1").fetchone())
        seen.append(_pids(settings)["worker"])

    devstack.up(database_only, one_worker, prepare)
    assert seen == [(1,), None]


def test_a_process_that_exits_is_started_again(database_only: Settings) -> None:
    """Whether it was killed or ended by itself, a process comes back, and status counts it."""
    devstack.up(database_only, one_worker)
    _kill(_pids(database_only)["worker"])
    assert eventually(lambda: _restarted(database_only, "worker", 0))


def test_up_adopts_what_a_killed_supervisor_left(database_only: Settings) -> None:
    """A kill -9 of the supervisor interrupts nothing; the next `up` takes over the same processes and restarts them."""
    devstack.up(database_only, one_worker)
    before = _pids(database_only)
    _kill_supervisor(database_only)
    assert devstack.up(database_only, one_worker).ready
    assert _pids(database_only) == before
    _kill(before["postgres"])
    assert eventually(lambda: _restarted(database_only, "postgres", 0))


def test_up_recovers_when_everything_was_killed(database_only: Settings) -> None:
    """After kill -9 of supervisor, postmaster and process at once, `up` starts all of it again."""
    devstack.up(database_only, one_worker)
    before = _pids(database_only)
    supervisor = devstack.status(database_only).supervisor
    assert supervisor is not None
    _kill(supervisor.pid, *before.values())
    after = devstack.up(database_only, one_worker)
    assert after.ready
    assert not set(_pids(database_only).values()) & set(before.values())


def test_down_stops_what_a_killed_supervisor_left(database_only: Settings) -> None:
    """`down` needs no supervisor."""
    devstack.up(database_only, one_worker)
    _kill_supervisor(database_only)
    devstack.down(database_only)
    assert running_in(database_only.home) == []


def test_a_server_that_no_file_knows_is_stopped_first(database_only: Settings) -> None:
    """With the state file lost, the server that still runs on the data makes room for the new one."""
    devstack.up(database_only)
    _kill_supervisor(database_only)
    Home(database_only.home).state_file.unlink()
    other_port = Settings.model_validate({**_arguments(database_only), "postgres_port": devstack.free_port()})
    assert devstack.up(other_port).ready


def _arguments(settings: Settings) -> dict[str, object]:
    return {name: getattr(settings, name) for name, origin in settings.origins.items() if origin == "argument"}


def test_a_taken_port_names_its_holder_and_its_setting(database_only: Settings) -> None:
    """The error says which port, who has it and what to set; nothing is left running."""
    with socket.create_server(("127.0.0.1", database_only.postgres_port)), pytest.raises(StackError) as refused:
        devstack.up(database_only)
    message = str(refused.value)
    assert str(database_only.postgres_port) in message
    assert f"pid {os.getpid()}" in message
    assert "CREATORFLOW_POSTGRES_PORT" in message
    assert "\n" not in message
    assert running_in(database_only.home) == []


def test_a_process_that_cannot_start_is_told_with_its_last_words(database_only: Settings) -> None:
    """`up` fails with what the process said, and stops the rest."""

    def broken(settings: Settings) -> list[ServiceSpec]:
        return [process("worker"), process("api", "raise SystemExit('no such setting')")]

    with pytest.raises(StackError, match=r"api did not start.*no such setting"):
        devstack.up(database_only, broken)
    assert running_in(database_only.home) == []


def test_failing_preparation_stops_everything(database_only: Settings) -> None:
    """When tables cannot be made, no half stack stays."""

    def fail(settings: Settings) -> None:
        raise RuntimeError("no tables")

    with pytest.raises(RuntimeError, match="no tables"):
        devstack.up(database_only, one_worker, fail)
    assert running_in(database_only.home) == []


def test_later_starts_need_no_network_and_no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Kafka once in the cache, what the Python packages bring is enough."""
    ensure_jars(Settings().cache)
    _cut_off(monkeypatch)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with services(tmp_path / "home", postgres=False, valkey=False) as stack:
        assert stack.service("kafka").state == "ready"


def _cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")


def test_without_a_network_the_first_start_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka not in the cache and nowhere to be had: one clear line, and no half download."""
    _cut_off(monkeypatch)
    cache = tmp_path / "cache"
    with (
        pytest.raises(StackError, match=r"first start needs a network.*CREATORFLOW_KAFKA") as refused,
        services(tmp_path / "home", postgres=False, valkey=False, cache=cache),
    ):
        pytest.fail("it started")
    assert "\n" not in str(refused.value)
    assert list(cache.iterdir()) == []


def test_lost_secrets_are_not_replaced(database_only: Settings) -> None:
    """Data that only the lost secrets open is not passed over in silence."""
    devstack.up(database_only)
    devstack.down(database_only)
    home = Home(database_only.home)
    (home.root / "postgres" / "data").mkdir(parents=True, exist_ok=True)
    kept = home.secrets_file.read_text()
    home.secrets_file.unlink()
    with pytest.raises(StackError, match=r"secrets\.json is missing"):
        devstack.up(database_only)
    home.secrets_file.write_text(kept)


def test_data_that_vanished_is_not_replaced_by_an_empty_database(database_only: Settings) -> None:
    """Where the folder outside the home was cleaned away, `up` says so."""
    devstack.up(database_only)
    devstack.down(database_only)
    folder = read_json(Home(database_only.home).stack_file)["postgres_folder"]
    subprocess.run(["rm", "-r", folder], check=True)
    with pytest.raises(StackError, match="is gone"):
        devstack.up(database_only)


def test_a_home_made_anew_starts_empty(database_only: Settings) -> None:
    """Deleting the home stops the stack and loses its data, even where the data lies outside; the next `up` works."""
    devstack.up(database_only)
    with psycopg.connect(database_only.reloaded().postgres) as connection:
        connection.execute("CREATE TABLE gone (id int)")
    subprocess.run(["rm", "-r", str(database_only.home)], check=True)
    assert eventually(lambda: running_in(database_only.home) == [])
    devstack.up(database_only)
    with psycopg.connect(database_only.reloaded().postgres) as connection:
        assert connection.execute("SELECT to_regclass('gone')").fetchone() == (None,)


def test_a_stack_of_a_test_ends_with_the_test_run(tmp_path: Path) -> None:
    """A kill -9 of the process inside `with services(...)` leaves nothing running."""
    home = tmp_path / "home"
    program = (
        "import pathlib, sys, signal; from creatorflow.devstack import services\n"
        "with services(pathlib.Path(sys.argv[1]), kafka=False, valkey=False): print('up', flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(home)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        owner.kill()
    assert eventually(lambda: running_in(home) == [])
    devstack.erase(Settings(home=home))


def test_the_files_of_a_stack_are_its_owners_alone(database_only: Settings) -> None:
    """Nobody else on the machine reads the secrets or the password."""
    devstack.up(database_only)
    home = Home(database_only.home)
    for path in (home.stack_file, home.secrets_file, home.plan_file, home.state_file):
        assert path.stat().st_mode & 0o077 == 0
    assert read_json(home.stack_file)["postgres_port"] == database_only.postgres_port
