"""The order board, given events."""

from datetime import timedelta

import pytest

from projections.order_board import OrderRow, change, search_terms
from projections.published import HistoryMissing, UnknownEvent
from schemas import events
from schemas.events import Event
from tests.unit.projections.histories import HAT, NOON, Numbered, classified, fulfilled, placed, published

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
