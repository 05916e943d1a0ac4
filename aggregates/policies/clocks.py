"""When something is due: the deadline that nobody gave, and the commands that stored events set a timer for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, NamedTuple

from eventsourcing.domain import DomainEventProtocol

from aggregates import order_events, replenishment_events, shipment_events
from aggregates.policies import status_order
from aggregates.policies.buying_limits import press_at
from aggregates.policies.stock_risk import FALLS_AFTER
from schemas.commands import Command
from schemas.timers import (
    BuyDeferredLabel,
    CheckAddress,
    CheckDelivery,
    EaseRisk,
    ExpectOrder,
    ExpireHold,
    LapseReorder,
    PressReorder,
    ReclassifyOrder,
    RemindOfCancellation,
)
from schemas.values import Deadlines

ASSUMED_WORKING_DAYS = 2
SCANNED_WITHIN_WORKING_DAYS = 2
UNPAID_HOLD = timedelta(hours=48)
RECLASSIFIED_BEFORE = {"24h": timedelta(hours=24), "6h": timedelta(hours=6)}
"""How long before `dispatch_by` an order's priority is worked out again."""

CANCELLED_WITHIN = timedelta(hours=24)
"""How long before `cancel_by` it is worked out once more."""

ORDER_PATIENCE = timedelta(minutes=15)
"""How long an order that the marketplace spoke of is waited for before somebody is told."""

ADDRESS_PATIENCE = timedelta(minutes=15)
"""How long an order that may go waits for its address before somebody is told."""

ANSWER_BEFORE = timedelta(hours=4)
"""How long before its deadline an unanswered wish to cancel is pressed."""

DELIVERY_PATIENCE = timedelta(hours=48)
"""How long a delivery that is late is still reckoned on."""

SATURDAY = 5
DAYS_AHEAD_MAX = 30
"""How far ahead a working day is looked for."""


class Scheduled(NamedTuple):
    """A command to be sent once when it is due. The same `key` again is the same timer."""

    command: Command
    due_at: datetime
    key: str


class Calendar(NamedTuple):
    """In which time zone a shop's days begin, and which of them are no working days beside its weekends."""

    zone: tzinfo = UTC
    holidays: frozenset[date] = frozenset()

    def works_on(self, day: date) -> bool:
        """Whether somebody works on this day."""
        return day.weekday() < SATURDAY and day not in self.holidays


Calendars = Mapping[tuple[str, str], Calendar]
"""The calendars of shops, by marketplace and shop."""

NO_CALENDARS: Calendars = MappingProxyType({})
EVERY_WEEKDAY = Calendar()
"""The calendar of a shop that said nothing."""


def assumed_dispatch_by(paid_at: datetime, calendar: Calendar = EVERY_WEEKDAY) -> datetime:
    """Two working days after the payment."""
    return _working_days_after(paid_at, ASSUMED_WORKING_DAYS, calendar)


def scan_by(labelled_at: datetime, calendar: Calendar = EVERY_WEEKDAY) -> datetime:
    """Until when a carrier should have scanned a labelled package: two working days after its label."""
    return _working_days_after(labelled_at, SCANNED_WITHIN_WORKING_DAYS, calendar)


def _working_days_after(moment: datetime, days: int, calendar: Calendar) -> datetime:
    """So many working days later at the same time of day, looked for no further ahead than the limit."""
    local = moment.astimezone(calendar.zone)
    for _ in range(DAYS_AHEAD_MAX):
        if days == 0:
            break
        local += timedelta(days=1)
        days -= calendar.works_on(local.date())
    return local.astimezone(UTC)


def with_assumption(deadlines: Deadlines, paid_at: datetime | None, calendar: Calendar = EVERY_WEEKDAY) -> Deadlines:
    """The deadlines, with an assumed `dispatch_by`, marked so, where a paid order was given none."""
    if deadlines.dispatch_by is not None or paid_at is None:
        return deadlines
    return Deadlines(
        dispatch_by=assumed_dispatch_by(paid_at, calendar),
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
    timers = (*_reclassifications(event, event.deadlines), *_address_check(event))
    return (*timers, _hold_expiry(event)) if event.marketplace_status == "UNPAID" else timers


def _after_status_advanced(event: order_events.StatusAdvanced) -> tuple[Scheduled, ...]:
    if event.fulfilment_state == "CANCELLED":
        return ()
    timers = () if event.deadlines is None else _reclassifications(event, event.deadlines)
    return (*timers, *_address_check(event))


def _address_check(event: order_events.Placed | order_events.StatusAdvanced) -> tuple[Scheduled, ...]:
    """An order that the marketplace lets go and that waits nevertheless waits for its address."""
    rank = status_order.rank(event.marketplace_status)
    if event.fulfilment_state != "WAITING" or not status_order.SHIPS_FROM <= rank < status_order.ARRANGED_FROM:
        return ()
    command = CheckAddress(order_id=event.originator_id)
    return (Scheduled(command, event.timestamp + ADDRESS_PATIENCE, f"check-address:{event.originator_id}"),)


def _after_read_asked(event: order_events.ReadAsked) -> tuple[Scheduled, ...]:
    """A read that shows no address, or never comes, is not waited for for ever."""
    if event.why != "address":
        return ()
    command = CheckAddress(order_id=event.originator_id)
    return (Scheduled(command, event.timestamp + ADDRESS_PATIENCE, f"check-address:{event.originator_id}:read"),)


def _after_cancellation_requested(event: order_events.CancellationRequested) -> tuple[Scheduled, ...]:
    if event.deadline_at is None or event.fulfilment_state != "HELD":
        return ()
    command = RemindOfCancellation(order_id=event.originator_id, cancel_id=event.cancel_id)
    key = f"cancellation-due:{event.originator_id}:{event.originator_version}"
    return (Scheduled(command, max(event.deadline_at - ANSWER_BEFORE, event.timestamp), key),)


def _hold_expiry(event: order_events.Placed) -> Scheduled:
    command = ExpireHold(order_id=event.originator_id, set_for=event.created_at)
    return Scheduled(command, event.created_at + UNPAID_HOLD, f"expire-hold:{event.originator_id}")


def _reclassifications(event: order_events.Event, deadlines: Deadlines) -> tuple[Scheduled, ...]:
    moments = [("cancel", CANCELLED_WITHIN, deadlines.cancel_by)]
    moments += [(name, before, deadlines.dispatch_by) for name, before in RECLASSIFIED_BEFORE.items()]
    return tuple(
        Scheduled(
            ReclassifyOrder(order_id=event.originator_id, set_for=name),
            due_at,
            f"reclassify:{event.originator_id}:{name}:{deadline.timestamp():.0f}",
        )
        for name, before, deadline in moments
        if deadline is not None and (due_at := deadline - before) > event.timestamp
    )


def _after_foretold(event: order_events.Foretold) -> tuple[Scheduled, ...]:
    command = ExpectOrder(order_id=event.originator_id)
    return (Scheduled(command, event.timestamp + ORDER_PATIENCE, f"expect-order:{event.originator_id}"),)


def _after_label_deferred(event: shipment_events.LabelDeferred) -> tuple[Scheduled, ...]:
    if event.until is None:
        return ()
    command = BuyDeferredLabel(shipment_id=event.originator_id)
    return (Scheduled(command, event.until, f"buy-deferred-label:{event.originator_id}"),)


def _after_calming(event: replenishment_events.RiskCalming) -> tuple[Scheduled, ...]:
    if event.since is None:
        return ()
    command = EaseRisk(replenishment_id=event.originator_id, set_for=event.since)
    key = f"ease-risk:{event.originator_id}:{event.since.timestamp()}"
    return (Scheduled(command, event.since + FALLS_AFTER, key),)


def _after_asked(event: replenishment_events.ReorderAsked) -> tuple[Scheduled, ...]:
    buying, reorder_id, until = event.originator_id, event.reorder_id, event.useful_until
    pressing = PressReorder(replenishment_id=buying, reorder_id=reorder_id, useful_until=until)
    lapsing = LapseReorder(replenishment_id=buying, reorder_id=reorder_id, useful_until=until)
    key = f"{reorder_id}:{until.timestamp()}"
    return (
        Scheduled(pressing, press_at(event.timestamp, until), f"press-reorder:{key}"),
        Scheduled(lapsing, until, f"lapse-reorder:{key}"),
    )


def _after_date(
    event: replenishment_events.ReorderConfirmed | replenishment_events.ReorderDelayed,
) -> tuple[Scheduled, ...]:
    if event.due_at is None:
        return ()
    command = CheckDelivery(replenishment_id=event.originator_id, reorder_id=event.reorder_id, due_at=event.due_at)
    key = f"check-delivery:{event.reorder_id}:{event.due_at.timestamp()}"
    return (Scheduled(command, event.due_at + DELIVERY_PATIENCE, key),)


TIMERS: dict[type[Any], Callable[[Any], tuple[Scheduled, ...]]] = {
    order_events.Placed: _after_placed,
    order_events.Foretold: _after_foretold,
    order_events.StatusAdvanced: _after_status_advanced,
    order_events.ReadAsked: _after_read_asked,
    order_events.CancellationRequested: _after_cancellation_requested,
    shipment_events.LabelDeferred: _after_label_deferred,
    replenishment_events.RiskCalming: _after_calming,
    replenishment_events.ReorderAsked: _after_asked,
    replenishment_events.ReorderConfirmed: _after_date,
    replenishment_events.ReorderDelayed: _after_date,
}
