"""The audit finds nothing in a sound log, and one planted fault of each kind by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from creatorflow.audit import INVARIANTS, AuditReport, ClientRecord, check
from schemas import events
from schemas.values import Need, order_id, replenishment_id, shipment_id, stock_item_id
from tests.unit.creatorflow import planted_faults as faults
from tests.unit.creatorflow.audited_log import (
    MARKETPLACE,
    SHOP,
    START,
    TEA,
    AuditedLog,
    follow_ups,
    sent,
)


def sound_log() -> AuditedLog:
    """Two orders fulfilled, one backordered, one cancelled, one bad webhook."""
    log = AuditedLog()
    log.received(3)
    log.fulfilled("1")
    log.fulfilled("2")
    log.cancelled("3")
    log.short("4", 5)
    log.dead.add("nonsense")
    return log


RECORD = ClientRecord(
    (sent("1"), sent("2"), sent("3", cancelled=True), sent("4"), sent("forged", "fail"), sent("lost?", "unknown")),
    {"webhook-1", "webhook-2", "webhook-3", "webhook-4", "cancel-3"},
    {"nonsense"},
)


def audited(log: AuditedLog, record: ClientRecord = RECORD, differences: Sequence[str] = ()) -> AuditReport:
    """The audit of a log against everything that lies beside it."""
    return check(
        log.read(),
        lambda: differences,
        record,
        log.sold,
        carrier_voids=log.taken_back,
        outside_ids=log.outside_ids,
        dead_lettered=log.dead_lettered,
        follow_ups=follow_ups,
    )


def test_sound_log_has_no_fault() -> None:
    """A log in which everything is right passes every invariant, and its orders are where they should be."""
    report = audited(sound_log())
    assert report.faults == ()
    assert report.holds
    assert {report.verdict(name) for name in INVARIANTS} == {"holds"}
    assert report.states == {"BACKORDERED": 1, "CANCELLED": 1, "FULFILLED": 2}
    assert report.untouched == 4


def test_latency_runs_from_first_sending_to_label_event() -> None:
    """Webhook to label is the time between the sender's clock and the label's event in the log, one per label."""
    log = sound_log()
    labelled = [row.event.timestamp for row in log.rows if isinstance(row.public, events.LabelBought)]
    assert list(audited(log).webhook_to_label_seconds) == [(at - START) / timedelta(seconds=1) for at in labelled]


def test_label_that_replaces_a_void_one_is_no_second_label() -> None:
    """A package may have several labels one after the other, as long as each was asked back before the next."""
    log = sound_log()
    package, order = shipment_id(MARKETPLACE, SHOP, "1-1"), order_id(MARKETPLACE, SHOP, "1")
    log.voided(package, order, "TN1")
    log.label(package, order, "TN1b", attempt=2)
    assert audited(log).faults == ()


@pytest.mark.parametrize(
    ("plant", "invariant"),
    [
        (faults.lose_an_order, "nothing-lost"),
        (faults.let_a_forged_order_in, "nothing-lost"),
        (faults.place_twice, "nothing-doubled"),
        (faults.reserve_twice, "nothing-doubled"),
        (faults.decide_twice, "nothing-doubled"),
        (faults.oversell, "stock-never-negative"),
        (faults.leave_with_more_than_the_package_holds, "packages-add-up"),
        (faults.add_an_order_twice, "packages-add-up"),
        (faults.take_stock_below_reserved, "stock-never-negative"),
        (faults.misstate_a_figure, "stock-adds-up"),
        (faults.leave_with_another_order_s_units, "stock-adds-up"),
        (faults.shorten_what_nobody_held, "reservations-match"),
        (faults.forget_to_release, "reservations-match"),
        (faults.reserve_for_nobody, "reservations-match"),
        (faults.reserve_too_few, "reservations-match"),
        (faults.buy_a_second_label, "one-label-per-package"),
        (faults.keep_the_label_of_a_cancelled_package, "no-label-without-package"),
        (faults.void_what_the_log_does_not_know, "carrier-agrees"),
        (faults.void_in_the_log_alone, "carrier-agrees"),
        (faults.sell_unknown_label, "carrier-agrees"),
        (faults.sell_twice, "carrier-agrees"),
        (faults.label_without_sale, "carrier-agrees"),
        (faults.lose_the_push, "fulfilled-is-labelled-and-pushed"),
        (faults.leave_an_order_on_its_way, "orders-settle"),
        (faults.lose_the_dead_letter, "bad-input-is-kept"),
        (faults.skip_a_version, "versions-gapless"),
        (faults.step_back, "positions-increase"),
        (faults.name_a_later_event, "causes-resolve"),
        (faults.name_an_unknown_call, "causes-resolve"),
        (faults.name_an_unknown_timer, "causes-resolve"),
        (faults.name_an_unknown_webhook, "causes-resolve"),
    ],
)
def test_planted_fault_is_found_by_name(plant: Callable[[AuditedLog], None], invariant: str) -> None:
    """A log with one planted fault fails, and the broken invariant is named."""
    log = sound_log()
    plant(log)
    report = audited(log)
    assert not report.holds
    assert invariant in report.counts
    assert invariant in {fault.invariant for fault in report.faults}


def test_missing_read_row_is_found() -> None:
    """A read model that differs from its rebuild fails the audit with the difference."""
    report = audited(sound_log(), differences=["order_board row 1 is missing"])
    assert [fault.what for fault in report.faults] == ["order_board row 1 is missing"]
    assert report.verdict("read-models-equal-rebuild") == "broken 1 times"


def test_every_invariant_can_fail() -> None:
    """No invariant is listed that a planted fault cannot break."""
    marks = test_planted_fault_is_found_by_name.pytestmark  # type: ignore[attr-defined]
    broken = {invariant for mark in marks for _, invariant in mark.args[1]}
    assert broken | {"read-models-equal-rebuild"} == set(INVARIANTS)


def test_what_nothing_was_handed_in_for_is_not_claimed() -> None:
    """Without records and read models their invariants are "not checked", which is no pass and no failure."""
    report = check(sound_log().read(), None, None, None, follow_ups=follow_ups)
    assert report.holds
    assert set(report.unchecked) == {
        "nothing-lost",
        "bad-input-is-kept",
        "carrier-agrees",
        "orders-settle",
        "read-models-equal-rebuild",
    }
    assert report.verdict("carrier-agrees") == "not checked"


def test_unanswered_order_may_be_there_or_not() -> None:
    """An order whose requests were never answered is right once in the log and right outside it, but not twice."""
    log = sound_log()
    log.received(1)
    log.fulfilled("lost?")
    assert audited(log).holds
    faults.place_twice(log)
    assert not audited(log).holds


def test_count_below_what_is_reserved_is_a_fact() -> None:
    """A count may find fewer units than are promised; promising more on top of it is a fault."""
    log = sound_log()
    at = log.webhook("operator-2")
    log.stock(events.StockCounted, at, {"on_hand": -2}, quantity=1, counted_at=START)
    assert audited(log).holds
    log.fulfilled("5")
    assert set(audited(log).counts) == {"stock-never-negative"}


@pytest.mark.parametrize(("asks", "reserved", "is_a_fault"), [(1, 0, False), (1, -1, False), (3, 1, True)])
def test_only_more_units_are_a_promise(asks: int, reserved: int, is_a_fault: bool) -> None:
    """Asking less while a count left too few promises nothing, also where a printed package keeps the rest."""
    log = AuditedLog()
    log.received(2)
    at = log.webhook("operator-2")
    order = order_id(MARKETPLACE, SHOP, "1")
    log.stock(events.StockReserved, at, {"reserved": 2}, order_id=order, quantity=2)
    log.stock(events.StockCounted, at, {"on_hand": -2}, quantity=0, counted_at=START)
    kept = max(reserved - (asks - 2), 0)
    log.stock(events.StockReserved, at, {"reserved": reserved}, order_id=order, quantity=asks, kept=kept)
    report = check(log.read(), None, None, None, follow_ups=follow_ups)
    assert "stock-adds-up" not in report.counts
    assert ("stock-never-negative" in report.counts) is is_a_fault


def test_handed_over_units_count_as_held() -> None:
    """A package that left took its units out of stock and reservation; its order still holds what it needed."""
    log = sound_log()
    fields = {"order_id": order_id(MARKETPLACE, SHOP, "1"), "quantity": 1, "reference": "1-1", "occurred_at": START}
    log.stock(events.StockHandedOver, "operator-1", {"on_hand": -1, "reserved": -1}, **fields)
    assert audited(log).faults == ()


def test_filled_backorder_is_held_for_its_order() -> None:
    """A queued order that got its units is judged like any other; its wait for stock is not counted as latency."""
    log = sound_log()
    order = order_id(MARKETPLACE, SHOP, "4")
    log.received(5)
    at = log.stock(events.BackorderFilled, "operator-1", {"reserved": 5, "backordered": -5}, order_id=order, quantity=5)
    log.append(events.OrderStockReserved(order_id=order, stock_item_id=TEA, quantity=5), f"{at}.0")
    ready = log.append(events.OrderReadyToShip(order_id=order), f"{at}.0")
    log.labelled(order, "4", f"{ready}.0")
    report = audited(log)
    assert report.faults == ()
    assert report.states["FULFILLED"] == 3
    assert report.filled_later == 1
    assert len(report.webhook_to_label_seconds) == 2


def test_order_in_flight_is_not_judged_by_where_it_stands() -> None:
    """While orders flow, one that moved lately may hold nothing yet or wait for its push."""
    log = sound_log()
    faults.lose_the_push(log)
    assert check(log.read(), None, None, log.sold, follow_ups=follow_ups, in_flight_since=START).holds
    assert not check(log.read(), None, None, log.sold, follow_ups=follow_ups).holds


def test_many_faults_are_counted_and_few_are_kept() -> None:
    """A log that is broken everywhere gives a report of readable length with the true count."""
    log = sound_log()
    for number in range(100, 200):
        log.placed(str(number))
    record = RECORD._replace(orders=tuple(sent(str(number)) for number in range(100, 200)))
    report = audited(log, record)
    assert report.counts["orders-settle"] == 100
    assert len(report.faults) == 20


@pytest.mark.parametrize(("number", "known"), [("4", True), ("never", False)])
def test_what_windows_told_follows_from_the_stock_item(number: str, known: bool) -> None:
    """An assessment follows from all that is known of its item; one of an item that the log never saw has no cause."""
    log = sound_log()
    seen, item = stock_item_id(MARKETPLACE, SHOP, "4"), stock_item_id(MARKETPLACE, SHOP, number)
    log.append(events.StockItemOpened(stock_item_id=seen), "webhook-4")
    eased = events.StockRiskEased(replenishment_id=replenishment_id(seen), stock_item_id=seen, reason="r")
    log.append(eased, f"timer:assess:{item}:2026-03-02T12:00:00+00:00")
    assert ("causes-resolve" not in audited(log).counts) == known


def test_timer_is_known_by_its_key_with_or_without_prefix() -> None:
    """A command that a timer sent bears the timer's key, which an earlier event set."""
    for cause in ("expire-hold:4", "timer:expire-hold:4"):
        log = sound_log()
        order = order_id(MARKETPLACE, SHOP, "4")
        flagged = events.OrderStatusFlagged(order_id=order, marketplace_status="?", updated_at=START)
        log.append(flagged, "webhook-4", leads_to=("expire-hold:4",))
        log.append(events.OrderHeld(order_id=order, reason="r"), cause)
        assert "causes-resolve" not in audited(log).counts


def one_package_of_two_orders() -> tuple[AuditedLog, UUID]:
    """A log in which one package holds a unit of each of two orders under one label; returns it and the package."""
    log = AuditedLog()
    log.received(5)
    first, cause = log.placed("1")
    package = log.labelled(first, "1", log.reserved(first, cause))
    second, cause = log.placed("2")
    ready = log.reserved(second, cause)
    unit = (Need(stock_item_id=TEA, quantity=1),)
    of: dict[str, Any] = {"order_id": second, "shipment_id": package}
    joined = events.OrderPackageJoined(**of, package="1-1", contents=unit, closed=(), fulfilment_state="READY")
    at = log.append(joined, ready)
    log.append(events.ShipmentOrderAdded(**of, order_number="2", contents=unit), f"{at}.0")
    log.append(events.OrderLabelled(**of, carrier="local", tracking_number="TN1"), f"{at}.1")
    log.append(events.OrderFulfilled(order_id=second), f"{at}.1", leads_to=("push:2",))
    log.append(events.OrderFulfilmentPushed(**of), "call:push:2:1")
    return log, package


def leave(log: AuditedLog, package: UUID) -> None:
    """Both orders' units leave the shelf with the package."""
    for number in ("1", "2"):
        order = order_id(MARKETPLACE, SHOP, number)
        left = {"order_id": order, "quantity": 1, "reference": str(package), "occurred_at": START}
        moves = {"on_hand": -1, "reserved": -1}
        log.stock(events.StockHandedOver, log.webhook(f"operator-left-{number}"), moves, **left, from_reservation=1)


def take_out(log: AuditedLog, package: UUID, request: str) -> None:
    """The second order is out of the package."""
    gone = events.ShipmentOrderTakenOut(
        shipment_id=package,
        order_id=order_id(MARKETPLACE, SHOP, "2"),
        reason="put back",
        contents=(Need(stock_item_id=TEA, quantity=1),),
        remaining=(order_id(MARKETPLACE, SHOP, "1"),),
        order_number="1",
    )
    log.append(gone, log.webhook(request))


def test_one_package_of_two_orders_adds_up() -> None:
    """One label, two fulfilled orders, and a unit of each left with it."""
    log, package = one_package_of_two_orders()
    leave(log, package)
    report = check(log.read(), None, None, log.sold, follow_ups=follow_ups)
    assert report.holds, report.faults


def test_stock_may_learn_late_of_a_hand_over_that_was_undone() -> None:
    """An order that is out of the package again was in it when its units left; nobody is taken out twice."""
    log, package = one_package_of_two_orders()
    take_out(log, package, "operator-back")
    leave(log, package)
    assert check(log.read(), None, None, log.sold, follow_ups=follow_ups).holds
    take_out(log, package, "operator-again")
    assert set(check(log.read(), None, None, log.sold, follow_ups=follow_ups).counts) == {"packages-add-up"}


def test_order_that_was_read_is_answered_for_by_the_webhook_that_hinted_at_it() -> None:
    """No event asks for the read of an order: its call bears the id of the webhook, which must be one that came."""
    for correlation, found in (("webhook-4", 0), ("webhook-of-nobody", 1)):
        log = sound_log()
        order = order_id(MARKETPLACE, SHOP, "4")
        flagged = events.OrderStatusFlagged(order_id=order, marketplace_status="?", updated_at=START)
        log.append(flagged, f"call:read-order:tiktok:{SHOP}:4:17.1", correlation)
        assert audited(log).counts.get("causes-resolve", 0) == found
