"""The whole flow in memory on bad days: cancelled by line, split, printed, handed over, put back, in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace as with_fields

from aggregates.order import Order
from aggregates.shipment import Shipment
from aggregates.stock_item import StockItem
from schemas.commands import (
    AnswerCancellation,
    CancelOrder,
    CombineOrders,
    Command,
    HandOver,
    HoldOrder,
    MarkPrinted,
    PutBack,
    RecordAddress,
    RecordCancellation,
    RecordScan,
    ReleaseOrder,
    SplitOrder,
)
from schemas.shipping import LabelTiming
from schemas.values import LineQuantity
from tests.builders import DOOR, AnOrder, a_line, an_order, item_of
from tests.unit.aggregates.order_days import package
from tests.unit.aggregates.test_flow import count, receive
from tests.unit.aggregates.world import World

SKUS = ("sku-1", "sku-2", "sku-3")
ORDERS = 25
COUNTED = 60


def some_units(random: Random) -> tuple[LineQuantity, ...]:
    """A few units of one or two lines."""
    return tuple(
        LineQuantity(line_id=f"line-{sku}", quantity=random.randint(1, 3))
        for sku in random.sample(SKUS, random.randint(1, 2))
    )


def a_wish(random: Random, orders: Sequence[AnOrder], number: int, world: World) -> Command:
    """Something that somebody does with an order or one of its packages."""
    order, *others = random.sample(orders, random.randint(2, 4))
    shipment = package(order, random.randint(1, 4))
    cancel_id = f"C{random.randint(1, 3)}"
    choices: list[Command] = [
        CancelOrder(order_id=order.id, reason="no", lines=some_units(random), reference=str(number)),
        SplitOrder(order_id=order.id, packages=(some_units(random),)),
        RecordCancellation(
            order_id=order.id,
            cancel_id=cancel_id,
            status=random.choice(("PENDING", "WITHDRAWN", "COMPLETE")),
            cancelled_at=world.at + timedelta(seconds=number),
            lines=some_units(random) if random.random() < 0.7 else (),
        ),
        AnswerCancellation(order_id=order.id, cancel_id=cancel_id, approve=random.random() < 0.5),
        CombineOrders(order_id=order.id, others=tuple(other.id for other in others)),
        CombineOrders(order_id=order.id, others=tuple(other.id for other in others)),
        RecordAddress(
            order_id=order.id,
            updated_at=world.at + timedelta(seconds=number),
            address=with_fields(DOOR, city=random.choice(("Fresno", "Merced"))),
        ),
        HoldOrder(order_id=order.id, reason="odd"),
        ReleaseOrder(order_id=order.id),
        MarkPrinted(shipment_id=shipment, occurred_at=world.at),
        HandOver(shipment_id=shipment, occurred_at=world.at),
        PutBack(shipment_id=shipment, occurred_at=world.at),
    ]
    if random.random() < 0.1:
        choices = [order.cancelled(600 + number).record(), order.shown_as("IN_TRANSIT", 600 + number).record()]
    return random.choice(choices)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_people_do_every_unit_is_somewhere_once(seed: int) -> None:
    """Each unit is on the shelf, held for who wants it, or gone with a package; no label lives without a reason."""
    random = Random(seed)
    world = World(seed=seed)
    world.timing = LabelTiming(when=random.choice(("at once", "at once", "at print")))
    world.run(*(count(COUNTED, sku_id) for sku_id in SKUS))
    orders = [
        an_order().numbered(number).of(*(a_line(sku, random.randint(1, 4)) for sku in SKUS)).to(DOOR)
        for number in range(ORDERS)
    ]
    todo: list[Command] = [order.record() for order in orders]
    todo += [a_wish(random, orders, number, world) for number in range(120)]
    todo += [receive(random.randint(1, 9), f"r{number}", random.choice(SKUS)) for number in range(5)]
    random.shuffle(todo)
    while todo:
        world.run(*(todo.pop() for _ in range(min(len(todo), random.randint(1, 12)))))
    world.run(*(ReleaseOrder(order_id=order.id) for order in orders))
    units_add_up(world)
    held_units_are_wanted(world)
    labels_live_for_a_reason(world)
    packages_and_orders_agree(world)


def units_add_up(world: World) -> None:
    """What is on the shelf is what was there, less what left, plus what came back."""
    for item in world.of_kind(StockItem):
        events = [event for event in world.log if event.originator_id == item.id]
        left = sum(event.quantity for event in events if isinstance(event, StockItem.HandedOver))
        came = sum(event.quantity for event in events if isinstance(event, StockItem.Received))
        back = sum(event.quantity for event in events if isinstance(event, StockItem.PutBack) and event.was_sent)
        assert item.on_hand == COUNTED + came - left + back
        assert item.on_hand >= 0


def held_units_are_wanted(world: World) -> None:
    """A shelf holds for an order what it needs and has not sent; and what is in a parcel that waits to be put back."""
    gone: Counter[tuple[UUID, UUID]] = Counter()
    placed: dict[tuple[UUID, UUID], int] = {}
    for event in world.log:
        if isinstance(event, Order.Placed):
            placed |= {(event.originator_id, need.stock_item_id): need.quantity for need in event.needs}
        elif isinstance(event, StockItem.HandedOver):
            gone[event.order_id, event.originator_id] += event.quantity
        elif isinstance(event, StockItem.PutBack) and event.was_sent:
            gone[event.order_id, event.originator_id] -= event.quantity
    parcelled = to_put_back(world)
    for order in world.of_kind(Order):
        for sku in SKUS:
            item = world.aggregate(StockItem, item_of(sku))
            ask: Any = item.reservations.get(order.id)
            held = 0 if ask is None else ask.quantity
            assert gone[order.id, item.id] <= placed[order.id, item.id], (order.number, sku)
            if order.cancelled or order.gone:
                continue
            if item.id in order.reserved:
                wanted = max(order.needs[item.id] - gone[order.id, item.id], 0)
                assert wanted <= held <= wanted + parcelled[order.id, item.id], (order.number, sku)


def to_put_back(world: World) -> Counter[tuple[UUID, UUID]]:
    """Units in parcels on paper that their orders do not want, by order and shelf."""
    units: Counter[tuple[UUID, UUID]] = Counter()
    for shipment in world.of_kind(Shipment):
        for part in shipment.parts if shipment.stage in {"printed", "packed"} else ():
            if shipment.cancelled or part.order_id in shipment.withdrawn:
                units.update({(part.order_id, need.stock_item_id): need.quantity for need in part.contents})
    return units


def labels_live_for_a_reason(world: World) -> None:
    """A label is live for a package that its order knows, that waits for a person, or that has left."""
    orders = {order.id: order for order in world.of_kind(Order)}
    for shipment in world.of_kind(Shipment):
        if shipment.label != "bought" or shipment.handed_over:
            continue
        for share in shipment.wanted:
            order = orders[share.order_id]
            known = shipment.id in order.packages and not order.cancelled
            assert known or shipment.cancelled, shipment.id


def packages_and_orders_agree(world: World) -> None:
    """What an order has in a package is what the package holds of it; what is still to go, goes once."""
    packages = {shipment.id: shipment for shipment in world.of_kind(Shipment)}
    parts = {(each.id, part.order_id): part.contents for each in packages.values() for part in each.parts}
    for order in world.of_kind(Order):
        if order.cancelled or order.gone:
            continue
        for shipment, parcel in order.packages.items():
            assert parts[shipment, order.id] == parcel.contents, (order.number, shipment)
            assert parcel.withdrawn == (order.id in packages[shipment].withdrawn or packages[shipment].cancelled)
        going = [order.packages[shipment] for shipment in order.in_house()]
        packed = sum(line.quantity for parcel in going if not parcel.withdrawn for line in parcel.lines)
        assert packed <= sum(line.quantity for line in order.lines), order.number
    for each in packages.values():
        if each.shares and not (each.cancelled or each.handed_over):
            for share in each.wanted:
                order = world.aggregate(Order, share.order_id)
                assert each.id in order.packages, (order.number, each.id)


def test_scans_end_what_hand_overs_began() -> None:
    """Every package that is scanned has left, whoever told of it, and its units with it."""
    world = World(seed=1)
    world.run(*(count(COUNTED, sku_id) for sku_id in SKUS))
    order = an_order().of(*(a_line(sku, 2) for sku in SKUS))
    world.run(order.record())
    world.run(SplitOrder(order_id=order.id, packages=((LineQuantity(line_id="line-sku-1", quantity=1),),)))
    for number in (2, 3):
        world.run(RecordScan(shipment_id=package(order, number), scan_id="1", status="DELIVERED", occurred_at=world.at))
    assert world.aggregate(Order, order.id).delivered
    units_add_up(world)
    assert [world.aggregate(StockItem, item_of(sku)).on_hand for sku in SKUS] == [COUNTED - 2] * 3
