"""Parts of an order on the whole product: a rest that is cancelled, packages of their own, wishes that are answered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from schemas.commands import RecordScan
from tests.end_to_end.test_order_days import events_of, line, path_of
from tests.end_to_end.world import MARKETPLACE, World, a_number, a_sku, id_of, item_id_of, package_id_of
from tests.waiting import eventually
from tests.webhooks import BUYER, CREATED, SHOP, an_order_webhook


def told(number: str, kind: str, updated: int, **more: Any) -> bytes:
    """A body that is told apart by its type."""
    return json.dumps({"type": kind, "order_id": number, "shop_id": SHOP, "update_time": updated, **more}).encode()


def split_order(world: World, units: dict[str, int], *packages: dict[str, int]) -> str:
    """An order of these units, sent in these packages and one of the rest; returns its number when all are labelled."""
    number = a_number()
    for sku in units:
        world.receive(sku, 100)
    world.tell(an_order_webhook(number, order_lines=[line(sku, quantity) for sku, quantity in units.items()]))
    world.eventually_order(number, "FULFILLED")
    wished = [[{"line_id": f"L-{sku}", "quantity": units} for sku, units in each.items()] for each in packages]
    world.operate(f"{path_of(number)}/split", {"packages": wished})
    eventually(lambda: events_of(world, number).count("order.fulfilled") == 2, what="both packages are labelled")
    return number


# FC-23


def test_fc_23_cancelling_the_rest_releases_what_has_not_left_once(world: World) -> None:
    """Of ten and ten, seven and six are shipped: cancelling the rest frees three and four, and again nothing."""
    tea, mug = a_sku(), a_sku()
    number = split_order(world, {tea: 10, mug: 10}, {tea: 7, mug: 6})
    world.operate(f"/packages/{MARKETPLACE}:{SHOP}:{number}-2/handed-over")
    world.eventually_stock(tea, on_hand=93, reserved=3)
    world.eventually_stock(mug, on_hand=94, reserved=4)
    eventually(lambda: "order.dispatched" in events_of(world, number))
    lines = [{"line_id": f"L-{sku}", "quantity": 10} for sku in (tea, mug)]
    rest = told(number, "cancellation", CREATED + 900, cancel_id="C1", cancel_status="COMPLETE", lines=lines)
    world.tell(rest)
    world.eventually_stock(tea, on_hand=93, reserved=0, available=93)
    world.eventually_stock(mug, on_hand=94, reserved=0, available=94)
    world.tell(rest)
    world.tell(told(number, "address", CREATED + 901, shipping_info=BUYER))
    eventually(lambda: "order.line-cancelled" in events_of(world, number))
    for sku in (tea, mug):
        assert world.events_of(item_id_of(sku)).count("stock-item.reservation-released") == 1
    assert events_of(world, number).count("order.line-cancelled") == 1


# FC-26


def test_fc_26_one_of_two_packages_delivered_is_partly_delivered(world: World) -> None:
    """Both numbers are kept; one is delivered, the other returned to its sender: the order is partly delivered."""
    first, second = a_sku(), a_sku()
    number = split_order(world, {first: 2, second: 1}, {first: 2})
    packages = world.look(path_of(number), at_least=world.log_end())["item"]["order"]["packages"]
    assert len({package["tracking_number"] for package in packages}) == 2
    for package, status in zip(packages, ("RETURNED", "DELIVERED"), strict=True):
        world.command(
            RecordScan(
                shipment_id=package_id_of(package["package"]),
                scan_id=status,
                status=status,  # type: ignore[arg-type]
                occurred_at=datetime.now(UTC),
                carrier=package["carrier"],
                tracking_number=package["tracking_number"],
            )
        )
    eventually(lambda: "partly_delivered" in flags(world, number))
    eventually(lambda: "partly_returned" in flags(world, number))
    assert "order.delivered" not in events_of(world, number)


def flags(world: World, number: str) -> list[str]:
    """The marks of an order."""
    found: list[str] = (world.order(number) or {})["order"]["flags"]
    return found


# Wishes


def test_wish_that_meets_a_printed_label_waits_for_an_answer(world: World) -> None:
    """Printed: the order is held, an alert asks a person, and the answer lets it go on or ends it."""
    sku = a_sku()
    world.receive(sku, 5)
    number = world.sell(sku)
    world.eventually_order(number, "FULFILLED")
    world.operate(f"/packages/{MARKETPLACE}:{SHOP}:{number}-1/printed")
    eventually(lambda: "order.package-moved" in events_of(world, number))
    asked = told(number, "cancellation", CREATED + 700, cancel_id="C1", cancel_status="PENDING", reason="changed mind")
    world.tell(asked)
    order = world.eventually_order(number, "HELD")
    assert order["order"]["waits_for"] == "a person: the buyer asks to cancel"
    assert "cancellation-asked" in {alert["kind"] for alert in order["alerts"]}
    world.operate(f"{path_of(number)}/answer-cancellation", {"cancel_id": "C1", "approve": False, "reason": "packed"})
    order = world.eventually_order(number, "FULFILLED")
    assert "cancellation-asked" not in {alert["kind"] for alert in order["alerts"]}


def test_wish_before_the_label_is_printed_is_approved(world: World) -> None:
    """Not printed: approved by rule, the units are free and the label is taken back."""
    sku = a_sku()
    world.receive(sku, 1)
    number = world.sell(sku)
    world.eventually_order(number, "FULFILLED")
    world.tell(told(number, "cancellation", CREATED + 700, cancel_id="C1", cancel_status="PENDING"))
    world.eventually_order(number, "CANCELLED")
    world.eventually_stock(sku, reserved=0, available=1)
    package = package_id_of(f"{number}-1")
    eventually(lambda: "shipment.label-voided" in world.events_of(package))


def test_another_address_buys_another_label_and_tells_the_marketplace(world: World) -> None:
    """Labelled and not printed: the label is taken back, the next one is pushed, and the order shows it."""
    sku = a_sku()
    world.receive(sku, 1)
    number = world.sell(sku)
    world.eventually_order(number, "FULFILLED")
    elsewhere = {**BUYER, "street1": "99 Elm Street"}
    world.tell(told(number, "address", CREATED + 700, shipping_info=elsewhere))
    eventually(lambda: events_of(world, number).count("order.fulfilment-pushed") == 2, what="told of both labels")
    assert events_of(world, number).count("order.label-replaced") == 1
    world.tell(told(number, "address", CREATED + 710, shipping_info={**elsewhere, "phone": "+1 555 0111"}))
    world.tell(told(number, "return", CREATED + 720, return_id="R1", return_status="REQUESTED"))
    eventually(lambda: "order.return-opened" in events_of(world, number))
    assert events_of(world, number).count("order.address-changed") == 1


def test_goods_that_come_back_are_seen_then_inspected(world: World) -> None:
    """The alert of a return says who saw it, stays open, and ends with the movement that names the order."""
    sku = a_sku()
    world.receive(sku, 2)
    number = world.sell(sku)
    world.eventually_order(number, "FULFILLED")
    world.operate(f"/packages/{MARKETPLACE}:{SHOP}:{number}-1/handed-over")
    world.eventually_stock(sku, on_hand=1)
    world.tell(told(number, "return", CREATED + 720, return_id="R1", return_status="REQUESTED"))
    (alert,) = eventually(lambda: world.look("/alerts", subject=str(id_of(number)))["items"], what="to inspect")
    assert (alert["kind"], alert["state"], alert["acknowledged_by"]) == ("return-to-inspect", "open", "")
    world.operate(f"/alerts/{alert['alert_id']}/acknowledge", {"by": "ann", "note": "on the bench"})

    def shown(state: str = "open") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = world.look("/alerts", subject=str(id_of(number)), state=state)["items"]
        return found

    eventually(lambda: [each["note"] for each in shown() if each["acknowledged_by"] == "ann"] == ["on the bench"])
    world.operate(
        f"/stock-items/{MARKETPLACE}:{SHOP}:{sku}/movements",
        {
            "kind": "return_good",
            "quantity": 1,
            "reference": "bench 1",
            "occurred_at": datetime.now(UTC).isoformat(),
            "order": f"{MARKETPLACE}:{SHOP}:{number}",
        },
    )
    (closed,) = eventually(lambda: shown("closed"), what="inspected")
    assert (closed["closed_by"], closed["acknowledged_by"]) == ("OrderGoodsInspected", "ann")
    world.eventually_stock(sku, on_hand=2, available=2)
    answer = world.attempt(f"/alerts/{alert['alert_id']}/acknowledge")
    assert (answer.status_code, "closed by OrderGoodsInspected" in answer.json()["detail"]) == (409, True)
