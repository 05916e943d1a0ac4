"""A record that makes no sense, whoever put it on a topic, becomes a dead letter; nothing stops and nothing is lost."""

from __future__ import annotations

import asyncio
from base64 import b85encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha512

import pytest

from aggregates.event_store import dead_letters
from aggregates.event_store.connection import connect
from schemas.topics import ORDERS_COMMANDS, SHIPPING_EVENTS, TIKTOK_WEBHOOKS
from tests.builders import an_order
from tests.integration.streams.agents import READERS, Fitted, batch_for
from tests.records import ARecord, carrying

THIRD = 2
WHOLE = {0: 5, 1: 3}

Spoil = Callable[[ARecord], ARecord]


def with_header(name: str, value: bytes) -> Spoil:
    """The record with one more header, which counts instead of an earlier one."""
    return lambda record: replace(record, headers=(*record.headers, (name, value)))


def with_value(value: bytes | None) -> Spoil:
    """The record with another value."""
    return lambda record: replace(record, value=value)


LONG = b"".join(b85encode(sha512(b"%d" % number).digest()) for number in range(120))
"""Text that no compression makes short enough for an index."""

EVERYWHERE: dict[str, Spoil] = {
    "empty value": with_value(b""),
    "not JSON": with_value(b"\x89PNG not json"),
    "NUL bytes": with_value(b"\x00\x00\x00"),
    "not UTF-8": with_value(b'{"order_id": "\xff\xfe"}'),
    "a list": with_value(b"[1, 2]"),
    "deeply nested": with_value(b"[" * 100_000),
    "deeply nested where nothing is read": lambda record: replace(
        record, value=(record.value or b"")[:-1] + b', "more": ' + b'{"a":' * 500 + b"1" + b"}" * 501
    ),
    "a key twice": lambda record: replace(record, value=b'{"a": 1, "a": 1, ' + (record.value or b"")[1:]),
    "not UTF-8 where nothing is read": lambda record: replace(
        record, value=(record.value or b"")[:-1] + b', "more": "\xff"}'
    ),
    "no key": lambda record: replace(record, key=None, value=b"{"),
    "key with NUL": lambda record: replace(record, key=b"\x00", value=b"{"),
    "log position that is no number": with_header("ce_logposition", b"far"),
    "log position beyond 64 bits": with_header("ce_logposition", b"9" * 30),
    "header with NUL": lambda record: with_header("traceparent", b"a\x00b")(with_value(b"{")(record)),
    "header that is not UTF-8": lambda record: with_header("traceparent", b"\xff\xfe")(with_value(b"{")(record)),
    "long header": lambda record: with_header("traceparent", LONG)(with_value(b"{")(record)),
}
OF_MESSAGES: dict[str, Spoil] = {
    "no headers": lambda record: replace(record, headers=()),
    "id with NUL": with_header("ce_id", b"a\x00b"),
    "long id": with_header("ce_id", LONG),
    "correlation with NUL": with_header("ce_correlationid", b"a\x00b"),
    "time that is none": with_header("ce_time", b"yesterday"),
    "source with NUL": with_header("ce_source", b"\x00"),
}
OF_WEBHOOKS: dict[str, Spoil] = {
    "event id with NUL": with_header("event-id", b"a\x00b"),
    "long event id": with_header("event-id", LONG),
    "event id that is not UTF-8": with_header("event-id", b"\xff\xfe"),
    "received at no time": with_header("received-at", b"soon"),
    "signature format with NUL": with_header("signature-format", b"\x00"),
    "shop that nobody registered": lambda record: replace(
        record, value=(record.value or b"").replace(b"7490000000000000001", b"7490000000000000002")
    ),
}


ONE_OF_EACH_SHAPE = [
    reader for reader in READERS if reader[1] in {"intake.tiktok", "orders.decide", "read-models.orders"}
]
"""Forwards, decides, reads: what is done with a record before it means anything is the same within each."""


def cases() -> list[object]:
    """One agent of each shape with every spoilt record that its topic may hold."""
    found: list[object] = []
    for topic, name in ONE_OF_EACH_SHAPE:
        more = OF_WEBHOOKS if name == "intake.tiktok" else OF_MESSAGES
        found += [pytest.param(topic, name, spoil, id=f"{name}-{what}") for what, spoil in (EVERYWHERE | more).items()]
    return found


@pytest.mark.parametrize(("topic", "name", "spoil"), cases())
def test_spoilt_record_is_passed_with_a_trace(
    database: str, loop: asyncio.AbstractEventLoop, topic: str, name: str, spoil: Spoil
) -> None:
    """Whatever is wrong with one record, it is written or dead-lettered, and so is everything around it."""
    fitted = Fitted(name, topic, database, loop)
    records, targets = batch_for(name, topic)
    records[THIRD] = spoil(records[THIRD])
    fitted.take(records)
    assert fitted.next_offsets() == WHOLE
    written = fitted.written()
    assert [each for each in targets if each != targets[THIRD]] == [each for each in written if each != targets[THIRD]]
    dead = [(partition, offset) for partition, offset, _, _ in fitted.dead()]
    assert dead == ([] if targets[THIRD] in written else [(0, THIRD)])


def test_header_that_no_text_column_takes_is_kept_all_the_same(database: str, loop: asyncio.AbstractEventLoop) -> None:
    """A name with NUL does not keep the dead letter from being written."""
    fitted = Fitted("orders.decide", ORDERS_COMMANDS, database, loop)
    fitted.take([with_header("a\x00b", b"\xff")(carrying(an_order().record()))])
    assert [(partition, offset) for partition, offset, _, _ in fitted.dead()] == []
    fitted.take([with_header("a\x00b", b"\xff")(with_value(b"{")(carrying(an_order().record(), 1)))])
    assert [(partition, offset) for partition, offset, _, _ in fitted.dead()] == [(0, 1)]


@pytest.mark.parametrize(("topic", "name"), ONE_OF_EACH_SHAPE)
def test_record_without_a_value_is_passed(
    database: str, loop: asyncio.AbstractEventLoop, topic: str, name: str
) -> None:
    """It says nothing, so it is no dead letter either, and everything around it is written."""
    fitted = Fitted(name, topic, database, loop)
    records, targets = batch_for(name, topic)
    records[THIRD] = with_value(None)(records[THIRD])
    fitted.take(records)
    assert fitted.next_offsets() == WHOLE
    assert fitted.written() == [each for each in targets if each != targets[THIRD]]
    assert fitted.dead() == []


def test_webhook_without_a_key_is_routed_by_the_ids_in_its_body(database: str, loop: asyncio.AbstractEventLoop) -> None:
    """The command of it is keyed by its order, wherever the webhook stood."""
    fitted = Fitted("intake.tiktok", TIKTOK_WEBHOOKS, database, loop)
    records, targets = batch_for(fitted.name, fitted.topic)
    fitted.take([replace(record, key=None) for record in records])
    assert [record.key for record in fitted.publisher.records] == [str(target).encode() for target in targets]


@pytest.mark.parametrize("key", [None, b"another"])
def test_command_under_another_key_is_sent_again_under_its_own(
    database: str, loop: asyncio.AbstractEventLoop, key: bytes | None
) -> None:
    """Another agent may write that aggregate; so it is not decided here, and waits for nobody."""
    fitted = Fitted("orders.decide", ORDERS_COMMANDS, database, loop)
    order = an_order()
    fitted.take([replace(carrying(order.record()), key=key)])
    assert fitted.written() == []
    with connect(database, "test") as connection:
        (letter,) = dead_letters.asked(connection, 10)
    assert letter.record_key == str(order.id).encode()


def test_message_of_another_topic_is_dead_lettered(database: str, loop: asyncio.AbstractEventLoop) -> None:
    """A command that this agent does not decide is no reason to stop."""
    fitted = Fitted("shipping.decide", "shipping.commands.v1", database, loop)
    records, targets = batch_for(fitted.name, fitted.topic)
    records[THIRD] = replace(carrying(an_order().record(), THIRD), topic=fitted.topic)
    fitted.take(records)
    assert [each for each in targets if each != targets[THIRD]] == fitted.written()
    assert [(partition, offset) for partition, offset, _, _ in fitted.dead()] == [(0, THIRD)]


def test_event_of_an_unknown_type_stops_its_partition_alone(database: str, loop: asyncio.AbstractEventLoop) -> None:
    """A read model never steps over a type that it does not know: the partition stops, the other goes on."""
    fitted = Fitted("read-models.shipping", SHIPPING_EVENTS, database, loop)
    records, targets = batch_for(fitted.name, fitted.topic)
    records[THIRD] = with_header("ce_type", b"ShipmentTeleported")(records[THIRD])
    fitted.take(records)
    assert (fitted.next_offsets()[1], fitted.written()) == (3, targets[5:])
    assert [(tp.topic, tp.partition) for tp in fitted.standing.stopped] == [(SHIPPING_EVENTS, 0)]
