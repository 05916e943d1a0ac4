"""What a decision about buying stands on: an item's figures and rates, what is on order, the supplier's terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from aggregates.policies.buying import Arrival, Position, Terms
from aggregates.policies.buying_limits import Limits
from aggregates.policies.stock_risk import Burn, Evidence, Level, burn_of, hours_left
from aggregates.replenishment_state import Replenishment
from schemas.commands import AssessStockRisk
from schemas.values import Rates, SupplyTerms

ABOUT = 0.1
"""Rates that differ by less than this share are about the same."""


class Known(NamedTuple):
    """
    What a decision about buying may ask.

    `terms` are those of an item of which nobody said any. `spent` is what each shop spent today, by shop and currency.
    """

    at: datetime
    terms: SupplyTerms = SupplyTerms()
    limits: Limits = Limits()
    spent: Mapping[tuple[str, str], Decimal] = {}


class Figures(NamedTuple):
    """One item's figures at one moment, with the rates that count then."""

    at: datetime
    available: int
    backordered: int
    stock_unknown: bool
    rates: Rates | None
    terms: SupplyTerms
    arrivals: Sequence[Arrival] = ()

    @property
    def burn(self) -> Burn | None:
        """How fast the item is expected to go; None where no rate is known."""
        return None if self.rates is None else burn_of(self.rates)

    @property
    def hours(self) -> float | None:
        """How long what is on the shelf lasts."""
        burn = self.burn
        return hours_left(self.available, self.backordered, None if burn is None else burn.per_hour)

    @property
    def spike_opened_at(self) -> datetime | None:
        """Since when a spike is open."""
        return None if self.rates is None else self.rates.spike_opened_at

    @property
    def evidence(self) -> Evidence:
        """What speaks for buying; a spike that sales do not prove is the formula's, also while it calms."""
        burn = self.burn
        if burn is None or self.rates is None:
            return "sales"
        proven = self.rates.observed_per_hour is not None or self.rates.forecast_per_hour is not None
        return "formula" if self.spike_opened_at is not None and not proven else burn.evidence

    def position(self, level: Level) -> Position:
        """What the buying rule is asked about."""
        burn = self.burn
        return Position(
            at=self.at,
            available=self.available,
            backordered=self.backordered,
            arrivals=self.arrivals,
            normal_per_hour=None if self.rates is None else self.rates.normal_per_hour,
            burn_per_hour=None if burn is None else burn.per_hour,
            level=level,
            spike_opened_at=self.spike_opened_at,
        )

    def without_formula(self) -> Figures:
        """The same, as if no formula had said anything: what sales prove, and the spike only if they do."""
        rates = self.rates
        if rates is None or rates.forecast_per_hour is not None:
            return self
        opened_at = None if rates.observed_per_hour is None else rates.spike_opened_at
        return self._replace(rates=msgspec.structs.replace(rates, multiplier=None, spike_opened_at=opened_at))

    def explained(self) -> Terms:
        """The inputs behind the level, for whoever asks why."""
        if self.rates is None:
            return (("normal_rate_per_hour", "unknown"),)
        rates, burn, hours = self.rates, self.burn, self.hours
        return (
            ("normal_rate_per_hour", _number(rates.normal_per_hour)),
            ("observed_rate_per_hour", _number(rates.observed_per_hour)),
            ("score", _number(rates.score)),
            ("multiplier", _number(rates.multiplier)),
            ("confidence", _number(rates.confidence)),
            ("forecast_per_hour", _number(rates.forecast_per_hour)),
            ("burn_per_hour", _number(None if burn is None else burn.per_hour)),
            ("hours_left", "none" if hours is None else f"{hours:.2f}"),
            ("evidence", "none" if burn is None else burn.evidence),
            ("content_id", rates.content_id),
            ("spike_opened_at", "" if rates.spike_opened_at is None else rates.spike_opened_at.isoformat()),
        )


def figures_of(replenishment: Replenishment | None, command: AssessStockRisk, known: Known) -> Figures:
    """What counts when an item is assessed."""
    return Figures(
        at=known.at,
        available=command.available,
        backordered=command.backordered,
        stock_unknown=command.stock_unknown,
        rates=_latest(None if replenishment is None else replenishment.rates, command.rates),
        terms=terms_of(replenishment, known),
        arrivals=() if replenishment is None else replenishment.arrivals(),
    )


def terms_of(replenishment: Replenishment | None, known: Known) -> SupplyTerms:
    """The item's own terms, else those of every item; a unit cost that it does not name is theirs too."""
    own = None if replenishment is None else replenishment.terms
    if own is None:
        return known.terms
    return own if own.unit_cost is not None else msgspec.structs.replace(own, unit_cost=known.terms.unit_cost)


def differ(noted: Rates | None, told: Rates) -> bool:
    """Whether rates are no longer about what was noted."""
    if noted is None:
        return True
    if (noted.is_new, noted.spike_opened_at, noted.content_id) != (told.is_new, told.spike_opened_at, told.content_id):
        return True
    pairs = (
        (noted.normal_per_hour, told.normal_per_hour),
        (noted.observed_per_hour, told.observed_per_hour),
        (noted.forecast_per_hour, told.forecast_per_hour),
        (max(noted.multiplier or 1.0, 1.0), max(told.multiplier or 1.0, 1.0)),
    )
    return any(not _about(before, after) for before, after in pairs)


def _latest(noted: Rates | None, told: Rates | None) -> Rates | None:
    """The rates that came with the figures, or those noted before where they are younger or none came."""
    if told is None or (noted is not None and noted.evaluated_at > told.evaluated_at):
        return noted
    return told


def _about(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is after
    return abs(after - before) <= ABOUT * max(abs(before), abs(after))


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"
