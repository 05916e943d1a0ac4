"""How fast a stock item sells now, from its windows and those of the content that sells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from aggregates.policies import stock_risk
from aggregates.policies.content_windows import Pulse
from aggregates.policies.demand_rates import NEW_UNDER, Span, normal_rate
from aggregates.policies.stock_risk import Counted, Spike
from aggregates.policies.viral_score import is_silent, metrics_of, viral_score
from schemas.values import Rates

ASSESSED = "assess"
"""What the name of a command begins with that tells how fast a stock item sells."""

HOUR = timedelta(hours=1)
AGAIN_WHILE_IT_MOVES = timedelta(minutes=5)
AGAIN_WHILE_IT_SELLS = HOUR


class Watched(NamedTuple):
    """A content that sells the item: its windows, since when it is out, and the creator's median hour in views."""

    content_id: str
    pulse: Pulse
    out_since: datetime
    creator_median: float | None = None


class Seen(NamedTuple):
    """All that is known of a stock item when its rates are worked out."""

    known_since: datetime
    units_by_hour: Mapping[datetime, int]
    sales: Sequence[Counted]
    left_out: Sequence[Span] = ()
    contents: Sequence[Watched] = ()
    spike: Spike | None = None
    empty_since: datetime | None = None
    normal_since: datetime | None = None
    """A spike that lasted its 72 hours began here, and its level is the normal one."""


class Reviewed(NamedTuple):
    """
    The rates of the moment, the open spike, and when to look again (None: when something happens).

    `ended`: the spike that is over. `normal_since` moves to the beginning of one that became normal instead.
    """

    rates: Rates
    spike: Spike | None
    ended: Span | None
    normal_since: datetime | None
    again_at: datetime | None


def review(seen: Seen, at: datetime, new_under: timedelta = NEW_UNDER) -> Reviewed:
    """
    Work the rates out; an item that is known for less than `new_under` is new. The same windows at the same moment give
    the same rates.
    """
    open_spans = [Span(since) for since in (seen.spike and seen.spike.opened_at, seen.empty_since) if since]
    since = max(seen.known_since, seen.normal_since or seen.known_since)
    normal = normal_rate(seen.units_by_hour, [*seen.left_out, *open_spans], since, at, new_under)
    rates = replace(
        _of_content(seen.contents, at),
        normal_per_hour=normal.per_hour,
        observed_per_hour=stock_risk.observed_rate(seen.sales, normal.per_hour),
        is_new=normal.is_new,
    )
    burn = stock_risk.burn_of(rates)
    per_hour = 0.0 if burn is None else burn.per_hour
    spike = stock_risk.next_spike(seen.spike, per_hour, normal.per_hour or 0.0, at)
    ended, normal_since = None, seen.normal_since
    if seen.spike is not None and spike is None:
        if at - seen.spike.opened_at >= stock_risk.SPIKE_MOST:
            normal_since = seen.spike.opened_at
        else:
            ended = Span(seen.spike.opened_at, at)
    moves = spike is not None or any(each.pulse.views for each in seen.contents) or rates.observed_per_hour is not None
    again = AGAIN_WHILE_IT_MOVES if moves else AGAIN_WHILE_IT_SELLS if per_hour > 0 else None
    return Reviewed(
        replace(rates, spike_opened_at=None if spike is None else spike.opened_at),
        spike,
        ended,
        normal_since,
        None if again is None else at + again,
    )


def _of_content(contents: Iterable[Watched], at: datetime) -> Rates:
    """The score of the content that lifts demand most, with what follows from it; empty where none is heard."""
    best = Rates(evaluated_at=at)
    for each in contents:
        if is_silent(each.pulse.views, each.creator_median):
            continue
        score = viral_score(
            metrics_of(
                views=each.pulse.views,
                views_before=each.pulse.views_before,
                interactions=each.pulse.interactions,
                age_hours=(at - each.out_since) / HOUR,
            )
        ).score
        if best.score is None or score > best.score:
            best = replace(
                best,
                content_id=each.content_id,
                score=score,
                multiplier=stock_risk.multiplier_of(score),
                confidence=stock_risk.confidence_of(score),
            )
    return best
