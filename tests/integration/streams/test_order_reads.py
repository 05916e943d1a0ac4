"""A hint in TikTok Shop's own format becomes one read of its order, and the read becomes the order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aggregates.event_store import calls, raw_webhooks, scheduled_commands, shops
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.connection import Connection
from aggregates.policies.outside_calls import READ_SLOT
from creatorflow.bootstrap import DEMO_SHOP
from gateways.marketplaces import OrderRead
from gateways.suppliers.local import LocalSupplier, supplier_record
from gateways.tiktok.door import TIKTOK_SHOP
from schemas import codec
from schemas.calls import ReadOrderCall
from schemas.commands import RecordCancellation, RecordOrder
from schemas.topics import TIKTOK_WEBHOOKS
from schemas.values import order_id
from streams.call_outcomes import Gateways
from streams.callers import AT_ONCE_OF_ONE_SHOP, Callers
from tests.integration.streams.agents import MASTER_KEY, Fitted
from tests.marketplaces import RefusingMarketplace
from tests.records import ARecord
from tests.tiktok_shop import a_notice, a_status_notice, an_order_shown
from tests.waiting import soon
from tests.webhooks import CREATED, SHOP

NUMBER = "576800000000000001"


class ShownOrders(RefusingMarketplace):
    """A marketplace that shows the orders it has, and counts what it is asked."""

    def __init__(self, *numbers: str) -> None:
        self.orders: dict[str, dict[str, Any]] = {number: an_order_shown(number) for number in numbers}
        self.instead: list[OrderRead] = []
        self.requests: list[list[str]] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def read_orders(self, calls: Sequence[ReadOrderCall]) -> Sequence[OrderRead]:
        assert len({call.shop for call in calls}) == 1
        self.requests.append([call.order_number for call in calls])
        shown = [self.orders.get(call.order_number) for call in calls]
        await self.go_on.wait()
        if self.instead:
            return [self.instead.pop(0)] * len(calls)
        return [
            OrderRead("missing") if order is None else OrderRead("done", order=json.dumps(order).encode())
            for order in shown
        ]


@asynccontextmanager
async def running(dsn: str, marketplace: ShownOrders, folder: Path) -> AsyncIterator[None]:
    """A call runner at work."""
    gateways = Gateways({}, {"tiktok": marketplace}, LocalSupplier(supplier_record(folder, "test")))
    task = asyncio.create_task(Callers(dsn, gateways, BuyerKeys(MASTER_KEY)).run())
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Hints:
    """Intake over a store, fed with webhooks as the door puts them on their topic."""

    def __init__(self, database: str, loop: asyncio.AbstractEventLoop) -> None:
        self.intake = Fitted("intake.tiktok", TIKTOK_WEBHOOKS, database, loop)
        self._next = 0

    def take(self, *bodies: bytes) -> None:
        """Take these in as one batch."""
        self.intake.take([self._record(body) for body in bodies])

    def _record(self, body: bytes) -> ARecord:
        headers = (
            ("event-id", f"event-{self._next}".encode()),
            ("received-at", datetime.now(UTC).isoformat().encode()),
            ("signature-format", TIKTOK_SHOP),
        )
        record = ARecord(TIKTOK_WEBHOOKS, offset=self._next, value=body, headers=headers)
        self._next += 1
        return record


@pytest.fixture
def webhooks(database: str, loop: asyncio.AbstractEventLoop) -> Hints:
    """What takes the webhooks in."""
    return Hints(database, loop)


def open_reads(connection: Connection) -> list[tuple[str, str, int]]:
    """The reads that are open: state, key and priority."""
    return connection.execute("SELECT state, key, priority FROM calls ORDER BY key").fetchall()


def told(connection: Connection) -> list[RecordOrder]:
    """The orders that went back as commands."""
    decoded = [codec.decode(each.type, 1, each.body) for each in scheduled_commands.due(connection, 1000)]
    return [command for command in decoded if isinstance(command, RecordOrder)]


# From hint to read


def test_storm_of_hints_is_one_read(webhooks: Hints, opened: Connection) -> None:
    """200 webhooks of one order, in batches and one by one: one call, due with the others of its slot."""
    webhooks.take(*(a_status_notice(NUMBER, notification=f"N{each}") for each in range(199)))
    webhooks.take(a_status_notice(NUMBER, "CANCEL"))
    assert open_reads(opened) == [("waiting", f"read-order:tiktok:{SHOP}:{NUMBER}", 100)]
    ((due_at,),) = opened.execute("SELECT due_at FROM calls").fetchall()
    assert due_at.microsecond % READ_SLOT.microseconds == 0


def test_every_hint_is_kept_under_the_key_of_its_day(webhooks: Hints, opened: Connection) -> None:
    """Byte for byte, encrypted, found by its order; a topic that nobody knows and one of no shop are kept too."""
    bodies = (a_status_notice(NUMBER), a_notice(68, anything=1), b'{"type":17,"creator_open_id":"c","data":{}}')
    webhooks.take(*bodies)
    assert webhooks.intake.dead() == []
    (kept,) = raw_webhooks.of_order(opened, order_id("tiktok", SHOP, NUMBER))
    assert (kept.signature_format, kept.body.subject[:4]) == ("tiktok", "day:")
    assert raw_webhooks.event_ids(opened) == {"event-0", "event-1", "event-2"}
    assert len(open_reads(opened)) == 1


def test_hint_of_an_unknown_shop_and_nonsense_are_dead_letters(webhooks: Hints, opened: Connection) -> None:
    """Each with its reason; what stands beside them goes on."""
    webhooks.take(
        a_notice(1, shop="1", order_id="2", update_time=CREATED),
        a_notice(1, update_time=CREATED),
        a_status_notice(NUMBER),
    )
    reasons = sorted(reason for *_, reason in webhooks.intake.dead())
    assert reasons == ["data.order_id: is missing", "shop_id: is no registered shop"]
    assert len(open_reads(opened)) == 1


def test_wish_to_cancel_is_a_command_and_an_urgent_read(webhooks: Hints, opened: Connection) -> None:
    """The label stops before the order was read; a repeat of the webhook has the same id, which the inbox knows."""
    wish = {"cancellations_role": "BUYER", "cancel_status": "CANCELLATION_REQUEST_PENDING", "cancel_id": "C1"}
    webhooks.take(a_notice(11, order_id=NUMBER, create_time=CREATED, **wish))
    (record,) = webhooks.intake.publisher.records
    command = codec.decode("RecordCancellation", 1, record.value)
    assert isinstance(command, RecordCancellation)
    assert (command.cancel_id, command.status) == ("C1", "PENDING")
    assert [priority for *_, priority in open_reads(opened)] == [100]


# From read to order


async def test_read_brings_the_order_with_its_person_sealed(
    webhooks: Hints, database: str, opened: Connection, tmp_path: Path
) -> None:
    """Done: the order goes back as a command, under the hint that asked, its person readable under the buyer's key."""
    webhooks.take(a_status_notice(NUMBER))
    async with running(database, ShownOrders(NUMBER), tmp_path):
        await soon(lambda: told(opened))
    (due,) = scheduled_commands.due(opened, 10)
    (order,) = told(opened)
    assert due.correlation == "event-0"
    assert b"Ada" not in due.body
    assert order.address is not None
    assert order.address.person is not None
    assert order.buyer == order.address.person.subject
    person = BuyerKeys(MASTER_KEY).open_person(opened, order.address.person)
    assert person is not None
    assert person.name == "Ada Sample"
    assert calls.waiting(opened) == {}


async def test_many_orders_are_read_by_few_requests(
    webhooks: Hints, database: str, opened: Connection, tmp_path: Path
) -> None:
    """120 orders of one shop that fall due together: three requests, none for more than the marketplace takes."""
    numbers = [f"5768{number:014}" for number in range(120)]
    marketplace = ShownOrders(*numbers)
    webhooks.take(*(a_status_notice(number) for number in numbers))
    async with running(database, marketplace, tmp_path):
        await soon(lambda: len(told(opened)) == 120)
    assert sorted(len(request) for request in marketplace.requests) == [20, 50, AT_ONCE_OF_ONE_SHOP]


async def test_hint_during_a_read_makes_another_after_it(
    webhooks: Hints, database: str, opened: Connection, tmp_path: Path
) -> None:
    """Raced: what was read may be older than the hint, so however many come, the order is read once more."""
    marketplace = ShownOrders(NUMBER)
    marketplace.go_on.clear()
    webhooks.take(a_status_notice(NUMBER))
    async with running(database, marketplace, tmp_path):
        await soon(lambda: marketplace.requests)
        await asyncio.to_thread(webhooks.take, *(a_status_notice(NUMBER, notification=f"N{n}") for n in range(50)))
        marketplace.orders[NUMBER] = an_order_shown(NUMBER, "CANCELLED", update_time=CREATED + 90)
        marketplace.go_on.set()
        await soon(lambda: len(told(opened)) == 2)
        await soon(lambda: calls.waiting(opened) == {})
    assert [order.status for order in told(opened)] == ["AWAITING_SHIPMENT", "CANCELLED"]
    assert len(marketplace.requests) == 2


async def test_fc_38_quota_that_is_used_up_is_waited_for(
    webhooks: Hints, database: str, opened: Connection, tmp_path: Path
) -> None:
    """Unavailable: the read waits as long as it is told, and no hint brings it forward."""
    marketplace = ShownOrders(NUMBER)
    marketplace.instead = [OrderRead("unavailable", "too many requests", retry_after=60.0)]
    webhooks.take(a_status_notice(NUMBER))
    async with running(database, marketplace, tmp_path):
        await soon(lambda: opened.execute("SELECT 1 FROM calls WHERE failures = 1").fetchone())
        await asyncio.to_thread(webhooks.take, a_status_notice(NUMBER, "CANCEL"))
    ((state, waits),) = opened.execute("SELECT state, due_at - now() > interval '50 s' FROM calls").fetchall()
    assert (state, waits, len(marketplace.requests)) == ("waiting", True, 1)


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (OrderRead("refused", "odd number"), "odd number"),
        (OrderRead("done", order=b"{}"), "order makes no sense: id: is missing"),
        (OrderRead("done", order=json.dumps(an_order_shown("1")).encode()), "another order was shown"),
    ],
)
async def test_read_that_cannot_be_taken_is_parked_until_the_next_hint(
    webhooks: Hints, opened: Connection, tmp_path: Path, shown: OrderRead, reason: str
) -> None:
    """Refused, or nonsense: parked with the reason, no value of it; whatever hints at the order next tries anew."""
    marketplace = ShownOrders(NUMBER)
    marketplace.instead = [shown]
    webhooks.take(a_status_notice(NUMBER))
    async with running(webhooks.intake.dsn, marketplace, tmp_path):
        await soon(lambda: calls.waiting(opened) == {"ReadOrderCall parked": 1})
        assert opened.execute("SELECT last_error FROM calls").fetchall() == [(reason,)]
        await asyncio.to_thread(webhooks.take, a_status_notice(NUMBER, "CANCEL"))
        await soon(lambda: told(opened))


async def test_order_that_is_not_there_yet_is_looked_for_again(
    webhooks: Hints, database: str, opened: Connection, tmp_path: Path
) -> None:
    """Missing: tried again, and the last try is a person's question."""
    webhooks.take(a_status_notice(NUMBER))
    marketplace = ShownOrders()
    async with running(database, marketplace, tmp_path):
        await soon(lambda: opened.execute("SELECT 1 FROM calls WHERE failures = 1").fetchone())
        opened.execute("UPDATE calls SET failures = 4, due_at = now()")
        await soon(lambda: calls.waiting(opened) == {"ReadOrderCall parked": 1})
    assert told(opened) == []


# Access to the shop


async def test_shop_that_takes_access_away_is_asked_nothing(
    webhooks: Hints, database: str, opened: Connection, tmp_path: Path
) -> None:
    """Its reads wait and count as no attempt; whatever the shop sends later proves that we may ask again."""
    marketplace = ShownOrders(NUMBER)
    webhooks.take(a_notice(6, message="deauthorized"))
    assert shops.without_access(opened) == {(DEMO_SHOP.marketplace, DEMO_SHOP.shop)}
    webhooks.take(a_status_notice(NUMBER))
    async with running(database, marketplace, tmp_path):
        await soon(lambda: opened.execute("SELECT 1 FROM calls WHERE last_error <> ''").fetchone())
        ((failures, reason),) = opened.execute("SELECT failures, last_error FROM calls").fetchall()
        assert (failures, reason, marketplace.requests) == (0, "the shop took our access away", [])
        later = json.loads(a_status_notice("2"))
        await asyncio.to_thread(webhooks.take, json.dumps({**later, "timestamp": CREATED + 200}).encode())
        assert shops.without_access(opened) == set()
        opened.execute("UPDATE calls SET due_at = now()")
        await soon(lambda: told(opened))


def test_old_news_of_access_changes_nothing(opened: Connection) -> None:
    """What is older than the end of our access does not open the shop; the same end told twice is one."""
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    ended = shops.Access("tiktok", SHOP, at, ended=True)
    shops.note_access(opened, [ended, ended._replace(at=at.replace(hour=11), ended=False)])
    assert shops.without_access(opened) == {("tiktok", SHOP)}
    shops.note_access(opened, [ended, ended._replace(at=at.replace(minute=1), ended=False)])
    assert shops.without_access(opened) == set()
