"""The tracking of packages, given events."""

from datetime import timedelta

from projections.shipment_tracking import SCANS_KEPT, ShipmentRow, change
from schemas import events
from schemas.events import Event
from tests.unit.projections.histories import NOON, Numbered, bought, fulfilled, opened, published

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
