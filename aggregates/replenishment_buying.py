"""Ordering for one stock item: what the evidence allows is placed, the rest waits for a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from aggregates.policies.buying import Purchase, lead_hours, plan_purchase
from aggregates.policies.buying_limits import Decided, Spent, cost_of, decide_who, useful_until
from aggregates.policies.clocks import DELIVERY_PATIENCE
from aggregates.replenishment_figures import Figures, Known
from aggregates.replenishment_orders import Reorder
from aggregates.replenishment_state import Replenishment
from schemas.values import Money

ASKED_ANEW_BEYOND = 0.25
"""A question is put again when its quantity changes by more than this share."""


def buy(replenishment: Replenishment, figures: Figures, known: Known) -> None:
    """
    Hurry what is on its way, order what may be bought without asking, and ask for the rest.

    Refused: nothing after a no at this level of risk. Repeated: nothing, since what is on order, or asked, covers it.
    """
    _miss(replenishment, figures.at)
    proves_more = figures.rates is not None and figures.rates.observed_per_hour is not None
    if replenishment.is_refused(figures.at, sales_prove_more=proves_more):
        return
    proven = figures.without_formula()
    _speed_up(replenishment, proven, known)
    _buy_proven(replenishment, _with_arrivals(replenishment, proven), known)
    _ask(replenishment, _with_arrivals(replenishment, figures), known)


def _miss(replenishment: Replenishment, at: datetime) -> None:
    """Reckon no longer on an order that the supplier never spoke of and that should have come a while ago."""
    for reorder_id, reorder in replenishment.open_reorders():
        due_at = reorder.arrival.due_at
        if reorder.state != "placed" or due_at is None or at < due_at + DELIVERY_PATIENCE:
            continue
        fields = {"reorder_id": reorder_id, "quantity": reorder.remaining, "due_at": due_at}
        _record(replenishment, Replenishment.ReorderOverdue, at, **fields)


def _with_arrivals(replenishment: Replenishment, figures: Figures) -> Figures:
    return figures._replace(arrivals=replenishment.arrivals())


def _speed_up(replenishment: Replenishment, figures: Figures, known: Known) -> None:
    """Before anything is bought express, the supplier is asked to hurry what it has not confirmed."""
    purchase = plan_purchase(figures.position(replenishment.risk), figures.terms)
    if purchase.delivery != "express":
        return
    hurried = purchase._replace(quantity=0, asks="")
    if decide_who(hurried, "sales", figures.terms, known.limits, spent_of(replenishment, known), is_new=False).reason:
        return
    due_at = figures.at + timedelta(hours=lead_hours(figures.terms, "express", figures.at))
    for reorder_id, reorder in replenishment.open_reorders():
        if reorder.state == "placed" and reorder.delivery == "standard":
            surcharge = cost_of(0, purchase, figures.terms)
            fields = {"shop": replenishment.shop, "due_at": due_at, "surcharge": surcharge}
            _record(replenishment, Replenishment.SpeedUpAsked, figures.at, reorder_id=reorder_id, **fields)
            return


def _buy_proven(replenishment: Replenishment, figures: Figures, known: Known) -> None:
    purchase = plan_purchase(figures.position(replenishment.risk), figures.terms)
    if purchase.quantity == 0:
        return
    decided = _decided(replenishment, purchase, figures, known)
    if decided.quantity == 0:
        return
    reorder_id = replenishment.asked() or _next_id(replenishment)
    _prepare(replenishment, reorder_id, purchase._replace(quantity=decided.quantity), figures)
    place(replenishment, reorder_id, figures.at, limit=decided.reason)


def _ask(replenishment: Replenishment, figures: Figures, known: Known) -> None:
    """Ask for what the rule wants beyond that: once, again when it is another quantity, no more when it is over."""
    purchase = plan_purchase(figures.position(replenishment.risk), figures.terms)
    asked = replenishment.asked()
    if purchase.quantity == 0:
        if asked is not None:
            cancel(replenishment, asked, "no longer needed", figures.at)
        return
    if asked is not None and _still_asks(replenishment.reorders[asked], purchase.quantity):
        return
    decided = _decided(replenishment, purchase, figures, known)
    reorder_id = asked or _next_id(replenishment)
    _prepare(replenishment, reorder_id, purchase, figures)
    _record(
        replenishment,
        Replenishment.ReorderAsked,
        figures.at,
        reorder_id=reorder_id,
        quantity=purchase.quantity,
        reason=decided.reason,
        useful_until=useful_until(figures.at, figures.hours, purchase.lead_time_hours, figures.spike_opened_at),
        limit_reached=decided.limit_reached,
    )


def _decided(replenishment: Replenishment, purchase: Purchase, figures: Figures, known: Known) -> Decided:
    is_new = figures.rates is not None and figures.rates.is_new
    spent = spent_of(replenishment, known)
    return decide_who(purchase, figures.evidence, figures.terms, known.limits, spent, is_new=is_new)


def spent_of(replenishment: Replenishment, known: Known) -> Spent:
    """What counts against the limits."""
    currency = known.limits.currency
    by_shop = known.spent.get((replenishment.shop, currency), Decimal(0))
    return Spent(replenishment.spent(currency, known.at), by_shop)


def place(replenishment: Replenishment, reorder_id: str, at: datetime, *, limit: str = "") -> None:
    """Send a prepared order to the supplier; `limit` says what made it smaller than was wanted."""
    reorder = replenishment.reorders[reorder_id]
    _record(
        replenishment,
        Replenishment.ReorderPlaced,
        at,
        reorder_id=reorder_id,
        quantity=reorder.remaining,
        shop=replenishment.shop,
        delivery=reorder.delivery,
        cost=reorder.cost,
        item=replenishment.item,
        limit=limit,
    )


def cancel(replenishment: Replenishment, reorder_id: str, reason: str, at: datetime) -> None:
    """Give up what has not come of an order."""
    quantity = replenishment.reorders[reorder_id].remaining
    _record(replenishment, Replenishment.ReorderCancelled, at, reorder_id=reorder_id, quantity=quantity, reason=reason)


def _prepare(replenishment: Replenishment, reorder_id: str, purchase: Purchase, figures: Figures) -> None:
    cost: Money | None = cost_of(purchase.quantity, purchase, figures.terms)
    _record(
        replenishment,
        Replenishment.ReorderPrepared,
        figures.at,
        reorder_id=reorder_id,
        quantity=purchase.quantity,
        terms=purchase.terms,
        delivery=purchase.delivery,
        rule=purchase.rule,
        turns=purchase.turns,
        evidence=figures.evidence,
        cost=cost,
        lead_time_hours=purchase.lead_time_hours,
    )


def _next_id(replenishment: Replenishment) -> str:
    return f"{replenishment.id}-{replenishment.prepared + 1}"


def _still_asks(asked: Reorder, wanted: int) -> bool:
    """Whether a person was asked for about that; an order that was prepared before questions had an end was not."""
    return asked.useful_until is not None and abs(wanted - asked.remaining) <= ASKED_ANEW_BEYOND * asked.remaining


def _record(replenishment: Replenishment, kind: type[Any], at: datetime, **fields: Any) -> None:
    replenishment.trigger_event(kind, timestamp=at, stock_item_id=replenishment.stock_item_id, **fields)
