"""A dead letter is sent again in its order and byte for byte; it is never lost, and twice is harmless."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from aggregates.event_store import dead_letters, inbox, shops
from aggregates.event_store.application import open_event_log
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.connection import Connection
from aggregates.event_store.dead_letters import DeadLetter, Listed
from aggregates.event_store.shops import Shop
from schemas.topics import INVENTORY_COMMANDS, ORDERS_COMMANDS, ORDERS_EVENTS, TIKTOK_WEBHOOKS
from schemas.values import order_id
from streams.consuming import Raw
from streams.publishing import BrokerUnavailable, Record
from streams.redelivery import NotRedeliverable, Redeliverer, Wish, ask, ask_once
from tests.builders import an_order
from tests.integration.streams.agents import MASTER_KEY, Fitted, batch_for
from tests.kept_publisher import KeptPublisher, raising
from tests.records import ARecord, carrying, relayed
from tests.waiting import soon
from tests.webhooks import SHOP

NEW_SHOP = "7490000000000000009"


def of_shop(record: Raw, shop: str) -> Raw:
    """The same webhook of another shop."""
    return replace(record, value=(record.value or b"").replace(SHOP.encode(), shop.encode()))  # type: ignore[type-var]


def as_records(sent: Sequence[Record], first_offsets: dict[int, int]) -> list[Raw]:
    """What was sent, as it is read: one behind the other on partition 0."""
    return [
        ARecord(record.topic, 0, first_offsets[0] + number, key=record.key, value=record.value, headers=record.headers)
        for number, record in enumerate(sent)
    ]


async def sent_again(dsn: str, connection: Connection, publisher: KeptPublisher | None = None) -> list[Record]:
    """Let everything be sent that was asked for, and return it."""
    publisher = publisher or KeptPublisher()
    leading = asyncio.Event()
    leading.set()
    log = open_event_log(dsn)
    task = asyncio.create_task(Redeliverer(dsn, publisher, leading, BuyerKeys(MASTER_KEY), log).run())
    try:
        await soon(lambda: not dead_letters.asked(connection, 1))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        log.close()
    return publisher.records


def letters(connection: Connection) -> list[Listed]:
    """Every letter, by its place."""
    return sorted(dead_letters.recent(connection, 1000), key=lambda each: (each.partition, each.offset))


@pytest.fixture
def intake(database: str, loop: asyncio.AbstractEventLoop) -> Fitted:
    """The agent that takes webhooks in."""
    return Fitted("intake.tiktok", TIKTOK_WEBHOOKS, database, loop)


async def test_letters_of_a_shop_that_is_registered_now_are_taken(
    database: str, opened: Connection, intake: Fitted
) -> None:
    """Byte for byte, in the order in which they came, under their own ids; the letters say when and how often."""
    records, _ = batch_for(intake.name, intake.topic)
    foreign = [of_shop(record, NEW_SHOP) for record in records]
    intake.take(foreign)
    assert len(letters(opened)) == 8
    assert (ask(opened, Wish(reason="no registered shop")), intake.publisher.records) == (8, [])
    sent = await sent_again(database, opened)
    assert [record.value for record in sent] == [record.value for record in foreign]
    assert [record.key for record in sent] == [record.key for record in foreign]
    assert [dict(record.headers)["event-id"] for record in sent] == [
        dict(record.headers)["event-id"] for record in foreign
    ]
    shops.add(opened, Shop("tiktok", NEW_SHOP, "seller", "UTC", live_stock=True, live_labels=True, live_buying=True))
    intake.take(as_records(sent, intake.next_offsets()))
    assert [record.key for record in intake.publisher.records] == [
        str(order_id("tiktok", NEW_SHOP, f"57690000000{number}")).encode() for number in range(8)
    ]
    assert [(letter.times, letter.redelivered_at is None) for letter in letters(opened)] == [(1, False)] * 8


async def test_letter_that_fails_again_is_the_same_letter_and_waits(
    database: str, opened: Connection, intake: Fitted
) -> None:
    """With its new reason; nothing is added to the list, nothing is taken off it."""
    intake.take([ARecord(TIKTOK_WEBHOOKS, key=b"K", value=b"not json", headers=(("event-id", b"E1"),))])
    (first,) = letters(opened)
    for times in (1, 2):
        assert ask(opened, Wish(ids=(first.id,))) == 1
        intake.take(as_records(await sent_again(database, opened), intake.next_offsets()))
        (letter,) = letters(opened)
        assert (letter.id, letter.times, letter.redelivered_at) == (first.id, times, None)
    found = dead_letters.one(opened, first.id)
    assert found is not None
    context = dead_letters.context_of(first.topic, first.partition, first.offset)
    assert BuyerKeys(MASTER_KEY).open(opened, found[2], context) == b"not json"


async def test_command_goes_again_without_its_place_in_the_log(
    database: str, opened: Connection, loop: asyncio.AbstractEventLoop
) -> None:
    """Its reader has seen later places, and would take it for a re-send; twice, the inbox knows it."""
    orders = Fitted("orders.decide", ORDERS_COMMANDS, database, loop)
    record = relayed(an_order().record(), 0, position=5)
    orders.raise_on(an_order().id, ZeroDivisionError())
    orders.take([record, relayed(an_order().numbered(2).record(), 1, position=9)])
    (letter,) = letters(opened)
    assert (letter.kind, letter.reason) == ("bug", "ZeroDivisionError")
    orders.raising = None
    for _ in range(2):
        ask(opened, Wish(ids=(letter.id,)))
        orders.take(as_records(await sent_again(database, opened), orders.next_offsets()))
    assert orders.written() == [an_order().numbered(2).id, an_order().id]
    placed = opened.execute("SELECT count(*) FROM events WHERE topic = 'order.placed'").fetchone()
    assert placed == (2,)


async def test_older_letter_behind_newer_events_changes_nothing(
    database: str, opened: Connection, loop: asyncio.AbstractEventLoop
) -> None:
    """The marketplace's time orders, not the time of redelivery."""
    orders = Fitted("orders.decide", ORDERS_COMMANDS, database, loop)
    older, newer = an_order().paid(), an_order().awaiting_collection()
    orders.raise_on(older.id, ZeroDivisionError())
    orders.take([carrying(older.record(), 0, id="older")])
    orders.raising = None
    orders.take([carrying(newer.record(), 1, id="newer")])
    before = statuses(opened)
    ask(opened, Wish())
    orders.take(as_records(await sent_again(database, opened), orders.next_offsets()))
    assert statuses(opened) == [*before, "order.update-superseded"]


def statuses(connection: Connection) -> list[str]:
    """The names of all stored events."""
    return [topic for (topic,) in connection.execute("SELECT topic FROM events ORDER BY notification_id")]


async def test_command_under_another_key_finds_its_partition_by_itself(
    database: str, opened: Connection, loop: asyncio.AbstractEventLoop
) -> None:
    """Nobody has to ask; under its own key it is decided."""
    orders = Fitted("orders.decide", ORDERS_COMMANDS, database, loop)
    orders.take([replace(carrying(an_order().record()), key=None)])
    sent = await sent_again(database, opened)
    assert [record.key for record in sent] == [str(an_order().id).encode()]
    orders.take(as_records(sent, orders.next_offsets()))
    assert orders.written() == [an_order().id]
    (letter,) = letters(opened)
    assert (letter.times, letter.redelivered_at is not None) == (1, True)


async def test_nothing_is_lost_while_the_broker_is_away(database: str, opened: Connection, intake: Fitted) -> None:
    """What was not acknowledged is sent later."""
    intake.take([ARecord(TIKTOK_WEBHOOKS, value=b"not json")])
    ask(opened, Wish())
    publisher = KeptPublisher()
    publisher.instead = raising(BrokerUnavailable("away"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await sent_again(database, opened, publisher)
    assert [each.id for each in dead_letters.asked(opened, 10)] == [letter.id for letter in letters(opened)]
    publisher.instead = None
    assert [record.value for record in await sent_again(database, opened, publisher)] == [b"not json"]


async def test_header_that_is_no_text_is_sent_as_it_was(database: str, opened: Connection, intake: Fitted) -> None:
    """Every byte, as the hash of a payload has any."""
    headers = (("event-id", b"E1"), ("hash", bytes(range(256))), ("odd", b"base64:x"), ("empty", b""))
    intake.take([ARecord(TIKTOK_WEBHOOKS, value=b"not json", headers=headers)])
    ask(opened, Wish())
    (record,) = await sent_again(database, opened)
    assert dict(record.headers).items() >= dict(headers).items()


async def test_erased_letter_is_not_sent(database: str, opened: Connection, intake: Fitted) -> None:
    """Without its key nobody can read it; asking for it by name is refused."""
    intake.take([ARecord(TIKTOK_WEBHOOKS, value=b"not json")])
    (letter,) = letters(opened)
    ask(opened, Wish())
    opened.execute("UPDATE buyer_keys SET destroyed_at = now()")
    assert await sent_again(database, opened) == []
    with pytest.raises(NotRedeliverable, match=str(letter.id)):
        ask(opened, Wish(ids=(letter.id,)))


def test_wish_is_taken_whole_or_not_at_all(opened: Connection, intake: Fitted) -> None:
    """One letter that is unknown, and nothing is sent."""
    intake.take([ARecord(TIKTOK_WEBHOOKS, value=b"not json")])
    (letter,) = letters(opened)
    with pytest.raises(NotRedeliverable):
        ask(opened, Wish(ids=(letter.id, uuid4())))
    assert dead_letters.asked(opened, 10) == []


def test_letter_of_an_event_is_refused(database: str, opened: Connection, loop: asyncio.AbstractEventLoop) -> None:
    """An event has one writer; a read model that missed one is rebuilt."""
    board = Fitted("read-models.orders", ORDERS_EVENTS, database, loop)
    records, _ = batch_for(board.name, board.topic)
    board.take([replace(records[0], value=b"{")])
    (letter,) = letters(opened)
    assert ask(opened, Wish()) == 0
    with pytest.raises(NotRedeliverable, match=r"`creatorflow rebuild` makes .*order_board.* anew"):
        ask(opened, Wish(ids=(letter.id,)))


def untranslated(connection: Connection, position: int) -> None:
    """The relay passed the event at this position with a letter."""
    keys, subject = BuyerKeys(MASTER_KEY), "day"
    keys.make_ready(connection, [subject])
    body = keys.seal(subject, b"{}", dead_letters.context_of("log", 0, position))
    letter = DeadLetter("relay", "log", 0, position, "bug", "ZeroDivisionError", b"id", {"type": "any"}, body)
    dead_letters.insert(connection, [letter])


async def test_what_follows_from_an_event_that_could_not_be_translated_is_sent(
    database: str, opened: Connection, loop: asyncio.AbstractEventLoop
) -> None:
    """Once our own code is mended its commands go out, without a place in the log; twice, they are decided once."""
    orders = Fitted("orders.decide", ORDERS_COMMANDS, database, loop)
    orders.take([carrying(an_order().record(), 0)])
    untranslated(opened, statuses(opened).index("order.classified") + 1)
    shelf = Fitted("inventory.decide", INVENTORY_COMMANDS, database, loop)
    for _ in range(2):
        assert ask(opened, Wish(ids=(letters(opened)[0].id,))) == 1
        sent = await sent_again(database, opened)
        assert {(record.topic, dict(record.headers)["ce_type"]) for record in sent} == {
            (INVENTORY_COMMANDS, b"ReserveStock")
        }
        shelf.take(as_records(sent, shelf.next_offsets()))
    assert statuses(opened).count("stock-item.shortage-recorded") == 1


async def test_event_that_cannot_be_translated_yet_waits_again(database: str, opened: Connection) -> None:
    """The loop goes on, and its letter is there as before."""
    opened.execute(
        "INSERT INTO events (originator_id, originator_version, topic, state, cause, correlation)"
        " VALUES (%s, 1, 'order.placed', '{}', 'cause', 'outside')",
        (uuid4(),),
    )
    untranslated(opened, statuses(opened).index("order.placed") + 1)
    assert ask(opened, Wish()) == 1
    assert await sent_again(database, opened) == []
    (letter,) = letters(opened)
    assert (letter.redelivered_at, letter.times) == (None, 0)


@pytest.mark.parametrize(("second", "asked"), [(b"the same", False), (b"another", True)])
def test_key_of_an_operator_is_used_once(opened: Connection, intake: Fitted, second: bytes, asked: bool) -> None:
    """The same key and body is a repeat; with another body it is another wish. Its outcome can be asked for."""
    intake.take([ARecord(TIKTOK_WEBHOOKS, value=b"not json")])
    ask_once(opened, "K1", b"the same", Wish())
    assert (inbox.outcome(opened, "K1") or ("",))[0] == "1 dead letters are sent again"
    opened.execute("UPDATE dead_letters SET asked_at = NULL")
    ask_once(opened, "K1", second, Wish())
    assert bool(dead_letters.asked(opened, 10)) is asked


def test_refused_wish_leaves_its_key_unused(opened: Connection) -> None:
    """The caller may mend it and ask again under the same key."""
    with pytest.raises(NotRedeliverable):
        ask_once(opened, "K1", b"body", Wish(ids=(UUID(int=1),)))
    assert inbox.outcome(opened, "K1") is None
