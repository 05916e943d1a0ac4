"""An order in several packages: split, labelled, labelled anew, gone, arrived, returned."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import pytest

from aggregates.order import Order
from aggregates.policies.outside_calls import calls_of
from schemas.commands import (
    CancelOrder,
    HandOver,
    HoldOrder,
    OpenShipment,
    RecordFulfilmentPushed,
    RecordLabel,
    RecordMovement,
    RecordTracking,
    ReleaseOrder,
    ReleaseStock,
    ReserveStock,
    ResumeShipment,
    SplitOrder,
    StopShipment,
    VoidLabel,
)
from schemas.values import LineQuantity
from tests.builders import NOON, a_line, an_order, item_of
from tests.unit.aggregates.order_days import package, units
from tests.unit.aggregates.scenario import PACKAGE, following, given_order, labelled, names, reserved, short, when

ORDER = an_order().id
THREE = an_order().of(a_line("a"), a_line("b"), a_line("c"))
Status = Literal["PRINTED", "HANDED_OVER", "DELIVERED", "RETURNED", "PUT_BACK"]


def split(*packages: tuple[LineQuantity, ...]) -> SplitOrder:
    """A person splits the order."""
    return SplitOrder(order_id=ORDER, packages=packages, operator="ann")


def label(number: int, tracking_number: str) -> RecordLabel:
    """A package tells of its label."""
    return RecordLabel(
        order_id=ORDER, shipment_id=package(an_order(), number), carrier="local", tracking_number=tracking_number
    )


def moved(number: int, status: Status) -> RecordTracking:
    """A package tells how far it is."""
    return RecordTracking(order_id=ORDER, shipment_id=package(an_order(), number), status=status, occurred_at=NOON)


def with_stock(*skus: str) -> Order:
    """An order of a, b and c that holds some of them."""
    return given_order(THREE.record(), *(reserved(sku) for sku in skus))


def opened(events: list[Any]) -> list[tuple[str, list[str]]]:
    """Which packages are opened, with the lines in each."""
    return [
        (command.package, [line.sku_id for line in command.lines])
        for command in following(events)
        if isinstance(command, OpenShipment)
    ]


def pushed(events: list[Any]) -> list[tuple[str, str]]:
    """What the marketplace is told: the key of each call and its tracking number."""
    return [
        (request.key.rpartition(":")[2], request.call.tracking_number)  # type: ignore[attr-defined]
        for event in events
        for request in calls_of(event)
    ]


def test_a_split_closes_the_open_package_and_opens_the_parts() -> None:
    """What is named goes as named, the rest in one more package; the same split again is nothing."""
    known = with_stock("a", "b", "c")
    wished = split((*units("a"), *units("b")))
    events = when(known, wished)
    assert names(events) == ["Split", "ReadyToShip", "ReadyToShip"]
    assert [command.shipment_id for command in following(events) if isinstance(command, VoidLabel)] == [PACKAGE]
    number = an_order().number
    assert opened(events) == [(f"{number}-2", ["a", "b"]), (f"{number}-3", ["c"])]
    assert when(known, wished) == []
    values = [event.value.amount for event in events[1:]]
    assert [str(value) for value in values] == ["25.00", "12.50"]


def test_a_split_order_ships_what_it_has() -> None:
    """A package goes as soon as its own units are there; LABELLED with some, FULFILLED with all."""
    known = with_stock("a", "b")
    when(known, short("c"))
    assert known.state == "BACKORDERED"
    events = when(known, split((*units("a"), *units("b"))))
    assert names(events) == ["Split", "Classified"]
    assert [type(command) for command in following(events)] == [ReserveStock, ReserveStock]
    when(known, reserved("a"))
    events = when(known, reserved("b"))
    assert names(events) == ["StockReserved", "ReadyToShip"]
    assert known.state == "BACKORDERED"
    events = when(known, label(1, "T1"))
    assert names(events) == ["LabelBought"]
    assert pushed(events) == [(str(PACKAGE), "T1")]
    assert known.state == "LABELLED"
    assert names(when(known, reserved("c"))) == ["StockReserved", "ReadyToShip"]
    events = when(known, label(2, "T2"))
    assert names(events) == ["LabelBought", "Fulfilled"]
    assert [number for _, number in pushed(events)] == ["T2"]
    assert known.state == "FULFILLED"


@pytest.mark.parametrize(
    ("wished", "reason"),
    [
        (split(units("a", 2)), "more units"),
        (split(units("nobody")), "more units"),
        (split(units("a"), units("a")), "more units"),
        (split(units("a", 0)), "at least 1"),
        (split(), "packages"),
    ],
)
def test_a_split_that_cannot_be_is_refused(wished: SplitOrder, reason: str) -> None:
    """More than there is, nothing at all, a line that is not there: refused with the reason."""
    (refused,) = when(with_stock("a", "b", "c"), wished)
    assert names([refused]) == ["RequestRefused"]
    assert reason in refused.reason


def test_what_is_on_paper_is_not_split() -> None:
    """A printed package stays as it is; its lines cannot go elsewhere."""
    known = with_stock("a", "b", "c")
    when(known, moved(1, "PRINTED"))
    assert names(when(known, split(units("a")))) == ["RequestRefused"]


@pytest.mark.parametrize("shown", [replace(THREE, shipping_type="TIKTOK"), THREE.awaiting_collection()])
def test_what_others_ship_is_not_split(shown: Any) -> None:
    """Platform shipping, and what was arranged elsewhere, has no packages of ours."""
    assert names(when(given_order(shown.record()), split(units("a")))) == ["RequestRefused"]


def test_a_cancelled_order_is_not_split() -> None:
    """Nothing is packed any more."""
    known = with_stock("a")
    when(known, CancelOrder(order_id=ORDER, reason="gone"))
    assert names(when(known, split(units("a")))) == ["RequestRefused"]


def in_two_packages() -> Order:
    """An order in two labelled packages: a and b, and c."""
    known = with_stock("a", "b", "c")
    for command in (split((*units("a"), *units("b"))), label(2, "T1"), label(3, "T2")):
        when(known, command)
    assert known.state == "FULFILLED"
    return known


def test_fc_26_one_of_two_delivered_is_partly_delivered() -> None:
    """FC-26: both numbers are kept; one arrives, the other comes back: the order is not delivered."""
    known = in_two_packages()
    assert {each.tracking_number for each in known.labels.values()} == {"T1", "T2"}
    assert names(when(known, moved(3, "DELIVERED"))) == ["Dispatched", "PackageMoved"]
    assert names(when(known, moved(2, "RETURNED"))) == ["Dispatched", "PackageMoved"]
    assert not known.delivered
    assert when(known, moved(2, "RETURNED")) == []
    assert when(known, moved(2, "DELIVERED")) == []


def test_the_last_arrival_delivers_the_order() -> None:
    """With both there the order is delivered, once."""
    known = in_two_packages()
    when(known, moved(2, "DELIVERED"))
    assert names(when(known, moved(3, "DELIVERED"))) == ["Dispatched", "Delivered"]
    assert when(known, moved(3, "DELIVERED")) == []


def test_a_new_label_replaces_its_own_alone_and_is_pushed_again() -> None:
    """A package that was labelled anew tells the marketplace under another key; the other one stays."""
    known = in_two_packages()
    events = when(known, label(3, "T3"))
    assert names(events) == ["LabelReplaced"]
    assert pushed(events) == [("2", "T3")]
    assert {each.tracking_number for each in known.labels.values()} == {"T1", "T3"}
    assert known.state == "FULFILLED"
    assert when(known, label(3, "T3")) == []


def test_what_the_marketplace_was_told_of_an_old_label_says_nothing_of_the_new_one() -> None:
    """The outcome of a push may come late or twice, when another label has taken its place."""
    known = in_two_packages()
    told = [
        RecordFulfilmentPushed(
            order_id=ORDER, shipment_id=package(an_order(), 3), pushed_at=NOON, tracking_number=tracking_number
        )
        for tracking_number in ("T2", "T3")
    ]
    assert names(when(known, told[0])) == ["FulfilmentPushed"]
    when(known, label(3, "T3"))
    assert when(known, told[0]) == []
    assert names(when(known, told[1])) == ["FulfilmentPushed"]
    assert when(known, told[1]) == []


def test_a_refusal_after_a_label_holds_until_there_is_another() -> None:
    """Its old label is void and the new one refused: a person is needed, and the new label ends it."""
    known = given_order(an_order().record(), reserved(), labelled())
    refused = RecordLabel(order_id=ORDER, shipment_id=PACKAGE, refused="no carrier goes there")
    assert names(when(known, refused)) == ["Held"]
    assert names(when(known, label(1, "T9"))) == ["Released", "LabelReplaced"]
    assert known.state == "FULFILLED"


def test_a_put_back_hand_over_is_in_the_house_again() -> None:
    """A hand-over that is undone before the first scan is no dispatch; later it may leave again."""
    known = given_order(an_order().record(), reserved(), labelled())
    when(known, moved(1, "HANDED_OVER"))
    assert names(when(known, moved(1, "PUT_BACK"))) == ["PackageMoved"]
    assert not known.dispatched
    assert when(known, moved(1, "PUT_BACK")) == []
    assert names(when(known, moved(1, "HANDED_OVER"))) == ["Dispatched"]


def test_the_marketplace_shows_that_our_package_left() -> None:
    """IN_TRANSIT without a scan of ours: the labelled package is handed over at that time, once."""
    known = given_order(an_order().record(), reserved(), labelled())
    shown = an_order().shown_as("IN_TRANSIT", 900)
    events = when(known, shown.record())
    assert following(events) == [HandOver(shipment_id=PACKAGE, occurred_at=NOON + timedelta(seconds=900))]
    when(known, moved(1, "HANDED_OVER"))
    assert names(when(known, shown.shown_as("DELIVERED", 990).record())) == ["StatusAdvanced"]


def test_the_marketplace_shows_that_it_left_without_us() -> None:
    """A package without a label is closed, its units leave the shelf, and the queue for others ends."""
    known = with_stock("a")
    when(known, short("b"))
    events = when(known, THREE.shown_as("IN_TRANSIT", 900).record())
    assert names(events) == ["StatusAdvanced", "ShownDispatched"]
    moves = [command for command in following(events) if isinstance(command, RecordMovement)]
    assert {command.stock_item_id for command in moves} == {item_of("a"), item_of("b"), item_of("c")}
    assert {command.order_id for command in moves} == {ORDER}
    assert all(isinstance(command, (RecordMovement, ReleaseStock)) for command in following(events))
    assert known.state == "FULFILLED"
    assert names(when(known, reserved("b"))) == ["ReservationDeclined"]


def test_our_carrier_s_delivery_is_not_taken_back() -> None:
    """Once our carrier delivered, the marketplace's IN_TRANSIT is old news, recorded with its reason."""
    known = given_order(an_order().record(), reserved(), labelled(), moved(1, "DELIVERED"))
    (superseded,) = when(known, an_order().shown_as("IN_TRANSIT", 900).record())
    assert superseded.reason == "our carrier reported more"


def test_a_hold_keeps_packages_in_the_house() -> None:
    """An operator's hold stops the package, and the release lets it go on."""
    known = given_order(an_order().record(), reserved(), labelled())
    stopped = following(when(known, HoldOrder(order_id=ORDER, reason="fraud?", operator="ann")))
    assert stopped == [StopShipment(shipment_id=PACKAGE, reason="fraud?", order_id=ORDER)]
    assert following(when(known, ReleaseOrder(order_id=ORDER))) == [ResumeShipment(shipment_id=PACKAGE, order_id=ORDER)]
    assert known.state == "FULFILLED"


def test_units_that_a_correction_took_close_their_package() -> None:
    """A reservation that is shortened voids the package that is not on paper, and the order waits again."""
    known = given_order(an_order().record(), reserved(), labelled())
    events = when(known, short())
    assert names(events) == ["Backordered"]
    assert [type(command) for command in following(events)] == [VoidLabel]
    assert known.state == "BACKORDERED"
    events = when(known, reserved())
    assert opened(events) == [(f"{an_order().number}-2", ["sku-1"])]


def test_a_printed_package_keeps_its_units() -> None:
    """What is on paper is never given to others."""
    known = given_order(an_order().record(), reserved(), labelled(), moved(1, "PRINTED"))
    assert when(known, short()) == []


def test_what_is_owed_after_a_part_has_left_is_asked_for_alone() -> None:
    """Of ten, seven left; the rest lost its units and is asked for again: three, and stock learns of a new deadline."""
    ten = an_order().of(a_line("a", 10))
    known = given_order(ten.record(), reserved("a", 10))
    for command in (split(units("a", 7)), label(2, "T1"), moved(2, "HANDED_OVER"), short("a")):
        when(known, command)
    assert known.short.keys() == {item_of("a")}
    later = ten.due(dispatch_by=NOON + timedelta(days=9)).paid(90)
    asked = [command for command in following(when(known, later.record())) if isinstance(command, ReserveStock)]
    assert [command.quantity for command in asked] == [3]


def test_a_closed_package_that_left_all_the_same_is_not_sent_again() -> None:
    """It was handed over before its closing reached it: the one that replaced it is closed, and all of it has left."""
    known = given_order(an_order().of(a_line("a", 3)).record(), reserved("a", 3), label(1, "T1"))
    when(known, CancelOrder(order_id=ORDER, reason="one less", lines=units("a"), reference="K1"))
    assert list(known.packages) == [package(an_order(), 2)]
    events = when(known, moved(1, "HANDED_OVER"))
    assert names(events) == ["Dispatched", "Fulfilled"]
    assert following(events) == [
        VoidLabel(shipment_id=package(an_order(), 2), reason="what it holds was sent already", order_id=ORDER)
    ]
    assert known.state == "FULFILLED"
    assert when(known, moved(1, "HANDED_OVER")) == []
    assert names(when(known, moved(1, "DELIVERED"))) == ["Delivered"]


def test_units_that_have_left_are_not_waited_for() -> None:
    """A reservation that is shortened after its package left: the place in the queue is given back, each time."""
    known = given_order(an_order().record(), reserved(), labelled(), moved(1, "HANDED_OVER"))
    (declined,) = when(known, short())
    assert [type(command) for command in following([declined])] == [ReleaseStock]
    assert known.state == "FULFILLED"
