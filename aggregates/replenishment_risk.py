"""The risk of one stock item: raised at once, eased when it has been over for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aggregates.policies.buying import plan_purchase
from aggregates.policies.stock_risk import LEVELS, Standing, level_at, next_standing
from aggregates.replenishment_figures import Figures, differ
from aggregates.replenishment_state import Replenishment
from schemas import timers

CALM_FOR_AN_HOUR = "calm for an hour"


def standing_after(standing: Standing, figures: Figures) -> Standing:
    """The level and its calm; where no rate is known there are no hours that could waver, and it is as the debt is."""
    if figures.stock_unknown:
        return Standing("CRITICAL")
    hours = figures.hours
    is_due = plan_purchase(figures.position(level_at(hours, monitored=False)), figures.terms).quantity > 0
    monitored = is_due or figures.spike_opened_at is not None
    if figures.burn is None:
        return Standing(level_at(hours, monitored=monitored))
    return next_standing(standing, hours, monitored=monitored, at=figures.at)


def note_rates(replenishment: Replenishment, figures: Figures) -> None:
    """Note the rates where they are another. Repeated: nothing."""
    if figures.rates is not None and differ(replenishment.rates, figures.rates):
        _record(replenishment, Replenishment.RatesChanged, figures.at, rates=figures.rates)


def move(replenishment: Replenishment, standing: Standing, figures: Figures) -> None:
    """Raise, escalate, ease or calm the risk. Repeated: nothing."""
    before, after = LEVELS.index(replenishment.risk), LEVELS.index(standing.level)
    if after > before:
        _record(
            replenishment,
            Replenishment.RiskEscalated if before else Replenishment.RiskRaised,
            figures.at,
            level=standing.level,
            available=figures.available,
            backordered=figures.backordered,
            reason=_reason(figures),
            terms=figures.explained(),
        )
    elif after < before:
        _record(replenishment, Replenishment.RiskEased, figures.at, reason=_eased(figures), level=standing.level)
    elif standing != replenishment.standing:
        since, falls_to = standing.calm_since, standing.falls_to
        _record(replenishment, Replenishment.RiskCalming, figures.at, since=since, falls_to=falls_to)


def ease(replenishment: Replenishment, command: timers.EaseRisk, at: datetime) -> None:
    """Let the risk fall after an hour. Refused: nothing unless it still calms since then. Repeated: nothing."""
    standing = replenishment.standing
    if standing.calm_since == command.set_for:
        _record(replenishment, Replenishment.RiskEased, at, reason=CALM_FOR_AN_HOUR, level=standing.falls_to)


def _reason(figures: Figures) -> str:
    if figures.stock_unknown:
        return "never counted, and asked for"
    if figures.backordered > 0:
        return f"{figures.backordered} units are owed"
    hours = figures.hours
    return "a reorder is due" if hours is None else f"lasts {hours:.1f} h"


def _eased(figures: Figures) -> str:
    hours = figures.hours
    return "nothing is owed" if hours is None else f"lasts {hours:.1f} h"


def _record(replenishment: Replenishment, kind: type[Any], at: datetime, **fields: Any) -> None:
    replenishment.trigger_event(kind, timestamp=at, stock_item_id=replenishment.stock_item_id, **fields)
