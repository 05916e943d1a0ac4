"""Public events as they come in the life of one order, and stored events that stand for them in a log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from projections.published import Published, subject_of
from projections.rebuild import Logged
from schemas import events
from schemas.codec import encode
from schemas.events import Event
from schemas.topics import topic_of
from schemas.values import (
    Address,
    Deadlines,
    Money,
    Need,
    OrderLine,
    Sealed,
    order_id,
    replenishment_id,
    shipment_id,
    stock_item_id,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHOP = "7490000000000000001"
HAT = stock_item_id("tiktok", SHOP, "sku-hat")
REPLENISHMENT = replenishment_id(HAT)


class Numbered:
    """One order and its package, by the marketplace's number."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.id = order_id("tiktok", SHOP, number)
        self.shipment = shipment_id("tiktok", SHOP, f"{number}-1")


def usd(amount: str) -> Money:
    """An amount in dollars."""
    return Money(amount=Decimal(amount), currency="USD")


ADDRESS = Address(
    country="US",
    state="OH",
    city="Columbus",
    postal_code="43004",
    person=Sealed(subject="s" * 64, key_version=1, data=b"sealed"),
)


def placed(order: Numbered, status: str = "AWAITING_SHIPMENT", state: str = "RESERVING") -> events.OrderPlaced:
    """An order of one hat."""
    return events.OrderPlaced(
        order_id=order.id,
        marketplace="tiktok",
        shop=SHOP,
        number=order.number,
        marketplace_status=status,
        fulfilment_state=state,
        created_at=NOON,
        updated_at=NOON,
        lines=(OrderLine(line_id="1", sku_id="sku-hat", seller_sku=" Hat ", unit_price=usd("19.90")),),
        needs=(Need(stock_item_id=HAT, quantity=1),),
        total=usd("19.90"),
        address=ADDRESS,
        deadlines=Deadlines(dispatch_by=NOON + timedelta(days=2)),
        buyer="b" * 64,
    )


def classified(order: Numbered, score: int = 55, level: str = "MEDIUM") -> events.OrderClassified:
    """The order's priority with one of its points."""
    point = events.PriorityPoint(factor="base", input="20", points=20.0)
    return events.OrderClassified(order_id=order.id, score=score, level=level, points=(point,))


def fulfilled(order: Numbered) -> list[Event]:
    """The main way of an order of one hat, from placed to pushed, as the log has it."""
    key, package = order.id, order.shipment
    return [
        placed(order),
        classified(order),
        events.StockReserved(stock_item_id=HAT, order_id=key, quantity=1, on_hand=9, reserved=1, backordered=0),
        events.OrderStockReserved(order_id=key, stock_item_id=HAT, quantity=1),
        events.OrderReadyToShip(order_id=key),
        opened(order),
        events.CarrierChosen(
            shipment_id=package, carrier="ground", service="std", cost=usd("4.20"), reason="the cheapest that serves it"
        ),
        events.LabelRequested(shipment_id=package, carrier="ground", attempt=1),
        bought(order),
        events.OrderLabelled(order_id=key, shipment_id=package, carrier="ground", tracking_number=f"T{order.number}"),
        events.OrderFulfilled(order_id=key),
        events.OrderFulfilmentPushed(order_id=key, shipment_id=package),
    ]


def opened(order: Numbered) -> events.ShipmentOpened:
    """The order's package."""
    return events.ShipmentOpened(
        shipment_id=order.shipment,
        order_id=order.id,
        marketplace="tiktok",
        shop=SHOP,
        order_number=order.number,
        package=f"{order.number}-1",
        contents=(Need(stock_item_id=HAT, quantity=1),),
        address=ADDRESS,
    )


def bought(order: Numbered) -> events.LabelBought:
    """The label of the order's package."""
    return events.LabelBought(
        shipment_id=order.shipment,
        order_id=order.id,
        carrier="ground",
        service="std",
        tracking_number=f"T{order.number}",
        cost=usd("4.20"),
    )


def hats() -> list[Event]:
    """A stock item that was opened, described and counted."""
    return [
        events.StockItemOpened(stock_item_id=HAT),
        events.StockItemDescribed(stock_item_id=HAT, marketplace="tiktok", shop=SHOP, sku_id="sku-hat"),
        events.StockCounted(stock_item_id=HAT, quantity=10, counted_at=NOON, on_hand=10, reserved=0, backordered=0),
    ]


def short(order: Numbered, *, stock_unknown: bool = False, backordered: int = 1) -> events.StockShortageRecorded:
    """A stock item that has no hat for this order."""
    return events.StockShortageRecorded(
        stock_item_id=HAT,
        order_id=order.id,
        quantity=1,
        short_by=1,
        on_hand=0,
        reserved=0,
        backordered=backordered,
        stock_unknown=stock_unknown,
    )


def received(quantity: int, backordered: int = 0) -> events.StockReceived:
    """Hats that came in."""
    return events.StockReceived(
        stock_item_id=HAT,
        quantity=quantity,
        reference="R1",
        occurred_at=NOON,
        on_hand=quantity,
        reserved=0,
        backordered=backordered,
    )


def published(said: Iterable[Event], after: int = 0) -> list[Published]:
    """These events in log order, each following the one before it."""
    return [
        Published(
            position=position,
            event=event,
            occurred_at=NOON + timedelta(seconds=position),
            id=f"{subject_of(event)}:{position}",
            cause=f"{position - 1}.0",
            correlation="evt-1",
            body=encode(event),
        )
        for position, event in enumerate(said, after + 1)
    ]


class Stored(NamedTuple):
    """A stored event that is published as it is."""

    originator_id: UUID
    originator_version: int
    timestamp: datetime
    event: Event | None


class Log:
    """A log in memory: what `rebuild` is handed as `read_log` and `public`."""

    def __init__(self, published: Sequence[Published] = ()) -> None:
        self.entries = [self._logged(each) for each in published]

    @staticmethod
    def _logged(each: Published) -> Logged:
        aggregate, _, version = each.id.rpartition(":")
        stored = Stored(UUID(aggregate), int(version), each.occurred_at, each.event)
        return (each.position, stored, each.cause, each.correlation)

    def append(self, published: Sequence[Published]) -> None:
        """Write more events."""
        self.entries += [self._logged(each) for each in published]

    def read(self, after: int, limit: int) -> list[Logged]:
        """The next entries after a position."""
        return [entry for entry in self.entries if entry[0] > after][:limit]

    @staticmethod
    def public(stored: Stored) -> Event | None:
        """The public event of a stored one."""
        return stored.event


def by_topic(said: Iterable[Published]) -> dict[str, list[Published]]:
    """The same events as their topics carry them."""
    topics: dict[str, list[Published]] = {}
    for each in said:
        topics.setdefault(topic_of(each.event), []).append(each)
    return topics
