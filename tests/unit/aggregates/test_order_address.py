"""Where an order goes: changed, masked, missing, and what is only another phone."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace as with_fields

from aggregates.policies.clocks import scheduled_after
from schemas.commands import ReaddressShipment, RecordAddress, RecordTracking
from schemas.timers import CheckAddress
from schemas.values import Address, Sealed
from tests.builders import NOON, STREET, an_order
from tests.unit.aggregates.scenario import PACKAGE, following, given_order, labelled, names, reserved, when

ORDER = an_order().id
LATER = NOON + timedelta(hours=1)
MASKED = with_fields(STREET, complete=False)


def living(digest: str) -> Address:
    """The same town, with what a digest says of name and street."""
    return with_fields(STREET, person=Sealed(subject="buyer", key_version=1, data=b"other", digest=digest))


HOME = an_order().to(living("home"))


def told(address: Address, at: datetime = LATER) -> RecordAddress:
    """The marketplace shows another address."""
    return RecordAddress(order_id=ORDER, updated_at=at, address=address)


def test_another_street_readdresses_the_package_once() -> None:
    """Another street in the same town is another address: the package learns of it, once."""
    known = given_order(HOME.record(), reserved(), labelled())
    events = when(known, told(living("mother")))
    assert names(events) == ["AddressChanged"]
    assert following(events) == [
        ReaddressShipment(shipment_id=PACKAGE, address=living("mother"), updated_at=LATER),
    ]
    assert not events[0].too_late
    assert when(known, told(living("mother"))) == []


def test_only_another_phone_is_nothing() -> None:
    """The same name and street sealed again, with another phone in it, changes nothing."""
    assert when(given_order(HOME.record(), reserved()), told(living("home"))) == []


def test_an_older_address_is_superseded() -> None:
    """An address older than the one we have is recorded and changes nothing; a masked one too."""
    known = given_order(HOME.record(), reserved())
    assert names(when(known, told(living("mother"), NOON - timedelta(hours=1)))) == ["UpdateSuperseded"]
    assert names(when(known, told(MASKED))) == ["UpdateSuperseded"]
    assert known.address == living("home")


def test_an_address_that_comes_after_the_hand_over_is_too_late() -> None:
    """The parcel has left: nothing is readdressed, and the event says so."""
    left = RecordTracking(order_id=ORDER, shipment_id=PACKAGE, status="HANDED_OVER", occurred_at=NOON)
    (changed,) = when(given_order(HOME.record(), reserved(), labelled(), left), told(living("mother")))
    assert (changed.readdress, changed.too_late) == ((), True)


def test_an_update_with_another_address_readdresses_too() -> None:
    """The full order with another street does the same as the address alone."""
    known = given_order(HOME.record(), reserved(), labelled())
    events = when(known, an_order().to(living("mother")).paid(900).record())
    assert names(events) == ["StatusAdvanced", "AddressChanged"]
    assert events[0].address is None


def test_an_address_told_by_itself_stands_against_an_older_update() -> None:
    """UNPAID, then the new address, then late the payment that was written before it: the newer address stays."""
    moved = told(living("mother"))
    paid = HOME.paid().record()
    known = given_order(HOME.unpaid().record(), moved, paid)
    assert known.status == "AWAITING_SHIPMENT"
    assert known.address == moved.address


def test_an_address_that_comes_with_the_departure_is_taken_over_once() -> None:
    """An update that shows the goods gone and another place says both, and repeated it says nothing."""
    known = given_order(HOME.record(), reserved())
    gone = an_order().to(living("mother")).shown_as("IN_TRANSIT", 900).record()
    assert "AddressChanged" in names(when(known, gone))
    assert when(known, gone) == []


def test_an_address_lets_a_waiting_order_go() -> None:
    """The address alone, shown at last, is enough to go on."""
    known = given_order(an_order().to(MASKED).record(), reserved())
    assert known.state == "WAITING"
    assert names(when(known, told(STREET))) == ["AddressChanged", "Classified", "ReadyToShip"]


def test_a_missing_address_is_said_after_fifteen_minutes() -> None:
    """An order that may go and has no address says so once, after a quarter of an hour; one that has it does not."""
    known = given_order(HOME.paid().to(None).record())
    check = CheckAddress(order_id=ORDER)
    assert names(when(known, check)) == ["AddressMissing"]
    assert when(known, check) == []
    assert when(given_order(HOME.record()), check) == []
    assert when(given_order(HOME.on_hold().to(None).record()), check) == []


def test_fc_17_an_order_on_hold_sets_its_address_check_when_it_is_let_go() -> None:
    """FC-17: on hold nothing is missing yet; let go with a masked address the clock starts, with the whole one not."""
    known = given_order(HOME.on_hold().to(None).record(), reserved())
    assert known.state == "WAITING"
    events = when(known, HOME.paid(3900).to(MASKED).record())
    (timer,) = [
        timer for event in events for timer in scheduled_after(event) if isinstance(timer.command, CheckAddress)
    ]
    assert timer.due_at == NOON + timedelta(minutes=15)
    events = when(known, HOME.paid(3960).record())
    assert names(events) == ["StatusAdvanced", "Classified", "ReadyToShip"]
    assert not any(isinstance(timer.command, CheckAddress) for event in events for timer in scheduled_after(event))
