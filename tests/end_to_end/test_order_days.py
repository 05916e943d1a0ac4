"""Orders on their bad days on the whole product: on hold, unpaid, bundled, renamed, split, hopeless."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from creatorflow.devstack import ServiceSpec, creatorflow_processes
from creatorflow.settings import Settings
from tests.end_to_end.workers import Worker
from tests.end_to_end.world import MARKETPLACE, World, a_number, a_sku, a_world, id_of, item_id_of
from tests.waiting import eventually
from tests.webhooks import BUYER, CREATED, SHOP, a_cancellation_webhook, an_order_webhook

MINUTE = 60
HOUR = 60 * MINUTE
REBALANCED_WITHIN = 60.0
"""A worker that was killed holds its partitions for the session limit of ten seconds."""

MASKED = {**BUYER, "name": "A** S***", "street1": "***"}


def line(sku: str, quantity: int = 1, *, label: str = "TEA-30", parts: dict[str, int] | None = None) -> dict[str, Any]:
    """One line of the full-order webhook; a bundle names its parts."""
    return {
        "line_id": f"L-{sku}",
        "sku_id": sku,
        "seller_sku": label,
        "quantity": quantity,
        "sale_price": "19.99",
        "currency": "USD",
        "sub_items": [{"sku_id": part, "quantity": units} for part, units in (parts or {}).items()] or None,
    }


def path_of(number: str) -> str:
    """Where an order is asked for and operated."""
    return f"/orders/{MARKETPLACE}:{SHOP}:{number}"


def events_of(world: World, number: str) -> list[str]:
    """The names of an order's stored events."""
    return world.events_of(id_of(number))


# FC-17


def test_fc_17_no_label_without_an_address_and_then_exactly_one(world: World) -> None:
    """On hold without an address, then masked: stock is held, nothing bought; let go with the whole one: one label."""
    sku, number = a_sku(), a_number()
    world.receive(sku, 2)
    world.tell(an_order_webhook(number, "ON_HOLD", sku=sku, shipping_info=None))
    world.eventually_stock(sku, reserved=1)
    world.tell(an_order_webhook(number, "ON_HOLD", sku=sku, shipping=MASKED, updated=CREATED + 20 * MINUTE))
    eventually(lambda: "order.status-advanced" in events_of(world, number))
    assert world.state_of(number) == "WAITING"
    assert "order.ready-to-ship" not in events_of(world, number)
    world.tell(an_order_webhook(number, sku=sku, updated=CREATED + 65 * MINUTE))
    order = world.eventually_order(number, "FULFILLED")
    assert len(order["shipments"]) == 1
    assert events_of(world, number).count("order.label-bought") == 1


def test_fc_17_cancelled_on_hold_gives_its_units_back(world: World) -> None:
    """Cancelled after twenty minutes on hold: the reservation is released and no label asked for."""
    sku, number = a_sku(), a_number()
    world.receive(sku, 1)
    world.tell(an_order_webhook(number, "ON_HOLD", sku=sku, shipping_info=None))
    world.eventually_stock(sku, reserved=1)
    world.tell(an_order_webhook(number, "CANCELLED", sku=sku, shipping_info=None, updated=CREATED + 20 * MINUTE))
    order = world.eventually_order(number, "CANCELLED")
    world.eventually_stock(sku, reserved=0, available=1)
    assert order["shipments"] == []


# FC-29


def no_workers(settings: Settings) -> Sequence[ServiceSpec]:
    """Everything but the worker, which the test starts itself."""
    return [spec for spec in creatorflow_processes(settings) if not spec.name.startswith("worker")]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world with a door and a window, and nobody at work."""
    with a_world(tmp_path_factory.mktemp("bare") / "home", processes_of=no_workers) as made:
        yield made


def test_fc_29_unpaid_order_expires_once_and_a_late_payment_waits(bare: World) -> None:
    """Two restarts while the timer is due: the units go back once, to who pays; the late payment is a backorder."""
    sku, late, paid = a_sku(), a_number(), a_number()
    with Worker(bare, "only") as worker:
        bare.receive(sku, 2)
        created = int(time.time()) - 48 * HOUR + 5
        bare.tell(an_order_webhook(late, "UNPAID", sku=sku, quantity=2, created=created, updated=created))
        bare.eventually_stock(sku, reserved=2, available=0)
        for end in (worker.kill, worker.stop):
            end()
            worker.start()
        eventually(lambda: "order.hold-expired" in events_of(bare, late), within=REBALANCED_WITHIN)
        bare.eventually_stock(sku, reserved=0, available=2)
        bare.tell(an_order_webhook(paid, sku=sku, quantity=2))
        bare.eventually_order(paid, "FULFILLED", within=REBALANCED_WITHIN)
        bare.tell(an_order_webhook(late, sku=sku, quantity=2, created=created, updated=created + 50 * HOUR))
        bare.eventually_order(late, "BACKORDERED")
        stock = bare.eventually_stock(sku, on_hand=2, reserved=2, available=0, backordered=2)
        shelf = bare.events_of(item_id_of(sku))
        assert (shelf.count("stock-item.reservation-released"), shelf.count("stock-item.reserved")) == (1, 2)
        alerts = bare.look("/alerts", subject=stock["stock_item_id"], at_least=bare.log_end())["items"]
        assert "stock-short" in {alert["kind"] for alert in alerts}


# FC-32


def test_fc_32_bundles_that_share_a_part_ask_for_its_sum(world: World) -> None:
    """SET-A twice, SET-B, one tea and no mug need five teas and two mugs; with four it waits, with five it ships."""
    tea, mug, set_a, set_b = (a_sku() for _ in range(4))
    world.receive(tea, 4)
    world.receive(mug, 9)
    lines = [
        line(set_a, 2, parts={tea: 1, mug: 1}),
        line(set_b, parts={tea: 2}),
        line(tea),
        line(mug, 0),
    ]
    number = a_number()
    world.tell(an_order_webhook(number, order_lines=lines))
    world.eventually_order(number, "BACKORDERED")
    world.eventually_stock(tea, on_hand=4, reserved=0, backordered=5)
    world.receive(tea, 1)
    world.eventually_order(number, "FULFILLED")
    world.eventually_stock(tea, reserved=5, available=0)
    world.eventually_stock(mug, reserved=2, available=7)


def test_fc_32_order_of_no_units_is_shown_and_never_shipped(world: World) -> None:
    """Lines of quantity 0 reserve nothing and make no error."""
    mug, number = a_sku(), a_number()
    world.receive(mug, 3)
    world.tell(an_order_webhook(number, order_lines=[line(mug, 0)]))
    order = world.eventually_order(number, "RECEIVED")
    assert (order["order"]["needs"], order["shipments"]) == ([], [])
    world.eventually_stock(mug, reserved=0, available=3)


# FC-33


def test_fc_33_renamed_listing_keeps_its_shelf(world: World) -> None:
    """The label of a listing changes: the next order waits at the same shelf; another listing of it has its own."""
    sku, other = a_sku(), a_sku()
    first, second, third = a_number(), a_number(), a_number()
    world.receive(sku, 1)
    world.tell(an_order_webhook(first, order_lines=[line(sku, label="TEA-30")]))
    world.eventually_order(first, "FULFILLED")
    world.tell(an_order_webhook(second, order_lines=[line(sku, label="TEA-30-V2")]))
    world.eventually_order(second, "BACKORDERED")
    world.eventually_stock(sku, on_hand=1, reserved=1, backordered=1)
    world.tell(an_order_webhook(third, order_lines=[line(other, label="TEA-30")]))
    world.eventually_order(third, "BACKORDERED")
    world.receive(other, 1)
    world.eventually_order(third, "FULFILLED")
    world.tell(a_cancellation_webhook(first))
    world.eventually_order(second, "FULFILLED")
    world.eventually_stock(sku, on_hand=1, reserved=1, backordered=0)
    assert (world.order(first) or {})["order"]["lines"][0]["seller_sku"] == "TEA-30"


def test_fc_33_shipping_takes_the_units_off_the_shelf_that_held_them(world: World) -> None:
    """After the rename the parcel still empties the shelf it was reserved on."""
    sku, number = a_sku(), a_number()
    world.receive(sku, 1)
    world.tell(an_order_webhook(number, order_lines=[line(sku, label="TEA-30")]))
    world.eventually_order(number, "FULFILLED")
    world.tell(an_order_webhook(number, updated=CREATED + 90, order_lines=[line(sku, label="TEA-30-V2")]))
    world.operate(f"/packages/{MARKETPLACE}:{SHOP}:{number}-1/handed-over")
    world.eventually_stock(sku, on_hand=0, reserved=0)


# Splitting, refusing, giving up


def test_split_order_goes_in_two_packages(world: World) -> None:
    """A person splits: each package has its own label and number, and one that leaves makes it partly shipped."""
    tea, mug, number = a_sku(), a_sku(), a_number()
    world.receive(tea, 1)
    world.receive(mug, 1)
    world.tell(an_order_webhook(number, order_lines=[line(tea), line(mug)]))
    world.eventually_order(number, "FULFILLED")
    world.operate(f"{path_of(number)}/split", {"packages": [[{"line_id": f"L-{tea}", "quantity": 1}]]})
    eventually(lambda: events_of(world, number).count("order.fulfilled") == 2)
    packages = world.look(path_of(number), at_least=world.log_end())["item"]["order"]["packages"]
    assert [package["package"] for package in packages] == [f"{number}-2", f"{number}-3"]
    assert len({package["tracking_number"] for package in packages}) == 2
    world.operate(f"/packages/{MARKETPLACE}:{SHOP}:{number}-2/handed-over")
    eventually(lambda: "partly_shipped" in (world.order(number) or {})["order"]["flags"])
    world.eventually_stock(tea, on_hand=0, reserved=0)
    world.eventually_stock(mug, on_hand=1, reserved=1)


def test_request_that_cannot_be_is_recorded_with_its_reason(world: World) -> None:
    """A split of a line that is not there changes nothing, and the timeline says why."""
    sku = a_sku()
    world.receive(sku, 1)
    number = world.sell(sku)
    world.eventually_order(number, "FULFILLED")
    world.operate(f"{path_of(number)}/split", {"packages": [[{"line_id": "nobody", "quantity": 1}]]})
    eventually(lambda: "order.request-refused" in events_of(world, number))
    items = world.look(f"{path_of(number)}/timeline", at_least=world.log_end())["items"]
    (refused,) = [item["body"] for item in items if item["event"] == "OrderRequestRefused"]
    assert (refused["request"], refused["operator"]) == ("split", "operator")


def test_hopeless_backorders_are_listed_and_cancelled_at_once(world: World) -> None:
    """What no supplier brings before the marketplace would cancel is one list and one request."""
    sku = a_sku()
    world.receive(sku, 1)
    soon = int(time.time()) + HOUR
    numbers = [world.sell(sku, quantity=2, cancel_by=soon) for _ in range(3)]
    in_time = world.sell(sku, quantity=2)
    for number in (*numbers, in_time):
        world.eventually_order(number, "BACKORDERED")
    listed = world.look("/orders", sku=sku, hopeless="true", at_least=world.log_end())["items"]
    assert {order["number"] for order in listed} == set(numbers)
    late = world.look("/orders", sku=sku, late="arrange")["items"]
    assert {order["number"] for order in late} == set(numbers)
    world.operate(
        "/orders/bulk",
        {"action": "cancel", "orders": [order["order_id"] for order in listed], "reason": "no stock in time"},
    )
    for number in numbers:
        world.eventually_order(number, "CANCELLED")
    assert world.look("/orders", sku=sku, hopeless="true", at_least=world.log_end())["items"] == []
    assert world.state_of(in_time) == "BACKORDERED"


def test_unlabelled_and_unscanned_orders_near_their_deadline_are_listed(world: World) -> None:
    """Not labelled 8 h before `dispatch_by` is one list, not scanned 2 h before it another; later ones are on none."""
    sku = a_sku()
    world.receive(sku, 1)
    now = int(time.time())
    labelled = world.sell(sku, dispatch_by=now + HOUR)
    world.eventually_order(labelled, "FULFILLED")
    short, calm = world.sell(sku, dispatch_by=now + 7 * HOUR), world.sell(sku, dispatch_by=now + 20 * HOUR)
    for number in (short, calm):
        world.eventually_order(number, "BACKORDERED")

    def listed(late: str) -> set[str]:
        found = world.look("/orders", sku=sku, late=late, at_least=world.log_end())["items"]
        return {order["number"] for order in found}

    assert listed("label") == {short}
    assert listed("scan") == {labelled}
