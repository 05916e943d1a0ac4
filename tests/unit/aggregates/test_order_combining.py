"""Orders that go in one package: one offers its own, the others put what they have into it, or say why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace as with_fields

from aggregates.order import Order
from schemas.commands import (
    AddToPackage,
    CancelOrder,
    CombineOrders,
    Command,
    HoldOrder,
    JoinPackage,
    OpenShipment,
    RecordAddress,
    RecordLabel,
    RecordLeftOut,
    RecordTracking,
    SplitOrder,
    VoidLabel,
)
from schemas.values import LineQuantity, shipment_id
from tests.builders import DOOR, MARKETPLACE, NOON, SHOP, STREET, an_order
from tests.unit.aggregates.scenario import PACKAGE, following, given_order, labelled, names, reserved, when

ORDER = an_order().id
OTHER = an_order().numbered(7).id
SHARED = shipment_id(MARKETPLACE, SHOP, "7-1")
PLACED = an_order().to(DOOR).record()
READY = (PLACED, reserved())
COMBINE = CombineOrders(order_id=ORDER, others=(OTHER, ORDER, OTHER), operator="ann")
JOIN = JoinPackage(
    order_id=ORDER, shipment_id=SHARED, package="7-1", marketplace=MARKETPLACE, shop=SHOP, address=DOOR, operator="ann"
)


def tracked(status: Any, shipment: UUID = PACKAGE) -> RecordTracking:
    """The package tells of its way."""
    return RecordTracking(order_id=ORDER, shipment_id=shipment, status=status, occurred_at=NOON)


def left_out(known: Order) -> RecordLeftOut:
    """The package says no to what the order asked for last."""
    return RecordLeftOut(
        order_id=ORDER, shipment_id=SHARED, joined=known.packages[SHARED].joined, reason="it is on paper"
    )


def test_an_order_offers_its_open_package() -> None:
    """Each of the others is told once which package it is and where it goes."""
    events = when(given_order(*READY), COMBINE)
    assert names(events) == ["PackageOffered"]
    (told,) = following(events)
    assert told == JoinPackage(
        order_id=OTHER,
        shipment_id=PACKAGE,
        package=f"{an_order().number}-1",
        marketplace=MARKETPLACE,
        shop=SHOP,
        address=DOOR,
        operator="ann",
    )


def test_an_order_joins_another_s_package() -> None:
    """Its own package is closed, and what was in it is added to the other; asked again it is in it."""
    known = given_order(*READY, labelled())
    events = when(known, JOIN)
    assert names(events) == ["PackageJoined"]
    closed, added = following(events)
    assert isinstance(closed, VoidLabel)
    assert (closed.shipment_id, closed.order_id) == (PACKAGE, ORDER)
    assert isinstance(added, AddToPackage)
    assert (added.shipment_id, added.joined, added.lines) == (SHARED, known.version, an_order().lines)
    assert [need.quantity for need in added.contents] == [1]
    assert (known.state, set(known.packages)) == ("READY", {SHARED})
    assert when(known, JOIN) == []


@pytest.mark.parametrize("asked", [COMBINE, JOIN])
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ((PLACED,), "it is not ready to ship"),
        ((*READY, tracked("PRINTED")), "its package is on paper"),
        ((*READY, HoldOrder(order_id=ORDER, reason="odd")), "it is held"),
        ((*READY, CancelOrder(order_id=ORDER, reason="no")), "it is cancelled"),
        ((an_order().record(), reserved()), "nobody can tell whether it goes to the same place"),
        ((replace(an_order().to(DOOR), shipping_type="TIKTOK").record(), reserved()), "the platform ships it"),
    ],
)
def test_what_cannot_go_with_others_says_why(asked: Command, given: tuple[Command, ...], reason: str) -> None:
    """Both the order that offers and the one that joins refuse, each time, with the reason."""
    known = given_order(*given)
    (refused,) = when(known, asked)
    assert (type(refused), refused.request, refused.reason) == (Order.RequestRefused, "combine", reason)


@pytest.mark.parametrize(
    ("differs", "reason"),
    [
        ({"shop": "another"}, "it is another shop's"),
        ({"address": with_fields(DOOR, city="Merced")}, "it goes to another address"),
        ({"address": STREET}, "it goes to another address"),
    ],
)
def test_what_goes_elsewhere_does_not_join(differs: dict[str, Any], reason: str) -> None:
    """Another shop's package, one to another place, and one of which nobody knows whose door it is."""
    (refused,) = when(given_order(*READY), with_fields(JOIN, **differs))
    assert refused.reason == reason


def test_too_many_orders_are_refused() -> None:
    """A package takes fifty orders, and offering it to nobody is a mistake."""
    for others in ((ORDER,), tuple(an_order().numbered(number).id for number in range(2, 52))):
        (refused,) = when(given_order(*READY), with_fields(COMBINE, others=others))
        assert refused.reason == "a package takes 2 to 50 orders"


def test_what_is_left_out_goes_by_itself() -> None:
    """An order whose lines were not taken in opens another package of its own, once."""
    known = given_order(*READY, JOIN)
    told = left_out(known)
    events = when(known, told)
    assert names(events) == ["LeftOut", "ReadyToShip"]
    assert [type(command) for command in following(events)] == [OpenShipment]
    assert when(known, told) == []


def test_a_late_answer_to_an_earlier_wish_is_ignored() -> None:
    """An order that left the package and joined it again is not left out by the answer to the first time."""
    known = given_order(*READY, JOIN)
    told = left_out(known)
    alone = SplitOrder(order_id=ORDER, packages=((LineQuantity(line_id="line-sku-1", quantity=1),),))
    assert names(when(known, alone)) == ["Split", "ReadyToShip"]
    assert names(when(known, JOIN)) == ["PackageJoined"]
    assert when(known, told) == []


def test_a_joined_order_gets_on_as_with_a_package_of_its_own() -> None:
    """Label, print, hand-over and delivery of the shared package are its own; the marketplace is told of the label."""
    known = given_order(*READY, JOIN)
    label = RecordLabel(order_id=ORDER, shipment_id=SHARED, carrier="local", tracking_number="T7")
    assert names(when(known, label)) == ["LabelBought", "Fulfilled"]
    told = known.told[SHARED]
    assert (told.package, told.tracking_number, told.joined) == (f"{an_order().number}-1", "T7", True)
    assert names(when(known, tracked("PRINTED", SHARED))) == ["PackageMoved"]
    assert names(when(known, tracked("HANDED_OVER", SHARED))) == ["Dispatched"]
    assert names(when(known, tracked("DELIVERED", SHARED))) == ["Delivered"]


def test_another_address_leaves_the_others_package_where_it_goes() -> None:
    """A shared package is not sent elsewhere for one of its orders: that one leaves it and packs anew."""
    moved = RecordAddress(order_id=ORDER, updated_at=NOON, address=with_fields(DOOR, city="Merced"))
    for given, shipment in (((*READY, JOIN), SHARED), ((*READY, COMBINE), PACKAGE)):
        events = when(given_order(*given), moved)
        assert names(events) == ["AddressChanged", "ReadyToShip"]
        (closed, opened) = following(events)
        assert isinstance(closed, VoidLabel)
        assert closed.shipment_id == shipment
        assert isinstance(opened, OpenShipment)
        assert opened.address.city == "Merced"


def test_another_address_waits_for_a_shared_package_on_paper() -> None:
    """Its lines are taken out by a person; put back, they go in a package to the new address."""
    moved = RecordAddress(order_id=ORDER, updated_at=NOON, address=with_fields(DOOR, city="Merced"))
    known = given_order(*READY, JOIN, tracked("PRINTED", SHARED))
    events = when(known, moved)
    assert (names(events), events[0].stopped) == (["AddressChanged"], (SHARED,))
    assert names(when(known, tracked("PUT_BACK", SHARED))) == ["PackageMoved", "ReadyToShip"]
