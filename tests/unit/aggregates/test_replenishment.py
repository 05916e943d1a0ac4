"""Buying: one open risk per item, and no more orders than what is owed asks for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import pytest

from aggregates import replenishment
from aggregates.policies.outside_calls import calls_of
from aggregates.replenishment import Known, Replenishment
from schemas.calls import PlaceReorderCall
from schemas.commands import (
    ApproveReorder,
    AssessStockRisk,
    Command,
    DeclineReorder,
    RecordReceipt,
    RecordSupplierAnswer,
    RecordSupply,
)
from schemas.values import replenishment_id
from tests.builders import NOON, item_of
from tests.unit.aggregates.scenario import following, given_replenishment, may_buy, names, when

BUYING = replenishment_id(item_of())
FIRST = f"{BUYING}-1"
DUE = NOON + timedelta(days=2)
ASKS = Known(NOON)


def assess(backordered: int, available: int = 0, *, stock_unknown: bool = False) -> AssessStockRisk:
    """The item's figures moved."""
    return AssessStockRisk(
        replenishment_id=BUYING,
        stock_item_id=item_of(),
        available=available,
        backordered=backordered,
        occurred_at=NOON,
        stock_unknown=stock_unknown,
    )


def answer(
    outcome: Literal["confirmed", "refused", "parked"], due_at: datetime | None = None, reorder_id: str = FIRST
) -> RecordSupplierAnswer:
    """The supplier speaks."""
    return RecordSupplierAnswer(
        replenishment_id=BUYING, reorder_id=reorder_id, outcome=outcome, due_at=due_at, reason="out of production"
    )


def receipt(quantity: int, reference: str = "r1") -> RecordReceipt:
    """Units came in."""
    return RecordReceipt(replenishment_id=BUYING, quantity=quantity, reference=reference, occurred_at=NOON)


def test_a_shortage_raises_the_risk_and_orders() -> None:
    """The first shortage opens the one decision of the item and orders what is owed and a spare, from the supplier."""
    found = replenishment.decide(None, assess(3), may_buy())
    assert found is not None
    events = list(found.collect_events())
    assert names(events) == ["Opened", "RiskRaised", "ReorderPrepared", "ReorderPlaced"]
    (request,) = [request for event in events for request in calls_of(event)]
    assert isinstance(request.call, PlaceReorderCall)
    assert (request.call.reorder_id, request.call.quantity) == (FIRST, 27)


def test_what_is_on_order_covers_the_same_figures() -> None:
    """The same assessment again, or another shortage that the order covers, records nothing."""
    item = given_replenishment(assess(3))
    assert when(item, assess(3)) == []
    assert when(item, assess(27)) == []
    assert names(when(item, assess(28))) == ["ReorderPrepared", "ReorderPlaced"]


def test_a_run_on_an_item_makes_few_orders() -> None:
    """9,900 backorders in a row lead to a few dozen orders and not to 9,900, and what is on order covers all."""
    item = given_replenishment(assess(1))
    orders = sum(names(when(item, assess(owed))).count("ReorderPlaced") for owed in range(2, 9_901))
    assert orders < 30
    on_order = sum(reorder.remaining for _, reorder in item.open_reorders())
    assert 9_900 <= on_order <= 9_900 * 1.25 + 24


def test_what_was_never_counted_is_not_bought() -> None:
    """An unknown stock raises the risk once and buys nothing; once it is known, what is owed is ordered."""
    item = given_replenishment(assess(3, stock_unknown=True))
    assert (item.risk, item.reorders) == ("CRITICAL", {})
    assert when(item, assess(4, stock_unknown=True)) == []
    assert names(when(item, assess(4))) == ["ReorderPrepared", "ReorderPlaced"]


def test_calm_figures_open_nothing() -> None:
    """An item that owes nothing, with nothing open, is no risk."""
    assert replenishment.decide(None, assess(0, available=5), may_buy()) is None


def test_the_risk_is_eased_once_nothing_is_owed() -> None:
    """When nothing is owed any more the risk is eased, once, and can be raised anew."""
    item = given_replenishment(assess(3))
    assert names(when(item, assess(0, available=24))) == ["RiskEased"]
    assert when(item, assess(0, available=24)) == []
    assert "RiskRaised" in names(when(item, assess(100)))


def test_a_confirmation_tells_stock_the_date() -> None:
    """What the supplier confirms is expected by the stock item; the same again is nothing, another date is told."""
    item = given_replenishment(assess(3))
    events = when(item, answer("confirmed", DUE))
    assert names(events) == ["ReorderConfirmed"]
    assert following(events) == [RecordSupply(stock_item_id=item_of(), reorder_id=FIRST, quantity=27, due_at=DUE)]
    assert when(item, answer("confirmed", DUE)) == []
    assert names(when(item, answer("confirmed", DUE + timedelta(days=1)))) == ["ReorderDelayed"]


def test_after_a_refusal_nothing_is_ordered_until_the_risk_was_eased() -> None:
    """A supplier that refuses is not asked again with every shortage."""
    item = given_replenishment(assess(3))
    events = when(item, answer("refused"))
    assert names(events) == ["ReorderRefused"]
    assert when(item, answer("refused")) == []
    assert when(item, assess(50)) == []
    when(item, assess(0, available=1))
    assert "ReorderPlaced" in names(when(item, assess(2)))


def test_a_parked_order_counts_as_on_order() -> None:
    """Where nobody knows whether the supplier has the order, nothing is ordered in its place."""
    item = given_replenishment(assess(3))
    assert names(when(item, answer("parked"))) == ["ReorderParked"]
    assert when(item, answer("parked")) == []
    assert when(item, assess(5)) == []
    assert names(when(item, answer("confirmed", DUE))) == ["ReorderConfirmed"]


@pytest.mark.parametrize("outcome", ["confirmed", "refused", "parked"])
def test_an_answer_about_no_order_of_ours_is_ignored(outcome: Literal["confirmed", "refused", "parked"]) -> None:
    """An answer about an order that was never placed changes nothing."""
    assert when(given_replenishment(assess(3)), answer(outcome, DUE, "another")) == []


def test_receipts_fill_the_oldest_order_first() -> None:
    """Units that came in come off the oldest open order, what is left over off the next; each receipt counts once."""
    item = given_replenishment(assess(3), assess(40), answer("confirmed", DUE))
    events = when(item, receipt(30))
    assert [(event.reorder_id, event.quantity, event.remaining) for event in events] == [
        (FIRST, 27, 0),
        (f"{BUYING}-2", 3, 34),
    ]
    assert when(item, receipt(30)) == []
    assert [command.quantity for command in following(events) if isinstance(command, RecordSupply)] == [0, 34]


def test_a_receipt_fills_the_order_that_it_names() -> None:
    """A receipt that names an order comes off that one."""
    item = given_replenishment(assess(3), assess(40))
    (received,) = when(item, receipt(5, f"{BUYING}-2"))
    assert received.reorder_id == f"{BUYING}-2"


def test_a_receipt_of_nothing_ordered_is_no_business_of_buying() -> None:
    """Units that nobody ordered change nothing here."""
    assert when(given_replenishment(assess(3, stock_unknown=True)), receipt(5)) == []
    assert replenishment.decide(None, receipt(5), may_buy()) is None


def told(item: Replenishment, command: Command, known: Known = ASKS) -> list[Any]:
    """What comes of a command where that is known; with no limit set everything asks."""
    assert replenishment.decide(item, command, known) is item
    return list(item.collect_events())


def _asked() -> Replenishment:
    found = replenishment.decide(None, assess(3), ASKS)
    assert found is not None
    assert names(list(found.collect_events())) == ["Opened", "RiskRaised", "ReorderPrepared", "ReorderAsked"]
    return found


def test_what_asks_is_placed_on_a_person_s_word() -> None:
    """Where a person decides, an order is prepared, and placed once when approved."""
    item = _asked()
    assert told(item, assess(4)) == []
    approve = ApproveReorder(replenishment_id=BUYING, reorder_id=FIRST, operator="ann")
    assert names(when(item, approve)) == ["ReorderApproved", "ReorderPlaced"]
    assert when(item, approve) == []


def test_what_is_declined_is_not_prepared_again_at_once() -> None:
    """A declined order stands as refused until the risk was eased; it cannot be approved any more."""
    item = _asked()
    decline = DeclineReorder(replenishment_id=BUYING, reorder_id=FIRST, reason="too many")
    assert names(when(item, decline)) == ["ReorderDeclined"]
    assert when(item, decline) == []
    assert when(item, ApproveReorder(replenishment_id=BUYING, reorder_id=FIRST)) == []
    assert told(item, assess(9)) == []
