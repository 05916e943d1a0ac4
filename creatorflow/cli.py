"""
The command line. Every command says what it did, and exits 0 only if it did it.

Imports that cost something stand inside the commands: a worker that is restarted must not wait for what the demo needs.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn
from uuid import UUID

import typer

from creatorflow.cli_shops import shops_app
from creatorflow.printing import plain, print_json, print_rows

if TYPE_CHECKING:
    from creatorflow.demo.run import System
    from creatorflow.devstack import StackStatus
    from creatorflow.settings import Settings

IN_FLIGHT: Final = timedelta(seconds=60)
"""`audit verify` does not judge where an order stands that moved within this time: it may be on its way."""

app = typer.Typer(
    name="creatorflow",
    help="Order processing for creators on TikTok Shop. Settings are CREATORFLOW_* variables: `creatorflow settings`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
audit_app = typer.Typer(help="Replay the log: one order's history, or every invariant.", no_args_is_help=True)
dead_letters_app = typer.Typer(help="Records that could not be processed.", no_args_is_help=True)
offsets_app = typer.Typer(help="Where each agent stands in each topic.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(offsets_app, name="offsets")
app.add_typer(shops_app, name="shops")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def main() -> None:
    """Run the command line; what the user can mend ends in one line, anything else in its traceback."""
    try:
        app()
    except Exception as error:
        line = _what_the_user_can_mend(error)
        if line is None:
            raise
        typer.echo(f"creatorflow: {line}", err=True)
        sys.exit(1)


# The local stack


@app.command()
def up(as_json: AsJson = False) -> None:
    """Start the local stack: Kafka, PostgreSQL, Valkey and the processes. Repeated: starts only what does not run."""
    _show_stack(_up(_settings()), as_json)


@app.command()
def down() -> None:
    """Stop the local stack; its data stays."""
    from creatorflow import devstack

    devstack.down(_settings())
    typer.echo("stopped")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show what runs, and the least code that may. Exits 0 if all of the local stack is ready, 1 if not."""
    from creatorflow import bootstrap, devstack

    settings = _settings()
    found = devstack.status(settings)
    store = found.ready or any(each.name == "postgres" and each.state == "ready" for each in found.services)
    _show_stack(found, as_json, bootstrap.min_code(settings) if store else None)
    if not found.ready:
        raise typer.Exit(1)


@app.command()
def demo(
    *,
    orders: Annotated[int, typer.Option(min=1, max=999_999, help="How many real purchases to send.")] = 10_000,
    rate: Annotated[str, typer.Option(help="Requests a second, or `max`.")] = "100",
    leave: Annotated[
        bool, typer.Option("--exit", help="Stop the stack at the end, if this command started it.")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report to this file.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed repeats the same traffic.")] = 1,
    duplicates: Annotated[float, typer.Option(min=0, max=1, help="Share of requests that are sent twice.")] = 0.02,
    cancelled: Annotated[float, typer.Option(min=0, max=1, help="Share of orders that are cancelled.")] = 0.0,
    scarce: Annotated[float, typer.Option(min=0, max=1, help="Share of orders that meet too little stock.")] = 0.1,
) -> None:
    """Start everything, send real purchases as signed webhooks, report, and fail if an invariant fails."""
    from creatorflow import devstack
    from creatorflow.demo.run import Wish, run_demo
    from creatorflow.demo.traffic import Mix

    requests_per_second = _parse_rate(rate)
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise typer.BadParameter(f"{json_file.parent} is no folder", param_hint="--json")
    settings = _settings()
    ran_before = devstack.status(settings).running
    typer.echo("starting the local stack, or finding it up")
    _up(settings)
    try:
        wish = Wish(
            orders=orders,
            rate=requests_per_second,
            mix=Mix(duplicates=duplicates, cancelled=cancelled, seed=seed),
            scarce_share=scarce,
        )
        code = run_demo(_system(_settings()), wish, json_file=json_file, say=typer.echo)
    finally:
        if leave and not ran_before:
            devstack.down(_settings())
    raise typer.Exit(code)


# The processes


@app.command()
def ingress() -> None:
    """Run the HTTP side that takes webhooks and operators' requests in."""
    from creatorflow import bootstrap

    bootstrap.run_ingress(_settings())


@app.command()
def worker() -> None:
    """Run the agents, a relay, a scheduler and call runners. Start more to scale."""
    from creatorflow import bootstrap

    bootstrap.run_worker(_settings())


@app.command()
def api() -> None:
    """Run the HTTP side that answers from the read models."""
    from creatorflow import bootstrap

    bootstrap.run_api(_settings())


@app.command()
def topics() -> None:
    """Make the Kafka topics that are missing, and check the others."""
    from creatorflow import bootstrap

    bootstrap.create_topics(_settings())
    typer.echo("topics are as the catalogue says")


@app.command()
def migrate() -> None:
    """Bring the tables up to date. Repeated, or by ten at once: each migration runs once."""
    _migrate(_settings())
    typer.echo("tables are up to date")


@app.command()
def settings(as_json: AsJson = False) -> None:
    """Print every setting with its origin; secrets are masked."""
    from creatorflow.settings import describe

    rows = [{"name": name, "value": value, "origin": origin} for name, value, origin in describe(_settings())]
    print_rows(rows, as_json)


# Looking into the log


@audit_app.command("order")
def audit_order(
    order: Annotated[str, typer.Argument(help="A uuid, or marketplace:shop:number.")], as_json: AsJson = False
) -> None:
    """Print the history of one order, from the raw webhook to the label, each event with its cause."""
    from creatorflow import bootstrap
    from creatorflow.order_history import as_text, order_history, parse_order

    order_id = parse_order(order)
    log = bootstrap.open_log(_settings())
    try:
        steps = order_history(log, order_id)
    finally:
        log.close()
    if as_json:
        print_json([step._asdict() for step in steps])
    else:
        typer.echo(as_text(steps))


@audit_app.command("verify")
def audit_verify(as_json: AsJson = False) -> None:
    """Replay the log and check every invariant, the carrier's record and the read models. Exits 1 if one is broken."""
    from creatorflow import bootstrap
    from creatorflow.audit import INVARIANTS, check

    settings = _settings()
    log = bootstrap.open_log(settings)
    try:
        report = check(
            log.read(),
            lambda: bootstrap.verify_read_models(settings),
            None,
            bootstrap.carrier_record(settings),
            carrier_voids=bootstrap.carrier_voids(settings),
            outside_ids=log.outside_ids,
            follow_ups=bootstrap.follow_ups,
            in_flight_since=datetime.now(UTC) - IN_FLIGHT,
        )
    finally:
        log.close()
    if as_json:
        print_json(report.as_json())
    else:
        typer.echo(f"{report.events:,} events up to position {report.last_position}, {report.orders:,} orders")
        print_rows(
            [{"invariant": text, "verdict": report.verdict(name)} for name, text in INVARIANTS.items()], as_json=False
        )
        for fault in report.faults:
            typer.echo(f"! {fault.invariant}: {fault.subject} {fault.what} (position {fault.position})")
    if not report.holds:
        raise typer.Exit(1)


@app.command()
def rebuild(name: Annotated[str, typer.Argument(help="The read model's name.")]) -> None:
    """Fill a read model anew from the log, and put it in the old one's place."""
    from creatorflow import bootstrap
    from projections.catalogue import READ_MODELS

    if name not in READ_MODELS:
        _refuse(f"there is no read model {name!r}; there are {', '.join(READ_MODELS)}")
    rebuilt = bootstrap.rebuild(_settings(), name)
    typer.echo(f"{rebuilt.name} is rebuilt from {rebuilt.events:,} events, up to log position {rebuilt.position}")


@dead_letters_app.command("list")
def dead_letters_list(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest, at most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List dead letters, newest first, without their bodies."""
    from creatorflow import bootstrap

    print_rows([plain(letter) for letter in bootstrap.dead_letters(_settings(), limit)], as_json)


@dead_letters_app.command("show")
def dead_letters_show(
    letter: Annotated[str, typer.Argument(help="The id of a dead letter.")], as_json: AsJson = False
) -> None:
    """Show one dead letter, its decrypted body included."""
    from creatorflow import bootstrap

    found = bootstrap.dead_letter(_settings(), _letter_id(letter))
    if found is None:
        _refuse(f"there is no dead letter {letter}")
    content = plain(found)
    if as_json:
        print_json(content)
    else:
        print_rows([{"field": name, "value": value} for name, value in content.items()], as_json=False)


@dead_letters_app.command("redeliver")
def dead_letters_redeliver(
    letters: Annotated[list[str] | None, typer.Argument(help="The ids of dead letters.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that wait for a person.")] = False,
    reason: Annotated[str, typer.Option(help="With --all: only those whose reason holds this text.")] = "",
    as_json: AsJson = False,
) -> None:
    """
    Ask for dead letters to be sent again, in the order in which they came; a worker does it at once.

    What was processed before changes nothing. One that fails again waits again, with its new reason. Of an event that
    could not be translated (agent relay) the commands that follow are sent; to show it, rebuild the read models too.
    """
    from creatorflow import bootstrap
    from streams.redelivery import NotRedeliverable, Wish

    if bool(letters) == every or (reason and not every):
        _refuse("name dead letters, or say --all, which --reason may narrow")
    wish = Wish(tuple(_letter_id(each) for each in letters or ()), reason)
    try:
        asked = bootstrap.redeliver(_settings(), wish)
    except NotRedeliverable as error:
        _refuse(str(error))
    if as_json:
        print_json({"asked": asked})
    else:
        typer.echo(f"{asked:,} dead letters are sent again; `creatorflow dead-letters list` shows what became of them")


@offsets_app.command("show")
def offsets_show(as_json: AsJson = False) -> None:
    """Show the next offset of each agent and partition, and the log position it has seen."""
    from creatorflow import bootstrap

    print_rows([plain(row) for row in bootstrap.offsets(_settings())], as_json)


# What the commands share


def _settings() -> Settings:
    from creatorflow.settings import Settings

    return Settings()


def _up(settings: Settings) -> StackStatus:
    from creatorflow import devstack

    return devstack.up(settings, processes_of=devstack.creatorflow_processes, prepare=_prepare)


def _prepare(settings: Settings) -> None:
    from creatorflow import bootstrap

    bootstrap.create_topics(settings)
    _migrate(settings)
    bootstrap.register_demo_shop(settings)


def _migrate(settings: Settings) -> None:
    """Bring the tables up to date, and say which read models show less than the log has until they are rebuilt."""
    from creatorflow import bootstrap

    for name in bootstrap.migrate(settings):
        typer.echo(f"{name} was filled by other code than this: run `creatorflow rebuild {name}`", err=True)


def _system(settings: Settings) -> System:
    from creatorflow import bootstrap
    from creatorflow.demo.run import System

    return System(
        ingress_url=f"http://{settings.host}:{settings.ingress_port}",
        api_url=f"http://{settings.host}:{settings.api_port}",
        secret=settings.require_webhook_secret(),
        open_log=lambda: bootstrap.open_log(settings),
        follow_ups=bootstrap.follow_ups,
        carrier_record=lambda: bootstrap.carrier_record(settings),
        carrier_voids=lambda: bootstrap.carrier_voids(settings),
        verify_read_models=lambda: bootstrap.verify_read_models(settings),
    )


def _letter_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        _refuse(f"{text!r} is no id of a dead letter; `creatorflow dead-letters list` shows them")


def _parse_rate(text: str) -> float | None:
    if text == "max":
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 100_000:
        raise typer.BadParameter("a rate is a number of requests a second, or max", param_hint="--rate")
    return rate


def _show_stack(found: StackStatus, as_json: bool, min_code: int | None = None) -> None:
    from schemas.envelope import CODE

    rows = [
        {name: getattr(service, name) for name in ("name", "kind", "state", "pid", "port", "restarts", "log")}
        for service in found.services
    ]
    if as_json:
        codes = {"code": CODE, "min_code": min_code}
        print_json({"running": found.running, "ready": found.ready, **codes, "services": rows})
    elif rows:
        print_rows(rows, as_json=False)
        if min_code is not None:
            typer.echo(f"this is code {CODE}; the store asks for {min_code} or newer")
    else:
        typer.echo("nothing runs; `creatorflow up` starts the local stack")


def _refuse(line: str) -> NoReturn:
    typer.echo(f"creatorflow: {line}", err=True)
    raise typer.Exit(1)


def _what_the_user_can_mend(error: Exception) -> str | None:
    """One line for an error that says what to do; None for one that only its traceback explains."""
    from pydantic import ValidationError

    from aggregates.event_store.codes import CodeTooOld
    from aggregates.event_store.connection import StoreUnavailable
    from aggregates.event_store.mapper import NewerEvent
    from creatorflow.demo.purchases import TooManyOrders
    from creatorflow.demo.run import StockNotSeen
    from creatorflow.demo.stocking import StockingRefused
    from creatorflow.devstack import StackError
    from creatorflow.order_history import UnknownOrder
    from creatorflow.settings import SettingMissing
    from gateways.errors import GatewayError
    from streams.kafka_topics import TopicMismatch
    from streams.publishing import BrokerUnavailable

    if isinstance(error, ValidationError) and error.title == "Settings":
        found = error.errors()[0]
        name = "_".join(str(part) for part in found["loc"])
        return f"the setting CREATORFLOW_{name.upper()} is not valid: {found['msg']}" if name else str(found["msg"])
    if isinstance(error, StoreUnavailable):
        return f"PostgreSQL does not answer ({' '.join(str(error).split())}); `creatorflow up` starts a local one"
    if isinstance(error, BrokerUnavailable):
        return f"Kafka does not answer ({error}); `creatorflow up` starts a local one"
    if isinstance(error, GatewayError):
        return f"it did not work out: {error.reason}"
    known = (StackError, SettingMissing, TooManyOrders, UnknownOrder, StockNotSeen, StockingRefused, TopicMismatch)
    return str(error) if isinstance(error, (*known, CodeTooOld, NewerEvent)) else None
