"""The history of one order is told whole and in order, each step with its cause."""

from __future__ import annotations

import pytest

from creatorflow.order_history import UnknownOrder, as_text, order_history, parse_order
from schemas.values import order_id
from tests.unit.creatorflow.audited_log import MARKETPLACE, SHOP, AuditedLog


def told_log() -> AuditedLog:
    """Three orders, of which the second is asked for."""
    log = AuditedLog()
    log.received(3)
    log.fulfilled("1")
    log.fulfilled("2")
    log.cancelled("3")
    return log


def test_history_runs_from_webhook_to_push() -> None:
    """Order, stock item and package take turns as it happened; other orders' steps are not in it."""
    order = order_id(MARKETPLACE, SHOP, "2")
    steps = order_history(told_log(), order)
    assert [(step.of, step.what) for step in steps] == [
        ("webhook", "received"),
        ("order", "OrderPlaced"),
        ("stock item", "StockReserved"),
        ("order", "OrderStockReserved"),
        ("order", "OrderReadyToShip"),
        ("package", "ShipmentOpened"),
        ("package", "LabelBought"),
        ("order", "OrderLabelled"),
        ("order", "OrderFulfilled"),
        ("order", "OrderFulfilmentPushed"),
    ]
    positions = [step.position for step in steps]
    assert positions == sorted(positions)


def test_each_step_says_why() -> None:
    """A step follows a webhook, an earlier step of the history, or a call."""
    steps = order_history(told_log(), order_id(MARKETPLACE, SHOP, "2"))
    why = {step.what: step.because for step in steps}
    assert why["OrderPlaced"] == "webhook webhook-2"
    assert why["StockReserved"].startswith("order OrderPlaced, at ")
    assert why["LabelBought"].startswith("the answer to call label:")
    assert why["LabelBought"].endswith(", attempt 1")


def test_history_of_a_cancelled_order_has_both_webhooks() -> None:
    """Every webhook that had an effect stands at the head, with the place where it is kept."""
    steps = order_history(told_log(), order_id(MARKETPLACE, SHOP, "3"))
    assert [step.facts["event_id"] for step in steps if step.of == "webhook"] == ["webhook-3", "cancel-3"]
    assert steps[0].facts["kept_at"].startswith("tiktok.webhooks.v1/0/")


def test_text_has_two_lines_a_step() -> None:
    """For people each step is what happened and why; addresses and lines are left out."""
    steps = order_history(told_log(), order_id(MARKETPLACE, SHOP, "2"))
    text = as_text(steps)
    assert len(text.splitlines()) == 2 * len(steps)
    assert "LabelBought" in text
    assert "tracking_number TN2" in text
    assert "address" not in text


@pytest.mark.parametrize("text", ["", "tiktok:1", "tiktok::1", "not-a-uuid", "a:b:c:d"])
def test_what_is_no_order_id_is_refused(text: str) -> None:
    """Anything but a uuid or marketplace:shop:number is refused with the form that is asked for."""
    with pytest.raises(UnknownOrder, match="neither a uuid nor marketplace:shop:number"):
        parse_order(text)


def test_order_is_found_by_both_its_names() -> None:
    """The uuid and the outside name are the same order."""
    order = order_id(MARKETPLACE, SHOP, "2")
    assert parse_order(f"{MARKETPLACE}:{SHOP}:2") == parse_order(str(order)) == order


def test_unknown_order_is_said() -> None:
    """An order that the log does not have is an error, not an empty history."""
    with pytest.raises(UnknownOrder, match="the log has no order"):
        order_history(told_log(), order_id(MARKETPLACE, SHOP, "99"))
