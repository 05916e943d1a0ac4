"""A package in the house and on its way: stopped, readdressed, printed, packed, handed over, put back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace as with_fields

from aggregates.shipment import Shipment
from schemas.commands import (
    Command,
    HandOver,
    MarkPacked,
    MarkPrinted,
    PutBack,
    ReaddressShipment,
    RecordMovement,
    RecordPackage,
    RecordTracking,
    ResumeShipment,
    StopShipment,
)
from schemas.values import Address
from tests.builders import NOON, STREET, item_of
from tests.unit.aggregates.scenario import PACKAGE, following, given_shipment, names, when
from tests.unit.aggregates.test_shipment import BUY, HAND_OVER, REPLACE, VOID, open_package, outcome, scan, void_outcome

HOUR = timedelta(hours=1)
LABELLED = (open_package(), outcome())
PRINT = MarkPrinted(shipment_id=PACKAGE, occurred_at=NOON + HOUR, operator="ann")
PACK = MarkPacked(shipment_id=PACKAGE, occurred_at=NOON + HOUR, operator="ann")
PUT_BACK = PutBack(shipment_id=PACKAGE, occurred_at=NOON + 2 * HOUR, operator="ann")
STOP = StopShipment(shipment_id=PACKAGE, reason="the buyer asks to cancel")
RESUME = ResumeShipment(shipment_id=PACKAGE)
SALINAS = with_fields(STREET, city="Salinas", postal_code="93901")
MERCED = with_fields(STREET, city="Merced", postal_code="95340")


def readdress(address: Address = SALINAS, hours: int = 1) -> ReaddressShipment:
    """The buyer moved."""
    return ReaddressShipment(shipment_id=PACKAGE, address=address, updated_at=NOON + hours * HOUR)


# Printed and packed


def test_printing_tells_order_and_stock_once() -> None:
    """From the print on the order knows, and each stock item keeps the package's units."""
    item = given_shipment(*LABELLED)
    events = when(item, PRINT)
    assert names(events) == ["Printed"]
    told, *kept = following(events)
    assert isinstance(told, RecordTracking)
    assert told.status == "PRINTED"
    assert [(each.stock_item_id, each.quantity, each.stage) for each in kept if isinstance(each, RecordPackage)] == [
        (item_of(), 1, "printed"),
        (item_of("sku-2"), 2, "printed"),
    ]
    assert when(item, PRINT) == []


def test_packing_says_that_it_was_printed_if_nobody_told() -> None:
    """A step forward may be skipped; the trail has both."""
    item = given_shipment(*LABELLED)
    assert names(when(item, PACK)) == ["Printed", "Packed"]
    assert when(item, PACK) == []
    assert when(item, PRINT) == []
    assert names(when(given_shipment(*LABELLED, PRINT), PACK)) == ["Packed"]


@pytest.mark.parametrize("command", [PRINT, PACK, PUT_BACK, STOP])
def test_nothing_is_printed_or_stopped_that_left(command: Command) -> None:
    """A parcel on its way is neither printed, packed, put back nor stopped."""
    assert when(given_shipment(*LABELLED, scan("1")), command) == []


@pytest.mark.parametrize("command", [PRINT, PACK, PUT_BACK])
@pytest.mark.parametrize("before", [(open_package(),), (*LABELLED, VOID), (*LABELLED, REPLACE)])
def test_nothing_is_printed_without_a_live_label(command: Command, before: tuple[Command, ...]) -> None:
    """Before the label, and while it goes back, nothing is on paper."""
    assert when(given_shipment(*before), command) == []


# Cancelled


@pytest.mark.parametrize(("step", "stage"), [(PRINT, "printed"), (PACK, "packed")])
def test_a_printed_package_waits_for_a_person(step: Command, stage: str) -> None:
    """A cancelled package on paper stays: somebody puts it back, and only then its label goes back."""
    item = given_shipment(*LABELLED, step)
    (cancelled,) = when(item, VOID)
    assert (cancelled.label_live, cancelled.stage) == (True, stage)
    assert when(item, VOID) == []
    events = when(item, PUT_BACK)
    assert names(events) == ["PutBack", "VoidRequested"]
    told, *back = following(events)
    assert isinstance(told, RecordTracking)
    assert told.status == "PUT_BACK"
    assert [(move.kind, move.quantity) for move in back if isinstance(move, RecordMovement)] == [
        ("put_back", 1),
        ("put_back", 2),
    ]
    assert when(item, PUT_BACK) == []
    assert names(when(item, void_outcome())) == ["LabelVoided"]


def test_fc_22_a_cancellation_after_the_hand_over_is_an_exception_and_nothing_else() -> None:
    """The parcel is on its way: no void, no stock back, one event that shows it."""
    item = given_shipment(*LABELLED, scan("1"))
    events = when(item, VOID)
    assert names(events) == ["CancelledTooLate"]
    assert following(events) == []
    assert when(item, VOID) == []
    assert not item.cancelled


def test_a_cancelled_package_is_not_handed_over_by_a_person() -> None:
    """Who tells of its hand-over is refused, once; the carrier's own scan is a fact, and shown as an exception."""
    item = given_shipment(*LABELLED, PRINT, VOID)
    (refused,) = when(item, HAND_OVER)
    assert (type(refused), refused.reason) == (Shipment.HandOverRefused, "it is cancelled")
    assert when(item, HAND_OVER) == []
    assert names(when(item, scan("1"))) == ["HandedOver", "CancelledTooLate", "Scanned"]


def test_a_scan_on_a_label_that_went_back_is_a_fact() -> None:
    """The parcel left with a label that was taken back: its units are gone, whatever the carrier said before."""
    item = given_shipment(*LABELLED, VOID, void_outcome())
    assert names(when(item, scan("1"))) == ["HandedOver", "CancelledTooLate", "Scanned"]


# Put back


def test_an_unscanned_hand_over_is_undone_and_done_again() -> None:
    """Until the first scan the parcel comes back and leaves again as often as people say so."""
    item = given_shipment(*LABELLED, PACK, HAND_OVER)
    (undone,) = when(item, PUT_BACK)
    assert undone.was_handed_over
    assert (item.printed, item.packed, item.handed_over, item.label) == (False, False, False, "bought")
    assert [type(command) for command in following([undone])] == [RecordTracking, RecordMovement, RecordMovement]
    assert names(when(item, HAND_OVER)) == ["HandedOver"]
    assert names(when(item, PUT_BACK)) == ["PutBack"]


def test_a_carrier_s_exception_does_not_keep_a_parcel_from_being_put_back() -> None:
    """Only a scan that says where the parcel is ends the time in which a hand-over can be undone."""
    item = given_shipment(*LABELLED, HAND_OVER, scan("1", "EXCEPTION"))
    assert names(when(item, PUT_BACK)) == ["PutBack"]


def test_a_package_cancelled_after_its_hand_over_is_not_put_back() -> None:
    """Its goods come back as a return, which somebody looks at."""
    assert when(given_shipment(*LABELLED, HAND_OVER, VOID), PUT_BACK) == []


# Stopped


def test_a_stopped_package_stays_in_the_house() -> None:
    """No hand-over by a person and no new label until it is let go; the carrier's scan is a fact all the same."""
    item = given_shipment(*LABELLED)
    (stopped,) = when(item, STOP)
    assert (type(stopped), stopped.reason) == (Shipment.Stopped, STOP.reason)
    assert when(item, STOP) == []
    assert names(when(item, HAND_OVER)) == ["HandOverRefused"]
    assert when(item, REPLACE) == []
    assert item.kept_back
    assert names(when(item, RESUME)) == ["Resumed"]
    assert when(item, RESUME) == []
    assert names(when(item, HAND_OVER)) == ["HandedOver"]


def test_a_stopped_package_gets_its_next_label_when_it_is_let_go() -> None:
    """A label that went back meanwhile is followed by the next one only then."""
    item = given_shipment(*LABELLED, REPLACE, STOP)
    assert names(when(item, void_outcome())) == ["LabelVoided"]
    assert when(item, BUY) == []
    assert names(when(item, RESUME)) == ["Resumed", "CarrierChosen", "LabelRequested"]


@pytest.mark.parametrize("before", [(*LABELLED, VOID), (*LABELLED, HAND_OVER)])
def test_only_what_is_to_leave_is_stopped(before: tuple[Command, ...]) -> None:
    """A cancelled package is not stopped as well."""
    assert when(given_shipment(*before), STOP) == []


# Another address


def test_a_package_without_label_takes_the_address_over() -> None:
    """What is not labelled goes to the new address with the next label."""
    item = given_shipment(open_package(), outcome("refused"))
    assert names(when(item, readdress())) == ["Readdressed"]
    assert when(item, readdress()) == []
    assert when(item, BUY)[-1].request.parcel.address == SALINAS


def test_a_label_that_was_not_printed_is_bought_again() -> None:
    """The old label goes back, the new one names the new address, and the order learns of its number."""
    item = given_shipment(*LABELLED)
    assert names(when(item, readdress())) == ["Readdressed", "VoidRequested"]
    events = when(item, void_outcome())
    assert names(events) == ["LabelVoided", "CarrierChosen", "LabelRequested"]
    assert events[-1].request.parcel.address == SALINAS
    events = when(item, outcome(attempt=2))
    assert names(events) == ["LabelBought"]
    (told,) = following(events)
    assert told.tracking_number == "T2"  # type: ignore[attr-defined]


def test_a_label_that_is_being_bought_for_the_old_address_goes_back() -> None:
    """The purchase cannot be stopped, so it is undone as soon as it is known."""
    item = given_shipment(open_package(), readdress())
    assert names(when(item, outcome())) == ["LabelBought", "VoidRequested"]


def test_a_printed_label_with_the_old_address_waits_for_a_person() -> None:
    """It is not handed over; put back, it gets its new label."""
    item = given_shipment(*LABELLED, PRINT)
    (readdressed,) = when(item, readdress())
    assert readdressed.stage == "printed"
    assert [each.reason for each in when(item, HAND_OVER)] == ["its label shows another address"]
    assert names(when(item, PUT_BACK)) == ["PutBack", "VoidRequested"]
    assert names(when(item, void_outcome()))[-1] == "LabelRequested"


def test_an_address_that_comes_after_the_hand_over_is_an_exception() -> None:
    """The parcel goes to the address on its label; somebody is told, once."""
    item = given_shipment(*LABELLED, HAND_OVER)
    assert names(when(item, readdress())) == ["ReaddressedTooLate"]
    assert when(item, readdress()) == []


@pytest.mark.parametrize(
    "command", [readdress(MERCED, hours=1), readdress(MERCED, hours=2), readdress(SALINAS, hours=3)]
)
def test_an_older_or_the_same_address_changes_nothing(command: ReaddressShipment) -> None:
    """Addresses count by the marketplace's time."""
    assert when(given_shipment(*LABELLED, readdress(hours=2)), command) == []


def test_a_cancelled_package_goes_nowhere() -> None:
    """An address for what is not sent changes nothing."""
    assert when(given_shipment(*LABELLED, VOID), readdress()) == []


# Scans and numbers


def test_fc_26_a_scan_for_another_number_is_not_applied() -> None:
    """A number belongs to carrier, number and package: a scan under one that this package never had is not its own."""
    item = given_shipment(*LABELLED)
    assert when(item, with_fields(scan("1"), carrier="local", tracking_number="T9")) == []
    assert when(item, with_fields(scan("1"), carrier="other", tracking_number="T1")) == []
    assert names(when(item, with_fields(scan("1"), carrier="local", tracking_number="T1"))) == ["HandedOver", "Scanned"]


def test_scans_of_two_labels_of_one_package_are_told_apart() -> None:
    """A scan's id is the carrier's, under one number; a label that was replaced may still be what is on the parcel."""
    item = given_shipment(*LABELLED, REPLACE, void_outcome(), outcome(attempt=2))
    old = with_fields(scan("1"), carrier="local", tracking_number="T1")
    new = with_fields(scan("1"), carrier="local", tracking_number="T2")
    assert names(when(item, old)) == ["HandedOver", "Scanned"]
    assert names(when(item, new)) == ["Scanned"]
    assert when(item, old) == []
    assert when(item, new) == []


def test_hand_over_without_a_label_is_nothing() -> None:
    """What was never labelled cannot have been handed over."""
    assert when(given_shipment(open_package()), HandOver(shipment_id=PACKAGE, occurred_at=NOON)) == []
