"""Workers that are killed, a database that goes away, a carrier that sells and says nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from creatorflow import bootstrap
from creatorflow.devstack import ServiceSpec, creatorflow_processes
from creatorflow.settings import Settings
from schemas.topics import TIKTOK_WEBHOOKS
from streams.consuming import EXIT_INVARIANT_BROKEN
from tests.conformance.simulated import SimulatorProcess
from tests.end_to_end import faulty_worker
from tests.end_to_end.workers import Worker
from tests.end_to_end.world import MARKETPLACE, World, a_number, a_sku, a_world, id_of, item_id_of
from tests.waiting import eventually
from tests.webhooks import SHOP, an_order_webhook

REBALANCED_WITHIN = 60.0
"""A worker that was killed holds its partitions for the session limit of ten seconds."""


def no_workers(settings: Settings) -> Sequence[ServiceSpec]:
    """The processes that this module does not start itself."""
    return [spec for spec in creatorflow_processes(settings) if not spec.name.startswith("worker")]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world with a door and a window, and nobody at work."""
    with a_world(tmp_path_factory.mktemp("bare") / "home", processes_of=no_workers) as made:
        yield made


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[SimulatorProcess]:
    """A carrier that keeps no idempotency keys, so that whoever buys twice gets two labels."""
    with SimulatorProcess("carrier", tmp_path / "carrier.jsonl") as simulator:
        simulator.control(idempotent=False)
        yield simulator


def put_on_partition_0(world: World, *bodies: bytes) -> list[str]:
    """Append webhooks to one partition as the ingress does; returns their ids."""
    producer = Producer({"bootstrap.servers": world.settings.kafka})
    ids = []
    for body in bodies:
        ids.append(uuid4().hex)
        headers: list[tuple[str, str | bytes | None]] = [
            ("event-id", ids[-1].encode()),
            ("received-at", datetime.now(UTC).isoformat().encode()),
            ("signature-format", b"specification"),
        ]
        producer.produce(TIKTOK_WEBHOOKS, body, ids[-1].encode(), partition=0, headers=headers)
    assert producer.flush(20) == 0
    return ids


def placed(world: World, *numbers: str) -> list[int]:
    """How often each order was placed."""
    return [world.events_of(id_of(number)).count("order.placed") for number in numbers]


def letters(world: World) -> dict[str, dict[str, object]]:
    """Every dead letter with its decrypted body, by the id of its webhook or command."""
    found = {}
    for listed in bootstrap.dead_letters(world.settings, 1000):
        letter = bootstrap.dead_letter(world.settings, listed.id)
        assert letter is not None
        found[letter["headers"].get("event-id") or letter["headers"].get("ce_id")] = letter
    return found


# FC-43


def test_fc_43_poison_in_the_middle_of_a_partition_stops_nothing(bare: World) -> None:
    """Good, NUL, no JSON, good on one partition: three are processed once, one is a dead letter, restarted too."""
    sku, first, nul, second = a_sku(), a_number(), a_number(), a_number()
    with Worker(bare, "poisoned") as worker:
        bare.receive(sku, 10)
        _, _, no_json, _ = put_on_partition_0(
            bare,
            an_order_webhook(first, sku=sku),
            an_order_webhook(nul, sku=sku, buyer_note="a\x00b"),
            b"not json",
            an_order_webhook(second, sku=sku),
        )
        for number in (first, nul, second):
            bare.eventually_order(number, "FULFILLED", within=REBALANCED_WITHIN)
        letter = letters(bare)[no_json]
        assert (letter["agent"], letter["topic"], letter["partition"]) == ("intake.tiktok", TIKTOK_WEBHOOKS, 0)
        assert (letter["kind"], letter["body"]) == ("bad", "not json")
        assert "not JSON" in str(letter["reason"])
        worker.kill()
        worker.start()
        third = a_number()
        put_on_partition_0(bare, an_order_webhook(third, sku=sku))
        bare.eventually_order(third, "FULFILLED", within=REBALANCED_WITHIN)
    assert placed(bare, first, nul, second, third) == [1, 1, 1, 1]
    bare.eventually_stock(sku, on_hand=10, reserved=4)
    assert [one for one in letters(bare).values() if one["topic"] == TIKTOK_WEBHOOKS] == [letter]


def test_fc_43_outage_of_the_database_is_waited_for(bare: World) -> None:
    """An order that arrives while the database is away is processed once it is back, and is no dead letter."""
    sku, number = a_sku(), a_number()
    with Worker(bare, "waiting") as worker:
        bare.receive(sku, 1)
        before = letters(bare).keys()
        with bare.stack.outage("postgres"):
            tried = worker.said("starts over")
            put_on_partition_0(bare, an_order_webhook(number, sku=sku))
            eventually(lambda: worker.said("starts over") >= tried + 5)
        eventually(lambda: fulfilled(bare, [number]) == 1, within=REBALANCED_WITHIN)
    eventually(lambda: answers(bare, number) == [200] * 4)
    assert placed(bare, number) == [1]
    assert letters(bare).keys() == before


def answers(world: World, number: str) -> list[int]:
    """What the api answers to a question of each kind."""
    questions = (f"/orders/{MARKETPLACE}:{SHOP}:{number}", "/dead-letters", "/commands/none", "/summary")
    return [world.ask(question).status_code for question in questions]


def test_api_says_so_while_the_database_is_away(bare: World) -> None:
    """Every question is answered 503 until the database is back, and then 200; never 500."""
    number = a_number()
    with Worker(bare, "before"):
        bare.tell(an_order_webhook(number, sku=a_sku()))
        eventually(lambda: answers(bare, number) == [200] * 4, within=REBALANCED_WITHIN)
    with bare.stack.outage("postgres"):
        away = answers(bare, number)
    seen: list[int] = []

    def answers_again() -> bool:
        seen.extend(answers(bare, number))
        return seen[-4:] == [200] * 4

    eventually(answers_again)
    assert (away, set(seen) - {200, 503}) == ([503] * 4, set())


# FC-45


def end_leases(world: World) -> None:
    """Let the leases of all calls under way run out now, which after a kill nobody wants to wait for."""
    with world.connected() as connection:
        connection.execute("UPDATE calls SET lease_until = now() WHERE state = 'running'")


def test_fc_45_worker_that_joins_and_one_that_dies_lose_and_double_nothing(bare: World) -> None:
    """400 orders; a second worker at 100, kill -9 of the first at 200, back at 300: 400 of everything, lag 0."""
    sku = a_sku()
    numbers = [a_number() for _ in range(400)]
    bought_before = len(bootstrap.carrier_record(bare.settings) or [])
    with Worker(bare, "first") as first, Worker(bare, "second", starts=False) as second:
        bare.receive(sku, 500)

        def kill_first() -> None:
            first.kill()
            end_leases(bare)

        acts = {100: second.start, 200: kill_first, 300: first.start}
        with ThreadPoolExecutor(8) as threads:
            for start in range(0, 400, 100):
                acts.get(start, lambda: None)()
                bodies = [an_order_webhook(number, sku=sku) for number in numbers[start : start + 100]]
                list(threads.map(bare.tell, bodies))
        bare.eventually_stock(sku, on_hand=500, reserved=400, available=100)
        eventually(lambda: fulfilled(bare, numbers) == 400, within=REBALANCED_WITHIN)
        eventually(lambda: {agent["lag"] for agent in bare.look("/health")["agents"]} == {0})
    assert set(placed(bare, *numbers)) == {1}
    assert bare.events_of(item_id_of(sku)).count("stock-item.reserved") == 400
    assert len(bootstrap.carrier_record(bare.settings) or []) - bought_before == 400


def fulfilled(world: World, numbers: list[str]) -> int:
    """How many of these orders have their label, by the log."""
    with world.connected() as connection:
        row = connection.execute(
            "SELECT count(*) FROM events WHERE topic = 'order.fulfilled' AND originator_id = ANY(%s)",
            ([id_of(number) for number in numbers],),
        ).fetchone()
    assert row is not None
    return int(row[0])


# FC-51


def sold_for(carrier: SimulatorProcess, world: World, number: str) -> list[str]:
    """The tracking numbers that the carrier sold for an order, of which the order must have the one it shows."""
    order = world.eventually_order(number, "FULFILLED", within=REBALANCED_WITHIN)
    shown = order["order"]["tracking_number"]
    sales = carrier.done("sold")
    (reference,) = {entry["reference"] for entry in sales if entry["tracking_number"] == shown}
    return [entry["tracking_number"] for entry in sales if entry["reference"] == reference]


def test_fc_51_lost_answer_of_the_carrier_buys_no_second_label(bare: World, carrier: SimulatorProcess) -> None:
    """The carrier sells and drops the connection: the sale is looked up, not repeated."""
    sku = a_sku()
    carrier.control({"kind": "act-then-close", "path": "/labels", "method": "POST", "requests": 1}, idempotent=False)
    with Worker(bare, "unanswered", carrier=carrier.url):
        bare.receive(sku, 1)
        number = bare.sell(sku)
        assert len(sold_for(carrier, bare, number)) == 1
    assert len(carrier.done("sold")) == 1


def test_fc_51_two_workers_and_double_clicks_buy_one_label(bare: World, carrier: SimulatorProcess) -> None:
    """Two workers, a slow carrier, and an operator who asks for each label twice: one label per order."""
    sku = a_sku()
    carrier.control({"kind": "slow", "seconds": 1.0, "path": "/labels", "method": "POST"}, idempotent=False)
    with Worker(bare, "one", carrier=carrier.url), Worker(bare, "two", carrier=carrier.url):
        bare.receive(sku, 10)
        numbers = [a_number() for _ in range(6)]
        start = threading.Barrier(6)

        def order_and_click(number: str) -> None:
            start.wait()
            bare.tell(an_order_webhook(number, sku=sku))
            for _ in range(2):
                bare.operate(f"/packages/{MARKETPLACE}:{SHOP}:{number}-1/buy-label")

        with ThreadPoolExecutor(6) as threads:
            list(threads.map(order_and_click, numbers))
        assert [len(sold_for(carrier, bare, number)) for number in numbers] == [1] * 6
    assert len(carrier.done("sold")) == 6


def test_fc_51_worker_killed_after_the_purchase_buys_no_second_label(bare: World, carrier: SimulatorProcess) -> None:
    """Kill -9 between the sale and the stored event: whoever takes the call over finds the sale."""
    sku = a_sku()
    carrier.control({"kind": "act-then-hang", "path": "/labels", "method": "POST", "requests": 1}, idempotent=False)
    with Worker(bare, "buyer", carrier=carrier.url) as worker:
        bare.receive(sku, 1)
        number = bare.sell(sku)
        eventually(lambda: carrier.done("sold"), within=REBALANCED_WITHIN)
        worker.kill()
        end_leases(bare)
        worker.start()
        assert len(sold_for(carrier, bare, number)) == 1
    assert len(carrier.done("sold")) == 1


# never-skips, with a worker that is real


def test_worker_with_a_broken_decision_passes_the_record_with_a_trace(bare: World) -> None:
    """One order on which our own code raises becomes a dead letter of kind bug; the others are fulfilled."""
    sku = a_sku()
    broken = f"{a_number()}{faulty_worker.RAISES}"
    with Worker(bare, "broken", module=faulty_worker.__name__):
        bare.receive(sku, 10)
        before = [bare.sell(sku) for _ in range(3)]
        event_id = bare.tell(an_order_webhook(broken, sku=sku))
        after = [bare.sell(sku) for _ in range(3)]
        for number in (*before, *after):
            bare.eventually_order(number, "FULFILLED", within=REBALANCED_WITHIN)
        eventually(lambda: event_id in letters(bare))
        letter = letters(bare)[event_id]
    assert (letter["agent"], letter["kind"], letter["reason"]) == ("orders.decide", "bug", "ZeroDivisionError")
    assert placed(bare, broken) == [0]


def test_worker_that_must_end_acknowledges_nothing(bare: World) -> None:
    """What is no error ends the process; a sound one then processes the record and everything behind it."""
    sku = a_sku()
    deadly = f"{a_number()}{faulty_worker.ENDS}"
    with Worker(bare, "ending", module=faulty_worker.__name__) as ending:
        bare.receive(sku, 10)
        first = bare.sell(sku)
        bare.eventually_order(first, "FULFILLED", within=REBALANCED_WITHIN)
        bare.tell(an_order_webhook(deadly, sku=sku))
        assert ending.wait() == EXIT_INVARIANT_BROKEN
        behind = bare.sell(sku)
    assert placed(bare, deadly, behind) == [0, 0]
    with Worker(bare, "sound"):
        for number in (deadly, behind):
            bare.eventually_order(number, "FULFILLED", within=REBALANCED_WITHIN)
    assert placed(bare, deadly, behind) == [1, 1]
