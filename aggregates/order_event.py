"""What all events of an order share: their base, and the small values that they are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from eventsourcing.domain import Aggregate, CanMutateAggregate

from schemas.values import LineQuantity, Need, OrderLine, Value


class Event(Aggregate.Event):
    """Something that happened to an order."""


class Opening(Event, Aggregate.Created):
    """An event that may be the first of an order, or come behind others: the marketplace's messages have no order."""

    def mutate(self, aggregate: Any) -> Any:
        """The aggregate that begins with this event, or goes on with it."""
        return super().mutate(None) if aggregate is None else CanMutateAggregate.mutate(self, aggregate)


class LineParts(Value):
    """What one unit of a line asks of stock, as it was mapped when the order was placed."""

    line_id: str
    sku_id: str
    parts: tuple[Need, ...]


class Package(Value):
    """
    A package whose label the marketplace is to be told of; `times` counts the labels of it that it was told of.

    `joined`: it is another order's package too, which tells of it by itself. `lines` are this order's units in it;
    `replaces` is the tracking number that it was told with before.
    """

    shipment_id: UUID
    package: str
    carrier: str
    tracking_number: str
    times: int = 1
    joined: bool = False
    lines: tuple[LineQuantity, ...] = ()
    replaces: str = ""


class Push(Value):
    """Everything that telling the marketplace of one label takes, where it does not wait for the other packages."""

    package: Package
    marketplace: str
    shop: str
    order_number: str
    priority: int
    dispatch_by: datetime | None = None


class Shortage(NamedTuple):
    """What one stock item lacks for this order, and when it is due."""

    short_by: int
    stock_unknown: bool
    promised_at: datetime | None


class Parcel(NamedTuple):
    """
    One open package, as far as its order knows of it. A withdrawn one is printed and waits to be put back.

    `joined` is the order's version at which it asked to go in another order's package, which the marketplace is told of
    as its own package `told_as`. `offered`: others may be in this one.
    """

    number: str
    contents: tuple[Need, ...]
    lines: tuple[OrderLine, ...]
    stage: Literal["open", "printed", "handed over"] = "open"
    delivered: bool = False
    returned: bool = False
    withdrawn: bool = False
    joined: int = 0
    told_as: str = ""
    offered: bool = False

    @property
    def shared(self) -> bool:
        """Whether other orders' lines may be in it."""
        return self.joined > 0 or self.offered


@dataclass(slots=True)
class ComingBack:
    """
    Goods of an order that come back: its returns as the marketplace told of them, and what a person is to inspect.

    `awaited` is what each return or package brings, `ahead` what was inspected before anybody told of it.
    """

    returns: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    awaited: dict[str, dict[UUID, int]] = field(default_factory=dict)
    ahead: dict[UUID, int] = field(default_factory=dict)
    inspected: set[tuple[UUID, str, str]] = field(default_factory=set)

    def expect(self, about: str, needs: Iterable[Need]) -> None:
        """Wait for somebody to inspect these units, which a return or a package brings."""
        self.awaited[about] = {need.stock_item_id: need.quantity for need in needs}

    def forget(self, about: str) -> None:
        """Wait for what this return or package brings no more."""
        self.awaited.pop(about, None)

    def came_ahead(self, stock_item_id: UUID, units: int) -> None:
        """Remember units that nothing awaits yet, or (negative) that were waited for meanwhile."""
        self.ahead[stock_item_id] = self.ahead.get(stock_item_id, 0) + units
