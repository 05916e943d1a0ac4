"""
How stored events of older code are read: names that changed, shapes that were lifted, types that are gone.

Everything pure, in one place. A row of the log is never rewritten: it is lifted each time that it is read. What was
written by newer code is not lifted but refused (`NewerEvent`).

A new version of a stored event is `class_version` in its class and a step here. A field that decisions of older code
would have to know is a new version; any other field has a default and needs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from eventsourcing.domain import Aggregate

State = dict[str, Any]

CURRENCY_UNKNOWN = ""
REVIEWED = "currency-unknown"
AMOUNTS = ("total", "shipping_fee", "discount")


class Step(NamedTuple):
    """Under which name and version a stored event is read on, and how its state is lifted to that."""

    topic: str
    version: int
    lift: Callable[[State], State]


class Skipped(Aggregate.Event):
    """An event whose type is gone, passed by rule: it counts as a version of its aggregate and changes nothing."""

    stored_as: str


def order_created_to_placed(state: State) -> State:
    """
    The first form of an order: bare amounts as floats, and no currency.

    The currency is unknown, never guessed, and flagged like that of any other order without one. A float's shortest
    decimal text is what was meant by it.
    """
    lines = [
        line if line.get("unit_price") is None else {**line, "unit_price": _money(line["unit_price"])}
        for line in state["lines"]
    ]
    amounts = {name: _money(state[name]) for name in AMOUNTS if state.get(name) is not None}
    unknown: State = {"paid_at": None, "shipping_fee": None, "discount": None, "address": None, "deadlines": {}}
    flags = [flag for flag in state.get("flags", ()) if flag != REVIEWED]
    rest = {"buyer": "", "shipping_type": "SELLER", "content_id": ""}
    return {**unknown, **rest, **state, **amounts, "lines": lines, "flags": [*flags, REVIEWED]}


def _money(amount: float | str) -> State:
    return {"amount": str(amount), "currency": CURRENCY_UNKNOWN}


STEPS: Mapping[tuple[str, int], Step] = {
    ("creatorflow.orders:OrderCreated", 1): Step("order.placed", 1, order_created_to_placed),
}
"""From a stored name and version to the next. Names before 0.1 were the paths of classes."""

SKIPPED: Mapping[str, str] = {
    "creatorflow.orders:OrderViewed": "who looked at an order changes nothing about it",
}
"""Stored types that are gone, and why each may be passed. One that an aggregate began with cannot be."""
