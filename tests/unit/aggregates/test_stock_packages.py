"""Packages, counts in the evening, and what happens to reservations when units are not there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
import pytest

from aggregates.stock_item import EVENTS_MAX, StockItem
from aggregates.stock_item_holding import SHORTENED_MAX
from schemas.commands import (
    Command,
    FillBackorders,
    MapListing,
    RecordPackage,
    RecordReservation,
    RecordShortage,
    ReleaseStock,
)
from schemas.values import Deadlines, Need, shipment_id
from tests.builders import MARKETPLACE, NOON, SHOP
from tests.unit.aggregates.scenario import following, given_stock, names, when
from tests.unit.aggregates.test_stock_item import ITEM, buyer, count, figures, move, release, reserve

HOUR = timedelta(hours=1)


def package_id(name: str) -> UUID:
    """A package."""
    return shipment_id(MARKETPLACE, SHOP, name)


def package(
    order: int, quantity: int, stage: Literal["printed", "packed"] = "printed", *, name: str = "", at: datetime = NOON
) -> RecordPackage:
    """Units of an order are in its package."""
    return RecordPackage(
        stock_item_id=ITEM,
        order_id=buyer(order),
        shipment_id=package_id(name or f"{order}-1"),
        quantity=quantity,
        stage=stage,
        occurred_at=at,
    )


def hand_over(order: int, quantity: int, *, name: str = "", at: datetime = NOON) -> Any:
    """A package leaves."""
    return move("dispatch", quantity, str(package_id(name or f"{order}-1")), at=at, order=order)


def put_back(order: int, quantity: int, *, name: str = "", at: datetime = NOON) -> Any:
    """A package comes back to the shelf."""
    return msgspec.structs.replace(hand_over(order, quantity, name=name, at=at), kind="put_back")


def part(order: int, quantity: int, reference: str = "c1") -> ReleaseStock:
    """An order gives some of its units back."""
    return ReleaseStock(
        stock_item_id=ITEM, order_id=buyer(order), reason="a line was cancelled", quantity=quantity, reference=reference
    )


def shelf(quantity: int, at: datetime) -> Any:
    """Somebody counts the shelf and not the parcels."""
    return count(quantity, at)


def all_of_it(quantity: int, at: datetime) -> Any:
    """Somebody counts shelf and parcels."""
    return msgspec.structs.replace(count(quantity, at), packed_included=True)


# Giving back


def test_part_of_a_reservation_is_given_back_once() -> None:
    """Some units of a reservation go to the queue, once for each reference."""
    item = given_stock(count(5), reserve(1, 5), reserve(2, 2))
    events = when(item, part(1, 2))
    assert names(events) == ["ReservationReleased", "BackorderFilled"]
    assert (events[0].quantity, events[0].left, figures(item)) == (2, 3, (5, 5, 0))
    assert when(item, part(1, 2)) == []
    assert names(when(item, part(1, 9, "c2"))) == ["ReservationReleased"]
    assert buyer(1) not in item.reservations


def test_part_of_a_queued_order_is_given_back() -> None:
    """A queued order may ask for less, and is filled if that is there."""
    item = given_stock(count(3), reserve(1, 5))
    assert names(when(item, part(1, 2))) == ["ReservationReleased", "BackorderFilled", "Depleted"]
    assert item.reservations[buyer(1)].quantity == 3


def test_fc_23_only_part_of_the_order_is_cancelled() -> None:
    """FC-23: of 10 units 7 are shipped and the rest is cancelled: 3 come free, once; 93 are on hand."""
    item = given_stock(count(100), reserve(1, 10), hand_over(1, 7))
    events = when(item, part(1, 3))
    assert [(event.quantity, event.left) for event in events] == [(3, 0)]
    assert (figures(item), item.available) == ((93, 0, 0), 93)
    assert when(item, part(1, 3)) == []


def test_units_in_a_printed_package_stay_until_they_are_put_back() -> None:
    """A cancelled order's units are free at once, but for those in a printed package: they are held until put back."""
    item = given_stock(count(5), reserve(1, 3), package(1, 2), reserve(2, 5))
    events = when(item, release(1))
    assert [(event.quantity, event.kept) for event in events] == [(1, 2)]
    assert when(item, release(1)) == []
    assert (figures(item), item.available, item.reservations) == ((5, 2, 5), 3, {})
    events = when(item, put_back(1, 2))
    assert names(events) == ["PutBack", "BackorderFilled", "Depleted"]
    assert events[0].freed == 2
    assert when(item, put_back(1, 2)) == []


def test_a_cancelled_package_that_leaves_takes_its_units_along() -> None:
    """A package of a cancelled order that is handed over all the same is gone from `on_hand` and from what is held."""
    item = given_stock(count(5), reserve(1, 2), package(1, 2, "packed"), release(1))
    assert names(when(item, hand_over(1, 2))) == ["HandedOver"]
    assert (figures(item), item.given_back, item.packages.packed) == ((3, 0, 0), {}, 0)


def test_a_put_back_of_an_order_that_still_wants_its_units() -> None:
    """A package that is emptied although its order goes on leaves the reservation as it is."""
    item = given_stock(count(5), reserve(1, 2), package(1, 2))
    assert names(when(item, put_back(1, 2))) == ["PutBack"]
    assert (figures(item), item.packages.held, item.reservations[buyer(1)].quantity) == ((5, 2, 0), {}, 2)


def test_a_hand_over_is_undone() -> None:
    """Units and reservation return with a put back, the order is told, and the package may leave again."""
    item = given_stock(count(5), reserve(1, 2), package(1, 2), hand_over(1, 2))
    events = when(item, put_back(1, 2))
    assert names(events) == ["PutBack"]
    assert figures(item) == (5, 2, 0)
    assert following(events) == [RecordReservation(order_id=buyer(1), stock_item_id=ITEM, quantity=2)]
    assert when(item, put_back(1, 2)) == []
    assert names(when(item, hand_over(1, 2))) == ["HandedOver"]
    assert figures(item) == (3, 0, 0)


def test_a_package_is_printed_and_packed_once() -> None:
    """Printed, then packed; the same again, or printed after packed, records nothing; nor what has left."""
    item = given_stock(count(5), reserve(1, 2))
    assert names(when(item, package(1, 2))) == ["Packaged"]
    assert when(item, package(1, 2)) == []
    assert names(when(item, package(1, 2, "packed"))) == ["Packaged"]
    assert when(item, package(1, 2, "printed")) == []
    assert (item.packages.printed, item.packages.packed) == (0, 2)
    when(item, hand_over(1, 2))
    assert when(item, package(1, 2, "packed")) == []


def test_a_package_that_is_printed_after_its_order_gave_the_units_back_takes_free_ones() -> None:
    """What is in a printed package goes to nobody else: units given back before are held again, if they are there."""
    item = given_stock(count(3), reserve(1, 2), release(1), reserve(2, 2))
    events = when(item, package(1, 2))
    assert (events[0].holds, events[0].taken) == (1, 1)
    assert (item.available, item.given_back) == (0, {buyer(1): 1})


def test_fewer_units_than_are_in_a_printed_package() -> None:
    """An order that asks for less than its package holds leaves the rest in it."""
    item = given_stock(count(5), reserve(1, 4), package(1, 4))
    when(item, reserve(1, 1))
    assert (item.reserved, item.given_back, item.available) == (4, {buyer(1): 3}, 1)
    when(item, hand_over(1, 4))
    assert (figures(item), item.given_back) == ((1, 0, 0), {})


def test_two_packages_of_one_order_leave_one_by_one() -> None:
    """What the order wants leaves first; what it gave back stays with the package that is still here."""
    item = given_stock(count(5), reserve(1, 3), package(1, 2), package(1, 1, name="1-2"), part(1, 1))
    when(item, hand_over(1, 2))
    assert (item.reservations, item.given_back) == ({}, {buyer(1): 1})
    when(item, put_back(1, 1, name="1-2"))
    assert (figures(item), item.available) == ((3, 0, 0), 3)


# Counts


@pytest.mark.parametrize("told", [True, False])
def test_a_count_in_the_evening(told: bool) -> None:
    """
    Ten orders are packed, seven are gone and unscanned, three parcels and 90 units are there.

    Told by an end-of-day list and counted with the parcels, or not told and counted without: right after the scans.
    """
    orders = range(10)
    evening, scans = NOON + 6 * HOUR, NOON + 20 * HOUR
    item = given_stock(count(100), *(reserve(number) for number in orders), *(package(n, 1, "packed") for n in orders))
    if told:
        for number in orders[:7]:
            when(item, hand_over(number, 1, at=evening - HOUR))
    when(item, all_of_it(93, evening) if told else shelf(90, evening + HOUR / 60))
    assert figures(item) == ((93, 3, 0) if told else (100, 10, 0))
    for number in orders[:7]:
        when(item, hand_over(number, 1, at=scans if number % 2 else evening - HOUR))
    assert figures(item) == (93, 3, 0)


def test_a_late_count_of_the_shelf_knows_what_was_packed_at_its_moment() -> None:
    """A count told hours later lacks what was packed then: whatever became of it since, the sum is right."""
    item = given_stock(count(10), *(reserve(number) for number in range(4)))
    for number in range(3):
        when(item, package(number, 1, "packed", at=NOON + HOUR))
    when(item, hand_over(0, 1, at=NOON + 3 * HOUR))
    when(item, put_back(1, 1, at=NOON + 3 * HOUR))
    when(item, shelf(7, NOON + 2 * HOUR))
    assert figures(item) == (9, 3, 0)
    when(item, hand_over(2, 1, at=NOON + HOUR))
    assert figures(item) == (8, 2, 0)


def test_a_parcel_of_which_the_count_did_not_know_that_it_was_packed() -> None:
    """Told later that it was packed before the count of the shelf, its units are added."""
    item = given_stock(count(10), reserve(1), shelf(9, NOON + 2 * HOUR))
    when(item, package(1, 1, "packed", at=NOON + HOUR))
    assert figures(item) == (10, 1, 0)
    when(item, hand_over(1, 1, at=NOON + HOUR))
    assert figures(item) == (9, 0, 0)


def test_a_count_with_the_parcels_replaces_one_without() -> None:
    """After a count with the parcels, what was added for those that were not counted is added no longer."""
    item = given_stock(count(10), reserve(1), package(1, 1, "packed"), shelf(9, NOON + HOUR))
    when(item, all_of_it(10, NOON + 2 * HOUR))
    when(item, hand_over(1, 1, at=NOON + HOUR))
    assert figures(item) == (10, 0, 0)


# Too few


def test_a_correction_shortens_reservations_in_reverse() -> None:
    """What is not there is taken from who would be filled last: an unpaid order, then the one with the latest clock."""
    item = given_stock(
        count(4),
        reserve(1, deadlines=Deadlines(dispatch_by=NOON + 3 * HOUR)),
        reserve(2, deadlines=Deadlines(dispatch_by=NOON + 9 * HOUR)),
        reserve(3, may_ship=False),
        reserve(4, deadlines=Deadlines(dispatch_by=NOON + 2 * HOUR)),
    )
    events = when(item, move("correction", -2))
    assert names(events) == ["Corrected", "ReservationShortened", "ReservationShortened"]
    assert [event.order_id for event in events[1:]] == [buyer(3), buyer(2)]
    assert {told.order_id for told in following(events) if isinstance(told, RecordShortage)} == {buyer(2), buyer(3)}
    assert figures(item) == (2, 2, 2)
    assert [event.order_id for event in when(item, move("receipt", 2, "r2"))[1:]] == [buyer(2)]


def test_what_is_too_much_shortened_fills_the_queue_again() -> None:
    """A large reservation that goes frees more than was missing; the rest goes to who waits."""
    item = given_stock(count(6), reserve(1, 1), reserve(2, 5), reserve(3, 2))
    assert names(when(item, move("correction", -2))) == [
        "Corrected",
        "ReservationShortened",
        "BackorderFilled",
    ]
    assert figures(item) == (4, 3, 5)


def test_a_printed_package_is_a_pick_shortage() -> None:
    """Nothing takes units from a printed package: what it lacks is missing, told once, until units come."""
    item = given_stock(count(3), reserve(1, 2), package(1, 2), reserve(2))
    events = when(item, move("correction", -2))
    assert names(events) == ["Corrected", "ReservationShortened", "PickShortageFound"]
    assert (events[-1].quantity, item.missing, item.available, figures(item)) == (1, 1, 0, (1, 2, 1))
    assert names(when(item, move("receipt", 1, "r2"))) == ["Received"]
    assert (item.missing, item.missing_told) == (0, 0)


@pytest.mark.parametrize(
    ("asks_less", "still_missing"),
    [(reserve(1, 2), [1]), (reserve(1, 1), []), (part(1, 1, "c1"), [1]), (part(1, 2, "c2"), []), (release(1), [])],
)
def test_what_is_missing_is_told_anew_when_less_is_asked(asks_less: Command, still_missing: list[int]) -> None:
    """An order that asks less of what is not there leaves less missing: the new figure is told, once."""
    item = given_stock(count(3), reserve(1, 3), package(1, 1), count(1, at=NOON + HOUR))
    assert item.missing == 2
    events = when(item, asks_less)
    assert [event.quantity for event in events if isinstance(event, StockItem.PickShortageFound)] == still_missing
    assert item.missing == item.missing_told == sum(still_missing)


def test_a_count_below_zero_after_what_left_is_taken() -> None:
    """A correction even below 0 is a fact: nothing is available, all that is held in packages is missing."""
    item = given_stock(count(2), reserve(1, 2), package(1, 2, "packed"))
    when(item, move("correction", -5))
    assert (item.on_hand, item.available, item.missing) == (-3, 0, 5)


def test_shortening_makes_at_most_500_events_and_continues() -> None:
    """A correction that takes from more than a thousand orders goes on in further commands."""
    orders = 1_300
    item = given_stock(count(orders), *(reserve(number) for number in range(orders)))
    events, shortened = when(item, move("correction", -orders)), 0
    for _ in range(10):
        assert len(events) <= EVENTS_MAX
        shortened += names(events).count("ReservationShortened")
        go_on = [command for command in following(events) if isinstance(command, FillBackorders)]
        if not go_on:
            break
        assert item.shortening
        events = when(item, go_on[0])
    assert (shortened, figures(item)) == (orders, (0, 0, orders))
    assert shortened > SHORTENED_MAX


# Paid before unpaid


def test_a_paid_order_takes_the_newest_unpaid_reservations() -> None:
    """A paid order that is short takes what the newest unpaid ones hold, no more than it needs; it is recorded."""
    item = given_stock(count(3), *(reserve(number, may_ship=False) for number in range(3)))
    events = when(item, reserve(4, 2))
    assert [(type(event).__name__, event.order_id) for event in events] == [
        ("ReservationShortened", buyer(2)),
        ("ReservationShortened", buyer(1)),
        ("Reserved", buyer(4)),
    ]
    assert {event.taken_for for event in events[:2]} == {buyer(4)}
    assert figures(item) == (3, 3, 2)


def test_a_payment_in_the_queue_takes_an_unpaid_reservation() -> None:
    """An order that waits and is paid takes from one that is not."""
    item = given_stock(count(1), reserve(1, may_ship=False), reserve(2, may_ship=False))
    assert names(when(item, reserve(2))) == ["QueueUpdated", "ReservationShortened", "BackorderFilled"]


def test_unpaid_reservations_that_are_too_few_stay() -> None:
    """Nothing is taken where a paid order would still be short, nor from a paid one."""
    item = given_stock(count(3), reserve(1, 2), reserve(2, may_ship=False))
    assert names(when(item, reserve(3, 2))) == ["ShortageRecorded"]
    assert figures(item) == (3, 3, 2)


def test_an_order_past_its_last_moment_takes_nothing() -> None:
    """What the marketplace has cancelled by now takes no unit from an order that may still be paid."""
    lapsed = Deadlines(cancel_by=NOON - HOUR)
    item = given_stock(count(1), reserve(1, may_ship=False), reserve(2, may_ship=False, deadlines=lapsed))
    assert names(when(item, reserve(2, deadlines=lapsed))) == ["QueueUpdated"]
    assert names(when(item, reserve(3, deadlines=lapsed))) == ["ShortageRecorded"]


# Listings


def mapping(units: int, hours: int = 0) -> MapListing:
    """A listing is made of units of this shelf."""
    return MapListing(
        stock_item_id=ITEM,
        marketplace=MARKETPLACE,
        shop=SHOP,
        sku_id="second",
        parts=(Need(stock_item_id=ITEM, quantity=units),),
        mapped_at=NOON + hours * HOUR,
    )


def test_a_listing_is_mapped() -> None:
    """The item of its first part records it, once; an older mapping changes nothing."""
    item = given_stock(count(1))
    assert names(when(item, mapping(2, 1))) == ["ListingMapped"]
    assert when(item, mapping(2, 1)) == []
    assert when(item, mapping(3)) == []
    assert isinstance(item, StockItem)
    assert names(when(item, mapping(3, 2))) == ["ListingMapped"]
