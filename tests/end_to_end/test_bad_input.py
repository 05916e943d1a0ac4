"""What others' systems lost, rounded or stopped at: it is taken exactly, or kept with its reason and sent again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from aggregates.event_store import shops
from creatorflow import shop_registry
from creatorflow.bootstrap import DEMO_SHOP
from schemas.values import order_id, shipment_id
from tests.end_to_end.world import MARKETPLACE, World, a_number, a_sku, id_of
from tests.waiting import eventually
from tests.webhooks import CREATED, SHOP, an_order_webhook


def with_line(number: str, sku: str, **line: Any) -> bytes:
    """The base order with other fields in its one line; None leaves one out."""
    body = json.loads(an_order_webhook(number, sku=sku))
    changed = {**body["order_lines"][0], **line}
    body["order_lines"] = [{name: value for name, value in changed.items() if value is not None}]
    return json.dumps(body).encode()


def quarantined(world: World, *event_ids: str) -> list[str]:
    """The reasons why these webhooks are dead letters."""
    return [world.letter(world.eventually_dead(event_id))["letter"]["reason"] for event_id in event_ids]


def lines_of(world: World, number: str) -> list[dict[str, Any]]:
    """The lines of an order on the board, once it is there."""
    found = eventually(lambda: world.order(number), what=f"order {number}")
    assert found is not None
    lines: list[dict[str, Any]] = found["order"]["lines"]
    return lines


def updated_at(world: World, number: str) -> str:
    """The marketplace's time of an order, once it is on the board."""
    found = eventually(lambda: world.order(number), what=f"order {number}")
    assert found is not None
    return str(found["order"]["updated_at"])


# FC-11


def test_fc_11_status_nobody_listed_leaves_the_order_where_it_is(world: World) -> None:
    """Flagged, warned of once with the value, nothing stopped; unknown fields are ignored and the raw body is kept."""
    sku, number, after = a_sku(), a_number(), a_number()
    world.receive(sku, 10)
    world.sell(sku, number=number)
    world.eventually_order(number, "FULFILLED")
    status = f"AT_SORTING_CENTRE_{'ABCDEFGHIJ'[int(number[-1])]}"
    for second in (90, 120):
        world.tell(an_order_webhook(number, status, sku=sku, updated=CREATED + second, order_kind={"x": [1]}))
    world.sell(sku, number=after)
    world.eventually_order(after, "FULFILLED")
    eventually(lambda: "order.status-flagged" in world.events_of(id_of(number)))
    order = world.look(f"/orders/{MARKETPLACE}:{SHOP}:{number}", at_least=world.log_end())["item"]
    assert (order["order"]["marketplace_status"], order["order"]["fulfilment_state"]) == (
        "AWAITING_SHIPMENT",
        "FULFILLED",
    )
    assert "status_flagged" in order["order"]["flags"]
    assert world.events_of(id_of(number)).count("order.status-flagged") == 1
    warned = [line for text in world.logs().values() for line in text.splitlines() if status in line]
    assert len([line for line in warned if "status is unknown" in line]) == 1
    with world.connected() as connection:
        kept = connection.execute("SELECT count(*) FROM raw_webhooks WHERE order_id = %s", (id_of(number),)).fetchone()
    assert kept == (3,)


@pytest.mark.parametrize("status", ["PARTIALLY_SHIPPING", "IN_TRANSIT", "DELIVERED", "COMPLETED", "CANCELLED"])
def test_fc_11_every_real_status_is_known(world: World, status: str) -> None:
    """The specification's webhook lists four of them only."""
    number = world.sell(a_sku(), shipping={})
    eventually(lambda: world.order(number))
    world.tell(an_order_webhook(number, status, shipping={}, updated=CREATED + 90))
    eventually(lambda: "order.status-advanced" in world.events_of(id_of(number)))
    assert "order.status-flagged" not in world.events_of(id_of(number))
    order = world.look(f"/orders/{MARKETPLACE}:{SHOP}:{number}", at_least=world.log_end())["item"]["order"]
    assert order["marketplace_status"] == status


# FC-14


def test_fc_14_quantities_are_taken_exactly_or_kept_with_the_reason(world: World) -> None:
    """Four ways to write 2, absent is 1; whatever would be rounded, cut or guessed is a dead letter."""
    sku = a_sku()
    world.receive(sku, 100)
    expected = {a_number(): 2 for _ in range(4)} | {a_number(): 1}
    for number, quantity in zip(expected, [2, "2", 2.0, "2.0", None], strict=True):
        world.tell(with_line(number, sku, quantity=quantity))
    bad = [world.tell(with_line(a_number(), sku, quantity=odd)) for odd in (1.5, -1, "1_0", "\uff11\uff12", True)]
    assert quarantined(world, *bad) == [
        *["order_lines[0].quantity: must be a whole number of units, not negative"] * 4,
        "order_lines[0].quantity: must be text or a number",
    ]
    assert {number: lines_of(world, number)[0]["quantity"] for number in expected} == expected
    world.eventually_stock(sku, reserved=9, available=91)


def test_fc_14_prices_are_taken_exactly_or_kept_with_the_reason(world: World) -> None:
    """A number and text give the same amount; a comma, an exponent and what is no number are dead letters."""
    sku, number, text = a_sku(), a_number(), a_number()
    world.receive(sku, 10)
    world.tell(with_line(number, sku, sale_price=19.99))
    world.tell(with_line(text, sku, sale_price="19.99"))
    world.eventually_order(number, "FULFILLED")
    world.eventually_order(text, "FULFILLED")
    no_number = with_line(a_number(), sku, sale_price="X").replace(b'"X"', b"NaN")
    bad = [
        world.tell(with_line(a_number(), sku, sale_price="1,234.50")),
        world.tell(with_line(a_number(), sku, sale_price="1e3")),
        world.tell(no_number),
    ]
    assert quarantined(world, *bad) == [
        *["order_lines[0].sale_price: must be a decimal amount such as 19.99"] * 2,
        "body: is not JSON",
    ]
    with world.connected() as connection:
        prices = connection.execute(
            "SELECT convert_from(state, 'UTF8')::json->'lines'->0->'unit_price'->>'amount' FROM events"
            " WHERE topic = 'order.placed' AND originator_id = ANY(%s)",
            ([id_of(number), id_of(text)],),
        ).fetchall()
    assert prices == [("19.99",), ("19.99",)]


# FC-16


def three_lines(number: str, sku: str, total: str, *currencies: str) -> bytes:
    """Three lines at 33.33 with 10.00 off and 4.99 for shipping."""
    body = json.loads(an_order_webhook(number, sku=sku))
    line, paid = body["order_lines"][0], currencies or ("USD",)
    body["order_lines"] = [
        {**line, "line_id": f"L{place}", "sale_price": "33.33", "currency": paid[place % len(paid)]}
        for place in range(3)
    ]
    body["payment_info"] = {
        "currency": paid[0],
        "total": total,
        "shipping_fee": "4.99",
        "platform_discount": "10.00",
    }
    return json.dumps(body).encode()


def test_fc_16_discount_adds_up_and_a_cent_that_is_missing_stops_nothing(world: World) -> None:
    """Shares of 3.34, 3.33 and 3.33; the platform's total counts, and the difference is noted."""
    sku, exact, short = a_sku(), a_number(), a_number()
    world.receive(sku, 10)
    world.tell(three_lines(exact, sku, "94.98"))
    world.tell(three_lines(short, sku, "94.97"))
    orders = [world.eventually_order(number, "FULFILLED")["order"] for number in (exact, short)]
    assert [order["total"] for order in orders] == ["94.98", "94.97"]
    assert [order["flags"] for order in orders] == [[], ["total-differs:-0.01"]]
    for order in orders:
        assert [line["discount"] for line in order["lines"]] == ["3.34", "3.33", "3.33"]


@pytest.mark.parametrize("currencies", [("XXQ",), ("USD", "EUR")])
def test_fc_16_currency_that_is_unknown_or_mixed_waits_for_a_person(world: World, currencies: tuple[str, ...]) -> None:
    """No guess about decimals, so no shares; the stock is reserved all the same."""
    sku, number = a_sku(), a_number()
    world.receive(sku, 10)
    world.tell(three_lines(number, sku, "94.98", *currencies))
    order = world.eventually_order(number, "HELD")["order"]
    world.eventually_stock(sku, reserved=3, available=7)
    assert not any("discount" in line for line in order["lines"])
    assert order["carrier"] == ""


# FC-35


def test_fc_35_milliseconds_are_told_from_seconds_and_nonsense_is_kept(world: World) -> None:
    """Three ways to write one moment; what cannot be a time is a dead letter, and so never the newest update."""
    ways: list[Any] = [CREATED, CREATED * 1000 + 123, str(CREATED)]
    numbers = [world.sell(a_sku(), updated=at) for at in ways]
    shown = [updated_at(world, number) for number in numbers]
    assert shown == ["2025-11-24T16:00:00Z", "2025-11-24T16:00:00.123000Z", "2025-11-24T16:00:00Z"]
    bodies = [json.loads(an_order_webhook(a_number(), sku=a_sku())) for _ in range(5)]
    for body, wrong in zip(bodies, (0, -1, 99999999999999999, 4_000_000_000, None), strict=True):
        body["update_time"] = wrong
    bad = [world.tell(json.dumps(body).encode()) for body in bodies]
    assert all(reason.startswith("update_time: ") for reason in quarantined(world, *bad))


# Sent again


def test_webhook_of_a_shop_that_is_registered_later_becomes_one_order(world: World) -> None:
    """Asked for twice, it is there once; the letter says when and how often, the command what came of it."""
    number, shop = a_number(), f"8{uuid4().int % 10**15:015}"
    event_id = world.tell(an_order_webhook(number, sku=a_sku()).replace(SHOP.encode(), shop.encode()))
    letter = world.eventually_dead(event_id)
    assert world.letter(letter)["letter"]["reason"] == "shop_id: is no registered shop"
    with world.connected() as connection:
        shops.add(connection, msgspec.structs.replace(DEMO_SHOP, shop=shop))
    for times in (1, 2):
        key = world.operate("/dead-letters/redeliver", {"ids": [str(letter)]})
        assert world.look(f"/commands/{key}", wait=10)["item"]["outcome"] == "1 dead letters are sent again"
        eventually(lambda: world.letter(letter)["letter"]["times"] == times)  # noqa: B023 - asked at once
    order = order_id(MARKETPLACE, shop, number)
    eventually(lambda: world.events_of(order))
    after = world.sell(a_sku(), shipping={})
    eventually(lambda: world.order(after))
    assert world.events_of(order).count("order.placed") == 1
    assert world.letter(letter)["letter"]["redelivered_at"] is not None


def test_shop_observes_until_it_goes_live(world: World) -> None:
    """Registered, its first webhook is sent again and decided; its label is withheld, and bought on a person's word."""
    number, sku, shop = a_number(), a_sku(), f"8{uuid4().int % 10**15:015}"
    world.eventually_dead(world.tell(an_order_webhook(number, sku=sku).replace(SHOP.encode(), shop.encode())))
    dsn, name = world.settings.postgres, f"{MARKETPLACE}:{shop}"
    assert shop_registry.add(dsn, shop_registry.new_shop(name, "ann", "UTC", [])).redelivered >= 1
    receipt = {"kind": "receipt", "quantity": 1, "reference": "PO", "occurred_at": datetime.now(UTC).isoformat()}
    world.operate(f"/stock-items/{name}:{sku}/movements", receipt)
    package = shipment_id(MARKETPLACE, shop, f"{number}-1")
    eventually(lambda: "shipment.label-withheld" in world.events_of(package), what="withheld")
    eventually(lambda: world.look(f"/shipments/{package}")["item"]["state"] == "WITHHELD")
    assert world.look(f"/orders/{name}:{number}")["item"]["order"]["fulfilment_state"] == "READY"
    shop_registry.go_live(dsn, name, labels=True, buying=False)
    world.operate(f"/packages/{package}/buy-label")
    order = order_id(MARKETPLACE, shop, number)
    eventually(lambda: "order.fulfilment-pushed" in world.events_of(order), what="told of the label")
    assert [call.shop for call in shop_registry.withheld(dsn, 1000)].count(shop) == 1
