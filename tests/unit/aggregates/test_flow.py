"""The whole flow in memory, in order and out of it: from the marketplace's word to the pushed label."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from aggregates.order import Order
from aggregates.replenishment import Replenishment
from aggregates.shipment import Shipment
from aggregates.stock_item import EVENTS_MAX, StockItem
from schemas import events
from schemas.commands import Command, HandOver, RecordCount, RecordMovement
from schemas.values import replenishment_id, shipment_id
from tests.builders import MARKETPLACE, NOON, SHOP, a_line, an_order, item_of
from tests.unit.aggregates.world import World

PACKAGE = shipment_id(MARKETPLACE, SHOP, f"{an_order().number}-1")


def count(quantity: int, sku_id: str = "sku-1") -> RecordCount:
    """Somebody counts a shelf."""
    return RecordCount(stock_item_id=item_of(sku_id), quantity=quantity, counted_at=NOON)


def receive(quantity: int, reference: str = "r1", sku_id: str = "sku-1") -> RecordMovement:
    """Units come in."""
    return RecordMovement(
        stock_item_id=item_of(sku_id), kind="receipt", quantity=quantity, reference=reference, occurred_at=NOON
    )


def check(world: World) -> None:
    """
    What must hold whatever happened: stock adds up, one label per package, nobody holds what he does not want.

    An order that lost its units to a paid one, as its own payment was on the way, waits for others.
    """
    orders = {order.id: order for order in world.of_kind(Order)}
    for item in world.of_kind(StockItem):
        assert item.reserved == sum(ask.quantity for ask in item.reservations.values())
        assert item.on_hand >= item.reserved
        for order_id, ask in item.reservations.items():
            assert orders[order_id].wants(item.id)
            assert orders[order_id].reserved[item.id] == ask.quantity
        assert not {order_id for order_id, _ in item.queue.in_order(world.at)} & item.reservations.keys()
    for order in orders.values():
        for item_id, quantity in order.reserved.items():
            item = world.aggregate(StockItem, item_id)
            held, waits = item.reservations.get(order.id), item.queue.get(order.id)
            gone = held is None and order.dispatched
            assert gone or waits or (held is not None and held.quantity == quantity)
    bought = Counter(event.originator_id for event in world.log if isinstance(event, Shipment.LabelBought))
    assert set(bought.values()) <= {1}
    fulfilled = {order.id for order in orders.values() if order.fulfilled}
    assert fulfilled == {call.order_id for call in world.pushed}
    assert world.largest_decision <= EVENTS_MAX


def test_a_paid_order_is_fulfilled_in_twelve_events() -> None:
    """From the first sight to the push an order takes seven events of its own, four of its package, one of stock."""
    world = World()
    world.run(count(5))
    world.run(an_order().record())
    assert world.names(an_order().id) == [
        "Placed",
        "Classified",
        "StockReserved",
        "ReadyToShip",
        "LabelBought",
        "Fulfilled",
        "FulfilmentPushed",
    ]
    assert world.names(PACKAGE) == ["Opened", "CarrierChosen", "LabelRequested", "LabelBought"]
    assert world.names(item_of()) == ["Opened", "Counted", "Reserved"]
    check(world)


def test_a_shortage_is_ordered_promised_told_and_filled() -> None:
    """A short order is backordered; the supplier's date is promised to it and the marketplace; the receipt fills it."""
    world = World()
    world.run(count(0))
    world.run(an_order().record())
    order = world.aggregate(Order, an_order().id)
    buying = world.aggregate(Replenishment, replenishment_id(item_of()))
    assert order.state == "BACKORDERED"
    assert order.promised_at == world.at + timedelta(days=2)
    assert [type(call.call).__name__ for call in world.calls.values()] == ["PlaceReorderCall", "PushDelayCall"]
    world.run(receive(25))
    assert order.state == "FULFILLED"
    assert (buying.risk, buying.reorders) == ("", {})
    assert world.aggregate(StockItem, item_of()).supplies == {}
    check(world)


def test_a_bundle_of_two_items_waits_for_both() -> None:
    """An order of two items goes when the second one is there, and holds the first meanwhile."""
    world = World()
    world.run(count(5), count(0, "sku-2"))
    world.run(an_order().of(a_line("sku-1"), a_line("sku-2")).record())
    order = world.aggregate(Order, an_order().id)
    assert (order.state, list(order.reserved)) == ("BACKORDERED", [item_of("sku-1")])
    world.run(receive(1, sku_id="sku-2"))
    assert order.state == "FULFILLED"
    check(world)


def test_a_hand_over_empties_the_shelf() -> None:
    """A parcel that leaves takes its units along, and the order is dispatched."""
    world = World()
    world.run(count(5))
    world.run(an_order().record())
    world.run(HandOver(shipment_id=PACKAGE, occurred_at=world.at))
    item = world.aggregate(StockItem, item_of())
    assert (item.on_hand, item.reserved, item.reservations) == (4, 0, {})
    assert world.aggregate(Order, an_order().id).dispatched
    check(world)


def test_an_unpaid_order_gives_its_stock_to_who_pays() -> None:
    """A paid order that is short takes the units of one that is not; after 48 hours unpaid, a payment queues behind."""
    world = World()
    world.run(count(1))
    unpaid, paid = an_order().numbered(1).unpaid(), an_order().numbered(2)
    world.run(unpaid.record())
    world.run(paid.record())
    assert world.aggregate(Order, paid.id).state == "FULFILLED"
    world.pass_time(timedelta(hours=49))
    assert not world.aggregate(StockItem, item_of()).queue
    world.run(unpaid.paid(after=50 * 3600).record())
    assert world.aggregate(Order, unpaid.id).state == "BACKORDERED"
    check(world)


def test_thousands_of_backorders_make_few_reorders_and_small_decisions() -> None:
    """Thousands on an empty shelf lead to a few reorders, and are filled in decisions of at most 500 events."""
    world = World()
    orders = 3_000
    world.run(count(0))
    world.run(*(an_order().numbered(number).record() for number in range(orders)))
    reorders = [event for event in world.log if isinstance(event, Replenishment.ReorderPlaced)]
    assert len(reorders) < 30
    world.run(receive(orders))
    assert {order.state for order in world.of_kind(Order)} == {"FULFILLED"}
    item = world.aggregate(StockItem, item_of())
    assert (item.available, len(item.queue)) == (0, 0)
    check(world)


@pytest.mark.parametrize("seed", range(12))
def test_duplicates_and_shuffles_change_nothing_that_matters(seed: int) -> None:
    """Commands that overtake each other and come twice, cancellations at any moment: the sums hold at the end."""
    random = Random(seed)
    world = World(seed=seed)
    skus = ("sku-1", "sku-2", "sku-3")
    world.run(*(count(random.randrange(12), sku_id) for sku_id in skus))
    updates: list[Command] = []
    for number in range(40):
        lines = [a_line(sku_id, random.randint(1, 3)) for sku_id in random.sample(skus, 2)]
        shown = an_order().numbered(number).of(*lines)
        story = [shown.unpaid().record(), shown.paid().record()]
        if random.random() < 0.3:
            story.append(shown.cancelled().record())
        updates += story * random.randint(1, 2)
    updates += [receive(random.randint(1, 20), f"r{number}", random.choice(skus)) for number in range(6)]
    random.shuffle(updates)
    while updates:
        world.run(*(updates.pop() for _ in range(min(len(updates), random.randint(1, 25)))))
    check(world)
    world.run(*(receive(500, f"last-{sku_id}", sku_id) for sku_id in skus))
    check(world)
    for order in world.of_kind(Order):
        assert order.state == ("CANCELLED" if order.status == "CANCELLED" else "FULFILLED")


@pytest.mark.parametrize("seed", range(6))
def test_a_purchase_that_meets_a_cancellation_leaves_no_label_live(seed: int) -> None:
    """Whichever of label and cancellation is first: no label of an order that is not wanted stays live."""
    world = World(seed=seed)
    orders = [an_order().numbered(number) for number in range(20)]
    world.run(count(50))
    world.run(*(update.record() for order in orders for update in (order, order.cancelled())))
    check(world)
    bought = {told.tracking_number for told in world.public if isinstance(told, events.LabelBought)}
    assert bought == {told.tracking_number for told in world.public if isinstance(told, events.LabelVoided)}
    assert {shipment.label for shipment in world.of_kind(Shipment)} <= {"none", "voided", "requested"}
    for order in world.of_kind(Order):
        assert order.cancelled
