"""Every agent of the catalogue over a real store, with records that it reads and a fault that one of them meets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from aggregates.event_store import consumer_offsets
from aggregates.event_store.application import open_event_log
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.connection import Connection, connect
from aggregates.policies.buying_limits import Limits
from creatorflow.tariffs import TARIFFS
from gateways.dialects import DIALECTS
from projections import store as read_store
from projections.published import Published, subject_of
from schemas import events, topics
from schemas.commands import AssessStockRisk, Command, OpenShipment, RecordMovement
from schemas.content import ContentReading
from schemas.topics import CATALOGUE
from schemas.values import Need, SupplyTerms, content_id, order_id, replenishment_id, shipment_id
from streams import inventory, orders, replenishment, shipping
from streams.consuming import Agent, Raw, Work
from streams.deciding import Decider, Decision
from streams.forwarding import Forwarded, Forwarder
from streams.intake import Intake
from streams.read_models import Reader
from streams.standing import Standing
from streams.windows import CONTENT_AGENT, DEMAND_AGENT, ContentWindows, take_readings, take_stock_events
from tests.builders import STREET, a_line, an_order, item_of
from tests.kept_publisher import KeptPublisher
from tests.records import ARecord, carrying, relayed
from tests.unit.projections.histories import Numbered, placed
from tests.webhooks import SHOP, an_order_webhook

MASTER_KEY = bytes(range(32))
READERS = [(topic.name, name) for topic in CATALOGUE for name in topic.readers]
DECISIONS: dict[str, Decision] = {
    each.name: each
    for each in (
        orders.DECISION,
        inventory.DECISION,
        shipping.decision(TARIFFS),
        replenishment.decision(SupplyTerms(), Limits()),
    )
}


@dataclass
class Fitted:
    """One agent over a store of its own, and the one record (by its aggregate) on which its function raises."""

    name: str
    topic: str
    dsn: str
    loop: asyncio.AbstractEventLoop
    publisher: KeptPublisher = field(default_factory=KeptPublisher)
    raising: BaseException | None = None
    on: UUID | None = None

    def __post_init__(self) -> None:
        self.standing = Standing(self.dsn, CATALOGUE)
        with connect(self.dsn, "test") as connection:
            for partition in range(2):
                consumer_offsets.begin(connection, self.name, self.topic, partition, 0)
        self.agent = Agent(self._work(), self.dsn, self.standing, BuyerKeys(MASTER_KEY))

    def raise_on(self, target: UUID, error: BaseException) -> None:
        """Make the agent's function raise for the record of this aggregate."""
        self.on, self.raising = target, error

    def take(self, records: Sequence[Raw]) -> None:
        """Hand over records as the transport does: in lists of one partition."""
        batches: dict[int, list[Raw]] = {}
        for record in records:
            batches.setdefault(record.partition, []).append(record)
        self.agent.take(batches)

    def next_offsets(self) -> dict[int, int]:
        """Where the agent stands on each partition."""
        with connect(self.dsn, "test") as connection:
            places = consumer_offsets.places(connection, self.name, self.topic, range(2))
        return {partition: place.next_offset for partition, place in places.items()}

    def written(self) -> list[UUID]:
        """The aggregates whose records had their effect, each once, in the order in which it was written."""
        with connect(self.dsn, "test") as connection:
            if self.name.startswith("read-models."):
                rows = connection.execute("SELECT aggregate_id FROM timeline ORDER BY position").fetchall()
            elif self.name == CONTENT_AGENT:
                rows = connection.execute("SELECT content FROM readings ORDER BY content").fetchall()
            elif self.name == DEMAND_AGENT:
                rows = connection.execute("SELECT stock_item_id FROM stock_windows ORDER BY 1").fetchall()
            elif self.name == "intake.tiktok":
                rows = connection.execute('SELECT order_id FROM raw_webhooks ORDER BY partition, "offset"').fetchall()
            else:
                rows = connection.execute("SELECT originator_id FROM events ORDER BY notification_id").fetchall()
        return list(dict.fromkeys(aggregate for (aggregate,) in rows))

    def dead(self) -> list[tuple[int, int, str, str]]:
        """The dead letters: partition, offset, kind and reason."""
        with connect(self.dsn, "test") as connection:
            return connection.execute(
                'SELECT partition, "offset", kind, reason FROM dead_letters ORDER BY 1, 2'
            ).fetchall()

    def _work(self) -> Work:
        log, keys = open_event_log(self.dsn), BuyerKeys(MASTER_KEY)
        if self.name.startswith("read-models."):
            return Reader(self.name, self.topic, self._apply, log, keys)
        if self.name == DEMAND_AGENT:
            return Reader(self.name, self.topic, self._take_stock_events, log, keys)
        if self.name == CONTENT_AGENT:
            return ContentWindows(log, keys, self._take_readings)
        if self.name == "intake.tiktok":
            self._intake = Intake(DIALECTS["tiktok"], keys)
            return Forwarder(
                self.name,
                self.topic,
                self._transform,
                log=log,
                keys=keys,
                publisher=self.publisher,
                loop=self.loop,
                readers=("orders.decide",),
            )
        self._decision = DECISIONS[self.name]
        return Decider(self._decision._replace(decide=self._decide), log, keys)

    def _meet(self, target: UUID) -> None:
        if self.raising is not None and target == self.on:
            raise self.raising

    def _decide(self, aggregate: Any, command: Any, known: Any) -> Any:
        self._meet(getattr(command, command.__struct_fields__[0]))
        return self._decision.decide(aggregate, command, known)

    def _apply(self, connection: Connection, topic: str, published: Sequence[Published]) -> None:
        for each in published:
            self._meet(subject_of(each.event))
        read_store.apply(connection, topic, published)

    def _take_stock_events(self, connection: Connection, topic: str, published: Sequence[Published]) -> None:
        for each in published:
            self._meet(subject_of(each.event))
        take_stock_events(connection, topic, published)

    def _take_readings(self, connection: Connection, told: Sequence[ContentReading], at: datetime) -> None:
        for each in told:
            self._meet(each.content)
        take_readings(connection, told, at)

    def _transform(self, connection: Connection, records: Sequence[Raw]) -> Forwarded:
        forwarded = self._intake.transform(connection, records)
        for raw in forwarded.raw_webhooks:
            if raw.order_id is not None:
                self._meet(raw.order_id)
        return forwarded


@contextmanager
def an_event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs in a thread of its own, as a worker's runs beside its agents' threads."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="loop")
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def batch_for(name: str, topic: str) -> tuple[list[ARecord], list[UUID]]:
    """Eight records that this agent reads, five on partition 0 and three on partition 1, and their aggregates."""
    made: list[tuple[ARecord, UUID]]
    if name == "intake.tiktok":
        made = [(_webhook(number), order_id("tiktok", SHOP, f"57690000000{number}")) for number in range(8)]
    elif name == CONTENT_AGENT:
        made = sorted([_reading(number) for number in range(8)], key=lambda each: each[1])
    else:
        messages = [MESSAGES[name](number) for number in range(8)]
        if name == DEMAND_AGENT:
            messages.sort(key=subject_of)
        made = [(_record(message, number), subject_of(message)) for number, message in enumerate(messages)]
    places = [(0, offset) for offset in range(5)] + [(1, offset) for offset in range(3)]
    records = [
        replace(record, partition=partition, offset=offset)
        for (record, _), (partition, offset) in zip(made, places, strict=True)
    ]
    assert {record.topic for record in records} == {topic}
    return records, [target for _, target in made]


def _webhook(number: int) -> ARecord:
    return ARecord(
        topics.TIKTOK_WEBHOOKS,
        key=f"{SHOP}:57690000000{number}".encode(),
        value=an_order_webhook(f"57690000000{number}"),
        headers=(
            ("event-id", f"event-{number}".encode()),
            ("received-at", datetime.now(UTC).isoformat().encode()),
            ("signature-format", b"specification"),
        ),
    )


def _reading(number: int) -> tuple[ARecord, UUID]:
    """A reading, and its content; the windows write what a batch has in the order of these ids."""
    content = str(7_300_000_000 + number)
    body = {"content_id": content, "read_at": int(datetime.now(UTC).timestamp()), "views": 10}
    record = ARecord(topics.CONTENT_METRICS, key=content.encode(), value=msgspec.json.encode(body))
    return record, content_id("tiktok", content)


def _record(message: Any, number: int) -> ARecord:
    if isinstance(message, Command):
        return carrying(message, id=f"command-{number}")
    return relayed(message, 0, position=number + 1)


def _movement(number: int) -> Command:
    return RecordMovement(
        stock_item_id=item_of(f"sku-{number}"),
        kind="receipt",
        quantity=3,
        reference=f"receipt-{number}",
        occurred_at=datetime.now(UTC),
    )


def _shipment(number: int) -> Command:
    order = an_order().numbered(number)
    return OpenShipment(
        shipment_id=shipment_id("tiktok", SHOP, f"package-{number}"),
        order_id=order.id,
        marketplace="tiktok",
        shop=SHOP,
        order_number=order.number,
        package=f"package-{number}",
        contents=(Need(stock_item_id=item_of(), quantity=1),),
        lines=(a_line(),),
        address=STREET,
    )


def _risk(number: int) -> Command:
    item = item_of(f"sku-{number}")
    return AssessStockRisk(
        replenishment_id=replenishment_id(item),
        stock_item_id=item,
        available=0,
        backordered=3,
        occurred_at=datetime.now(UTC),
    )


def _opened_package(number: int) -> events.ShipmentOpened:
    order = Numbered(str(number))
    return events.ShipmentOpened(
        shipment_id=order.shipment,
        order_id=order.id,
        marketplace="tiktok",
        shop=SHOP,
        order_number=order.number,
        package=f"{number}-1",
        contents=(Need(stock_item_id=item_of(), quantity=1),),
        address=STREET,
    )


def _raised(number: int) -> events.StockRiskRaised:
    item = item_of(f"sku-{number}")
    return events.StockRiskRaised(
        replenishment_id=replenishment_id(item),
        stock_item_id=item,
        level="critical",
        available=0,
        backordered=3,
        reason="orders wait",
    )


MESSAGES: dict[str, Callable[[int], Any]] = {
    "orders.decide": lambda number: an_order().numbered(number).record(),
    "inventory.decide": _movement,
    "shipping.decide": _shipment,
    "replenishment.decide": _risk,
    "read-models.orders": lambda number: placed(Numbered(str(number))),
    "read-models.inventory": lambda number: events.StockItemOpened(stock_item_id=item_of(f"sku-{number}")),
    "windows.demand": lambda number: events.StockItemOpened(stock_item_id=item_of(f"sku-{number}")),
    "read-models.shipping": _opened_package,
    "read-models.replenishment": _raised,
}
