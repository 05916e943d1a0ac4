"""
Carry out order commands.

Reads: orders.commands.v1, keyed by order.    Writes: Order events; relay.py makes them public.
Repeated: ignored, by log position or inbox.    Bad: dead letter with the reason; what follows goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from aggregates import order as orders
from aggregates import order_events
from aggregates.event_store import buyer_orders, listings, shops
from aggregates.event_store.buyer_orders import BuyerOrder
from aggregates.event_store.connection import Connection
from aggregates.event_store.listings import ListingKey
from aggregates.event_store.readings import Link
from aggregates.event_store.recorder import Effects
from aggregates.order import Known, Order
from aggregates.policies.clocks import NO_CALENDARS
from schemas import topics
from schemas.commands import Command, RecordOrder
from schemas.values import Need, OrderLine, content_id, stock_item_id
from streams.calendars import calendars
from streams.deciding import Decision, KnownOf

Mapped = dict[ListingKey, tuple[Need, ...]]


def known(connection: Connection, commands: Sequence[Command], at: datetime) -> KnownOf:
    """What orders of this batch must know: the parts behind their listings, buyers' earlier orders, shops' days."""
    recorded = [command for command in commands if isinstance(command, RecordOrder)]
    buyers = sorted({command.buyer for command in recorded if command.buyer})
    earlier = buyer_orders.kept_orders(connection, buyers) if buyers else {}
    keys = {
        ListingKey(command.marketplace, command.shop, sku)
        for command in recorded
        for line in command.lines
        for sku in (line.sku_id, *(part.sku_id for part in line.sub_items))
    }
    mapped = listings.parts_of(connection, keys) if keys else {}
    days = calendars(shops.every(connection)) if recorded else NO_CALENDARS

    def parts(marketplace: str, shop: str, line: OrderLine) -> tuple[Need, ...]:
        return parts_of(mapped, marketplace, shop, line)

    def known_of(command: Command) -> Known:
        return Known(at, parts, kept_before(earlier, command), days)

    return known_of


def parts_of(mapped: Mapped, marketplace: str, shop: str, line: OrderLine) -> tuple[Need, ...]:
    """
    What one line asks of stock: a bundle's parts as the marketplace names them, else the listing's mapping, else one
    unit of the listing's own stock item; times the line's quantity.
    """
    if line.sub_items:
        return tuple(
            Need(stock_item_id=part.stock_item_id, quantity=part.quantity * sub.quantity * line.quantity)
            for sub in line.sub_items
            for part in _listing_parts(mapped, marketplace, shop, sub.sku_id)
        )
    return tuple(
        Need(stock_item_id=part.stock_item_id, quantity=part.quantity * line.quantity)
        for part in _listing_parts(mapped, marketplace, shop, line.sku_id)
    )


def kept_before(earlier: dict[str, list[tuple[UUID, datetime]]], command: Command) -> int | None:
    """How many orders the buyer kept before this one; None where no buyer is known."""
    if not isinstance(command, RecordOrder) or not command.buyer:
        return None
    return sum(1 for other, _ in earlier.get(command.buyer, ()) if other != command.order_id)


def also(order: Order, event: Any, effects: Effects) -> None:
    """
    Keep count of what each buyer kept: an order counts once it is paid, and no longer once it is cancelled. And note
    which stock items the content sells that an order came from.
    """
    if isinstance(event, Order.Placed) and event.content_id:
        effects.content_links.extend(links_of(order, event))
    if not order.buyer or not isinstance(event, (Order.Placed, Order.StatusAdvanced, Order.Cancelled)):
        return
    kept = order.paid_at is not None and order.state != "CANCELLED"
    effects.buyer_orders.append(BuyerOrder(order.buyer, order.id, order.created_at, kept))


def links_of(order: Order, event: order_events.Placed) -> list[Link]:
    """The stock items that an order's content sells, under the listings of its lines."""
    content = content_id(event.marketplace, event.content_id)
    return [
        Link(content, event.marketplace, event.content_id, event.shop, line.sku_id, part.stock_item_id)
        for line in event.lines
        for part in order.parts.get((line.line_id, line.sku_id), ())
    ]


def _listing_parts(mapped: Mapped, marketplace: str, shop: str, sku_id: str) -> tuple[Need, ...]:
    own = Need(stock_item_id=stock_item_id(marketplace, shop, sku_id), quantity=1)
    return mapped.get(ListingKey(marketplace, shop, sku_id), (own,))


DECISION = Decision("orders.decide", topics.ORDERS_COMMANDS, orders.decide, known, also)
