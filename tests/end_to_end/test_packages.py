"""Packages on the whole product, with a carrier that is told what to refuse: FC-22, FC-26, several orders in one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import pytest

from creatorflow import shop_registry
from schemas.commands import RecordScan
from tests.conformance.simulated import SimulatorProcess
from tests.end_to_end.world import MARKETPLACE, World, a_number, a_sku, a_world, id_of, item_id_of, package_id_of
from tests.waiting import eventually
from tests.webhooks import BUYER, CREATED, SHOP, a_cancellation_webhook, an_order_webhook

VOIDS = "/labels/lb_"


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """The carrier of this file."""
    with SimulatorProcess("carrier", tmp_path_factory.mktemp("carrier") / "carrier.jsonl") as simulator:
        yield simulator


@pytest.fixture(scope="module")
def shipping(tmp_path_factory: pytest.TempPathFactory, carrier: SimulatorProcess) -> Iterator[World]:
    """A world that buys at this carrier."""
    with a_world(tmp_path_factory.mktemp("shipping") / "home", carrier=carrier.url) as made:
        yield made


@pytest.fixture(autouse=True)
def well(carrier: SimulatorProcess) -> None:
    """Each test begins with a carrier that does what it is asked."""
    carrier.control()


def sold(world: World, sku: str | None = None) -> str:
    """An order of one of ten units, with its label, not printed; returns its package."""
    sku = sku or a_sku()
    world.receive(sku, 10)
    number = world.sell(sku)
    world.eventually_order(number, "FULFILLED")
    return f"{number}-1"


def cancel(world: World, package: str) -> None:
    """The marketplace cancels the order of this package."""
    world.tell(a_cancellation_webhook(package.removesuffix("-1")))


def shown(world: World, package: str) -> dict[str, Any]:
    """The package as the api shows it."""
    item: dict[str, Any] = world.look(f"/shipments/{MARKETPLACE}:{SHOP}:{package}")["item"]
    return item


def after(world: World, package: str, topic: str) -> list[str]:
    """The names of the package's events, once this one is among them."""
    eventually(lambda: topic in world.events_of(package_id_of(package)), what=f"{package}: {topic}")
    world.look(f"/shipments/{MARKETPLACE}:{SHOP}:{package}", at_least=world.log_end())
    return world.events_of(package_id_of(package))


def open_alerts(world: World, package: str) -> dict[str, dict[str, Any]]:
    """The open alerts about a package, by kind."""
    found = world.look("/alerts", subject=str(package_id_of(package)), at_least=world.log_end())["items"]
    return {alert["kind"]: alert for alert in found}


def scan(package: str, status: Literal["IN_TRANSIT", "DELIVERED", "RETURNED"], number: str, carrier: str) -> RecordScan:
    """The carrier scanned a parcel under this number."""
    return RecordScan(
        shipment_id=package_id_of(package),
        scan_id=f"{number} {status}",
        status=status,
        occurred_at=datetime.now(UTC),
        carrier=carrier,
        tracking_number=number,
    )


# FC-22


def test_fc_22_void_that_is_refused_twice_for_the_moment_is_made_once(
    shipping: World, carrier: SimulatorProcess
) -> None:
    """503, 503, done: one label is taken back, the units are free once, the order is cancelled, nobody is asked."""
    sku = a_sku()
    package = sold(shipping, sku)
    number = shown(shipping, package)["tracking_number"]
    carrier.control({"kind": "wrong", "status": 503, "requests": 2, "path": VOIDS, "method": "POST"})
    cancel(shipping, package)
    events = after(shipping, package, "shipment.label-voided")
    assert events[-3:] == ["shipment.cancelled", "shipment.void-requested", "shipment.label-voided"]
    assert [entry["tracking_number"] for entry in carrier.done("voided")].count(number) == 1
    seen = shown(shipping, package)
    assert (seen["state"], seen["label_live"], seen["lost_cost"]) == ("CANCELLED", False, None)
    refused = shipping.ask(f"/shipments/{MARKETPLACE}:{SHOP}:{package}/label")
    assert (refused.status_code, refused.json()["title"]) == (409, "The package has no live label")
    assert open_alerts(shipping, package) == {}
    shipping.eventually_order(package.removesuffix("-1"), "CANCELLED")
    shipping.eventually_stock(sku, on_hand=10, reserved=0, available=10)
    assert shipping.events_of(item_id_of(sku)).count("stock-item.reservation-released") == 1


def test_fc_22_void_that_cannot_be_costs_its_label_and_is_not_asked_again(
    shipping: World, carrier: SimulatorProcess
) -> None:
    """`cannot be cancelled`: the order is, the cost is lost, an alert says so, and the carrier was asked once."""
    package = sold(shipping)
    cost = shown(shipping, package)["cost"]
    carrier.control(voids=False)
    cancel(shipping, package)
    after(shipping, package, "shipment.void-refused")
    seen = shown(shipping, package)
    assert (seen["state"], seen["lost_cost"]) == ("CANCELLED", cost)
    alert = open_alerts(shipping, package)["void-refused"]
    assert "cannot_be_cancelled" in alert["reason"]
    assert alert["figures"]["lost"].startswith(str(cost))
    assert carrier.record()["requests"][f"void {package_id_of(package)}:1"] == 1
    shipping.eventually_order(package.removesuffix("-1"), "CANCELLED")


def test_fc_22_parcel_on_its_way_is_an_exception(shipping: World, carrier: SimulatorProcess) -> None:
    """IN_TRANSIT, then cancelled: no void and no stock back, and order, package and an alert show what happened."""
    sku = a_sku()
    package = sold(shipping, sku)
    seen = shown(shipping, package)
    shipping.command(scan(package, "IN_TRANSIT", seen["tracking_number"], seen["carrier"]))
    after(shipping, package, "shipment.handed-over")
    shipping.eventually_stock(sku, on_hand=9, reserved=0, available=9)
    voided = len(carrier.done("voided"))
    cancel(shipping, package)
    events = after(shipping, package, "shipment.cancelled-too-late")
    assert "shipment.void-requested" not in events
    seen = shown(shipping, package)
    assert (seen["state"], seen["exception"].partition(":")[0]) == ("IN_TRANSIT", "cancelled too late")
    assert list(open_alerts(shipping, package)) == ["cancelled-too-late"]
    assert len(carrier.done("voided")) == voided
    order = shipping.eventually_order(package.removesuffix("-1"), "CANCELLED")["order"]
    assert "cancelled_after_hand_over" in order["flags"]
    shipping.eventually_stock(sku, on_hand=9, reserved=0, available=9)


def test_printed_package_of_a_cancelled_order_is_stopped_until_it_is_put_back(
    shipping: World, carrier: SimulatorProcess
) -> None:
    """On paper it waits for a person, whatever an end-of-day list says; put back, units and label go back."""
    sku = a_sku()
    package = sold(shipping, sku)
    path = f"/packages/{MARKETPLACE}:{SHOP}:{package}"
    shipping.operate(f"{path}/printed")
    after(shipping, package, "shipment.printed")
    cancel(shipping, package)
    after(shipping, package, "shipment.cancelled")
    assert list(open_alerts(shipping, package)) == ["stop-parcel"]
    shipping.operate("/packages/bulk", {"action": "handed-over", "packages": [f"{MARKETPLACE}:{SHOP}:{package}"]})
    after(shipping, package, "shipment.hand-over-refused")
    shipping.eventually_order(package.removesuffix("-1"), "CANCELLED")
    shipping.eventually_stock(sku, on_hand=10, reserved=1, available=9)
    shipping.operate(f"{path}/put-back")
    after(shipping, package, "shipment.label-voided")
    assert open_alerts(shipping, package) == {}
    shipping.eventually_stock(sku, on_hand=10, reserved=0, available=10)


def test_hand_over_is_undone_until_the_first_scan(shipping: World) -> None:
    """Handed over, put back, handed over again: the units leave, come back with their reservation, and leave."""
    sku = a_sku()
    package = sold(shipping, sku)
    path = f"/packages/{MARKETPLACE}:{SHOP}:{package}"
    for step, figures in (
        ("packed", {"on_hand": 10, "reserved": 1}),
        ("handed-over", {"on_hand": 9, "reserved": 0}),
        ("put-back", {"on_hand": 10, "reserved": 1}),
        ("handed-over", {"on_hand": 9, "reserved": 0}),
    ):
        shipping.operate(f"{path}/{step}")
        shipping.eventually_stock(sku, available=9, **figures)
    assert shown(shipping, package)["state"] == "HANDED_OVER"


def test_another_address_buys_another_label(shipping: World, carrier: SimulatorProcess) -> None:
    """The buyer moves after the label: the old one goes back, the order and the marketplace learn of the new one."""
    package = sold(shipping)
    number, old = package.removesuffix("-1"), shown(shipping, package)["tracking_number"]
    shipping.tell(
        json.dumps(
            {
                "type": "address",
                "order_id": number,
                "shop_id": SHOP,
                "update_time": CREATED + 500,
                "shipping_info": {**BUYER, "street1": "7 Elm Street", "city": "Peoria", "postal_code": "61602"},
            }
        ).encode()
    )
    eventually(lambda: shipping.events_of(package_id_of(package)).count("shipment.label-bought") == 2)
    eventually(lambda: (shipping.order(number) or {})["order"]["tracking_number"] not in {"", old})
    seen = shown(shipping, package)
    assert (seen["postal_code"], seen["label_live"], seen["tracking_number"] != old) == ("61602", True, True)
    assert [entry["tracking_number"] for entry in carrier.done("voided")].count(old) == 1
    eventually(lambda: (shipping.order(number) or {})["order"]["packages"][0]["pushed"])


# FC-26


def split(shipping: World) -> tuple[str, str, str]:
    """A paid order of lines a, b and c in two packages, a and b in one; returns its number and the packages."""
    number, skus = a_number(), {line: a_sku() for line in "abc"}
    for sku in skus.values():
        shipping.receive(sku, 1)
    lines = [
        {"line_id": line, "sku_id": sku, "quantity": 1, "sale_price": "9.99", "currency": "USD"}
        for line, sku in skus.items()
    ]
    shipping.tell(an_order_webhook(number, "UNPAID", updated=CREATED, order_lines=lines))
    shipping.eventually_order(number, "WAITING")
    units = [{"line_id": line, "quantity": 1} for line in "ab"]
    shipping.operate(f"/orders/{MARKETPLACE}:{SHOP}:{number}/split", {"packages": [units]})
    eventually(lambda: "order.split" in shipping.events_of(id_of(number)))
    shipping.tell(an_order_webhook(number, updated=CREATED + 60, order_lines=lines))
    shipping.eventually_order(number, "FULFILLED")
    return number, f"{number}-1", f"{number}-2"


def sales(carrier: SimulatorProcess, *packages: str) -> list[str]:
    """The numbers that the carrier sold for these packages, oldest first."""
    ids = {str(package_id_of(package)) for package in packages}
    return [entry["tracking_number"] for entry in carrier.done("sold") if entry["reference"].partition(":")[0] in ids]


def test_fc_26_two_packages_keep_their_own_numbers_and_ways(shipping: World, carrier: SimulatorProcess) -> None:
    """One is returned to its sender, the other delivered: both numbers stay, and the order is partly delivered."""
    number, first, second = split(shipping)
    numbers = [shown(shipping, package)["tracking_number"] for package in (first, second)]
    assert sorted(numbers) == sorted(sales(carrier, first, second))
    by = shown(shipping, first)["carrier"]
    shipping.command(scan(second, "DELIVERED", numbers[1], by), scan(first, "RETURNED", numbers[0], by))
    after(shipping, second, "shipment.delivered")
    after(shipping, first, "shipment.returned")
    found = shipping.look("/shipments", order=str(id_of(number)), at_least=shipping.log_end())["items"]
    assert {item["package"]: (item["tracking_number"], item["state"]) for item in found} == {
        first: (numbers[0], "RETURNED"),
        second: (numbers[1], "DELIVERED"),
    }
    assert sorted(len(item["contents"]) for item in found) == [1, 2]
    order = (shipping.order(number) or {})["order"]
    assert {"partly_delivered", "partly_returned"} <= set(order["flags"])
    assert (order["delivered_at"], sorted(package["tracking_number"] for package in order["packages"])) == (
        None,
        sorted(numbers),
    )


def test_fc_26_buying_again_touches_one_package_alone(shipping: World, carrier: SimulatorProcess) -> None:
    """The second package's label is taken back and bought again: three purchases in all, the first as it was."""
    _, first, second = split(shipping)
    before = shown(shipping, first)
    old = shown(shipping, second)["tracking_number"]
    shipping.operate(f"/packages/{MARKETPLACE}:{SHOP}:{second}/replace-label", {"reason": "damaged"})
    eventually(lambda: shipping.events_of(package_id_of(second)).count("shipment.label-bought") == 2)
    seen = shipping.look(f"/shipments/{MARKETPLACE}:{SHOP}:{second}", at_least=shipping.log_end())["item"]
    assert (len(sales(carrier, first, second)), sales(carrier, second)) == (3, [old, seen["tracking_number"]])
    assert [entry["tracking_number"] for entry in carrier.done("voided")].count(old) == 1
    assert seen["tracking_number"] != old
    assert shown(shipping, first) == before


def test_fc_26_number_that_comes_again_is_flagged_and_its_scans_stay_with_their_package(
    shipping: World, carrier: SimulatorProcess
) -> None:
    """Another order's package gets the same number: flagged there, and what is scanned for the first is not its own."""
    first = sold(shipping)
    seen = shown(shipping, first)
    carrier.control(tracking_number=seen["tracking_number"])
    third = sold(shipping)
    after(shipping, third, "shipment.tracking-number-shared")
    alert = open_alerts(shipping, third)["tracking-number-shared"]
    assert alert["figures"]["others"] == str(package_id_of(first))
    shipping.command(scan(first, "DELIVERED", seen["tracking_number"], seen["carrier"]))
    after(shipping, first, "shipment.delivered")
    assert (shown(shipping, first)["state"], shown(shipping, third)["state"]) == ("DELIVERED", "LABELLED")
    found = shipping.look("/shipments", tracking_number=seen["tracking_number"])["items"]
    assert {UUID(item["shipment_id"]) for item in found} == {package_id_of(first), package_id_of(third)}


# One package of several orders


@pytest.fixture
def printing(shipping: World) -> Iterator[World]:
    """The shop buys a label when its package is printed."""
    for label_when in ("at print", "at once"):
        shop_registry.set_up(shipping.settings.postgres, f"{MARKETPLACE}:{SHOP}", "label_when", label_when)
        if label_when == "at print":
            yield shipping


def combine(world: World, *numbers: str) -> None:
    """Send these orders in the first one's package, and wait until all are in it."""
    orders = [f"{MARKETPLACE}:{SHOP}:{number}" for number in numbers]
    world.operate("/orders/bulk", {"action": "combine", "orders": orders, "reason": "one door"})
    added = ["shipment.order-added"] * (len(numbers) - 1)
    eventually(
        lambda: [each for each in world.events_of(package_id_of(f"{numbers[0]}-1")) if each in added] == added,
        what=f"{numbers} are in one package",
    )


def two_orders(world: World, state: str) -> tuple[str, str, str]:
    """One buyer's two orders of 2 and 3 of ten units, once they stand there; returns their numbers and the listing."""
    sku = a_sku()
    world.receive(sku, 10)
    first, second = (world.sell(sku, units, buyer_id="B-one-door") for units in (2, 3))
    for number in (first, second):
        world.eventually_order(number, state)
    return first, second, sku


def hand_over(world: World, package: str) -> None:
    """Print the package's label, and give it to the carrier."""
    for step, topic in (("printed", "shipment.printed"), ("handed-over", "shipment.handed-over")):
        world.operate(f"/packages/{MARKETPLACE}:{SHOP}:{package}/{step}")
        after(world, package, topic)


def pushed(world: World, number: str) -> None:
    """The marketplace knows the tracking number."""
    eventually(lambda: "order.fulfilment-pushed" in world.events_of(id_of(number)), what=f"{number} is pushed")


def test_two_orders_go_in_one_package_under_one_label(printing: World, carrier: SimulatorProcess) -> None:
    """The label is bought when it is printed, once for both; both are fulfilled and gone, and their units with it."""
    first, second, sku = two_orders(printing, "READY")
    package = f"{first}-1"
    combine(printing, first, second)
    after(printing, f"{second}-1", "shipment.cancelled")
    printing.operate(f"/packages/{MARKETPLACE}:{SHOP}:{package}/printed")
    for number in (first, second):
        printing.eventually_order(number, "FULFILLED")
    hand_over(printing, package)
    printing.eventually_stock(sku, on_hand=5, reserved=0, available=5)
    assert len(sales(carrier, package, f"{second}-1")) == 1
    found = printing.look("/shipments", order=str(id_of(second)), at_least=printing.log_end())["items"]
    (seen,) = [item for item in found if item["state"] != "CANCELLED"]
    assert (seen["package"], seen["order_ids"]) == (package, [str(id_of(first)), str(id_of(second))])
    for number in (first, second):
        order = (printing.order(number) or {})["order"]
        (shown_package,) = order["packages"]
        assert (shown_package["package"], shown_package["stage"]) == (package, "handed over")
        assert order["tracking_number"] == seen["tracking_number"]
        pushed(printing, number)


def test_order_that_is_cancelled_is_taken_out_of_the_package(shipping: World, carrier: SimulatorProcess) -> None:
    """Both were labelled; one label for both is bought, then one for the one that stays: the others went back."""
    first, second, sku = two_orders(shipping, "FULFILLED")
    package = f"{first}-1"
    combine(shipping, first, second)
    eventually(lambda: shipping.events_of(package_id_of(package)).count("shipment.label-bought") == 2)
    cancel(shipping, package)
    after(shipping, package, "shipment.order-taken-out")
    eventually(lambda: shipping.events_of(package_id_of(package)).count("shipment.label-bought") == 3)
    hand_over(shipping, package)
    shipping.eventually_order(first, "CANCELLED")
    shipping.eventually_order(second, "FULFILLED")
    shipping.eventually_stock(sku, on_hand=7, reserved=0, available=7)
    seen = shown(shipping, package)
    assert (seen["order_number"], seen["order_ids"], seen["state"]) == (second, [str(id_of(second))], "HANDED_OVER")
    numbers = set(sales(carrier, package, f"{second}-1"))
    voided = {entry["tracking_number"] for entry in carrier.done("voided")}
    assert numbers - voided == {seen["tracking_number"]}
