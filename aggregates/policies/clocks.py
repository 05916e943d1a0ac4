"""When something is due: the deadline that nobody gave, and the commands that stored events set a timer for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from eventsourcing.domain import DomainEventProtocol

from aggregates import order_events
from schemas.commands import Command, ExpireHold, ReclassifyOrder
from schemas.values import Deadlines

ASSUMED_WORKING_DAYS = 2
SCANNED_WITHIN_WORKING_DAYS = 2
UNPAID_HOLD = timedelta(hours=48)
RECLASSIFIED_BEFORE = {"24h": timedelta(hours=24), "6h": timedelta(hours=6)}
"""How long before `dispatch_by` an order's priority is worked out again."""

SATURDAY = 5


class Scheduled(NamedTuple):
    """A command to be sent once when it is due. The same `key` again is the same timer."""

    command: Command
    due_at: datetime
    key: str


def assumed_dispatch_by(paid_at: datetime, zone: tzinfo = UTC) -> datetime:
    """Two working days after the payment, weekends as in the shop's time zone."""
    return _working_days_after(paid_at, ASSUMED_WORKING_DAYS, zone)


def scan_by(labelled_at: datetime, zone: tzinfo = UTC) -> datetime:
    """Until when a carrier should have scanned a labelled package: two working days after its label."""
    return _working_days_after(labelled_at, SCANNED_WITHIN_WORKING_DAYS, zone)


def _working_days_after(moment: datetime, days: int, zone: tzinfo) -> datetime:
    local = moment.astimezone(zone)
    while days:
        local += timedelta(days=1)
        days -= local.weekday() < SATURDAY
    return local.astimezone(UTC)


def with_assumption(deadlines: Deadlines, paid_at: datetime | None) -> Deadlines:
    """The deadlines, with an assumed `dispatch_by`, marked so, where a paid order was given none."""
    if deadlines.dispatch_by is not None or paid_at is None:
        return deadlines
    return Deadlines(
        dispatch_by=assumed_dispatch_by(paid_at),
        cancel_by=deadlines.cancel_by,
        deliver_by=deadlines.deliver_by,
        dispatch_by_assumed=True,
    )


def scheduled_after(event: DomainEventProtocol[Any]) -> tuple[Scheduled, ...]:
    """The timers that a stored event sets."""
    timers_of = TIMERS.get(type(event))
    return () if timers_of is None else timers_of(event)


def _after_placed(event: order_events.Placed) -> tuple[Scheduled, ...]:
    if event.fulfilment_state == "CANCELLED":
        return ()
    timers = _reclassifications(event, event.deadlines)
    return (*timers, _hold_expiry(event)) if event.marketplace_status == "UNPAID" else timers


def _after_status_advanced(event: order_events.StatusAdvanced) -> tuple[Scheduled, ...]:
    if event.deadlines is None or event.fulfilment_state == "CANCELLED":
        return ()
    return _reclassifications(event, event.deadlines)


def _hold_expiry(event: order_events.Placed) -> Scheduled:
    command = ExpireHold(order_id=event.originator_id, set_for=event.created_at)
    return Scheduled(command, event.created_at + UNPAID_HOLD, f"expire-hold:{event.originator_id}")


def _reclassifications(event: order_events.Event, deadlines: Deadlines) -> tuple[Scheduled, ...]:
    dispatch_by = deadlines.dispatch_by
    if dispatch_by is None:
        return ()
    return tuple(
        Scheduled(
            ReclassifyOrder(order_id=event.originator_id, set_for=name),
            due_at,
            f"reclassify:{event.originator_id}:{name}:{dispatch_by.timestamp():.0f}",
        )
        for name, before in RECLASSIFIED_BEFORE.items()
        if (due_at := dispatch_by - before) > event.timestamp
    )


TIMERS: dict[type[Any], Callable[[Any], tuple[Scheduled, ...]]] = {
    order_events.Placed: _after_placed,
    order_events.StatusAdvanced: _after_status_advanced,
}
