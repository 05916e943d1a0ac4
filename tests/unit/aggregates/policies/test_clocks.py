"""The deadline that nobody gave, and the timers that events set."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aggregates import order
from aggregates.policies.clocks import Calendar, Scheduled, assumed_dispatch_by, scan_by, scheduled_after
from schemas.commands import Command
from tests.builders import MARKETPLACE, NOON, SHOP, an_order, one_part_per_line

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("paid", "expected"),
    [
        ("2026-03-02T12:00", "2026-03-04T12:00"),
        ("2026-03-05T23:30", "2026-03-09T23:30"),
        ("2026-03-06T12:00", "2026-03-10T12:00"),
        ("2026-03-07T12:00", "2026-03-10T12:00"),
        ("2026-03-08T12:00", "2026-03-10T12:00"),
    ],
)
def test_two_working_days_skip_the_weekend(paid: str, expected: str) -> None:
    """Paid on Monday is due on Wednesday, paid on Thursday to Sunday is due in the next week."""
    moment = datetime.fromisoformat(paid).replace(tzinfo=UTC)
    assert assumed_dispatch_by(moment) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_label_is_to_be_scanned_within_two_working_days() -> None:
    """Labelled on a Friday, the carrier has until Tuesday."""
    assert scan_by(datetime(2026, 3, 6, 12, tzinfo=UTC)) == datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_weekends_are_the_shop_s() -> None:
    """Friday evening in Los Angeles is Saturday in UTC, and still Friday for the shop."""
    paid = datetime(2026, 3, 7, 2, 0, tzinfo=UTC)
    calendar = Calendar(ZoneInfo("America/Los_Angeles"))
    assert assumed_dispatch_by(paid, calendar) == datetime(2026, 3, 11, 1, 0, tzinfo=UTC)


def test_holidays_are_the_shop_s() -> None:
    """Paid on the day before Christmas, a Thursday: Friday is a holiday, so it is due on Tuesday."""
    paid = datetime(2026, 12, 24, 12, tzinfo=UTC)
    calendar = Calendar(holidays=frozenset({date(2026, 12, 25)}))
    assert assumed_dispatch_by(paid, calendar) == scan_by(paid, calendar) == datetime(2026, 12, 29, 12, tzinfo=UTC)


def test_a_shop_that_never_works_has_its_deadline_all_the_same() -> None:
    """A year of holidays is a mistake, and no loop."""
    always = frozenset(date(2026, 1, 1) + timedelta(days=number) for number in range(365))
    assert assumed_dispatch_by(NOON, Calendar(holidays=always)) == NOON + 30 * 24 * HOUR


def test_an_order_is_due_by_its_own_shop_s_days() -> None:
    """Placed, and paid later, it counts the days of its shop, whatever others do."""
    holiday = (NOON + 24 * HOUR).date()
    days = {(MARKETPLACE, SHOP): Calendar(holidays=frozenset({holiday})), (MARKETPLACE, "other"): Calendar()}
    placed = order.decide(None, an_order().paid().record(), order.Known(NOON, one_part_per_line, calendars=days))
    plain = order.decide(None, an_order().paid().record(), order.Known(NOON, one_part_per_line))
    assert placed is not None
    assert plain is not None
    assert placed.deadlines.dispatch_by is not None
    assert plain.deadlines.dispatch_by is not None
    assert placed.deadlines.dispatch_by > plain.deadlines.dispatch_by


def _timers(*updates: Command) -> list[Scheduled]:
    found = None
    for command in updates:
        found = order.decide(found, command, order.Known(NOON, one_part_per_line))
    assert found is not None
    events: list[Any] = list(found.collect_events())
    return [timer for event in events for timer in scheduled_after(event)]


def test_an_unpaid_order_sets_its_expiry() -> None:
    """An order placed unpaid expires 48 hours after it was created."""
    (timer,) = _timers(an_order().unpaid().record())
    assert (type(timer.command).__name__, timer.due_at) == ("ExpireHold", NOON + 48 * HOUR)


def test_a_deadline_sets_two_reclassifications() -> None:
    """A known deadline classifies again 24 and 6 hours before it, and not at a moment that has passed."""
    timers = _timers(an_order().due(dispatch_by=NOON + 30 * HOUR).record())
    assert [timer.due_at for timer in timers] == [NOON + 6 * HOUR, NOON + 24 * HOUR]
    assert len(_timers(an_order().due(dispatch_by=NOON + 10 * HOUR).record())) == 1
    assert _timers(an_order().due(dispatch_by=NOON).record()) == []


def test_another_deadline_sets_other_timers() -> None:
    """Timers are keyed by the deadline that they are for."""
    updates = (an_order().due(dispatch_by=NOON + days * 24 * HOUR).paid(days).record() for days in (3, 4))
    assert len({timer.key for timer in _timers(*updates)}) == 4


def test_a_cancelled_order_sets_no_timer() -> None:
    """Nothing is due any more for an order that is cancelled."""
    assert _timers(an_order().due(dispatch_by=NOON + 99 * HOUR).cancelled().record()) == []


def test_a_cancellation_deadline_classifies_once_more() -> None:
    """Work is brought forward a day before the marketplace would cancel."""
    (timer,) = _timers(an_order().unpaid().due(cancel_by=NOON + 60 * HOUR).record())[:1]
    assert (type(timer.command).__name__, timer.due_at) == ("ReclassifyOrder", NOON + 36 * HOUR)


def test_an_order_without_an_address_sets_one_check() -> None:
    """Let go without an address the order is looked at again after a quarter of an hour, however often it is shown."""
    timers = _timers(an_order().to(None).record(), an_order().to(None).paid(90).record())
    checks = [timer for timer in timers if type(timer.command).__name__ == "CheckAddress"]
    assert {timer.due_at for timer in checks} == {NOON + timedelta(minutes=15)}
    assert len({timer.key for timer in checks}) == 1
