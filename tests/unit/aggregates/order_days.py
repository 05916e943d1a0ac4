"""The bad days of a few orders, so that every event of an order happens in the busy world."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from schemas.commands import (
    AcknowledgeOrderAlert,
    AcknowledgeReplenishmentAlert,
    AcknowledgeShipmentAlert,
    AcknowledgeStockAlert,
    AnswerCancellation,
    CancelOrder,
    CombineOrders,
    MarkPrinted,
    PutBack,
    RecordAddress,
    RecordCancellation,
    RecordCount,
    RecordLabel,
    RecordLabelOutcome,
    RecordMovement,
    RecordReturn,
    RecordTracking,
    ResumeShipment,
    SplitOrder,
    StopShipment,
)
from schemas.shipping import LabelTiming
from schemas.values import LineQuantity, replenishment_id, shipment_id
from tests.builders import DOOR, MARKETPLACE, SHOP, STREET, AnOrder, a_line, an_order, item_of

if TYPE_CHECKING:
    from uuid import UUID

    from tests.unit.aggregates.world import World


def package(order: AnOrder, number: int = 1) -> UUID:
    """One of an order's packages."""
    return shipment_id(MARKETPLACE, SHOP, f"{order.number}-{number}")


def units(sku_id: str, quantity: int = 1) -> tuple[LineQuantity, ...]:
    """Units of the line of a listing."""
    return (LineQuantity(line_id=f"line-{sku_id}", quantity=quantity),)


def live_through_bad_days(world: World) -> None:
    """Split, cancelled by line, asked and answered, readdressed, refunded, returned, shown as gone."""
    world.carrier_sells = True
    skus = ("a", "b")
    world.run(*(RecordCount(stock_item_id=item_of(sku), quantity=50, counted_at=world.at) for sku in skus))
    orders = [an_order().numbered(100 + number).of(a_line("a", 3), a_line("b", 2)) for number in range(6)]
    world.run(*(order.record() for order in orders))
    split, asked, moved, masked, gone, torn = orders
    _split_and_return(world, split)
    _ask_to_cancel(world, asked)
    _change_address(world, moved)
    nowhere = an_order().numbered(110).of(a_line("a")).to(replace(STREET, complete=False))
    world.run(nowhere.record(), masked.shown_as("REFUNDED", 90).record())
    world.pass_time(timedelta(minutes=16))
    world.run(gone.shown_as("IN_TRANSIT", 900).record())
    elsewhere = an_order().numbered(111).of(a_line("a")).shown_as("IN_TRANSIT")
    world.run(elsewhere.record())
    _wait_for_an_item_without_a_date(world)
    _read_before_it_counts(world)
    world.run(torn.cancelled().record(), CancelOrder(order_id=gone.id, reason="too late"))
    _see_alerts(world, asked)


def _see_alerts(world: World, order: AnOrder) -> None:
    """A person sees an alert about each thing there is."""
    seen: dict[str, Any] = {"kind": "some-kind", "opened_position": 1, "by": "ann", "note": "seen"}
    world.run(
        AcknowledgeOrderAlert(order_id=order.id, **seen),
        AcknowledgeShipmentAlert(shipment_id=package(order), **seen),
        AcknowledgeStockAlert(stock_item_id=item_of("a"), **seen),
        AcknowledgeReplenishmentAlert(replenishment_id=replenishment_id(item_of("rare")), **seen),
    )


def _split_and_return(world: World, order: AnOrder) -> None:
    first, second = package(order, 2), package(order, 3)
    world.run(SplitOrder(order_id=order.id, packages=(units("a", 3),)))
    for shipment, status in ((first, "DELIVERED"), (second, "PRINTED")):
        world.run(RecordTracking(order_id=order.id, shipment_id=shipment, status=status, occurred_at=world.at))  # type: ignore[arg-type]
    world.run(CancelOrder(order_id=order.id, reason="one less", lines=units("b"), reference="1"))
    world.run(RecordTracking(order_id=order.id, shipment_id=second, status="PUT_BACK", occurred_at=world.at))
    for status in ("REQUESTED", "RECEIVED"):
        world.run(RecordReturn(order_id=order.id, return_id="R1", status=status, updated_at=world.at, lines=units("a")))
        world.at += timedelta(minutes=1)
    world.run(
        RecordMovement(
            stock_item_id=item_of("a"),
            kind="return_good",
            quantity=1,
            reference="R1",
            occurred_at=world.at,
            order_id=order.id,
        )
    )


def _ask_to_cancel(world: World, order: AnOrder) -> None:
    world.run(RecordTracking(order_id=order.id, shipment_id=package(order), status="PRINTED", occurred_at=world.at))

    def step(cancel_id: str, status: str) -> RecordCancellation:
        return RecordCancellation(
            order_id=order.id,
            cancel_id=cancel_id,
            status=status,  # type: ignore[arg-type]
            cancelled_at=world.at,
            deadline_at=world.at + timedelta(hours=5),
        )

    world.run(step("C1", "PENDING"))
    world.pass_time(timedelta(hours=2))
    world.run(step("C1", "WITHDRAWN"), step("C2", "PENDING"))
    world.run(AnswerCancellation(order_id=order.id, cancel_id="C2", approve=False, operator="ann"))


def _change_address(world: World, order: AnOrder) -> None:
    elsewhere = replace(STREET, city="Oakland")
    world.run(RecordAddress(order_id=order.id, updated_at=world.at, address=elsewhere))
    world.run(
        RecordLabel(order_id=order.id, shipment_id=package(order), carrier="local", tracking_number=f"N{order.number}")
    )


def _read_before_it_counts(world: World) -> None:
    unpaid = replace(an_order().numbered(113).of(a_line("a")).unpaid().record(), read=True)
    world.run(unpaid)
    world.pass_time(timedelta(hours=49))
    world.run(unpaid)


def _wait_for_an_item_without_a_date(world: World) -> None:
    world.supplier_confirms = False
    world.run(RecordCount(stock_item_id=item_of("rare"), quantity=0, counted_at=world.at))
    world.run(an_order().numbered(112).of(a_line("a"), a_line("rare")).record())


def live_in_one_package(world: World) -> None:
    """Three orders in one parcel: one comes too late, one is withdrawn on paper; another parcel waits for print."""
    world.carrier_sells, world.voids = True, "voided"
    first, second, third = together = [
        an_order().numbered(200 + number).of(a_line("a")).to(DOOR) for number in range(3)
    ]
    world.run(*(order.record() for order in together))
    parcel = package(first)
    world.run(CombineOrders(order_id=first.id, others=(second.id,)))
    world.run(StopShipment(shipment_id=parcel, reason="odd", order_id=first.id))
    world.run(CombineOrders(order_id=first.id, others=(third.id,)))
    world.run(ResumeShipment(shipment_id=parcel, order_id=first.id))
    world.run(MarkPrinted(shipment_id=parcel, occurred_at=world.at))
    world.run(CancelOrder(order_id=second.id, reason="no more"))
    world.run(PutBack(shipment_id=parcel, occurred_at=world.at))
    world.timing = LabelTiming(when="at print")
    waiting = an_order().numbered(210).of(a_line("a")).to(DOOR)
    world.run(waiting.record())
    world.carrier_sells = False
    world.run(MarkPrinted(shipment_id=package(waiting), occurred_at=world.at))
    world.run(RecordLabelOutcome(shipment_id=package(waiting), attempt=1, outcome="recalled"))
