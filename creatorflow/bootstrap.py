"""The only wiring: which part gets which. Each `run_*` is one process; the rest is what commands and tools ask for."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
import structlog
import uvicorn
import uvloop
from pydantic import SecretStr
from starlette.applications import Starlette

from aggregates.event_store import codes, consumer_offsets, heartbeats, relay_state
from aggregates.event_store import dead_letters as dead_letter_rows
from aggregates.event_store import migrate as migrations
from aggregates.event_store import shops as shop_rows
from aggregates.event_store.application import open_event_log
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.codes import CodeTooOld
from aggregates.event_store.connection import STORE_FAULT, connect
from aggregates.event_store.consumer_offsets import OffsetRow
from aggregates.event_store.dead_letters import Listed
from aggregates.event_store.heartbeats import Heartbeat
from aggregates.event_store.mapper import NewerEvent
from aggregates.event_store.shops import Shop
from aggregates.policies.buying_limits import Limits
from aggregates.policies.clocks import scheduled_after
from aggregates.policies.outside_calls import calls_of
from aggregates.publication import public
from creatorflow.crossing import Beside, whole_dead_letter
from creatorflow.log_reader import StoreLog
from creatorflow.logs import configure_logs
from creatorflow.settings import Settings
from creatorflow.tariffs import TARIFFS
from creatorflow.tiktok import tiktok
from creatorflow.valkey_watch import ValkeyWatch
from gateways.breakers import Breakers
from gateways.carriers.http import HttpCarrier
from gateways.carriers.labels.text import Sender
from gateways.carriers.local import LocalCarrier, label_record, sold, taken_back, void_record
from gateways.carriers.protocol import Carrier
from gateways.http_client import HttpClient
from gateways.suppliers.http import HttpSupplier
from gateways.suppliers.local import LocalSupplier, supplier_record
from gateways.suppliers.mail import MailServer, MailSupplier
from gateways.suppliers.protocol import Supplier
from projections import rebuild as rebuilding
from projections import store as read_store
from projections.catalogue import READ_MODELS
from projections.http import build_api
from schemas import topics
from schemas.envelope import CODE
from schemas.shipping import Label
from schemas.values import Money, SupplyTerms
from streams import acknowledging, inventory, kafka_topics, orders, redelivery, replenishment, shipping, windows
from streams.app import StoreApp, build_app, register
from streams.callers import Callers, Gateways
from streams.consuming import Agent, Work
from streams.deciding import Decider, Decision
from streams.forwarding import Forwarder
from streams.ingress import Secret, TikTokApp, build_ingress
from streams.intake import Intake
from streams.publishing import Publisher
from streams.read_models import Reader
from streams.redelivery import Redeliverer, Wish
from streams.relay import Relay
from streams.reviewing import Reviewer
from streams.scheduler import Scheduler
from streams.standing import Standing
from streams.taking_over import leave_when_taken_over, take_over

log = structlog.get_logger()

DEMO_SHOP = Shop(
    "tiktok", "7490000000000000001", "demo-seller", "UTC", live_stock=True, live_labels=True, live_buying=True
)
HEARTBEAT_SECONDS = 5.0
STUCK_SECONDS = 90.0
EXIT_STUCK = 75
EXIT_NEWER_CODE = 76
COLLECT_AFTER_IDLE_SECONDS = 30.0
COLLECT_EVERY_SECONDS = 900.0
COLLECT_AT_LATEST_SECONDS = 6 * 3600.0
COLLECT_AT_LATEST_OBJECTS = 20_000_000
"""
When a worker looks for garbage in cycles. Hardly any comes up (10 objects in 100,000 by measurement), while every look
walks the live aggregates: a tenth of a worker's time under load, and pauses of 0.1 to 0.9 s. So it waits for a quiet
moment.
"""
SWITCH_SECONDS = 0.0005
"""
How long a thread may keep the interpreter when another one wants it. Python's own 5 ms are waited for after every
answer of the database, often while the log's lock is held.
"""
STOP_WITHIN_SECONDS = 10.0
CARRIERS = tuple(sorted({tariff.carrier for tariff in TARIFFS}))
SENDER = Sender("CreatorFlow Demo Shop", ("1 Warehouse Way", "Columbus, OH 43004", "US"))


# Processes


def run_worker(settings: Settings) -> None:
    """
    Run agents, a relay, a scheduler and a call runner until SIGTERM; exits non-zero when any of them cannot
    go on. Keeps older code away first; raises `CodeTooOld` where newer code did so.
    """
    configure_logs(settings.log_level, as_json=settings.log_json, process="worker")
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.disable()
    uvloop.run(_worker(settings))


def run_ingress(settings: Settings) -> None:
    """Run the HTTP door. Raises `SettingMissing` without a webhook secret."""
    configure_logs(settings.log_level, as_json=settings.log_json, process="ingress")
    uvloop.run(_ingress(settings))


def run_api(settings: Settings) -> None:
    """Run the read side over HTTP."""
    configure_logs(settings.log_level, as_json=settings.log_json, process="api")
    uvloop.run(_api(settings))


async def _worker(settings: Settings) -> None:
    take_over(settings.postgres)
    name = f"worker@{socket.gethostname()}:{os.getpid()}"
    loop = asyncio.get_running_loop()
    standing = Standing(settings.postgres, topics.CATALOGUE)
    app = build_app(settings.kafka, standing)
    event_log = open_event_log(settings.postgres)
    publisher = Publisher(settings.kafka, f"creatorflow-{os.getpid()}")
    relay_publisher = Publisher(settings.kafka, f"creatorflow-relay-{os.getpid()}")
    agents: list[Agent] = []
    for work in works(settings, loop, publisher):
        topic = topics.BY_NAME[work.topic]
        agent = Agent(work, settings.postgres, standing, _keys(settings))
        register(app, topic, agent, work.name, settings.kafka)
        agents.append(agent)
    relay = Relay(name, settings.postgres, event_log, relay_publisher, _keys(settings))
    scheduler = Scheduler(settings.postgres, publisher, relay.leading)
    callers = Callers(settings.postgres, gateways(settings), _keys(settings))
    watch = ValkeyWatch(settings.valkey)
    redeliverer = Redeliverer(settings.postgres, publisher, relay.leading, _keys(settings), event_log)
    try:
        await _until_stopped(
            _faust(app),
            relay.run(),
            scheduler.run(),
            redeliverer.run(),
            callers.run(),
            watch.run(),
            Reviewer(settings.postgres, event_log, timedelta(hours=settings.new_item_hours)).run(),
            leave_when_taken_over(settings.postgres),
            _watch(agents),
            _collect_garbage(agents),
            _beat(
                settings,
                name,
                "worker",
                lambda: {
                    "stopped": {f"{tp.topic}/{tp.partition}": why for tp, why in standing.stopped.items()},
                    "away": watch.away,
                },
            ),
        )
    except (CodeTooOld, NewerEvent) as error:
        log.critical("worker leaves", reason=str(error), code=CODE)
        await relay.stop()
        # A consumer that is told to stop while its group rebalances may not end; nothing here needs an orderly end.
        os._exit(EXIT_NEWER_CODE)
    await relay.stop()
    await publisher.discard()


def works(settings: Settings, loop: asyncio.AbstractEventLoop, publisher: Publisher) -> list[Work]:
    """What the agents of a worker do, one `Work` for each name of the catalogue."""
    event_log = open_event_log(settings.postgres)
    decisions = [orders.DECISION, inventory.DECISION, shipping.decision(TARIFFS), _buying(settings)]
    master_key = settings.require_master_key()
    intake_keys = _keys(settings)
    intake = Intake(intake_keys, master_key)
    forwarder = Forwarder(
        "intake.tiktok",
        topics.TIKTOK_WEBHOOKS,
        intake.transform,
        log=event_log,
        keys=intake_keys,
        publisher=publisher,
        loop=loop,
        readers=topics.BY_NAME[topics.ORDERS_COMMANDS].readers,
    )
    readers = [
        Reader(name, topic.name, read_store.apply, event_log, _keys(settings))
        for topic in topics.CATALOGUE
        for name in topic.readers
        if name.startswith("read-models.")
    ]
    deciders = [Decider(each, event_log, _keys(settings)) for each in decisions]
    return [forwarder, *deciders, *readers, *windows.works(event_log, _keys(settings))]


def _buying(settings: Settings) -> Decision:
    currency, cost = settings.buying_currency, settings.buying_unit_cost
    terms = SupplyTerms(unit_cost=None if cost is None else Money(amount=cost, currency=currency))
    limits = Limits(settings.buying_limit_order, settings.buying_limit_item, settings.buying_limit_shop, currency)
    return replenishment.decision(terms, limits)


async def _faust(app: StoreApp) -> None:
    app.loop = asyncio.get_running_loop()
    app.finalize()
    await app.start()
    try:
        await app.wait_until_stopped()
    finally:
        await app.stop()
    if app.crash_reason is not None:
        raise app.crash_reason


async def _watch(agents: Sequence[Agent]) -> None:
    """End the process when an agent has work and makes no progress; its supervisor starts another."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(STUCK_SECONDS / 10)
        stuck = [agent.name for agent in agents if agent.busy and loop.time() - agent.progressed_at > STUCK_SECONDS]
        if stuck:
            log.critical("agents make no progress", agents=stuck, seconds=STUCK_SECONDS)
            os._exit(EXIT_STUCK)


async def _collect_garbage(agents: Sequence[Agent]) -> None:
    """Look for garbage in cycles while no agent has work; without such a moment after six hours or many objects."""
    loop = asyncio.get_running_loop()
    collected_at = loop.time()
    while True:
        await asyncio.sleep(COLLECT_AFTER_IDLE_SECONDS / 3)
        since = loop.time() - collected_at
        idle = all(
            not agent.busy and loop.time() - agent.progressed_at > COLLECT_AFTER_IDLE_SECONDS for agent in agents
        )
        overdue = since > COLLECT_AT_LATEST_SECONDS or gc.get_count()[0] > COLLECT_AT_LATEST_OBJECTS
        if overdue or (idle and since > COLLECT_EVERY_SECONDS):
            started = time.perf_counter()
            found = gc.collect()
            log.info("garbage collected", objects=found, seconds=round(time.perf_counter() - started, 3))
            collected_at = loop.time()


async def _ingress(settings: Settings) -> None:
    publisher = Publisher(settings.kafka, f"creatorflow-ingress-{os.getpid()}")
    secrets = _secrets(
        settings.require_webhook_secret(), settings.webhook_secret_previous, settings.webhook_secret_previous_until
    )
    tiktok, content = _tiktok_app(settings), settings.content_key
    asking, finding = redelivery.asking(settings.postgres), acknowledging.finding(settings.postgres)
    app, gatherer = build_ingress(secrets, tiktok, publisher, asking, finding, content=content)
    name = f"ingress@{socket.gethostname()}:{os.getpid()}"
    await _until_stopped(
        gatherer.run(),
        _served(app, settings.host, settings.ingress_port),
        _beat(settings, name, "ingress", dict),
    )
    await publisher.discard()


def _tiktok_app(settings: Settings) -> TikTokApp | None:
    """Our app, None where TikTok Shop's own webhooks are not taken."""
    if settings.tiktok_app_key is None or settings.tiktok_app_secret is None:
        return None
    key, secret = settings.require_tiktok_app()
    previous, until = settings.tiktok_app_secret_previous, settings.tiktok_app_secret_previous_until
    return TikTokApp(key, _secrets(secret.encode(), previous, until))


def _secrets(present: bytes, previous: SecretStr | None, until: datetime | None) -> list[Secret]:
    """What webhooks may be signed with: the secret, and for a while the one before it."""
    secrets = [Secret(present)]
    if previous is not None:
        secrets.append(Secret(previous.get_secret_value().encode(), until))
    return secrets


async def _api(settings: Settings) -> None:
    event_log = open_event_log(settings.postgres)
    beside = Beside(settings.postgres, event_log, _keys(settings), gateways(settings).carriers)
    app = build_api(read_store.Reader(settings.postgres), beside.crossing())
    name = f"api@{socket.gethostname()}:{os.getpid()}"
    await _until_stopped(
        _served(app, settings.host, settings.api_port, lifespan="on"), _beat(settings, name, "api", dict)
    )


async def _served(app: Starlette, host: str, port: int, lifespan: Literal["on", "off"] = "off") -> None:
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http="httptools",
        loop="none",
        log_config=None,
        access_log=False,
        lifespan=lifespan,
        server_header=False,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    await server.serve()


async def _beat(settings: Settings, name: str, kind: str, details: Callable[[], dict[str, Any]]) -> None:
    """Say every five seconds that this process is alive; while the store is away there is nobody to tell."""
    started_at = datetime.now(UTC)
    while True:
        told = {"code": CODE, **details()}
        heartbeat = Heartbeat(name, kind, os.getpid(), socket.gethostname(), started_at, told)
        try:
            await asyncio.to_thread(_tell, settings.postgres, heartbeat)
        except STORE_FAULT as error:
            log.warning("heartbeat not written", error=type(error).__name__)
        await asyncio.sleep(HEARTBEAT_SECONDS)


def _tell(dsn: str, heartbeat: Heartbeat) -> None:
    with connect(dsn, "heartbeat") as connection:
        heartbeats.beat(connection, heartbeat)


async def _until_stopped(*parts: Coroutine[Any, Any, None]) -> None:
    """Run all parts until SIGTERM or SIGINT, or until one of them ends, which none should."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks: list[asyncio.Task[Any]] = [loop.create_task(part) for part in parts]
    stopping: asyncio.Task[Any] = loop.create_task(stop.wait())
    done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=STOP_WITHIN_SECONDS)
    stopping.cancel()
    for task in done - {stopping}:
        task.result()
        raise RuntimeError("a part of this process ended by itself")


def _keys(settings: Settings) -> BuyerKeys:
    return BuyerKeys(settings.require_master_key())


def gateways(settings: Settings) -> Gateways:
    """Who is asked, by the settings: local and in process by default, HTTP where an address is given."""
    process = f"{socket.gethostname()}-{os.getpid()}"
    breakers = Breakers()
    labels = label_record(settings.home / "carrier", process)
    voids = void_record(settings.home / "carrier", process)
    carriers: dict[str, Carrier] = {
        name: LocalCarrier(name, labels, voids, SENDER)
        if settings.carrier == "local"
        else HttpCarrier(name, HttpClient(f"carrier-{name}", settings.carrier, breakers))
        for name in CARRIERS
    }
    marketplace = tiktok(settings, process, breakers, demo_shop=DEMO_SHOP.shop, carriers=CARRIERS)
    return Gateways(carriers, {"tiktok": marketplace}, _supplier(settings, process, breakers))


def _supplier(settings: Settings, process: str, breakers: Breakers) -> Supplier:
    if settings.supplier == "local":
        return LocalSupplier(supplier_record(settings.home / "supplier", process))
    if settings.supplier.startswith("mailto:"):
        password = "" if settings.mail_password is None else settings.mail_password.get_secret_value()
        server = MailServer(
            settings.mail_host, settings.mail_port, settings.mail_security, settings.mail_user, password
        )
        recipient = settings.supplier.removeprefix("mailto:")
        return MailSupplier(server, sender=settings.require_mail_sender(), recipient=recipient)
    return HttpSupplier(HttpClient("supplier", settings.supplier, breakers))


# Commands


def create_topics(settings: Settings) -> None:
    """Make the topics that are missing and check the others. Raises `TopicMismatch`."""
    kafka_topics.create(settings.kafka, topics.CATALOGUE, settings.partitions, settings.replication_factor)


def migrate(settings: Settings) -> list[str]:
    """
    Bring all tables up to date, the read models' too, and return the read models that want a rebuild.

    Repeated or raced: each migration runs once.
    """
    with connect(settings.postgres, "migrate") as connection:
        migrations.migrate(connection, read_store.create_tables)
        return read_store.to_rebuild(connection)


def min_code(settings: Settings) -> int:
    """The least code number whose workers may take anything from this store."""
    with connect(settings.postgres, "codes") as connection:
        return codes.min_code(connection)


def register_demo_shop(settings: Settings) -> None:
    """Register the live demo shop. Repeated: it is there already."""
    with connect(settings.postgres, "shops") as connection:
        shop_rows.add(connection, DEMO_SHOP)


def offsets(settings: Settings) -> list[OffsetRow]:
    """Where every agent stands."""
    with connect(settings.postgres, "offsets") as connection:
        return consumer_offsets.every(connection)


def dead_letters(settings: Settings, limit: int) -> list[Listed]:
    """The newest dead letters."""
    with connect(settings.postgres, "dead letters") as connection:
        return dead_letter_rows.recent(connection, limit)


def dead_letter(settings: Settings, letter: UUID) -> dict[str, Any] | None:
    """One dead letter with its headers and its decrypted body, None where there is none."""
    with connect(settings.postgres, "dead letters") as connection:
        found = whole_dead_letter(connection, _keys(settings), letter)
    if found is None:
        return None
    body = "erased" if found.body is None else found.body
    return {**msgspec.to_builtins(found.letter), "headers": found.headers, "body": body}


def redeliver(settings: Settings, wish: Wish) -> int:
    """Ask for dead letters to be sent again, and return for how many. Raises `NotRedeliverable`."""
    with connect(settings.postgres, "redelivery") as connection:
        return redelivery.ask(connection, wish)


def carrier_record(settings: Settings) -> list[Label] | None:
    """What the local carriers sold, by their own record; None where the carrier is somebody else."""
    return sold(settings.home / "carrier") if settings.carrier == "local" else None


def carrier_voids(settings: Settings) -> set[str] | None:
    """The tracking numbers of the labels that the local carriers took back; None where the carrier is somebody else."""
    if settings.carrier != "local":
        return None
    return {voided.tracking_number for voided in taken_back(settings.home / "carrier")}


def follow_ups(event: Any) -> Iterable[str]:
    """The keys of the calls and timers that follow a stored event."""
    return [*(call.key for call in calls_of(event)), *(timer.key for timer in scheduled_after(event))]


def open_log(settings: Settings) -> StoreLog:
    """The log, for whoever audits it. Close it after use."""
    connection = connect(settings.postgres, "audit")
    connection.execute("SET enable_seqscan = on")  # An audit reads whole tables.
    return StoreLog(connection, open_event_log(settings.postgres))


def rebuild(settings: Settings, name: str) -> rebuilding.Rebuilt:
    """Make one read model anew from the log and put it in place. Raises `KeyError` for a name that is none."""
    return rebuilding.rebuild(lambda: connect(settings.postgres, "rebuild"), name, _read_log(settings), public)


def verify_read_models(settings: Settings) -> list[str]:
    """What differs between the read models and what the log gives, in one line each."""
    compared = rebuilding.compare_all(
        lambda: connect(settings.postgres, "compare"), list(READ_MODELS), _read_log(settings), public
    )
    return [f"{each.name}: {found.side} {found.row}" for each in compared for found in each.differences]


def _read_log(settings: Settings) -> rebuilding.ReadLog:
    event_log = open_event_log(settings.postgres)
    connection = connect(settings.postgres, "read log")

    def read(after: int, limit: int) -> list[rebuilding.Logged]:
        page = relay_state.page(connection, after, limit)
        return [(row.position, event_log.event_of(row), row.cause, row.correlation) for row in page]

    return read
