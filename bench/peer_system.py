"""
The same order flow, written with the `eventsourcing` library's own `System` and `MultiThreadedRunner`.

An order is placed, its stock reserved, its label made, the order fulfilled; three read models follow. Three
`ProcessApplication`s follow each other, with the library's stock PostgreSQL recorders, tracking and JSON; each read
model is a `Projection` on a `PostgresTrackingRecorder`, in a `ProjectionRunner` of its own. Written as the library's
documentation would have it, and with what it offers for speed: aggregates are cached, neither fast-forwarded (each has
one writer) nor copied, and each follower names the topics that it wants.

It does less than ours: no HTTP, no signature, no broker, so one process on one machine; no validation, priority,
carrier choice, backorders, cancellations or deadlines; no push to the marketplace; the label is a string made in place,
not a call under a lease; no encryption, no raw webhook, no inbox for repeats, no dead letters; no timeline, alerts or
reorders among its read models.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, ClassVar, Final, LiteralString, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg
from eventsourcing.application import ProcessingEvent
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.system import MultiThreadedRunner, ProcessApplication, System
from eventsourcing.utils import get_topic
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from creatorflow.demo.purchases import Purchase, read_purchases
from creatorflow.demo.webhooks import sku_of

DATABASE: Final = "peer"
STEADY_FROM: Final = 0.2
STEADY_UNTIL: Final = 0.8
ON_THEIR_WAY: Final = 300
PLACED_AT_ONCE: Final = 20
POLL_SECONDS: Final = 0.05
NO_PROGRESS_SECONDS: Final = 60.0


class Order(Aggregate):
    """What was bought, and how far it is."""

    class Placed(Aggregate.Created):
        number: str
        buyer: str
        sku: str
        quantity: int
        total: str

    class StockReserved(Aggregate.Event):
        sku: str
        quantity: int

    class Labelled(Aggregate.Event):
        tracking_number: str

    class Fulfilled(Aggregate.Event):
        pass

    @event(Placed)
    def __init__(self, number: str, buyer: str, sku: str, quantity: int, total: str) -> None:
        self.number = number
        self.buyer = buyer
        self.sku = sku
        self.quantity = quantity
        self.total = total
        self.state = "PLACED"
        self.tracking_number = ""

    @staticmethod
    def create_id(number: str) -> UUID:
        """The same number is the same order."""
        return uuid5(NAMESPACE_URL, f"/orders/{number}")

    @event(StockReserved)
    def record_reservation(self, sku: str, quantity: int) -> None:
        """The stock item holds its units."""
        self.state = "READY"

    @event(Labelled)
    def record_label(self, tracking_number: str) -> None:
        """Its package has a label."""
        self.tracking_number = tracking_number

    @event(Fulfilled)
    def fulfil(self) -> None:
        """All is done."""
        self.state = "FULFILLED"


class StockItem(Aggregate):
    """How much there is, and how much of it is promised to whom."""

    class Received(Aggregate.Created):
        sku: str
        on_hand: int

    class Reserved(Aggregate.Event):
        order_id: UUID
        quantity: int

    @event(Received)
    def __init__(self, sku: str, on_hand: int) -> None:
        self.sku = sku
        self.on_hand = on_hand
        self.reservations: dict[UUID, int] = {}

    @staticmethod
    def create_id(sku: str) -> UUID:
        """The same SKU is the same item."""
        return uuid5(NAMESPACE_URL, f"/stock-items/{sku}")

    def reserve(self, order_id: UUID, quantity: int) -> None:
        """Promise units once to each order."""
        if order_id not in self.reservations:
            self._reserve(order_id, quantity)

    @event(Reserved)
    def _reserve(self, order_id: UUID, quantity: int) -> None:
        self.reservations[order_id] = quantity


class Shipment(Aggregate):
    """One package."""

    class Opened(Aggregate.Created):
        order_id: UUID

    class LabelBought(Aggregate.Event):
        order_id: UUID
        tracking_number: str

    @event(Opened)
    def __init__(self, order_id: UUID) -> None:
        self.order_id = order_id
        self.tracking_number = ""

    @staticmethod
    def create_id(order_id: UUID) -> UUID:
        """One package for each order."""
        return uuid5(NAMESPACE_URL, f"/shipments/{order_id}")

    @event(LabelBought)
    def record_label(self, order_id: UUID, tracking_number: str) -> None:
        """The carrier sold a label."""
        self.tracking_number = tracking_number


class Quick(ProcessApplication[UUID]):
    """What all three have in common: the library's settings for speed."""

    env: ClassVar[dict[str, str]] = {
        "AGGREGATE_CACHE_MAXSIZE": "50000",
        "AGGREGATE_CACHE_FASTFORWARD": "n",
        "DEEPCOPY_FROM_AGGREGATE_CACHE": "n",
    }


class Orders(Quick):
    """Takes orders, and moves them on as the others report."""

    topics = (get_topic(StockItem.Reserved), get_topic(Shipment.LabelBought))

    def place(self, number: str, purchase: Purchase) -> None:
        """Take one order."""
        self.save(Order(number, purchase.customer, sku_of(purchase), purchase.quantity, str(purchase.amount)))

    @singledispatchmethod
    def policy(self, domain_event: Any, processing_event: ProcessingEvent[UUID]) -> None:
        """Ignore what is not named below."""

    @policy.register
    def _(self, domain_event: StockItem.Reserved, processing_event: ProcessingEvent[UUID]) -> None:
        order: Order = self.repository.get(domain_event.order_id)
        order.record_reservation(order.sku, domain_event.quantity)
        processing_event.collect_events(order)

    @policy.register
    def _(self, domain_event: Shipment.LabelBought, processing_event: ProcessingEvent[UUID]) -> None:
        order: Order = self.repository.get(domain_event.order_id)
        order.record_label(domain_event.tracking_number)
        order.fulfil()
        processing_event.collect_events(order)


class Inventory(Quick):
    """Holds the stock."""

    topics = (get_topic(Order.Placed),)

    def receive(self, sku: str, quantity: int) -> None:
        """Make an item known, with what there is of it."""
        self.save(StockItem(sku, quantity))

    @singledispatchmethod
    def policy(self, domain_event: Any, processing_event: ProcessingEvent[UUID]) -> None:
        """Ignore what is not named below."""

    @policy.register
    def _(self, domain_event: Order.Placed, processing_event: ProcessingEvent[UUID]) -> None:
        item: StockItem = self.repository.get(StockItem.create_id(domain_event.sku))
        item.reserve(domain_event.originator_id, domain_event.quantity)
        processing_event.collect_events(item)


class Shipping(Quick):
    """Makes packages with labels."""

    topics = (get_topic(Order.StockReserved),)

    @singledispatchmethod
    def policy(self, domain_event: Any, processing_event: ProcessingEvent[UUID]) -> None:
        """Ignore what is not named below."""

    @policy.register
    def _(self, domain_event: Order.StockReserved, processing_event: ProcessingEvent[UUID]) -> None:
        shipment = Shipment(domain_event.originator_id)
        shipment.record_label(domain_event.originator_id, f"1Z{shipment.id.hex[:16].upper()}")
        processing_event.collect_events(shipment)


class View(PostgresTrackingRecorder):
    """One table, written in the transaction that moves its tracking row."""

    columns: ClassVar[LiteralString]

    def __init__(self, datastore: PostgresDatastore, **arguments: Any) -> None:
        super().__init__(datastore, **arguments)
        self.sql_create_statements.append(sql.SQL(self.columns).format())

    def write(self, statement: LiteralString, parameters: Sequence[Any], tracking: Tracking) -> None:
        """One row, and how far the view is."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(sql.SQL(statement), parameters)


class OrderBoard(View):
    """Where every order stands."""

    columns = (
        "CREATE TABLE IF NOT EXISTS order_board (order_id uuid PRIMARY KEY, number text, buyer text, sku text,"
        " quantity integer, total numeric, state text, tracking_number text)"
    )


class StockLevels(View):
    """What is on hand and what is promised."""

    columns = (
        "CREATE TABLE IF NOT EXISTS stock_levels (stock_item_id uuid PRIMARY KEY, sku text, on_hand integer,"
        " reserved integer)"
    )


class Packages(View):
    """Every package with its label."""

    columns = "CREATE TABLE IF NOT EXISTS packages (shipment_id uuid PRIMARY KEY, order_id uuid, tracking_number text)"


class ShowOrders(Projection[OrderBoard]):
    """Keeps the order board."""

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Ignore what is not named below."""

    @process_event.register
    def _(self, domain_event: Order.Placed, tracking: Tracking) -> None:
        values = (
            domain_event.originator_id,
            domain_event.number,
            domain_event.buyer,
            domain_event.sku,
            domain_event.quantity,
            domain_event.total,
        )
        self.view.write("INSERT INTO order_board VALUES (%s, %s, %s, %s, %s, %s, 'PLACED', '')", values, tracking)

    @process_event.register
    def _(self, domain_event: Order.StockReserved, tracking: Tracking) -> None:
        self._move_to("READY", domain_event.originator_id, tracking)

    @process_event.register
    def _(self, domain_event: Order.Labelled, tracking: Tracking) -> None:
        self.view.write(
            "UPDATE order_board SET tracking_number = %s WHERE order_id = %s",
            (domain_event.tracking_number, domain_event.originator_id),
            tracking,
        )

    @process_event.register
    def _(self, domain_event: Order.Fulfilled, tracking: Tracking) -> None:
        self._move_to("FULFILLED", domain_event.originator_id, tracking)

    def _move_to(self, state: str, order_id: UUID, tracking: Tracking) -> None:
        self.view.write("UPDATE order_board SET state = %s WHERE order_id = %s", (state, order_id), tracking)


class ShowStock(Projection[StockLevels]):
    """Keeps the stock levels."""

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Ignore what is not named below."""

    @process_event.register
    def _(self, domain_event: StockItem.Received, tracking: Tracking) -> None:
        values = (domain_event.originator_id, domain_event.sku, domain_event.on_hand)
        self.view.write("INSERT INTO stock_levels VALUES (%s, %s, %s, 0)", values, tracking)

    @process_event.register
    def _(self, domain_event: StockItem.Reserved, tracking: Tracking) -> None:
        self.view.write(
            "UPDATE stock_levels SET reserved = reserved + %s WHERE stock_item_id = %s",
            (domain_event.quantity, domain_event.originator_id),
            tracking,
        )


class ShowPackages(Projection[Packages]):
    """Keeps the packages."""

    topics = (get_topic(Shipment.LabelBought),)

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Ignore what is not named below."""

    @process_event.register
    def _(self, domain_event: Shipment.LabelBought, tracking: Tracking) -> None:
        values = (domain_event.originator_id, domain_event.order_id, domain_event.tracking_number)
        self.view.write("INSERT INTO packages VALUES (%s, %s, %s)", values, tracking)


READ_MODELS: Final[tuple[tuple[type[Quick], type[Projection[Any]], type[View]], ...]] = (
    (Orders, ShowOrders, OrderBoard),
    (Inventory, ShowStock, StockLevels),
    (Shipping, ShowPackages, Packages),
)


class PeerRate(NamedTuple):
    """Orders a second over the whole run, and over its steady part: from a fifth to four fifths of the orders."""

    orders: int
    orders_per_second: float
    steady_orders_per_second: float
    read_models_behind_seconds: float

    @property
    def best(self) -> float:
        """The better of the two, so that the comparison errs on the peer's side."""
        return max(self.orders_per_second, self.steady_orders_per_second)


def measure(dsn: str, orders: int) -> PeerRate:
    """Run so many orders through a database of its own on this server."""
    env = _database(dsn)
    purchases = read_purchases(orders)
    system = System(pipes=[[Orders, Inventory, Orders], [Orders, Shipping, Orders]])
    with ExitStack() as running, psycopg.connect(_own(dsn), autocommit=True) as connection:
        runner = running.enter_context(MultiThreadedRunner[UUID](system, env))
        for application, projection, view in READ_MODELS:
            running.enter_context(
                ProjectionRunner(application_class=application, projection_class=projection, view_class=view, env=env)
            )
        _stock_up(runner.get(Inventory), purchases)
        progress = _run(runner.get(Orders), purchases, connection, runner)
        fulfilled_at = progress[-1][0]
        behind = _wait_for_read_models(connection, orders)
    return PeerRate(orders, round(orders / fulfilled_at, 1), round(_steady(progress, orders), 1), round(behind, 1))


def _own(dsn: str) -> str:
    return make_conninfo(dsn, dbname=DATABASE)


def _database(dsn: str) -> dict[str, str]:
    """Make the database anew, and say where it is as the library wants to be told."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    place = conninfo_to_dict(dsn)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": DATABASE,
        "POSTGRES_HOST": str(place["host"]),
        "POSTGRES_PORT": str(place["port"]),
        "POSTGRES_USER": str(place["user"]),
        "POSTGRES_PASSWORD": str(place.get("password", "")),
    }


def _stock_up(inventory: Inventory, purchases: Sequence[Purchase]) -> None:
    wanted: Counter[str] = Counter()
    for purchase in purchases:
        wanted[sku_of(purchase)] += purchase.quantity
    for sku, quantity in wanted.items():
        inventory.receive(sku, quantity)


def _run(
    orders: Orders, purchases: Sequence[Purchase], connection: psycopg.Connection, runner: MultiThreadedRunner[UUID]
) -> list[tuple[float, int]]:
    """
    Place all orders one after the other, as a handler of requests would; seconds and orders fulfilled by then.

    Not more than a bounded number are on their way, so that what is seen in the middle is every step at work, and
    not first the taking and then the rest.
    """
    progress: list[tuple[float, int]] = [(0.0, 0)]
    started = time.perf_counter()
    placed = fulfilled = 0
    while fulfilled < len(purchases):
        for purchase in purchases[placed : min(fulfilled + ON_THEIR_WAY, placed + PLACED_AT_ONCE)]:
            orders.place(str(purchase.row), purchase)
            placed += 1
        if placed == min(fulfilled + ON_THEIR_WAY, len(purchases)) and runner.watch_for_errors(timeout=POLL_SECONDS):
            raise RuntimeError("a thread of the peer ended")
        now, fulfilled = time.perf_counter() - started, _fulfilled(connection)
        if fulfilled > progress[-1][1]:
            progress.append((now, fulfilled))
        elif now - progress[-1][0] > NO_PROGRESS_SECONDS:
            raise TimeoutError(f"{fulfilled} of {len(purchases)} orders are fulfilled, and nothing moves")
    return progress


def _fulfilled(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM orders_events WHERE topic LIKE '%:Order.Fulfilled'").fetchone()
    return int(row[0]) if row else 0


def _steady(progress: Sequence[tuple[float, int]], orders: int) -> float:
    first = next(point for point in progress if point[1] >= orders * STEADY_FROM)
    last = next(point for point in progress if point[1] >= orders * STEADY_UNTIL)
    return (last[1] - first[1]) / (last[0] - first[0]) if last[0] > first[0] else 0.0


def _wait_for_read_models(connection: psycopg.Connection, orders: int) -> float:
    """Seconds until each read model shows every order; it is no part of the rate."""
    started = time.perf_counter()
    while True:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM order_board WHERE state = 'FULFILLED'),"
            " (SELECT count(*) FROM packages), (SELECT sum(reserved) > 0 FROM stock_levels)"
        ).fetchone()
        took = time.perf_counter() - started
        if row is not None and row[0] == row[1] == orders:
            return took
        if took > NO_PROGRESS_SECONDS:
            raise TimeoutError(f"the read models show {row} of {orders} orders")
        time.sleep(POLL_SECONDS)


def main() -> None:
    """`python -m bench.peer_system DSN ORDERS`: the rate as one line of JSON."""
    rate = measure(sys.argv[1], int(sys.argv[2]))
    print(json.dumps(rate._asdict()), flush=True)


if __name__ == "__main__":
    main()
