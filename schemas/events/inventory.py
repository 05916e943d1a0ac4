"""Public events of stock items, on inventory.events.v1. Each carries the item's figures after it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from schemas.events.base import Event
from schemas.values import Value


class StockItemOpened(Event):
    """A stock item exists; its stock is unknown until the first count or receipt."""

    stock_item_id: UUID


class StockItemDescribed(Event):
    """The listing that opened the item, and the label a person knows it by."""

    stock_item_id: UUID
    marketplace: str
    shop: str
    sku_id: str
    seller_sku: str = ""
    weight_grams: int | None = None


class StockReceived(Event):
    """
    Units came in. `on_hand`, `reserved` and `backordered` are the figures after it, here and in every stock
    event.
    """

    stock_item_id: UUID
    quantity: int
    reference: str
    occurred_at: datetime
    on_hand: int
    reserved: int
    backordered: int


class StockCounted(Event):
    """The shelf was counted at `counted_at`; what came after it was applied on top."""

    stock_item_id: UUID
    quantity: int
    counted_at: datetime
    on_hand: int
    reserved: int
    backordered: int


class StockCorrected(Event):
    """Somebody corrected the figure by `quantity` (signed)."""

    stock_item_id: UUID
    quantity: int
    reference: str
    occurred_at: datetime
    on_hand: int
    reserved: int
    backordered: int


class StockReserved(Event):
    """Units were reserved for one order: a demand as well as a movement."""

    stock_item_id: UUID
    order_id: UUID
    quantity: int
    on_hand: int
    reserved: int
    backordered: int


class StockShortageRecorded(Event):
    """An order asked for more than is free, and queues. `stock_unknown`: never counted."""

    stock_item_id: UUID
    order_id: UUID
    quantity: int
    short_by: int
    on_hand: int
    reserved: int
    backordered: int
    promised_at: datetime | None = None
    stock_unknown: bool = False


class StockReservationReleased(Event):
    """An order's units, or its place in the queue (`was_queued`), were given back."""

    stock_item_id: UUID
    order_id: UUID
    quantity: int
    reason: str
    on_hand: int
    reserved: int
    backordered: int
    was_queued: bool = False


class BackorderFilled(Event):
    """A queued order got its units; `passed_over` names larger orders that had to wait for the next receipt."""

    stock_item_id: UUID
    order_id: UUID
    quantity: int
    on_hand: int
    reserved: int
    backordered: int
    passed_over: tuple[UUID, ...] = ()


class StockHandedOver(Event):
    """Units left the house with a package, out of `on_hand` and out of their reservation."""

    stock_item_id: UUID
    order_id: UUID
    quantity: int
    reference: str
    occurred_at: datetime
    on_hand: int
    reserved: int
    backordered: int


class StockReturned(Event):
    """Goods came back and can be sold again."""

    stock_item_id: UUID
    quantity: int
    reference: str
    occurred_at: datetime
    on_hand: int
    reserved: int
    backordered: int


class StockWrittenOff(Event):
    """Goods came back damaged, or were lost; `on_hand` did not rise."""

    stock_item_id: UUID
    quantity: int
    reference: str
    occurred_at: datetime
    on_hand: int
    reserved: int
    backordered: int


class StockDepleted(Event):
    """The last free unit went."""

    stock_item_id: UUID
    occurred_at: datetime


class Promise(Value):
    """The date on which one queued order's units are due."""

    order_id: UUID
    promised_at: datetime


class SupplyExpected(Event):
    """Units are on order; the queued orders that they cover were promised a date."""

    stock_item_id: UUID
    reorder_id: str
    quantity: int
    due_at: datetime | None = None
    promises: tuple[Promise, ...] = ()
