"""Given events, when a command comes, then events: the three words of every test here."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from eventsourcing.domain import Aggregate

from aggregates import order, replenishment, shipment, stock_item
from aggregates.order import Order
from aggregates.policies.buying_limits import Limits
from aggregates.policies.fulfilment import commands_after
from aggregates.replenishment import Replenishment
from aggregates.shipment import Shipment
from aggregates.stock_item import StockItem
from schemas.commands import AddToPackage, Command, RecordLabel, RecordReservation, RecordShortage
from schemas.shipping import LabelTiming
from schemas.values import Need, SupplyTerms, shipment_id
from tests.builders import (
    MARKETPLACE,
    NOON,
    SHOP,
    TARIFFS,
    AnOrder,
    a_line,
    an_order,
    item_of,
    one_part_per_line,
    usd,
)

A = TypeVar("A", bound=Aggregate)


def given_order(*commands: Command, at: datetime = NOON, kept_orders: int | None = 0) -> Order:
    """An order after these commands, its events taken."""
    found: Order = _after(order.decide, commands, order.Known(at, one_part_per_line, kept_orders))
    return found


def given_stock(*commands: Command, at: datetime = NOON) -> StockItem:
    """A stock item after these commands, its events taken."""
    found: StockItem = _after(stock_item.decide, commands, stock_item.Known(at))
    return found


def given_shipment(*commands: Command, at: datetime = NOON, timing: LabelTiming | None = None) -> Shipment:
    """A package after these commands, its events taken."""
    found: Shipment = _after(shipment.decide, commands, shipment.Known(at, TARIFFS, timing=timing or LabelTiming()))
    return found


def given_replenishment(*commands: Command, at: datetime = NOON) -> Replenishment:
    """A buying side after these commands, its events taken."""
    found: Replenishment = _after(replenishment.decide, commands, may_buy(at))
    return found


def when(aggregate: Aggregate, command: Command, *, at: datetime = NOON) -> list[Any]:
    """The events that a command leads to."""
    decided: Aggregate | None
    match aggregate:
        case Order():
            decided = order.decide(aggregate, command, order.Known(at, one_part_per_line, 0))
        case StockItem():
            decided = stock_item.decide(aggregate, command, stock_item.Known(at))
        case Shipment():
            decided = shipment.decide(aggregate, command, shipment.Known(at, TARIFFS))
        case Replenishment():
            decided = replenishment.decide(aggregate, command, may_buy(at))
        case _:
            raise AssertionError(aggregate)
    assert decided is aggregate
    return list(aggregate.collect_events())


def may_buy(at: datetime = NOON) -> replenishment.Known:
    """A shop with limits that it does not reach, and a supplier who takes a dollar a unit and a day."""
    much = Decimal(1_000_000)
    return replenishment.Known(at, SupplyTerms(unit_cost=usd("1.00")), Limits(much, much, much, "USD"))


PACKAGE = shipment_id(MARKETPLACE, SHOP, f"{an_order().number}-1")
"""The one package of the order that tests begin with."""


def reserved(sku_id: str = "sku-1", quantity: int = 1) -> RecordReservation:
    """Stock tells that it holds the order's units."""
    return RecordReservation(order_id=an_order().id, stock_item_id=item_of(sku_id), quantity=quantity)


def add(order: AnOrder, *, joined: int = 1) -> AddToPackage:
    """Another order's lines are to go in the package."""
    return AddToPackage(
        shipment_id=PACKAGE,
        order_id=order.id,
        order_number=order.number,
        joined=joined,
        contents=(Need(stock_item_id=item_of(), quantity=3),),
        lines=(a_line(quantity=3),),
        priority=80,
        value=usd("37.50"),
    )


def short(sku_id: str = "sku-1", *, by: int = 1, promised_at: datetime | None = None) -> RecordShortage:
    """Stock tells that the order waits."""
    return RecordShortage(
        order_id=an_order().id, stock_item_id=item_of(sku_id), quantity=1, short_by=by, promised_at=promised_at
    )


def labelled() -> RecordLabel:
    """The package tells that it has its label."""
    return RecordLabel(order_id=an_order().id, shipment_id=PACKAGE, carrier="local", tracking_number="T1")


def following(events: list[Any]) -> list[Command]:
    """The commands that events lead to."""
    return [command for event in events for command in commands_after(event)]


def names(events: list[Any]) -> list[str]:
    """What the events are called."""
    return [type(event).__name__ for event in events]


def _after(decide: Any, commands: tuple[Command, ...], known: Any) -> Any:
    aggregate = None
    for command in commands:
        aggregate = decide(aggregate, command, known)
    assert aggregate is not None
    aggregate.collect_events()
    return aggregate
