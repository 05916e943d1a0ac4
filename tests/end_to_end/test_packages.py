"""Packages on the whole product, with a carrier that is told what to refuse: FC-22 and FC-26, the package's side."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import pytest

from aggregates.shipment import Shipment
from creatorflow import bootstrap
from schemas.commands import OpenShipment, RecordScan
from schemas.values import Address, OrderLine
from tests.conformance.simulated import SimulatorProcess
from tests.end_to_end.world import MARKETPLACE, World, a_number, a_sku, a_world, id_of, package_id_of
from tests.waiting import eventually
from tests.webhooks import SHOP, a_cancellation_webhook

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


def sold(world: World) -> str:
    """An order with its label, not printed; returns its package."""
    sku = a_sku()
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
    """503, 503, done: one label is taken back, its file is not handed out, and nobody is asked."""
    package = sold(shipping)
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


def test_fc_22_void_that_cannot_be_costs_its_label_and_is_not_asked_again(
    shipping: World, carrier: SimulatorProcess
) -> None:
    """`cannot be cancelled`: the cost is lost, an alert says so, and the carrier was asked once."""
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


def test_fc_22_parcel_on_its_way_is_an_exception(shipping: World, carrier: SimulatorProcess) -> None:
    """IN_TRANSIT, then cancelled: no void is asked for, and the package and an alert show what happened."""
    package = sold(shipping)
    seen = shown(shipping, package)
    shipping.command(scan(package, "IN_TRANSIT", seen["tracking_number"], seen["carrier"]))
    after(shipping, package, "shipment.handed-over")
    voided = len(carrier.done("voided"))
    cancel(shipping, package)
    events = after(shipping, package, "shipment.cancelled-too-late")
    assert "shipment.void-requested" not in events
    seen = shown(shipping, package)
    assert (seen["state"], seen["exception"].partition(":")[0]) == ("IN_TRANSIT", "cancelled too late")
    assert list(open_alerts(shipping, package)) == ["cancelled-too-late"]
    assert len(carrier.done("voided")) == voided


def test_printed_package_of_a_cancelled_order_is_stopped_until_it_is_put_back(
    shipping: World, carrier: SimulatorProcess
) -> None:
    """On paper it waits for a person, whatever an end-of-day list says; put back, its label goes back."""
    package = sold(shipping)
    path = f"/packages/{MARKETPLACE}:{SHOP}:{package}"
    shipping.operate(f"{path}/printed")
    after(shipping, package, "shipment.printed")
    cancel(shipping, package)
    after(shipping, package, "shipment.cancelled")
    assert list(open_alerts(shipping, package)) == ["stop-parcel"]
    shipping.operate("/packages/bulk", {"action": "handed-over", "packages": [f"{MARKETPLACE}:{SHOP}:{package}"]})
    after(shipping, package, "shipment.hand-over-refused")
    shipping.operate(f"{path}/put-back")
    after(shipping, package, "shipment.label-voided")
    assert open_alerts(shipping, package) == {}


# FC-26


@pytest.fixture
def buyer(shipping: World) -> Address:
    """Where a package of an order that was sold goes, sealed as it is stored."""
    package = sold(shipping)
    log = bootstrap.open_log(shipping.settings)
    try:
        rows = list(log.read_aggregate(package_id_of(package)))
    finally:
        log.close()
    assert isinstance(rows[0].event, Shipment.Opened)
    return rows[0].event.address


def opened(shipping: World, address: Address, number: str, *places: int) -> list[str]:
    """Packages of one order that is nowhere but here, to a buyer who is; returns their names."""
    packages = [f"{number}-{place}" for place in places]
    shipping.command(*(opening(number, package, address) for package in packages))
    for package in packages:
        after(shipping, package, "shipment.label-bought")
    return packages


def opening(number: str, package: str, address: Address) -> OpenShipment:
    """Send this package, of nothing that is counted here."""
    return OpenShipment(
        shipment_id=package_id_of(package),
        order_id=id_of(number),
        marketplace=MARKETPLACE,
        shop=SHOP,
        order_number=number,
        package=package,
        contents=(),
        lines=(OrderLine(line_id=package, sku_id="a", weight_grams=300),),
        address=address,
    )


def sales(carrier: SimulatorProcess, *packages: str) -> list[str]:
    """The numbers that the carrier sold for these packages, oldest first."""
    ids = {str(package_id_of(package)) for package in packages}
    return [entry["tracking_number"] for entry in carrier.done("sold") if entry["reference"].partition(":")[0] in ids]


def test_fc_26_two_packages_keep_their_own_numbers_and_ways(
    shipping: World, carrier: SimulatorProcess, buyer: Address
) -> None:
    """One is returned to its sender, the other delivered: neither shows the other's number or state."""
    number = a_number()
    first, second = opened(shipping, buyer, number, 1, 2)
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


def test_fc_26_buying_again_touches_one_package_alone(
    shipping: World, carrier: SimulatorProcess, buyer: Address
) -> None:
    """The second package's label is taken back and bought again: three purchases in all, the first as it was."""
    number = a_number()
    first, second = opened(shipping, buyer, number, 1, 2)
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
    shipping: World, carrier: SimulatorProcess, buyer: Address
) -> None:
    """Another order's package gets the same number: flagged there, and what is scanned for the first is not its own."""
    (first,) = opened(shipping, buyer, a_number(), 1)
    seen = shown(shipping, first)
    carrier.control(tracking_number=seen["tracking_number"])
    (third,) = opened(shipping, buyer, a_number(), 1)
    after(shipping, third, "shipment.tracking-number-shared")
    alert = open_alerts(shipping, third)["tracking-number-shared"]
    assert alert["figures"]["others"] == str(package_id_of(first))
    shipping.command(scan(first, "DELIVERED", seen["tracking_number"], seen["carrier"]))
    after(shipping, first, "shipment.delivered")
    assert (shown(shipping, first)["state"], shown(shipping, third)["state"]) == ("DELIVERED", "LABELLED")
    found = shipping.look("/shipments", tracking_number=seen["tracking_number"])["items"]
    assert {UUID(item["shipment_id"]) for item in found} == {package_id_of(first), package_id_of(third)}
