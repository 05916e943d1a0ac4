"""Who decides about a purchase: the system within limits, by evidence; else a person, until it is no use any more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final, NamedTuple

from aggregates.policies.buying import COVER_HOURS, Purchase
from aggregates.policies.stock_risk import Evidence
from schemas.values import Money, SupplyTerms

ITEM_DAYS: Final = 7
"""Over how many days the limit of one item is counted."""

USEFUL_LEAST: Final = timedelta(hours=1)
USEFUL_MOST: Final = timedelta(hours=24)
PRESSED_BEFORE: Final = timedelta(hours=4)


class Limits(NamedTuple):
    """What may be bought without asking, in one currency: per order, per item in 7 days, per shop and day."""

    per_order: Decimal = Decimal(0)
    per_item: Decimal = Decimal(0)
    per_shop: Decimal = Decimal(0)
    currency: str = ""


class Spent(NamedTuple):
    """What was bought in the limits' currency: for the item in 7 days, by its shop today."""

    on_item: Decimal = Decimal(0)
    by_shop: Decimal = Decimal(0)


class Decided(NamedTuple):
    """Buy `quantity`, 0 for asking first; `reason` says why it asks, or which limit made it less than was wanted."""

    quantity: int
    reason: str = ""
    limit_reached: bool = False


def cost_of(quantity: int, purchase: Purchase, terms: SupplyTerms) -> Money | None:
    """What an order costs, its surcharge too; None where the unit cost is unknown or the currencies differ."""
    if terms.unit_cost is None:
        return None
    surcharge = terms.express_surcharge if purchase.delivery == "express" else None
    if surcharge is not None and surcharge.currency != terms.unit_cost.currency:
        return None
    extra = Decimal(0) if surcharge is None else surcharge.amount
    return Money(amount=terms.unit_cost.amount * quantity + extra, currency=terms.unit_cost.currency)


def decide_who(
    purchase: Purchase, evidence: Evidence, terms: SupplyTerms, limits: Limits, spent: Spent, *, is_new: bool
) -> Decided:
    """
    Evidence first, then limits: sales and a measured forecast may buy within them; reaching one buys up to it.

    A new item always asks, and so does the formula alone.
    """
    if evidence == "formula":
        return Decided(0, "the formula alone says so")
    if is_new:
        return Decided(0, "the item is new")
    if purchase.asks:
        return Decided(0, purchase.asks)
    cost = cost_of(purchase.quantity, purchase, terms)
    if cost is None:
        return Decided(0, "what it costs is unknown")
    if cost.currency != limits.currency:
        return Decided(0, f"no limit is set in {cost.currency}")
    name, left = _tightest(limits, spent)
    if cost.amount <= left:
        return Decided(purchase.quantity)
    quantity = _affordable(purchase, terms, left)
    return Decided(quantity, f"the limit {name} is reached", limit_reached=True)


def _tightest(limits: Limits, spent: Spent) -> tuple[str, Decimal]:
    lefts: Mapping[str, Decimal] = {
        "per order": limits.per_order,
        "per item and 7 days": limits.per_item - spent.on_item,
        "per shop and day": limits.per_shop - spent.by_shop,
    }
    return min(lefts.items(), key=lambda entry: entry[1])


def _affordable(purchase: Purchase, terms: SupplyTerms, left: Decimal) -> int:
    """Whole packs within what is left, and nothing under the supplier's minimum."""
    fixed = cost_of(0, purchase, terms)
    if fixed is None or terms.unit_cost is None or terms.unit_cost.amount <= 0 or left <= fixed.amount:
        return 0
    units = int(((left - fixed.amount) / terms.unit_cost.amount).to_integral_value(ROUND_DOWN))
    packed = units // terms.pack * terms.pack
    return packed if packed >= max(terms.minimum, 1) else 0


def useful_until(
    at: datetime, hours_left: float | None, lead_time_hours: int, spike_opened_at: datetime | None
) -> datetime:
    """
    The latest moment at which an order still helps.

    While a delivery can still come before the stock ends: until it cannot. Too late for that: while it comes before the
    open spike has ended. At least an hour, at most a day.
    """
    if hours_left is not None and hours_left > lead_time_hours:
        useful = timedelta(hours=hours_left - lead_time_hours)
    elif spike_opened_at is not None:
        useful = spike_opened_at + timedelta(hours=COVER_HOURS - lead_time_hours) - at
    else:
        useful = USEFUL_MOST
    return at + min(max(useful, USEFUL_LEAST), USEFUL_MOST)


def press_at(asked_at: datetime, useful: datetime) -> datetime:
    """When an ask that nobody answered is pressed: 4 h before it is no use, or halfway where that is later."""
    return max(useful - PRESSED_BEFORE, asked_at + (useful - asked_at) / 2)
