"""Who gets the units: the filling rule written down a second time, filling by plain deadline, what becomes of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from aggregates.policies.filling import Ask

CANCELLED_SOON: Final = timedelta(hours=24)
HORIZON: Final = timedelta(hours=24)
"""How far the shares look: nothing more comes until then."""

FAR: Final = float("inf")


class Outcome(NamedTuple):
    """Shares of all orders that waited, in per cent, a day after the units came."""

    late: float
    cancelled: float
    shipped: float


def by_rule(asks: Mapping[UUID, Ask], at: datetime) -> list[UUID]:
    """The filling order of the rules at a moment: those past their `cancel_by` are not in it."""

    def place(order_id: UUID) -> tuple[int, float, int, float, str]:
        ask = asks[order_id]
        dispatch_by, cancel_by = ask.deadlines.dispatch_by, ask.deadlines.cancel_by
        due: datetime | None
        if cancel_by is not None and cancel_by <= at + CANCELLED_SOON:
            group, due = 1, cancel_by
        elif dispatch_by is None or dispatch_by > at:
            group, due = 2, dispatch_by
        else:
            group, due = 3, cancel_by
        seconds = FAR if due is None else due.timestamp()
        return group, seconds, -ask.priority, ask.created_at.timestamp(), ask.number

    return sorted((each for each, ask in asks.items() if not _lapsed(ask, at)), key=place)


def by_plain_deadline(asks: Mapping[UUID, Ask]) -> list[UUID]:
    """Earliest `dispatch_by` first, whatever else is known."""

    def place(order_id: UUID) -> tuple[float, float, str]:
        ask = asks[order_id]
        due = ask.deadlines.dispatch_by
        return FAR if due is None else due.timestamp(), ask.created_at.timestamp(), ask.number

    return sorted(asks, key=place)


def outcome(asks: Mapping[UUID, Ask], filled: Iterable[UUID], at: datetime) -> Outcome:
    """
    What becomes of the orders when these get their units at a moment, and nothing more comes for a day.

    Cancelled: `cancel_by` passed without a unit, or before it. Late: `dispatch_by` passed without a unit, or before it;
    what is cancelled then is late as well. Shipped: got a unit, and is not cancelled.
    """
    chosen = set(filled)
    late = cancelled = shipped = 0
    for order_id, ask in asks.items():
        gets = order_id in chosen and not _lapsed(ask, at)
        shipped += gets
        moment = at if gets else at + HORIZON
        cancelled += not gets and _lapsed(ask, moment)
        late += ask.deadlines.dispatch_by is not None and ask.deadlines.dispatch_by <= moment
    return Outcome(*(round(100 * number / len(asks), 2) for number in (late, cancelled, shipped)))


def wrongly_filled(asks: Mapping[UUID, Ask], filled: Sequence[tuple[datetime, UUID]]) -> int:
    """How many fills, in the order in which they were made, are not those of the rule at their moment."""
    left, wrong = dict(asks), 0
    place = 0
    while place < len(filled):
        at = filled[place][0]
        together = [order_id for moment, order_id in filled[place:] if moment == at]
        expected = by_rule(left, at)[: len(together)]
        wrong += sum(1 for got, due in zip(together, expected, strict=False) if got != due)
        wrong += len(together) - len(expected)
        for order_id in together:
            left.pop(order_id, None)
        place += len(together)
    return wrong


def _lapsed(ask: Ask, at: datetime) -> bool:
    return ask.deadlines.cancel_by is not None and ask.deadlines.cancel_by <= at
