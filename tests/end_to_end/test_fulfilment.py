"""One order from the signed webhook to the label, and what may come in between."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from schemas.commands import AssessStockRisk
from schemas.values import Rates, replenishment_id, shipment_id
from tests.end_to_end.world import MARKETPLACE, World, a_number, a_sku, id_of, item_id_of
from tests.waiting import eventually
from tests.webhooks import CREATED, SHOP, a_cancellation_webhook, an_order_webhook


def test_paid_order_becomes_a_label(world: World) -> None:
    """A signed webhook over HTTP ends as a fulfilled order with a label that can be fetched."""
    sku = a_sku()
    world.receive(sku, 10)
    number = world.sell(sku)
    order = world.eventually_order(number, "FULFILLED")
    package = order["shipments"][0]
    label = world.ask(f"/shipments/{package['shipment_id']}/label")
    assert label.headers["content-type"] == "application/pdf"
    assert label.content.startswith(b"%PDF-")
    assert label.content.rstrip().endswith(b"%%EOF")
    assert order["order"]["tracking_number"] == package["tracking_number"] != ""


def test_label_may_be_asked_for_as_zpl(world: World) -> None:
    """The same label for a label printer."""
    sku = a_sku()
    world.receive(sku, 1)
    number = world.sell(sku)
    package = world.eventually_order(number, "FULFILLED")["shipments"][0]
    label = world.ask(f"/shipments/{package['shipment_id']}/label", format="zpl")
    assert label.headers["content-type"] == "application/zpl"
    assert label.content.startswith(b"^XA")


def test_fulfilled_order_is_told_to_the_marketplace(world: World) -> None:
    """The marketplace learns of the tracking number."""
    sku = a_sku()
    world.receive(sku, 1)
    number = world.sell(sku)
    world.eventually_order(number, "FULFILLED")
    eventually(lambda: "order.fulfilment-pushed" in world.events_of(id_of(number)))
    packages = (world.order(number) or {})["order"]["packages"]
    eventually(lambda: (world.order(number) or {})["order"]["packages"][0]["pushed"])
    assert packages[0]["tracking_number"] != ""


def test_repeated_webhook_places_one_order(world: World) -> None:
    """The same delivery three times, and the same body under another id, is one order and one reservation."""
    sku, number = a_sku(), a_number()
    world.receive(sku, 10)
    body = an_order_webhook(number, sku=sku)
    event_id = world.tell(body)
    world.tell(body, event_id)
    world.tell(body)
    world.eventually_order(number, "FULFILLED")
    world.eventually_stock(sku, on_hand=10, reserved=1, available=9)
    assert world.events_of(id_of(number)).count("order.placed") == 1
    assert world.events_of(item_id_of(sku)).count("stock-item.reserved") == 1


def test_unpaid_order_holds_stock_and_ships_once_it_is_paid(world: World) -> None:
    """Units are held from the first sight on; the label comes with the payment."""
    sku, number = a_sku(), a_number()
    world.receive(sku, 3)
    now = int(time.time())
    world.tell(an_order_webhook(number, "UNPAID", sku=sku, quantity=2, created=now, updated=now))
    world.eventually_order(number, "WAITING")
    world.eventually_stock(sku, reserved=2, available=1)
    assert "order.ready-to-ship" not in world.events_of(id_of(number))
    world.tell(an_order_webhook(number, "AWAITING_SHIPMENT", sku=sku, quantity=2, created=now, updated=now + 60))
    world.eventually_order(number, "FULFILLED")


def test_cancellation_before_the_label_gives_the_stock_back(world: World) -> None:
    """A whole order that is cancelled in time leaves no reservation and no label."""
    sku, number = a_sku(), a_number()
    world.receive(sku, 1)
    now = int(time.time())
    world.tell(an_order_webhook(number, "UNPAID", sku=sku, created=now, updated=now))
    world.eventually_stock(sku, reserved=1)
    world.tell(a_cancellation_webhook(number, updated=now + 60))
    order = world.eventually_order(number, "CANCELLED")
    world.eventually_stock(sku, reserved=0, available=1)
    assert [package["tracking_number"] for package in order["shipments"]] in ([], [""])


def test_cancellation_after_the_label_cancels_and_frees_the_units(world: World) -> None:
    """The label is bought and not printed: the order is cancelled all the same, and its units are free at once."""
    sku = a_sku()
    world.receive(sku, 1)
    number = world.sell(sku)
    world.eventually_order(number, "FULFILLED")
    world.tell(a_cancellation_webhook(number))
    order = world.eventually_order(number, "CANCELLED")
    assert order["order"]["marketplace_status"] == "CANCELLED"
    world.eventually_stock(sku, on_hand=1, reserved=0, available=1)
    assert world.events_of(item_id_of(sku)).count("stock-item.reservation-released") == 1


def test_shortage_is_promised_and_filled_when_stock_arrives(world: World) -> None:
    """An order for more than there is waits with a date, stock is ordered, the marketplace is told; then it ships."""
    sku = a_sku()
    world.receive(sku, 1)
    number = world.sell(sku, quantity=3)
    world.eventually_order(number, "BACKORDERED")
    promised = eventually(lambda: (world.order(number) or {})["order"]["promised_at"])
    assert datetime.fromisoformat(promised) > datetime.now(UTC)
    world.eventually_stock(sku, backordered=3, reserved=0)
    reorders = world.look("/reorders", stock_item=str(item_id_of(sku)), state="confirmed")["items"]
    assert len(reorders) == 1
    assert "delayed" in (world.order(number) or {})["order"]["flags"]
    world.receive(sku, reorders[0]["quantity"])
    order = world.eventually_order(number, "FULFILLED")
    assert order["order"]["needs"][0]["state"] == "reserved"
    world.eventually_stock(sku, backordered=0, reserved=3)


def test_what_cannot_be_bought_within_limits_waits_for_a_person(world: World) -> None:
    """An item in a currency without limits is asked for, with its terms; approved it is ordered, in whole packs."""
    sku = a_sku()
    supply = {"lead_time_hours": 48, "pack": 10, "unit_cost": {"amount": "2.50", "currency": "EUR"}}
    world.operate(f"/stock-items/{MARKETPLACE}:{SHOP}:{sku}", {"supply": supply}, method="PUT")
    world.receive(sku, 1)
    number = world.sell(sku, quantity=3)
    world.eventually_order(number, "BACKORDERED")
    item = str(item_id_of(sku))
    asked = eventually(lambda: world.look("/reorders", stock_item=item, state="asked")["items"])[0]
    assert asked["asked_because"] == "no limit is set in EUR"
    assert (asked["quantity"], asked["cost"]) == (30, {"amount": "75.00", "currency": "EUR"})
    kinds = {alert["kind"] for alert in world.look("/alerts", subject=asked["replenishment_id"])["items"]}
    assert "reorder-asks" in kinds
    world.operate(f"/reorders/{asked['reorder_id']}/approve")
    placed = eventually(lambda: world.look("/reorders", stock_item=item, state="confirmed")["items"])[0]
    assert (placed["decided_by"], placed["quantity"]) == ("operator", 30)


def test_a_spike_that_sales_prove_is_ordered_for_with_its_reasons(world: World) -> None:
    """Ten times normal with three hours of stock: the alert, the order, and the sum behind it, over HTTP."""
    sku = a_sku()
    world.operate(f"/stock-items/{MARKETPLACE}:{SHOP}:{sku}", {"supply": {"lead_time_hours": 24}}, method="PUT")
    world.receive(sku, 60)
    now = datetime.now(UTC)
    world.command(
        AssessStockRisk(
            replenishment_id=replenishment_id(item_id_of(sku)),
            stock_item_id=item_id_of(sku),
            available=60,
            backordered=0,
            occurred_at=now,
            rates=Rates(evaluated_at=now, normal_per_hour=2.0, observed_per_hour=20.0, spike_opened_at=now),
        )
    )
    item = str(item_id_of(sku))
    reorder = eventually(lambda: world.look("/reorders", stock_item=item, state="confirmed")["items"])[0]
    assert (reorder["quantity"], reorder["evidence"], reorder["rule"]) == (1008, "sales", "below the order point")
    assert (reorder["terms"]["level"], reorder["terms"]["target_units"]) == ("CRITICAL", "1067.43")
    (alert,) = world.look("/alerts", subject=reorder["replenishment_id"])["items"]
    assert (alert["kind"], alert["reason"], alert["figures"]["hours_left"]) == ("stock-risk", "lasts 3.0 h", "3.00")


def test_handed_over_parcel_takes_its_units_off_the_shelf(world: World) -> None:
    """An operator says that the carrier has it: shelf and reservation both fall, the order is dispatched."""
    sku = a_sku()
    world.receive(sku, 5)
    number = world.sell(sku, quantity=2)
    world.eventually_order(number, "FULFILLED")
    world.eventually_stock(sku, on_hand=5, reserved=2)
    world.operate(f"/packages/{MARKETPLACE}:{SHOP}:{number}-1/handed-over")
    world.eventually_stock(sku, on_hand=3, reserved=0, available=3)
    assert eventually(lambda: (world.order(number) or {})["order"]["dispatched_at"])
    package = world.look(f"/shipments/{shipment_id(MARKETPLACE, SHOP, f'{number}-1')}")["item"]
    assert package["state"] == "HANDED_OVER"


def test_operator_holds_and_releases(world: World) -> None:
    """A held order keeps its stock and gets no label until it is released."""
    sku, number = a_sku(), a_number()
    world.receive(sku, 1)
    path = f"/orders/{MARKETPLACE}:{SHOP}:{number}"
    world.tell(an_order_webhook(number, "UNPAID", sku=sku, updated=CREATED))
    world.eventually_order(number, "WAITING")
    world.operate(f"{path}/hold", {"reason": "looks odd"})
    world.eventually_order(number, "HELD")
    world.tell(an_order_webhook(number, sku=sku))
    eventually(lambda: (world.order(number) or {})["order"]["marketplace_status"] == "AWAITING_SHIPMENT")
    assert world.state_of(number) == "HELD"
    world.operate(f"{path}/release")
    world.eventually_order(number, "FULFILLED")


def test_order_of_a_mebibyte_is_processed(world: World) -> None:
    """The largest webhook that the door takes goes all the way."""
    sku, number = a_sku(), a_number()
    world.receive(sku, 1)
    small = len(an_order_webhook(number, sku=sku, note=""))
    world.tell(an_order_webhook(number, sku=sku, note="x" * (1024 * 1024 - small)))
    world.eventually_order(number, "FULFILLED")
