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
