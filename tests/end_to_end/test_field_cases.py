"""Failures that others reported, on the whole product: what was lost or doubled elsewhere is there once here."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import pytest
from psycopg import sql

from tests.end_to_end.world import MARKETPLACE, World, a_number, a_sku, id_of, item_id_of
from tests.waiting import eventually
from tests.webhooks import BUYER, CREATED, SHOP, a_cancellation_webhook, an_order_webhook

UNPRINTABLE = {**BUYER, "name": "漢字"}
"""Nobody can print this name on a label, so the order stops before one is bought."""


# FC-03


@pytest.mark.parametrize("secret", ["", None])
def test_fc_03_ingress_without_a_secret_does_not_start(tmp_path: Path, secret: str | None) -> None:
    """With the secret empty or unset the process ends with an error that names the variable."""
    environment = {"CREATORFLOW_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "CREATORFLOW_INGRESS_PORT": "1"}
    if secret is not None:
        environment["CREATORFLOW_WEBHOOK_SECRET"] = secret
    command = (sys.executable, "-m", "creatorflow", "ingress")
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert "CREATORFLOW_WEBHOOK_SECRET" in ended.stderr


# FC-06


@contextmanager
def dying_once(world: World, timing: LiteralString, aggregate: object) -> Iterator[None]:
    """Let the database session that writes this aggregate's first event die, once."""
    name = f"dies_{uuid4().hex[:12]}"
    made = sql.SQL(
        """
        CREATE SEQUENCE {name};
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('{raw}') = 1 THEN
                PERFORM pg_terminate_backend(pg_backend_pid());
                PERFORM pg_sleep(5);
            END IF;
            RETURN NEW;
        END $$;
        CREATE {timing} ON events {deferred} FOR EACH ROW
            WHEN (NEW.originator_id = {aggregate}) EXECUTE FUNCTION {name}()
        """
    ).format(
        name=sql.Identifier(name),
        raw=sql.SQL(name),
        timing=sql.SQL(timing).format(name=sql.Identifier(name)),
        deferred=sql.SQL("DEFERRABLE INITIALLY DEFERRED" if "CONSTRAINT" in timing else ""),
        aggregate=sql.Literal(str(aggregate)),
    )
    with world.connected() as connection:
        connection.execute(made)
        try:
            yield
            died = connection.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(name)))
            assert died.fetchone() != (1, False), "nothing died, so nothing was shown"
        finally:
            connection.execute(
                sql.SQL("DROP TRIGGER {name} ON events; DROP FUNCTION {name}(); DROP SEQUENCE {name}").format(
                    name=sql.Identifier(name)
                )
            )


@pytest.mark.parametrize("of", ["order", "shelf"])
@pytest.mark.parametrize(
    "timing",
    ["TRIGGER {name} BEFORE INSERT", "CONSTRAINT TRIGGER {name} AFTER INSERT"],
    ids=["before the event", "at the commit"],
)
def test_fc_06_crash_in_the_middle_of_the_work_loses_and_repeats_nothing(
    world: World, timing: LiteralString, of: str
) -> None:
    """The store dies after the id was noted, or after all was written: one order and one reservation in the end."""
    sku, number = a_sku(), a_number()
    world.receive(sku, 10)
    body = an_order_webhook(number, sku=sku)
    with dying_once(world, timing, id_of(number) if of == "order" else item_id_of(sku)):
        event_id = world.tell(body)
        world.eventually_order(number, "FULFILLED")
    world.tell(body, event_id)
    world.tell(body)
    after = world.sell(sku)
    world.eventually_order(after, "FULFILLED")
    world.eventually_stock(sku, on_hand=10, reserved=2, available=8)
    events = world.events_of(id_of(number))
    assert (events.count("order.placed"), events.count("order.stock-reserved")) == (1, 1)
    assert world.events_of(item_id_of(sku)).count("stock-item.reserved") == 2


# FC-07


def test_fc_07_update_before_the_creation_ends_at_the_newest_of_the_marketplace(world: World) -> None:
    """Three states arrive newest first: the newest stays, the earliest creation counts, stock is reserved once."""
    sku, number = a_sku(), a_number()
    world.receive(sku, 10)
    for status, updated in (
        ("AWAITING_COLLECTION", CREATED + 300),
        ("AWAITING_SHIPMENT", CREATED + 60),
        ("UNPAID", CREATED),
    ):
        world.tell(an_order_webhook(number, status, sku=sku, updated=updated))
    eventually(lambda: world.events_of(id_of(number)).count("order.update-superseded") == 2)
    world.eventually_stock(sku, reserved=1, available=9)
    end = world.log_end()
    order = world.look(f"/orders/{MARKETPLACE}:{SHOP}:{number}", at_least=end)["item"]["order"]
    assert order["marketplace_status"] == "AWAITING_COLLECTION"
    assert order["created_at"] == "2025-11-24T16:00:00Z"
    assert order["updated_at"] == "2025-11-24T16:05:00Z"
    assert world.events_of(item_id_of(sku)).count("stock-item.reserved") == 1


# FC-27


def test_fc_27_ten_buyers_get_one_unit_once(world: World) -> None:
    """Ten orders at once for one unit: one has it, nine wait; the winner cancels, and the oldest gets it, once."""
    sku = a_sku()
    world.receive(sku, 1)
    numbers = [a_number() for _ in range(10)]
    bodies = [
        an_order_webhook(number, sku=sku, shipping=UNPRINTABLE, created=CREATED + place, updated=CREATED + 60 + place)
        for place, number in enumerate(numbers)
    ]
    start = threading.Barrier(10)

    def send(body: bytes) -> None:
        start.wait()
        world.tell(body)

    with ThreadPoolExecutor(10) as threads:
        list(threads.map(send, bodies))
    eventually(lambda: sorted(map(world.state_of, numbers)) == ["BACKORDERED"] * 9 + ["HELD"])
    states = [world.state_of(number) for number in numbers]
    winner = numbers[states.index("HELD")]
    oldest = next(number for number in numbers if number != winner)
    assert partitions_of(world, numbers) > 1

    world.tell(a_cancellation_webhook(winner))
    world.eventually_order(winner, "CANCELLED")
    world.eventually_order(oldest, "HELD")
    world.eventually_stock(sku, on_hand=1, reserved=1, available=0, backordered=8)
    events = world.events_of(item_id_of(sku))
    assert (events.count("stock-item.reserved"), events.count("stock-item.backorder-filled")) == (1, 1)
    assert events.count("stock-item.depleted") == 1
    assert least_available(world, sku) == 0
    assert [world.state_of(number) for number in numbers if number not in {winner, oldest}] == ["BACKORDERED"] * 8


def partitions_of(world: World, numbers: list[str]) -> int:
    """On how many partitions the webhooks of these orders stood."""
    with world.connected() as connection:
        row = connection.execute(
            "SELECT count(DISTINCT partition) FROM raw_webhooks WHERE order_id = ANY(%s)",
            ([id_of(number) for number in numbers],),
        ).fetchone()
    assert row is not None
    return int(row[0])


def least_available(world: World, sku: str) -> int:
    """The fewest free units that the shelf had at any version since its first receipt."""
    with world.connected() as connection:
        rows = connection.execute(
            "SELECT convert_from(state, 'UTF8') FROM events WHERE originator_id = %s ORDER BY originator_version",
            (item_id_of(sku),),
        ).fetchall()
    states = [json.loads(state) for (state,) in rows]
    return min(int(state["on_hand"]) - int(state["reserved"]) for state in states if "on_hand" in state)
