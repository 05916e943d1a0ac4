"""What may be asked over HTTP about what just happened."""

from __future__ import annotations

import json

from tests.end_to_end.world import MARKETPLACE, World, a_number, a_sku, id_of
from tests.waiting import eventually
from tests.webhooks import SHOP, an_order_webhook


def test_answer_waits_for_the_position_that_is_asked_for(world: World) -> None:
    """`at_least` the log's end gives an answer that reflects it, at once after the event."""
    sku = a_sku()
    world.receive(sku, 1)
    number = world.sell(sku)
    eventually(lambda: world.events_of(id_of(number)))
    end = world.log_end()
    answer = world.ask(f"/orders/{MARKETPLACE}:{SHOP}:{number}", at_least=end)
    assert answer.status_code == 200
    assert int(answer.headers["log-position"]) >= end
    assert answer.json()["meta"]["log_position"] >= end


def test_position_that_is_never_reached_is_a_gateway_timeout(world: World) -> None:
    """After ten seconds the answer says how far the read models are."""
    answer = world.ask("/summary", at_least=world.log_end() + 1_000_000)
    assert answer.status_code == 504
    assert "log position" in answer.json()["detail"]


def test_timeline_chains_from_the_webhook_to_the_label(world: World) -> None:
    """Every event names what caused it, and each cause leads back to the bytes that came in."""
    sku = a_sku()
    world.receive(sku, 1)
    number = a_number()
    event_id = world.tell(an_order_webhook(number, sku=sku))
    world.eventually_order(number, "FULFILLED")
    end = world.log_end()
    timeline = world.look(f"/orders/{MARKETPLACE}:{SHOP}:{number}/timeline", at_least=end)
    webhook = timeline["webhooks"][0]
    assert (webhook["event_id"], webhook["topic"]) == (event_id, "tiktok.webhooks.v1")
    items = timeline["items"]
    assert {"OrderPlaced", "StockReserved", "OrderReadyToShip", "LabelBought", "OrderFulfilled"} <= {
        item["event"] for item in items
    }
    assert {item["correlation"] for item in items} == {event_id}
    positions = {item["position"] for item in items}
    stored = stored_positions(world, number)
    for item in items:
        cause = item["cause"]
        if cause["kind"] == "webhook":
            assert cause["webhook"]["offset"] == webhook["offset"]
        elif cause["kind"] == "event":
            assert cause["position"] in positions | stored
            assert cause["position"] < item["position"]
        else:
            assert cause["kind"] == "call"
            assert cause["id"].startswith("call:")
    assert next(item["event"] for item in items if item["cause"]["kind"] == "webhook") == "OrderPlaced"


def stored_positions(world: World, number: str) -> set[int]:
    """The log positions of all that came of this order's webhook, what is not public included."""
    with world.connected() as connection:
        rows = connection.execute(
            "SELECT notification_id FROM events WHERE correlation ="
            " (SELECT correlation FROM events WHERE originator_id = %s LIMIT 1)",
            (id_of(number),),
        ).fetchall()
    return {position for (position,) in rows}


def test_nonsense_becomes_a_dead_letter_and_what_follows_goes_on(world: World) -> None:
    """Signed bytes that mean nothing are answered 200, listed with reason and place, and hold nothing back."""
    sku = a_sku()
    world.receive(sku, 1)
    no_json = world.tell(b"this is no JSON")
    no_lines = world.tell(json.dumps({"order_id": a_number(), "shop_id": SHOP, "order_status": "UNPAID"}).encode())
    number = world.sell(sku)
    world.eventually_order(number, "FULFILLED")
    eventually(lambda: set(dead_letters(world)) >= {no_json, no_lines})
    found = dead_letters(world)
    assert "not JSON" in found[no_json]
    assert "order_lines" in found[no_lines]
    listed = world.look("/dead-letters", limit=500)["items"]
    assert {letter["kind"] for letter in listed if letter["reason"] in {found[no_json], found[no_lines]}} == {"bad"}
    assert all(letter["id"] and letter["topic"] and letter["offset"] >= 0 for letter in listed)


def dead_letters(world: World) -> dict[str, str]:
    """The reason of each dead letter, by the id of its webhook."""
    with world.connected() as connection:
        rows = connection.execute("SELECT headers->>'event-id', reason FROM dead_letters").fetchall()
    return dict(rows)


def test_command_tells_its_outcome(world: World) -> None:
    """Who asked for something learns when it was decided."""
    number = world.sell(a_sku())
    eventually(lambda: world.order(number))
    command = world.operate(f"/orders/{MARKETPLACE}:{SHOP}:{number}/hold", {"reason": "wait"})
    assert world.look(f"/commands/{command}", wait=10)["item"]["outcome"] == "decided"


def test_health_knows_every_process(world: World) -> None:
    """Ingress, both workers and the api say that they live, and no agent stands still."""
    eventually(lambda: len(world.look("/health")["processes"]) == 4)
    health = world.look("/health")
    assert sorted(process["kind"] for process in health["processes"]) == ["api", "ingress", "worker", "worker"]
    assert {agent["status"] for agent in health["agents"]} == {"healthy"}
