"""The only wiring: which part gets which. Each `run_*` is one process; the rest is what commands and tools ask for."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog
import uvloop

from aggregates.event_store import codes, consumer_offsets, relay_state
from aggregates.event_store import dead_letters as dead_letter_rows
from aggregates.event_store import migrate as migrations
from aggregates.event_store import shops as shop_rows
from aggregates.event_store.application import EventLog, open_event_log
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.codes import CodeTooOld
from aggregates.event_store.connection import connect
from aggregates.event_store.consumer_offsets import OffsetRow
from aggregates.event_store.dead_letters import Listed
from aggregates.event_store.mapper import NewerEvent
from aggregates.event_store.shops import Shop
from aggregates.policies.buying_limits import Limits
from aggregates.policies.clocks import scheduled_after
from aggregates.policies.outside_calls import calls_of
from aggregates.publication import public
from creatorflow.crossing import Beside, whole_dead_letter
from creatorflow.log_reader import StoreLog
from creatorflow.logs import configure_logs
from creatorflow.outside import gateways, webhook_doors
from creatorflow.process import beat, collect_garbage, served, until_stopped, watch
from creatorflow.settings import Settings
from creatorflow.tariffs import TARIFFS
from creatorflow.valkey_watch import ValkeyWatch
from gateways.carriers.local import sold, taken_back
from gateways.dialects import DIALECTS
from gateways.webhooks import Dialect
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
from streams.callers import Callers
from streams.consuming import Agent, Work
from streams.deciding import Decider, Decision
from streams.forwarding import Forwarder
from streams.ingress import build_ingress
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
EXIT_NEWER_CODE = 76
SWITCH_SECONDS = 0.0005
"""
How long a thread may keep the interpreter when another one wants it. Python's own 5 ms are waited for after every
answer of the database, often while the log's lock is held.
"""


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
    callers = Callers(settings.postgres, gateways(settings, DEMO_SHOP.shop), _keys(settings))
    valkey = ValkeyWatch(settings.valkey)
    redeliverer = Redeliverer(settings.postgres, publisher, relay.leading, _keys(settings), event_log)
    try:
        await until_stopped(
            _faust(app),
            relay.run(),
            scheduler.run(),
            redeliverer.run(),
            callers.run(),
            valkey.run(),
            Reviewer(settings.postgres, event_log, timedelta(hours=settings.new_item_hours)).run(),
            leave_when_taken_over(settings.postgres),
            watch(agents),
            collect_garbage(agents),
            beat(
                settings,
                name,
                "worker",
                lambda: {
                    "stopped": {f"{tp.topic}/{tp.partition}": why for tp, why in standing.stopped.items()},
                    "away": valkey.away,
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
    forwarders = [_forwarder(each, settings, event_log, loop, publisher) for each in DIALECTS.values()]
    readers = [
        Reader(name, topic.name, read_store.apply, event_log, _keys(settings))
        for topic in topics.CATALOGUE
        for name in topic.readers
        if name.startswith("read-models.")
    ]
    deciders = [Decider(each, event_log, _keys(settings)) for each in decisions]
    return [*forwarders, *deciders, *readers, *windows.works(event_log, _keys(settings))]


def _forwarder(
    dialect: Dialect, settings: Settings, event_log: EventLog, loop: asyncio.AbstractEventLoop, publisher: Publisher
) -> Forwarder:
    keys = _keys(settings)
    return Forwarder(
        dialect.agent,
        dialect.topic,
        Intake(dialect, keys).transform,
        log=event_log,
        keys=keys,
        publisher=publisher,
        loop=loop,
        readers=topics.BY_NAME[topics.ORDERS_COMMANDS].readers,
    )


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


async def _ingress(settings: Settings) -> None:
    publisher = Publisher(settings.kafka, f"creatorflow-ingress-{os.getpid()}")
    asking, finding = redelivery.asking(settings.postgres), acknowledging.finding(settings.postgres)
    app, gatherer = build_ingress(webhook_doors(settings), publisher, asking, finding, content=settings.content_key)
    name = f"ingress@{socket.gethostname()}:{os.getpid()}"
    await until_stopped(
        gatherer.run(),
        served(app, settings.host, settings.ingress_port),
        beat(settings, name, "ingress", dict),
    )
    await publisher.discard()


async def _api(settings: Settings) -> None:
    event_log = open_event_log(settings.postgres)
    beside = Beside(settings.postgres, event_log, _keys(settings), gateways(settings, DEMO_SHOP.shop).carriers)
    app = build_api(read_store.Reader(settings.postgres), beside.crossing())
    name = f"api@{socket.gethostname()}:{os.getpid()}"
    await until_stopped(served(app, settings.host, settings.api_port, lifespan="on"), beat(settings, name, "api", dict))


def _keys(settings: Settings) -> BuyerKeys:
    return BuyerKeys(settings.require_master_key())


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
