"""Supplier orders, given events."""

from typing import Any

from projections.reorders import ReorderRow, change, keys
from schemas import events
from schemas.events import Event
from tests.unit.projections.histories import HAT, NOON, REPLENISHMENT, published

ABOUT: dict[str, Any] = {"replenishment_id": REPLENISHMENT, "stock_item_id": HAT, "reorder_id": "A"}
PREPARED = events.ReorderPrepared(**ABOUT, quantity=20, terms={"backordered": "3"})
CONFIRMED = events.ReorderConfirmed(**ABOUT, quantity=20, due_at=NOON, supplier_reference="PO-1")


def after(*said: Event) -> ReorderRow:
    """The row after these events."""
    row = None
    for each in published(said):
        row = change(row, each)
    assert row is not None
    return row


def test_confirmed_order_has_its_date() -> None:
    """A supplier order that was confirmed shows when it is due, and the terms it was worked out from."""
    row = after(PREPARED, events.ReorderPlaced(**ABOUT, quantity=20), CONFIRMED)
    assert (row.state, row.due_at, row.supplier_reference) == ("confirmed", NOON, "PO-1")
    assert row.terms == {"backordered": "3"}


def test_receipts_add_up() -> None:
    """A part delivery is shown as such until nothing remains."""
    part = events.ReorderReceived(**ABOUT, quantity=5, remaining=15, reference="R1")
    rest = events.ReorderReceived(**ABOUT, quantity=15, remaining=0, reference="R2")
    assert (after(PREPARED, part).state, after(PREPARED, part).received) == ("part received", 5)
    assert (after(PREPARED, part, rest).state, after(PREPARED, part, rest).received) == ("received", 20)


def test_refused_order_says_why() -> None:
    """A refusal is a state with its reason."""
    row = after(PREPARED, events.ReorderRefused(**ABOUT, reason="sold out"))
    assert (row.state, row.reason) == ("refused", "sold out")


def test_risk_alone_touches_no_supplier_order() -> None:
    """An event about the risk of an item is about none of its supplier orders."""
    eased = events.StockRiskEased(replenishment_id=REPLENISHMENT, stock_item_id=HAT, reason="units came")
    assert keys(eased) == ()


def asked(**more: Any) -> events.ReorderAsked:
    """A person decides."""
    return events.ReorderAsked(**ABOUT, quantity=20, reason="the item is new", useful_until=NOON, **more)


def test_a_question_shows_why_and_until_when() -> None:
    """What waits for a person says so; approved it is placed, and who let it be stands beside it."""
    row = after(PREPARED, asked())
    assert (row.state, row.asked_because, row.useful_until) == ("asked", "the item is new", NOON)
    row = after(
        PREPARED,
        asked(),
        events.ReorderApproved(**ABOUT, operator="ann"),
        events.ReorderPlaced(**ABOUT, quantity=20, delivery="express"),
    )
    assert (row.state, row.decided_by) == ("placed", "ann")


def test_a_question_that_was_put_again_keeps_its_place() -> None:
    """Another sum for the same order takes the place of the first in the list."""
    first = after(PREPARED, asked())
    again = after(
        PREPARED, asked(), events.ReorderPrepared(**ABOUT, quantity=60, rule="ends before a delivery"), asked()
    )
    assert (again.quantity, again.rule, again.state) == (60, "ends before a delivery", "asked")
    assert again.prepared_position == first.prepared_position


def test_an_order_that_is_not_to_come_says_why() -> None:
    """Declined, lapsed, late or cancelled, each is a state of its own."""
    ends: dict[str, Event] = {
        "declined": events.ReorderDeclined(**ABOUT, reason="too many", operator="ann"),
        "lapsed": events.ReorderLapsed(**ABOUT),
        "overdue": events.ReorderOverdue(**ABOUT, quantity=20, due_at=NOON),
        "cancelled": events.ReorderCancelled(**ABOUT, quantity=20, reason="fire"),
    }
    assert {state: after(PREPARED, asked(), end).state for state, end in ends.items()} == {end: end for end in ends}


def test_a_delayed_order_has_its_new_date_and_a_hurried_one_its_delivery() -> None:
    """Both keep what came already."""
    part = events.ReorderReceived(**ABOUT, quantity=5, remaining=15, reference="R1")
    delayed = events.ReorderDelayed(**ABOUT, quantity=15, due_at=None, was_due_at=NOON)
    row = after(PREPARED, CONFIRMED, part, delayed)
    assert (row.state, row.due_at, row.quantity, row.received) == ("part received", None, 20, 5)
    hurried = after(PREPARED, events.SpeedUpAsked(**ABOUT, due_at=NOON))
    assert hurried.delivery == "express"
    assert after(PREPARED, events.SpeedUpRefused(**ABOUT, reason="gone")).delivery == "standard"
