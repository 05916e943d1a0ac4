"""The order board, given events."""

from datetime import timedelta

import msgspec
import pytest

from projections.order_board import OrderRow, change, search_terms
from projections.published import HistoryMissing, UnknownEvent
from schemas import events
from schemas.events import Event
from schemas.values import Deadlines, LineQuantity, Need, shipment_id
from tests.unit.projections.histories import (
    ADDRESS,
    HAT,
    NOON,
    SHOP,
    Numbered,
    classified,
    fulfilled,
    placed,
    published,
)

ORDER = Numbered("1001")


def after(*said: Event) -> OrderRow:
    """The row after these events."""
    row = None
    for each in published(said):
        row = change(row, each)
    assert row is not None
    return row


def orders_own(said: list[Event]) -> list[Event]:
    """Those of an order's events that are about the order itself."""
    return [event for event in said if type(event).__name__.startswith("Order")]


def test_main_way_ends_waiting_for_the_hand_over() -> None:
    """An order that went its whole way is FULFILLED, has its tracking number, and waits for its hand-over."""
    row = after(*orders_own(fulfilled(ORDER)))
    assert (row.fulfilment_state, row.waits_for) == ("FULFILLED", "hand-over")
    assert (row.carrier, row.tracking_number) == ("ground", "T1001")
    assert (row.score, row.level, row.points[0].factor) == (55, "MEDIUM", "base")
    assert [need.state for need in row.needs] == ["reserved"]


def test_order_shows_what_it_was_placed_with() -> None:
    """The row of a new order has its lines, amount, deadline, and the SKUs it is found by."""
    row = after(placed(ORDER))
    assert [line.quantity for line in row.lines] == [1]
    assert (str(row.total), row.currency) == ("19.90", "USD")
    assert row.dispatch_by == NOON + timedelta(days=2)
    assert row.skus == ("hat", "sku-hat")
    assert search_terms(" HAT ")[1] in row.skus


@pytest.mark.parametrize(
    ("said", "waits_for"),
    [
        ([], "its stock to be reserved"),
        ([events.OrderReadyToShip(order_id=ORDER.id)], "its label"),
        ([events.OrderHeld(order_id=ORDER.id, reason="no weight")], "a person: no weight"),
        (
            [events.OrderBackordered(order_id=ORDER.id, stock_item_id=HAT, quantity=1, short_by=1)],
            "stock that is not on order",
        ),
        (
            [
                events.OrderBackordered(order_id=ORDER.id, stock_item_id=HAT, quantity=1, short_by=1),
                events.OrderDelayed(order_id=ORDER.id, promised_at=NOON),
            ],
            "stock that is due on 2026-03-02",
        ),
        (
            [events.OrderBackordered(order_id=ORDER.id, stock_item_id=HAT, quantity=1, short_by=1, stock_unknown=True)],
            "a first count of its stock",
        ),
        (
            [
                events.OrderCancellationRequested(
                    order_id=ORDER.id, reason="buyer", requested_at=NOON, fulfilment_state="HELD"
                )
            ],
            "a person: the buyer asks to cancel",
        ),
        ([events.OrderCancelled(order_id=ORDER.id, reason="buyer", cancelled_at=NOON, by="buyer")], ""),
    ],
)
def test_order_says_why_it_waits(said: list[Event], waits_for: str) -> None:
    """Each state that an order can wait in has its own sentence."""
    assert after(placed(ORDER), *said).waits_for == waits_for


def test_unpaid_order_waits_for_payment() -> None:
    """An order that is not paid waits for that, and for nothing of ours."""
    assert after(placed(ORDER, status="UNPAID", state="WAITING")).waits_for == "payment"


def test_held_order_stays_held_when_stock_answers() -> None:
    """An event that says where the order stands after it is believed over what its name suggests."""
    held = events.OrderHeld(order_id=ORDER.id, reason="by hand")
    answer = events.OrderBackordered(
        order_id=ORDER.id, stock_item_id=HAT, quantity=1, short_by=1, fulfilment_state="HELD"
    )
    assert after(placed(ORDER), held, answer).fulfilment_state == "HELD"


def test_stock_that_comes_takes_the_delay_away() -> None:
    """An order that was delayed and is ready now is not shown as delayed."""
    delayed = events.OrderDelayed(order_id=ORDER.id, promised_at=NOON)
    assert after(placed(ORDER), delayed).flags == ("delayed",)
    ready = after(placed(ORDER), delayed, events.OrderReadyToShip(order_id=ORDER.id))
    assert (ready.flags, ready.promised_at) == ((), None)


def test_unknown_status_is_flagged_until_a_known_one_comes() -> None:
    """A status that we do not know marks the order and moves nothing; the next known one ends the mark."""
    flagged = events.OrderStatusFlagged(order_id=ORDER.id, marketplace_status="PONDERING", updated_at=NOON)
    row = after(placed(ORDER), flagged)
    assert (row.marketplace_status, row.flags) == ("AWAITING_SHIPMENT", ("status_flagged",))
    advanced = events.OrderStatusAdvanced(
        order_id=ORDER.id, marketplace_status="AWAITING_COLLECTION", updated_at=NOON, fulfilment_state="READY"
    )
    assert after(placed(ORDER), flagged, advanced).flags == ()


def test_same_label_twice_is_one_package() -> None:
    """A package that is labelled again, after a voided label, is shown once, with the later number."""
    labels = [
        events.OrderLabelled(order_id=ORDER.id, shipment_id=ORDER.shipment, carrier="ground", tracking_number=number)
        for number in ("T1", "T2")
    ]
    row = after(placed(ORDER), *labels)
    assert [package.tracking_number for package in row.packages] == ["T2"]


def test_event_before_the_first_one_stops_the_projection() -> None:
    """An order that never was placed here has no row to change, and that is not passed over."""
    with pytest.raises(HistoryMissing):
        after(classified(ORDER))


def test_unknown_event_stops_the_projection() -> None:
    """An event type that the board's table does not list raises."""

    class OrderTeleported(Event):
        order_id: object

    with pytest.raises(UnknownEvent, match="OrderTeleported"):
        after(placed(ORDER), OrderTeleported(order_id=ORDER.id))


def short_hat(promised: timedelta | None = None) -> list[Event]:
    """A hat that is short, and the date that it is promised for."""
    at = None if promised is None else NOON + promised
    backordered = events.OrderBackordered(
        order_id=ORDER.id, stock_item_id=HAT, quantity=1, short_by=1, fulfilment_state="BACKORDERED", promised_at=at
    )
    return [backordered] if at is None else [backordered, events.OrderDelayed(order_id=ORDER.id, promised_at=at)]


@pytest.mark.parametrize(
    ("cancel_after", "promised", "hopeless"),
    [(None, None, False), (5, None, True), (5, timedelta(days=6), True), (5, timedelta(days=4), False)],
)
def test_a_backorder_is_hopeless_without_a_date_before_its_cancellation(
    cancel_after: int | None, promised: timedelta | None, hopeless: bool
) -> None:
    """Only an order that will be cancelled on a date, and is not promised before it, is hopeless."""
    cancel_by = None if cancel_after is None else NOON + timedelta(days=cancel_after)
    shown = msgspec.structs.replace(placed(ORDER), deadlines=Deadlines(cancel_by=cancel_by))
    assert after(shown, *short_hat(promised)).hopeless is hopeless
    cancelled = events.OrderCancelled(order_id=ORDER.id, reason="hopeless", cancelled_at=NOON, by="ann")
    assert not after(shown, *short_hat(promised), cancelled).hopeless


def ready(number: int) -> events.OrderReadyToShip:
    """One of its packages is opened."""
    package = f"{ORDER.number}-{number}"
    return events.OrderReadyToShip(
        order_id=ORDER.id, shipment_id=shipment_id("tiktok", SHOP, package), package=package, fulfilment_state="READY"
    )


def moved(number: int, stage: str) -> events.OrderPackageMoved:
    """One of its packages got on."""
    shipment = shipment_id("tiktok", SHOP, f"{ORDER.number}-{number}")
    return events.OrderPackageMoved(order_id=ORDER.id, shipment_id=shipment, stage=stage, occurred_at=NOON)


def test_packages_mark_how_far_the_order_is() -> None:
    """Some of its packages there is partly; all of them back is returned."""
    first = ready(1).shipment_id
    assert first is not None
    left = events.OrderDispatched(order_id=ORDER.id, shipment_id=first, occurred_at=NOON)
    assert after(placed(ORDER), ready(1), ready(2), left).flags == ("partly_shipped",)
    arrived = (ready(1), ready(2), left, moved(1, "delivered"))
    assert after(placed(ORDER), *arrived).flags == ("partly_shipped", "partly_delivered")
    both_back = (ready(1), ready(2), moved(1, "returned"), moved(2, "returned"))
    assert after(placed(ORDER), *both_back).flags == ("returned",)


def test_a_put_back_package_is_in_the_house() -> None:
    """A hand-over that was undone is no dispatch any more."""
    first = ready(1).shipment_id
    assert first is not None
    left = events.OrderDispatched(order_id=ORDER.id, shipment_id=first, occurred_at=NOON)
    row = after(placed(ORDER), ready(1), left, moved(1, "put back"))
    assert (row.dispatched_at, row.packages[0].stage) == (None, "printed")


def test_a_cancelled_line_is_taken_off_the_row() -> None:
    """Lines and needs show what is still asked for, and closed packages are gone."""
    gone = events.OrderLineCancelled(
        order_id=ORDER.id,
        lines=(LineQuantity(line_id="1", quantity=1),),
        release=(Need(stock_item_id=HAT, quantity=1),),
        reason="no",
        by="ann",
        cancelled_at=NOON,
        closed=(shipment_id("tiktok", SHOP, f"{ORDER.number}-1"),),
        fulfilment_state="RECEIVED",
    )
    row = after(placed(ORDER), ready(1), gone)
    assert ([line.quantity for line in row.lines], row.needs, row.packages) == ([0], (), ())


def test_a_cancellation_after_the_hand_over_is_marked() -> None:
    """What the platform cancelled although it had left is an exception that shows."""
    gone = events.OrderCancelled(order_id=ORDER.id, reason="no", cancelled_at=NOON, by="marketplace", handed_over=True)
    assert after(placed(ORDER), gone).flags == ("cancelled_after_hand_over",)


SHARED = shipment_id("tiktok", SHOP, "1002-1")
JOINED = events.OrderPackageJoined(
    order_id=ORDER.id,
    shipment_id=SHARED,
    package="1002-1",
    contents=(Need(stock_item_id=HAT, quantity=1),),
    closed=(ORDER.shipment,),
    fulfilment_state="READY",
)


def test_an_order_shows_the_package_that_it_joined() -> None:
    """Another order's package stands in the place of its own, and none where it was left out."""
    assert [package.package for package in after(placed(ORDER), ready(1), JOINED).packages] == ["1002-1"]
    left_out = events.OrderLeftOut(
        order_id=ORDER.id, shipment_id=SHARED, reason="it is on paper", fulfilment_state="READY"
    )
    assert after(placed(ORDER), ready(1), JOINED, left_out).packages == ()


def test_another_address_leaves_a_shared_package() -> None:
    """One that is not on paper is gone from the row; one that is waits to be put back."""
    moved_on = events.OrderAddressChanged(order_id=ORDER.id, address=ADDRESS, updated_at=NOON, closed=(SHARED,))
    assert after(placed(ORDER), JOINED, moved_on).packages == ()
    waits = msgspec.structs.replace(moved_on, closed=(), stopped=(SHARED,))
    assert [package.stopped for package in after(placed(ORDER), JOINED, waits).packages] == [True]
