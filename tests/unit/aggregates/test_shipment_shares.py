"""A package with lines of several orders: one label for all of them, and what comes of one that does not want it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace as with_fields

from aggregates import shipment
from aggregates.policies.clocks import scheduled_after
from aggregates.policies.outside_calls import calls_of
from aggregates.shipment import Shipment
from schemas.commands import (
    Command,
    HandOver,
    MarkPacked,
    MarkPrinted,
    PutBack,
    RecordLabel,
    RecordLabelOutcome,
    RecordLeftOut,
    RecordMovement,
    RecordPackage,
    RecordTracking,
    ResumeShipment,
    StopShipment,
)
from schemas.shipping import LabelTiming
from schemas.timers import BuyDeferredLabel
from tests.builders import NOON, TARIFFS, an_order, usd
from tests.unit.aggregates.scenario import PACKAGE, add, following, given_shipment, names, when
from tests.unit.aggregates.test_shipment import BUY, VOID, open_package, outcome, scan, void_outcome

FIRST, SECOND, THIRD = an_order(), an_order().numbered(7), an_order().numbered(8)
ADD = add(SECOND)
BOTH = (open_package(), ADD, outcome())
PRINT = MarkPrinted(shipment_id=PACKAGE, occurred_at=NOON)
HAND_OVER = HandOver(shipment_id=PACKAGE, occurred_at=NOON)
BACK = PutBack(shipment_id=PACKAGE, occurred_at=NOON)
CANCEL_SECOND = with_fields(VOID, order_id=SECOND.id)
RECALLED = RecordLabelOutcome(shipment_id=PACKAGE, attempt=1, outcome="recalled")
AT_PRINT = LabelTiming(when="at print")
IN_AN_HOUR = LabelTiming(when="later", minutes=60)


def test_a_label_is_bought_for_all_that_is_in_it() -> None:
    """One label, bought anew for both: the weight and value of both, the more urgent one's priority."""
    item = given_shipment(open_package(), outcome())
    events = when(item, ADD)
    assert names(events) == ["OrderAdded", "VoidRequested"]
    asked = when(item, void_outcome())
    assert names(asked) == ["LabelVoided", "CarrierChosen", "LabelRequested"]
    parcel = asked[-1].request.parcel
    assert (parcel.weight_grams, parcel.value, asked[-1].priority) == (1_600, usd("50.00"), 80)
    told = following(when(item, outcome(attempt=2)))
    assert [(type(each), each.order_id) for each in told if isinstance(each, RecordLabel)] == [
        (RecordLabel, FIRST.id),
        (RecordLabel, SECOND.id),
    ]
    assert when(item, ADD) == []


def test_a_label_that_was_being_bought_for_less_goes_back() -> None:
    """The carrier was asked already: what it sells is void at once, and another one is bought."""
    item = given_shipment(open_package(), ADD)
    assert names(when(item, outcome())) == ["LabelBought", "VoidRequested"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ((open_package(), VOID), "the package is cancelled"),
        ((open_package(), outcome(), PRINT), "the package is on paper"),
        ((open_package(), outcome(), HAND_OVER), "the package has left"),
        ((open_package(), StopShipment(shipment_id=PACKAGE, reason="odd")), "the package is stopped: odd"),
        ((open_package(), outcome("refused")), "the package's label waits for a person"),
    ],
)
def test_what_comes_too_late_is_not_taken_in(given: tuple[Command, ...], reason: str) -> None:
    """The order is told once for each time it asks, so that it sends its lines by itself."""
    item = given_shipment(*given)
    events = when(item, ADD)
    assert [(type(event), event.reason) for event in events] == [(Shipment.OrderNotAdded, reason)]
    assert following(events) == [
        RecordLeftOut(order_id=SECOND.id, shipment_id=PACKAGE, joined=ADD.joined, reason=reason)
    ]
    assert when(item, ADD) == []
    assert names(when(item, with_fields(ADD, joined=9))) == ["OrderNotAdded"]


def both(*more: Command) -> Shipment:
    """A package of two orders under its label, and what came then."""
    return given_shipment(open_package(), ADD, outcome(), void_outcome(), outcome(attempt=2), *more)


def test_all_orders_learn_of_the_package_s_way() -> None:
    """Printed, packed, gone and arrived: each order is told, and each one's units move."""
    item = both()
    for command, status in ((PRINT, "PRINTED"), (HAND_OVER, "HANDED_OVER"), (scan("1", "DELIVERED"), "DELIVERED")):
        told = following(when(item, command))
        assert [each.order_id for each in told if isinstance(each, RecordTracking) and each.status == status] == [
            FIRST.id,
            SECOND.id,
        ]
    item = both()
    packed = following(when(item, MarkPacked(shipment_id=PACKAGE, occurred_at=NOON)))
    units = {(each.order_id, each.quantity) for each in packed if isinstance(each, RecordPackage)}
    assert units == {(FIRST.id, 1), (FIRST.id, 2), (SECOND.id, 3)}
    left = following(when(item, HAND_OVER))
    assert {(each.order_id, each.quantity) for each in left if isinstance(each, RecordMovement)} == units


@pytest.mark.parametrize("gone", [FIRST, SECOND])
def test_one_that_is_cancelled_before_print_is_taken_out(gone: object) -> None:
    """The label goes back and another is bought for the rest, under the rest's number; asked again, nothing."""
    left = SECOND if gone is FIRST else FIRST
    item = both()
    cancel = with_fields(VOID, order_id=gone.id)  # type: ignore[attr-defined]
    events = when(item, cancel)
    assert names(events) == ["OrderTakenOut", "VoidRequested"]
    assert (events[0].remaining, events[0].order_number) == ((left.id,), left.number)
    assert when(item, cancel) == []
    asked = when(item, void_outcome(attempt=2))
    assert asked[-1].request.order_number == left.number
    told = following(when(item, outcome(attempt=3)))
    assert [each.order_id for each in told if isinstance(each, RecordLabel)] == [left.id]


def test_the_last_one_that_is_cancelled_ends_the_package() -> None:
    """Nobody wants it any more: it is cancelled as a package of one order is."""
    item = both(CANCEL_SECOND)
    assert names(when(item, VOID)) == ["Cancelled"]
    assert when(item, VOID) == []
    assert when(item, CANCEL_SECOND) == []


def test_one_that_is_cancelled_on_paper_waits_for_a_person() -> None:
    """The parcel stays in the house; put back, the order is out, and another label is bought for the rest."""
    item = both(PRINT)
    assert names(when(item, CANCEL_SECOND)) == ["OrderWithdrawn"]
    assert when(item, CANCEL_SECOND) == []
    assert names(when(item, HAND_OVER)) == ["HandOverRefused"]
    events = when(item, BACK)
    assert names(events) == ["PutBack", "OrderTakenOut", "VoidRequested"]
    back = [each for each in following(events) if isinstance(each, RecordMovement)]
    assert {each.order_id for each in back} == {FIRST.id, SECOND.id}
    assert names(when(item, void_outcome(attempt=2))) == ["LabelVoided", "CarrierChosen", "LabelRequested"]


def test_one_that_was_withdrawn_and_joins_again_packs_by_itself() -> None:
    """Its lines lie in a parcel on paper that it does not want: it is told once that it is not in it."""
    item = both(PRINT, CANCEL_SECOND)
    again = with_fields(ADD, joined=9)
    events = when(item, again)
    assert [(type(event), event.reason) for event in events] == [(Shipment.OrderNotAdded, "the package is on paper")]
    assert [type(each) for each in following(events)] == [RecordLeftOut]
    assert when(item, again) == []


def test_one_that_is_cancelled_leaves_by_a_scan_all_the_same() -> None:
    """What a carrier scans has left: the order that did not want it is an exception, the other one is not."""
    item = both(PRINT, CANCEL_SECOND)
    events = when(item, scan("1"))
    assert names(events) == ["HandedOver", "CancelledTooLate", "Scanned"]
    assert events[1].order_id == SECOND.id


def test_one_that_is_cancelled_after_it_left_is_an_exception() -> None:
    """Once, and a hand-over that somebody cancelled after it cannot be undone."""
    item = both(HAND_OVER)
    assert [(type(event), event.order_id) for event in when(item, CANCEL_SECOND)] == [
        (Shipment.CancelledTooLate, SECOND.id)
    ]
    assert when(item, CANCEL_SECOND) == []
    assert when(item, BACK) == []


def test_an_order_that_is_not_in_it_takes_nothing_out() -> None:
    """A third order's cancellation does nothing to the package."""
    assert when(both(), with_fields(VOID, order_id=THIRD.id)) == []


def test_each_order_stops_it_for_itself() -> None:
    """It goes on once nobody stops it; an order that is out of it stops it no more."""
    stops = [StopShipment(shipment_id=PACKAGE, reason=order.number, order_id=order.id) for order in (FIRST, SECOND)]
    resume = ResumeShipment(shipment_id=PACKAGE, order_id=FIRST.id)
    item = both(*stops)
    assert when(item, stops[1]) == []
    (resumed,) = when(item, resume)
    assert resumed.stopped == SECOND.number
    assert when(item, resume) == []
    assert names(when(item, HAND_OVER)) == ["HandOverRefused"]
    assert names(when(item, CANCEL_SECOND)) == ["OrderTakenOut", "VoidRequested"]
    assert item.stopped is None
    assert when(item, StopShipment(shipment_id=PACKAGE, reason="odd", order_id=SECOND.id)) == []


# When the label is bought


def test_a_label_that_waits_is_bought_once_for_all_that_joined() -> None:
    """At its time it is asked for with the weight of both; the timer that goes off twice asks once."""
    item = given_shipment(open_package(), timing=IN_AN_HOUR)
    assert (item.label, item.deferred_until) == ("deferred", NOON + timedelta(hours=1))
    assert names(when(item, ADD)) == ["OrderAdded"]
    due = BuyDeferredLabel(shipment_id=PACKAGE)
    asked = when(item, due, at=NOON + timedelta(hours=1))
    assert names(asked) == ["CarrierChosen", "LabelRequested"]
    assert asked[1].request.parcel.weight_grams == 1_600
    assert when(item, due, at=NOON + timedelta(hours=1)) == []


def test_a_timer_is_believed_whatever_the_clock_says() -> None:
    """A process whose clock is behind does not lose the label."""
    item = given_shipment(open_package(), timing=IN_AN_HOUR)
    behind = NOON + timedelta(minutes=59, seconds=59)
    assert names(when(item, BuyDeferredLabel(shipment_id=PACKAGE), at=behind)) == ["CarrierChosen", "LabelRequested"]


def test_a_label_that_waits_sets_a_timer() -> None:
    """One for a moment; none where somebody prints it, or the label is bought at once."""
    due = {}
    for timing in (LabelTiming(), IN_AN_HOUR, AT_PRINT):
        opened = shipment.decide(None, open_package(), shipment.Known(NOON, TARIFFS, timing=timing))
        assert opened is not None
        due[timing.when] = [timer for event in opened.collect_events() for timer in scheduled_after(event)]
    (timer,) = due.pop("later")
    assert (timer.command, timer.due_at) == (BuyDeferredLabel(shipment_id=PACKAGE), NOON + timedelta(hours=1))
    assert due == {"at once": [], "at print": []}


@pytest.mark.parametrize("asked", [PRINT, BUY])
def test_a_label_is_bought_at_print(asked: Command) -> None:
    """Whoever prints the package, or asks for its label, has it bought; it is printed once it is there."""
    item = given_shipment(open_package(), timing=AT_PRINT)
    assert names(when(item, asked)) == ["CarrierChosen", "LabelRequested"]
    assert when(item, asked) == []
    assert names(when(item, outcome())) == ["LabelBought"]
    assert names(when(item, PRINT)) == ["Printed"]


def test_a_stopped_package_buys_its_label_once_it_goes_on() -> None:
    """Its time came while it was stopped."""
    item = given_shipment(open_package(), StopShipment(shipment_id=PACKAGE, reason="odd"), timing=IN_AN_HOUR)
    later = NOON + timedelta(hours=2)
    assert when(item, BuyDeferredLabel(shipment_id=PACKAGE), at=later) == []
    assert names(when(item, ResumeShipment(shipment_id=PACKAGE), at=later)) == [
        "Resumed",
        "CarrierChosen",
        "LabelRequested",
    ]


def test_a_package_that_waits_and_is_cancelled_buys_nothing() -> None:
    """No label was asked for, so none has to go back."""
    item = given_shipment(open_package(), timing=AT_PRINT)
    assert names(when(item, VOID)) == ["Cancelled"]
    assert when(item, PRINT) == []


# Recalled


def test_a_recalled_purchase_waits_for_the_package_to_go_on() -> None:
    """The carrier was not asked while the package is stopped; let go, its label is asked for under another key."""
    item = given_shipment(open_package(), StopShipment(shipment_id=PACKAGE, reason="odd"))
    assert names(when(item, RECALLED)) == ["LabelRecalled"]
    assert when(item, RECALLED) == []
    events = when(item, ResumeShipment(shipment_id=PACKAGE))
    assert names(events) == ["Resumed", "CarrierChosen", "LabelRequested"]
    assert [request.key for event in events for request in calls_of(event)] == [f"buy-label:{PACKAGE}:2"]


def test_a_purchase_recalled_for_more_lines_is_asked_for_anew() -> None:
    """Nothing stops the package: the label for both is asked for at once."""
    item = given_shipment(open_package(), ADD)
    events = when(item, RECALLED)
    assert names(events) == ["LabelRecalled", "CarrierChosen", "LabelRequested"]
    assert events[-1].request.parcel.weight_grams == 1_600


def test_a_cancelled_package_s_recalled_purchase_is_its_end() -> None:
    """No label was bought and none is."""
    assert names(when(given_shipment(open_package(), VOID), RECALLED)) == ["LabelRecalled"]
