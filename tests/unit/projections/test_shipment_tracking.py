"""The tracking of packages, given events."""

from datetime import timedelta
from typing import Any

import msgspec

from projections.shipment_tracking import SCANS_KEPT, ShipmentRow, change
from schemas import events
from schemas.events import Event
from schemas.values import Need
from tests.unit.projections.histories import ADDRESS, HAT, NOON, Numbered, bought, fulfilled, opened, published, usd

ORDER = Numbered("1001")


def after(*said: Event) -> ShipmentRow:
    """The row after these events."""
    row = None
    for each in published(said):
        row = change(row, each)
    assert row is not None
    return row


def scanned(number: int, status: str, hours: int) -> events.ShipmentScanned:
    """A scan so many hours after noon."""
    at = NOON + timedelta(hours=hours)
    return events.ShipmentScanned(
        shipment_id=ORDER.shipment, scan_id=f"S{number}", status=status, occurred_at=at, place="Columbus"
    )


def test_main_way_ends_with_a_live_label() -> None:
    """A package with a label has its carrier, price and number."""
    own = [event for event in fulfilled(ORDER) if type(event).__name__.startswith(("Shipment", "Carrier", "Label"))]
    row = after(*own)
    assert (row.state, row.label_live, row.tracking_number) == ("LABELLED", True, "T1001")
    assert (str(row.cost), row.currency, row.attempt) == ("4.20", "USD", 1)


def test_tracking_never_moves_back() -> None:
    """A scan that comes late is listed in its own time and moves nothing back."""
    row = after(opened(ORDER), bought(ORDER), scanned(2, "DELIVERED", 30), scanned(1, "IN_TRANSIT", 5))
    assert row.state == "DELIVERED"
    assert [scan.scan_id for scan in row.scans] == ["S1", "S2"]


def test_exception_scan_is_shown_and_moves_nothing() -> None:
    """A carrier's exception stands among the scans; the package stays where it was."""
    row = after(opened(ORDER), bought(ORDER), scanned(1, "ACCEPTED", 1), scanned(2, "EXCEPTION", 2))
    assert (row.state, len(row.scans)) == ("HANDED_OVER", 2)


def test_only_the_latest_scans_are_kept() -> None:
    """A package that is scanned without end does not make a row without end."""
    scans = [scanned(number, "IN_TRANSIT", number) for number in range(SCANS_KEPT + 5)]
    row = after(opened(ORDER), bought(ORDER), *scans)
    assert len(row.scans) == SCANS_KEPT
    assert row.scans[-1].scan_id == f"S{SCANS_KEPT + 4}"


def test_label_that_comes_after_the_cancellation_is_live_on_a_cancelled_package() -> None:
    """A label bought for a package that is not to be sent does not bring the package back."""
    cancelled = events.ShipmentCancelled(shipment_id=ORDER.shipment, order_id=ORDER.id, reason="buyer")
    row = after(opened(ORDER), cancelled, bought(ORDER))
    assert (row.state, row.label_live) == ("CANCELLED", True)


def test_package_that_was_cancelled_before_it_was_opened_is_not_shown() -> None:
    """A package that will never be opened has no row."""
    cancelled = events.ShipmentCancelled(shipment_id=ORDER.shipment, order_id=ORDER.id, reason="buyer")
    [unseen] = published([cancelled])
    assert change(None, unseen) is None


def test_refused_label_says_why() -> None:
    """A refusal is a state with its reason."""
    refused = events.LabelRefused(shipment_id=ORDER.shipment, order_id=ORDER.id, reason="address unknown")
    row = after(opened(ORDER), refused)
    assert (row.state, row.reason) == ("REFUSED", "address unknown")


OF: dict[str, Any] = {"shipment_id": ORDER.shipment, "order_id": ORDER.id}
ASKED_BACK = events.VoidRequested(**OF, tracking_number="T1001", reason="its address changed")


def test_label_that_goes_back_is_not_live_and_its_successor_is() -> None:
    """From the request on it is not handed out; the next label takes its place."""
    row = after(opened(ORDER), bought(ORDER), ASKED_BACK)
    assert (row.state, row.label_live, row.reason) == ("VOIDING", False, "its address changed")
    voided = events.LabelVoided(**OF, tracking_number="T1001")
    again = msgspec.structs.replace(bought(ORDER), tracking_number="T1001b")
    assert after(opened(ORDER), bought(ORDER), ASKED_BACK, voided).state == "OPENED"
    row = after(opened(ORDER), bought(ORDER), ASKED_BACK, voided, again)
    assert (row.state, row.label_live, row.tracking_number) == ("LABELLED", True, "T1001b")


def test_lost_cost_of_a_package_adds_up() -> None:
    """Each label that the carrier would not take back costs."""
    refused = events.VoidRefused(**OF, tracking_number="T1001", reason="manifested", lost=usd("4.20"))
    row = after(opened(ORDER), bought(ORDER), ASKED_BACK, refused, bought(ORDER), ASKED_BACK, refused)
    assert (str(row.lost_cost), row.reason, row.label_live) == ("8.40", "manifested", False)


def test_package_is_printed_packed_handed_over_and_put_back() -> None:
    """Each step has its time; a put back takes all of them away."""
    steps = [
        events.ShipmentPrinted(**OF, occurred_at=NOON),
        events.ShipmentPacked(**OF, occurred_at=NOON),
        events.ShipmentHandedOver(**OF, occurred_at=NOON),
        events.ShipmentPutBack(**OF, occurred_at=NOON, was_handed_over=True),
    ]
    states = [after(opened(ORDER), bought(ORDER), *steps[:count]).state for count in range(1, 5)]
    assert states == ["PRINTED", "PACKED", "HANDED_OVER", "LABELLED"]
    row = after(opened(ORDER), bought(ORDER), *steps)
    assert (row.printed_at, row.packed_at, row.handed_over_at) == (None, None, None)


def test_package_that_is_put_back_after_its_cancellation_stays_cancelled() -> None:
    """Emptied is not wanted."""
    cancelled = events.ShipmentCancelled(**OF, reason="buyer", label_live=True, stage="printed")
    row = after(opened(ORDER), bought(ORDER), cancelled, events.ShipmentPutBack(**OF, occurred_at=NOON), ASKED_BACK)
    assert (row.state, row.label_live) == ("CANCELLED", False)


def test_stopped_package_says_why_until_it_is_let_go() -> None:
    """The state stays what it was."""
    stopped = events.ShipmentStopped(**OF, reason="the buyer asks to cancel")
    row = after(opened(ORDER), bought(ORDER), stopped)
    assert (row.state, row.stopped) == ("LABELLED", "the buyer asks to cancel")
    assert after(opened(ORDER), bought(ORDER), stopped, events.ShipmentResumed(**OF)).stopped == ""


def test_what_goes_wrong_on_the_way_is_an_exception() -> None:
    """A cancellation that came too late is shown beside where the parcel is."""
    late = events.ShipmentCancelledTooLate(**OF, reason="the buyer changed his mind")
    row = after(opened(ORDER), bought(ORDER), scanned(1, "IN_TRANSIT", 1), late)
    assert (row.state, row.exception) == ("IN_TRANSIT", "cancelled too late: the buyer changed his mind")


def test_readdressed_package_shows_where_it_goes() -> None:
    """The place, never the person."""
    elsewhere = msgspec.structs.replace(ADDRESS, postal_code="44101")
    moved = events.ShipmentReaddressed(**OF, address=elsewhere, updated_at=NOON, stage="opened")
    assert after(opened(ORDER), moved).postal_code == "44101"


def test_first_scan_is_waited_for_until_it_comes() -> None:
    """A label waits for its scan; an exception is none; a cancelled package waits for nothing."""
    waits = msgspec.structs.replace(bought(ORDER), scan_by=NOON + timedelta(days=2))
    assert after(opened(ORDER), waits, scanned(1, "EXCEPTION", 1)).scan_by == NOON + timedelta(days=2)
    assert after(opened(ORDER), waits, scanned(1, "ACCEPTED", 1)).scan_by is None
    cancelled = events.ShipmentCancelled(**OF, reason="buyer", label_live=True, stage="labelled")
    assert after(opened(ORDER), waits, cancelled).scan_by is None


OTHER = Numbered("1002")


def added() -> events.ShipmentOrderAdded:
    """Another order's hat goes in the package too."""
    return events.ShipmentOrderAdded(
        shipment_id=ORDER.shipment,
        order_id=OTHER.id,
        order_number=OTHER.number,
        contents=(Need(stock_item_id=HAT, quantity=1),),
    )


def taken_out(gone: Numbered, left: Numbered, stopped: str = "") -> events.ShipmentOrderTakenOut:
    """One of the two orders is out of the package."""
    return events.ShipmentOrderTakenOut(
        shipment_id=ORDER.shipment,
        order_id=gone.id,
        reason="cancelled",
        contents=(Need(stock_item_id=HAT, quantity=1),),
        remaining=(left.id,),
        order_number=left.number,
        stopped=stopped,
    )


def test_a_package_shows_every_order_in_it() -> None:
    """Two orders and what it holds of both; it goes on under the number of the one that stays."""
    row = after(opened(ORDER), added())
    assert (row.order_id, row.order_ids, len(row.contents)) == (ORDER.id, (ORDER.id, OTHER.id), 2)
    row = after(opened(ORDER), added(), taken_out(ORDER, OTHER))
    assert (row.order_id, row.order_ids, row.order_number) == (OTHER.id, (OTHER.id,), OTHER.number)
    assert len(row.contents) == 1


def test_an_order_that_is_withdrawn_keeps_the_package_in_the_house() -> None:
    """It shows why until the order is out; what another order stops stays stopped."""
    withdrawn = events.ShipmentOrderWithdrawn(
        shipment_id=ORDER.shipment, order_id=OTHER.id, reason="cancelled", stage="printed"
    )
    row = after(opened(ORDER), added(), bought(ORDER), withdrawn)
    assert row.stopped == "an order is to be taken out: cancelled"
    for still in ("", "fraud?"):
        assert after(opened(ORDER), added(), bought(ORDER), withdrawn, taken_out(OTHER, ORDER, still)).stopped == still


def test_a_label_that_waits_says_for_what() -> None:
    """For a moment, or for the printer; one that was recalled is asked for anew."""
    waits = events.LabelDeferred(shipment_id=ORDER.shipment, order_id=ORDER.id)
    assert after(opened(ORDER), waits).reason == "its label is bought when it is printed"
    waits = msgspec.structs.replace(waits, until=NOON)
    assert after(opened(ORDER), waits).reason == f"its label is bought at {NOON:%Y-%m-%d %H:%M} UTC"
    asked = events.LabelRequested(shipment_id=ORDER.shipment, carrier="ground", attempt=1)
    recalled = events.LabelRecalled(shipment_id=ORDER.shipment, attempt=1)
    assert after(opened(ORDER), asked, recalled).state == "OPENED"
