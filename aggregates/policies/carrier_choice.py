"""Which carrier takes a package: the cheapest tariff that serves it, with the reason of every other one."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from schemas.events import CarrierOption
from schemas.shipping import Parcel, Tariff
from schemas.values import Money


class Choice(NamedTuple):
    """
    The chosen tariff with its cost and the reason, or None for all three; `options` are all that was looked at.

    `weight_grams` is what the parcel was taken to weigh, `weight_assumed` that nobody told.
    """

    tariff: Tariff | None
    cost: Money | None
    reason: str
    options: tuple[CarrierOption, ...]
    weight_grams: int | None = None
    weight_assumed: bool = False


class Offer(NamedTuple):
    """A tariff that serves the parcel, at its price."""

    tariff: Tariff
    cost: Money
    weight_grams: int


def choose_carrier(parcel: Parcel, deliver_by: datetime | None, at: datetime, tariffs: tuple[Tariff, ...]) -> Choice:
    """
    Choose the cheapest tariff that serves the address, the weight and `deliver_by`; equal prices: the faster one.

    A `deliver_by` that has passed rules nothing out any more. Prices in another currency than the first offer's
    are not compared. A weight of 0 or unknown is the tariff's default, and marked.
    """
    deadline = deliver_by if deliver_by is not None and deliver_by > at else None
    options: list[CarrierOption] = []
    offers: list[Offer] = []
    for tariff in tariffs:
        weight = parcel.weight_grams or tariff.default_weight_grams
        refused = _why_not(parcel, weight, deadline, at, tariff)
        cost = None
        if not refused and weight is not None:
            cost = _cost(tariff, weight)
            if offers and cost.currency != offers[0].cost.currency:
                refused = f"priced in {cost.currency}"
            else:
                offers.append(Offer(tariff, cost, weight))
        options.append(CarrierOption(carrier=tariff.carrier, service=tariff.service, cost=cost, refused=refused))
    if not offers:
        return Choice(None, None, _why_none(options), tuple(options))
    best = min(offers, key=lambda offer: (offer.cost.amount, offer.tariff.days))
    assumed = not parcel.weight_grams
    return Choice(best.tariff, best.cost, _why(len(offers), assumed), tuple(options), best.weight_grams, assumed)


def _why_not(parcel: Parcel, weight_grams: int | None, deadline: datetime | None, at: datetime, tariff: Tariff) -> str:
    """Why a tariff cannot take the parcel, empty where it can."""
    address = parcel.address
    if tariff.countries and address.country not in tariff.countries:
        return f"does not go to {address.country}"
    if address.kind not in tariff.kinds:
        return f"does not serve {address.kind} addresses"
    if weight_grams is None:
        return "needs a weight"
    if weight_grams > tariff.weight_max_grams:
        return f"takes at most {tariff.weight_max_grams} g"
    if deadline is not None and at + timedelta(days=tariff.days) > deadline:
        return f"takes {tariff.days} days, too long for deliver_by"
    return ""


def _cost(tariff: Tariff, weight_grams: int) -> Money:
    """The price of a parcel: each step that it begins after the first one costs more."""
    if tariff.cost_per_step is None or weight_grams <= tariff.step_grams:
        return tariff.cost
    further_steps = -(-weight_grams // tariff.step_grams) - 1
    amount = tariff.cost.amount + tariff.cost_per_step.amount * Decimal(further_steps)
    return Money(amount=amount, currency=tariff.cost.currency)


def _why(serving: int, weight_assumed: bool) -> str:
    reason = "the only one that serves it" if serving == 1 else f"the cheapest of {serving} that serve it"
    return f"{reason}, weight assumed" if weight_assumed else reason


def _why_none(options: list[CarrierOption]) -> str:
    if not options:
        return "no carrier is known"
    return "; ".join(f"{option.carrier} {option.service}: {option.refused}" for option in options)
