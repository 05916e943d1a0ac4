"""What the events of a stock item say of its windows: whether anything is there, and what paid orders ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from aggregates.policies.demand_rates import LOOKED_BACK, Span, counted_units
from schemas import events
from schemas.events import Event

COUNTED = (events.StockCounted, events.StockReceived, events.StockReserved, events.BackorderFilled)
"""What is only said of a stock item whose stock is known."""


class Shelf(NamedTuple):
    """What is free and owed of a stock item, since when it is known of, and since when nothing is there."""

    stock_item_id: UUID
    known_since: datetime
    available: int = 0
    backordered: int = 0
    stock_unknown: bool = True
    figures_at: datetime | None = None
    empty_since: datetime | None = None


class Demand(NamedTuple):
    """What a paid order asks of a stock item; `paid_at` None: nobody told, so it is in no window."""

    stock_item_id: UUID
    order_id: UUID
    paid_at: datetime | None
    units: int
    buyer: str


class Sold(NamedTuple):
    """Orders and units that are added to the hour in which they were paid."""

    hour: datetime
    orders: int
    units: int


def shelf_after(shelf: Shelf, event: Event, at: datetime) -> tuple[Shelf, Span | None]:
    """The shelf after an event, and the time without stock that it ended. Repeated: the same shelf."""
    shelf = shelf._replace(known_since=min(shelf.known_since, at, _sold_at(event, at)))
    figures = _figures(event)
    if figures is None:
        return shelf, None
    on_hand, reserved, backordered = figures
    unknown = getattr(event, "stock_unknown", False) or (shelf.stock_unknown and not isinstance(event, COUNTED))
    available = max(on_hand - reserved, 0)
    is_empty = available == 0 and not unknown
    ended = Span(shelf.empty_since, at) if shelf.empty_since is not None and not is_empty else None
    after = shelf._replace(
        available=available,
        backordered=backordered,
        stock_unknown=unknown,
        figures_at=at,
        empty_since=(shelf.empty_since or at) if is_empty else None,
    )
    return after, ended


def demand_after(known: Demand | None, event: Event) -> Demand | None:
    """
    What a paid order asks after an event, None where it says nothing new.

    The first reservation of a paid order tells its demand; whatever changes it is told by itself.
    """
    match event:
        case events.StockReserved() | events.StockShortageRecorded():
            if event.paid_at is None or known is not None:
                return None
            return Demand(event.stock_item_id, event.order_id, event.paid_at, event.quantity, event.buyer)
        case events.DemandRecorded():
            paid_at, buyer = event.paid_at, event.buyer
            if known is not None:
                paid_at, buyer = paid_at or known.paid_at, buyer or known.buyer
            return Demand(event.stock_item_id, event.order_id, paid_at, event.quantity, buyer)
        case _:
            return None


def sold(before: Demand | None, after: Demand) -> Iterator[Sold]:
    """What has to be added to the hours, so that they show `after` where they showed `before`."""
    for demand, sign in ((before, -1), (after, 1)):
        if demand is not None and demand.paid_at is not None and demand.units > 0:
            hour = demand.paid_at.replace(minute=0, second=0, microsecond=0)
            yield Sold(hour, sign, sign * counted_units(demand.units))


def _sold_at(event: Event, at: datetime) -> datetime:
    """When an order was paid that comes with the event; what no window looks back to is no history."""
    paid_at: datetime | None = getattr(event, "paid_at", None)
    return paid_at if paid_at is not None and paid_at >= at - LOOKED_BACK[-1] else at


def _figures(event: Event) -> tuple[int, int, int] | None:
    """Units on hand, reserved and owed, where an event carries them."""
    on_hand: int | None = getattr(event, "on_hand", None)
    reserved: int = getattr(event, "reserved", 0)
    backordered: int = getattr(event, "backordered", 0)
    return None if on_hand is None else (on_hand, reserved, backordered)
