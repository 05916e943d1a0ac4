"""Every command does what it says or exits non-zero with one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest
from typer.testing import CliRunner

import creatorflow
from aggregates.event_store.connection import StoreUnavailable
from creatorflow import cli, devstack
from creatorflow.devstack import ServiceStatus, StackError, StackStatus
from projections.rebuild import Rebuilt
from schemas.envelope import CODE
from streams.publishing import BrokerUnavailable
from streams.redelivery import NotRedeliverable, Wish
from tests.unit.creatorflow import planted_faults as faults
from tests.unit.creatorflow.audited_log import MARKETPLACE, SHOP, AuditedLog, follow_ups

COMMANDS = [
    "up",
    "down",
    "status",
    "demo",
    "topics",
    "migrate",
    "ingress",
    "worker",
    "api",
    "settings",
    "audit order",
    "audit verify",
    "rebuild",
    "dead-letters list",
    "dead-letters show",
    "dead-letters redeliver",
    "offsets show",
    "shops list",
    "shops add",
    "shops set",
    "shops go-live",
    "shops withheld",
]


class Offset(msgspec.Struct):
    """A row as the event store gives it."""

    agent: str
    next_offset: int
    digest: bytes | None = None


@pytest.fixture
def log() -> AuditedLog:
    """A log with one order on its whole way."""
    found = AuditedLog()
    found.received(1)
    found.fulfilled("1")
    return found


@pytest.fixture
def wired(log: AuditedLog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    """A bootstrap whose event store is that log; it notes what was called."""
    calls: list[Any] = []

    def rebuild(settings: Any, name: str) -> Rebuilt:
        calls.append(f"rebuild {name}")
        return Rebuilt(name, 10, 9)

    to_rebuild: list[str] = []

    def migrate(settings: Any) -> list[str]:
        calls.append("migrate")
        return to_rebuild

    def redeliver(settings: Any, wish: Wish) -> int:
        if wish.ids == (NO_LETTER,):
            raise NotRedeliverable(f"{NO_LETTER}: is no dead letter")
        calls.append(wish)
        return 2

    fake = SimpleNamespace(
        calls=calls,
        to_rebuild=to_rebuild,
        open_log=lambda settings: log,
        follow_ups=follow_ups,
        carrier_record=lambda settings: log.sold,
        carrier_voids=lambda settings: log.taken_back,
        verify_read_models=lambda settings: [],
        create_topics=lambda settings: calls.append("topics"),
        migrate=migrate,
        register_demo_shop=lambda settings: calls.append("shop"),
        run_worker=lambda settings: calls.append("worker"),
        run_ingress=lambda settings: calls.append("ingress"),
        run_api=lambda settings: calls.append("api"),
        rebuild=rebuild,
        dead_letters=lambda settings, limit: [{"id": "1", "reason": "no lines"}][:limit],
        dead_letter=lambda settings, letter: None,
        redeliver=redeliver,
        offsets=lambda settings: [Offset("orders.decide", 7)],
        min_code=lambda settings: CODE + 1,
    )
    monkeypatch.setattr(creatorflow, "bootstrap", fake, raising=False)
    monkeypatch.setitem(sys.modules, "creatorflow.bootstrap", fake)
    monkeypatch.setenv("CREATORFLOW_HOME", str(tmp_path))
    return fake


def run(*arguments: str) -> Any:
    """What a command printed, and its exit code."""
    return CliRunner().invoke(cli.app, list(arguments))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    """`--help` works for each command of the contract and says more than its name."""
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 4


def test_module_is_the_command() -> None:
    """`python -m creatorflow` is the command line, and a start of it loads neither Faust nor aiohttp."""
    code = (
        "import sys; sys.argv = ['creatorflow', '--help']\n"
        "from creatorflow.cli import main\n"
        "try: main()\n"
        "finally: assert not {'faust', 'aiohttp', 'rich', 'pydantic'} & sys.modules.keys(), 'too much is imported'"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
    called = subprocess.run([sys.executable, "-m", "creatorflow", "--help"], capture_output=True, text=True, check=True)
    assert "audit" in called.stdout


@pytest.mark.parametrize("process", ["worker", "ingress", "api"])
def test_process_commands_run_their_process(wired: SimpleNamespace, process: str) -> None:
    """Each process command runs its process and nothing else."""
    assert run(process).exit_code == 0
    assert wired.calls == [process]


def test_single_steps(wired: SimpleNamespace) -> None:
    """`topics`, `migrate` and `rebuild` do their one thing."""
    assert [run(*command).exit_code for command in (["topics"], ["migrate"], ["rebuild", "order_board"])] == [0, 0, 0]
    assert wired.calls == ["topics", "migrate", "rebuild order_board"]


def test_read_models_that_want_a_rebuild_are_named(wired: SimpleNamespace) -> None:
    """Whoever migrates is told which command makes a read model whole again."""
    wired.to_rebuild.append("order_board")
    assert "creatorflow rebuild order_board" in run("migrate").stderr


def test_up_prepares_between_services_and_processes(wired: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """`up` makes topics, tables and the demo shop when the services answer, before any process starts."""

    def up(settings: Any, processes_of: Any, prepare: Any) -> StackStatus:
        prepare(settings)
        wired.calls.append(f"{len(processes_of(settings))} processes")
        service = ServiceStatus(name="kafka", kind="service", state="ready", pid=1, port=2, restarts=0, log="l")
        return StackStatus(services=(service,))

    monkeypatch.setattr(devstack, "up", up)
    result = run("up", "--json")
    assert result.exit_code == 0
    assert wired.calls == ["topics", "migrate", "shop", "4 processes"]
    assert json.loads(result.output)["services"][0]["name"] == "kafka"


def test_rebuild_of_what_is_none_is_refused(wired: SimpleNamespace) -> None:
    """A name that is no read model is refused with those that are."""
    result = run("rebuild", "orders")
    assert result.exit_code == 1
    assert "order_board" in result.output
    assert wired.calls == []


@pytest.mark.usefixtures("wired")
def test_status_of_nothing_is_an_error() -> None:
    """`status` exits 1 while not all is ready, and says what to do."""
    result = run("status")
    assert result.exit_code == 1
    assert "creatorflow up" in result.output


@pytest.mark.usefixtures("wired")
def test_status_says_which_code_may_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also, and above all, where the workers are kept away and only the store is ready."""
    postgres = ServiceStatus(name="postgres", kind="service", state="ready", pid=1, port=2, restarts=0, log="l")
    worker = ServiceStatus(name="worker-1", kind="process", state="waiting", pid=None, port=None, restarts=4, log="l")
    monkeypatch.setattr(devstack, "status", lambda settings: StackStatus(services=(postgres, worker)))
    assert f"this is code {CODE}; the store asks for {CODE + 1} or newer" in run("status").output
    found = json.loads(run("status", "--json").output)
    assert (found["code"], found["min_code"]) == (CODE, CODE + 1)


@pytest.mark.usefixtures("wired")
def test_settings_name_their_origin() -> None:
    """Each setting is shown with the place that it comes from."""
    rows = {row["name"]: row for row in json.loads(run("settings", "--json").output)}
    assert rows["home"]["origin"] == "environment variable CREATORFLOW_HOME"
    assert rows["workers"]["origin"] == "default"


@pytest.mark.usefixtures("wired")
def test_audit_verify_passes_a_sound_log() -> None:
    """A sound log exits 0 with one verdict for each invariant."""
    assert run("audit", "verify").exit_code == 0
    report = json.loads(run("audit", "verify", "--json").output)
    assert report["holds"] is True
    assert report["events"] == 10


@pytest.mark.usefixtures("wired")
def test_audit_verify_fails_a_broken_log(log: AuditedLog) -> None:
    """A broken invariant exits 1, named with its subject."""
    faults.buy_a_second_label(log)
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert "! one-label-per-package:" in result.output


@pytest.mark.usefixtures("wired")
def test_audit_order_tells_its_history() -> None:
    """An order's history is printed as text or JSON."""
    order = f"{MARKETPLACE}:{SHOP}:1"
    assert "because: webhook webhook-1" in run("audit", "order", order).output
    steps = json.loads(run("audit", "order", order, "--json").output)
    assert steps[-1]["what"] == "OrderFulfilmentPushed"


@pytest.mark.usefixtures("wired")
def test_lists_are_tables_or_json() -> None:
    """Rows of every kind print as a table and as JSON; no rows print `none`."""
    assert run("offsets", "show").output.splitlines()[0].split() == ["agent", "next", "offset", "digest"]
    assert json.loads(run("offsets", "show", "--json").output) == [
        {"agent": "orders.decide", "next_offset": 7, "digest": None}
    ]
    assert json.loads(run("dead-letters", "list", "--json").output) == [{"id": "1", "reason": "no lines"}]


ONE = "6f1f5a5e-0000-4000-8000-000000000001"
NO_LETTER = UUID("6f1f5a5e-0000-4000-8000-00000000000f")


@pytest.mark.parametrize(
    ("arguments", "wish"),
    [
        ((ONE,), Wish(ids=(UUID(ONE),))),
        (("--all",), Wish()),
        (("--all", "--reason", "shop_id"), Wish(reason="shop_id")),
    ],
)
def test_dead_letters_are_asked_for(wired: SimpleNamespace, arguments: tuple[str, ...], wish: Wish) -> None:
    """By their ids, or all that wait, or those of one reason; how many is told."""
    result = run("dead-letters", "redeliver", *arguments, "--json")
    assert (result.exit_code, json.loads(result.output)) == (0, {"asked": 2})
    assert wired.calls[-1] == wish


@pytest.mark.parametrize(
    "arguments", [(), (ONE, "--all"), ("--reason", "shop_id"), (ONE, "--reason", "x"), ("first",), (str(NO_LETTER),)]
)
def test_unclear_redelivery_is_refused(wired: SimpleNamespace, arguments: tuple[str, ...]) -> None:
    """Nothing is sent by omission, and what cannot be sent is an error."""
    result = run("dead-letters", "redeliver", *arguments)
    assert (result.exit_code, wired.calls) == (1, [])
    assert result.output.startswith("creatorflow: ")


@pytest.mark.usefixtures("wired")
@pytest.mark.parametrize("letter", ["x", "7f9f2b3c-5a64-4f1e-9d0e-2f6d6b8a4c11"])
def test_unknown_dead_letter_is_an_error(letter: str) -> None:
    """An id that is none, and one that is not there, each end in one line and exit 1."""
    result = run("dead-letters", "show", letter)
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1


@pytest.mark.usefixtures("wired")
@pytest.mark.parametrize("rate", ["0", "-3", "fast", "nan"])
def test_senseless_rate_is_refused(rate: str) -> None:
    """A rate is a positive number or `max`."""
    result = run("demo", "--rate", rate)
    assert result.exit_code == 2
    assert "rate" in result.output


@pytest.mark.usefixtures("wired")
@pytest.mark.parametrize("wish", [("--json", "/nowhere/report.json"), ("--orders", "0"), ("--orders", "1000000")])
def test_demo_that_could_not_end_well_does_not_start(wish: tuple[str, str]) -> None:
    """A report that cannot be written, and orders that cannot be sent, are refused before anything starts."""
    result = run("demo", *wish)
    assert result.exit_code == 2
    assert "starting" not in result.output


def main_says(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What `main` writes on standard error when a command fails."""
    monkeypatch.setattr(sys, "argv", ["creatorflow", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 1
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            StackError("port 8080 is taken", "Set CREATORFLOW_INGRESS_PORT"),
            "port 8080 is taken. Set CREATORFLOW_INGRESS",
        ),
        (StoreUnavailable("connection\n\trefused"), "PostgreSQL does not answer (connection refused)"),
        (BrokerUnavailable("timed out"), "Kafka does not answer (timed out)"),
    ],
)
def test_error_that_the_user_can_mend_is_one_line(
    error: Exception,
    said: str,
    wired: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is wrong and what to do about it stand in one line, without a traceback."""

    def fail(settings: Any) -> None:
        raise error

    wired.migrate = fail
    printed = main_says(["migrate"], monkeypatch, capsys)
    assert len(printed.splitlines()) == 1
    assert printed.startswith(f"creatorflow: {said}")


def test_wrong_setting_is_named(
    wired: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A setting that cannot be is named as the variable that it is set by."""
    monkeypatch.setenv("CREATORFLOW_WORKERS", "many")
    printed = main_says(["migrate"], monkeypatch, capsys)
    assert printed.startswith("creatorflow: the setting CREATORFLOW_WORKERS is not valid:")
    assert wired.calls == []


def test_unforeseen_error_keeps_its_traceback(wired: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug is not dressed up as something that the user could mend."""

    def fail(settings: Any) -> None:
        raise ZeroDivisionError

    wired.migrate = fail
    monkeypatch.setattr(sys, "argv", ["creatorflow", "migrate"])
    with pytest.raises(ZeroDivisionError):
        cli.main()
