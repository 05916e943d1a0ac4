"""Who bought is nobody's business: not in the database, not on the topics, not in a log (FC-61)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from uuid import UUID

import pytest
from confluent_kafka import Consumer, TopicPartition

from schemas.topics import CATALOGUE, TIKTOK_WEBHOOKS
from tests.end_to_end.world import World, a_number, a_sku
from tests.waiting import eventually
from tests.webhooks import BUYER, SECRET, SHOP, an_order_webhook

MARKED = {**BUYER, "name": "Zyxw Testperson", "phone": "+1 555 0199", "street1": "77 Marker Street"}
MARKS = ("Zyxw", "Testperson", "555 0199", "Marker Street")


@pytest.fixture(scope="module")
def told(world: World) -> World:
    """
    A world that was told of a person four times: well, badly, as nonsense, and where no carrier delivers. What was
    wrong is sent again, and is still wrong.
    """
    sku = a_sku()
    world.receive(sku, 10)
    good = world.sell(sku, shipping=MARKED, buyer_id="zyxw-1")
    unprintable = world.sell(sku, shipping={**MARKED, "name": "Zyxw Testperson 漢字"})
    bad = json.loads(an_order_webhook(a_number(), sku=sku, shipping=MARKED))
    bad["order_lines"][0]["quantity"] = "Zyxw Testperson, 77 Marker Street"
    letters = [
        world.tell(json.dumps(bad).encode()),
        world.tell(b"Zyxw Testperson, 77 Marker Street, +1 555 0199"),
    ]
    forged = world.deliver(an_order_webhook(a_number(), shipping=MARKED), **{"x-tiktok-shop-signature": "0" * 64})
    assert forged.status_code == 401
    assert not any(mark in forged.text for mark in MARKS)
    world.eventually_order(good, "FULFILLED")
    world.eventually_order(unprintable, "HELD")
    found = eventually(lambda: ids if len(ids := dead(world, letters)) == 2 else [])
    world.operate("/dead-letters/redeliver", {"ids": [str(letter) for (letter,) in found]})
    eventually(lambda: [world.letter(letter)["letter"]["times"] for (letter,) in found] == [1, 1])
    eventually(lambda: [world.letter(letter)["letter"]["redelivered_at"] for (letter,) in found] == [None, None])
    return world


def dead(world: World, event_ids: list[str]) -> list[tuple[UUID]]:
    """The dead letters of these webhooks."""
    with world.connected() as connection:
        return connection.execute(
            "SELECT id FROM dead_letters WHERE headers->>'event-id' = ANY(%s)", (event_ids,)
        ).fetchall()


def test_fc_61_no_table_holds_a_person_in_the_clear(told: World) -> None:
    """Whatever column of whatever table: neither as text nor as bytes."""
    with told.connected() as connection:
        tables = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        assert {"events", "raw_webhooks", "dead_letters", "order_board", "timeline", "calls"} <= set(tables)
        for table in tables:
            for mark in MARKS:
                for needle in (mark, mark.encode().hex()):
                    found = connection.execute(
                        f"SELECT count(*) FROM {table} AS t WHERE strpos(t::text, %s) > 0", (needle,)
                    ).fetchone()
                    assert found == (0,), f"{mark} in {table}"


def test_fc_61_no_topic_but_the_raw_one_holds_a_person(told: World) -> None:
    """Commands and events carry the person sealed; the raw topic is kept for hours, not days."""
    assert any(mark.encode() in value for value in values_of(told, TIKTOK_WEBHOOKS) for mark in MARKS)
    for topic in CATALOGUE:
        if topic.name != TIKTOK_WEBHOOKS:
            for value in values_of(told, topic.name):
                assert not any(mark.encode() in value for mark in MARKS), topic.name


def values_of(world: World, topic: str) -> Iterator[bytes]:
    """At least everything that stands on a topic now; more may come meanwhile."""
    consumer = Consumer({"bootstrap.servers": world.settings.kafka, "group.id": "looker", "enable.auto.commit": False})
    try:
        partitions = [TopicPartition(topic, number, 0) for number in range(world.settings.partitions)]
        left = sum(consumer.get_watermark_offsets(each)[1] for each in partitions)
        consumer.assign(partitions)
        deadline = time.monotonic() + 30
        while left > 0:
            assert time.monotonic() < deadline, f"{left} records of {topic} did not come"
            for message in consumer.consume(500, timeout=1.0):
                left -= 1
                yield message.value() or b""
    finally:
        consumer.close()


def test_fc_61_no_log_names_a_person_or_a_secret(told: World) -> None:
    """At level DEBUG, of every process, the stack's own included."""
    logs = told.logs()
    assert {"ingress.log", "worker-1.log", "worker-2.log", "api.log"} <= logs.keys()
    secrets = [SECRET, told.settings.require_master_key().hex()]
    for name, text in logs.items():
        assert not any(mark in text for mark in (*MARKS, *secrets)), name


def test_fc_61_no_answer_but_the_order_itself_names_a_person(told: World) -> None:
    """Lists, alerts, dead letters and metrics speak of orders, never of people."""
    for path in ("/orders", "/alerts", "/dead-letters", "/summary", "/health", "/metrics", "/stock-items"):
        text = told.ask(path).text
        assert not any(mark in text for mark in MARKS), path


def test_fc_61_order_itself_shows_its_person(told: World) -> None:
    """Whoever packs the parcel must know where it goes."""
    found = [order["number"] for order in told.look("/orders", shop=SHOP, limit=500)["items"]]
    places = [(told.order(number) or {}).get("ship_to") or {} for number in found]
    assert "Zyxw Testperson" in [place["person"]["name"] for place in places if place.get("person")]
