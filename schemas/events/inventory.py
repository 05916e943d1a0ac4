"""Public events of stock items, on inventory.events.v1. Each carries the item's figures after it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from schemas.events.base import Event
from schemas.values import Need, SupplyTerms, Value


class StockItemOpened(Event):
    """A stock item exists; its stock is unknown until the first count or receipt."""

    stock_item_id: UUID


class StockItemDescribed(Event):
    """The listing that opened the item, the label a person knows it by, and on what terms it is bought."""

    stock_item_id: UUID
    marketplace: str
    shop: str
    sku_id: str
    seller_sku: str = ""
    weight_grams: int | None = None
    supply: SupplyTerms | None = None


class ListingMapped(Event):
    """A listing is made of these parts, units per unit sold, for orders placed from `mapped_at` on."""

    stock_item_id: UUID
    marketplace: str
    shop: str
    sku_id: str
    parts: tuple[Need, ...]
    mapped_at: datetime


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
    """
    The shelf was counted at `counted_at`; what came after it was applied on top.

    Where `packed_included` is false, packed parcels that nobody knows to have left were added.
    """

    stock_item_id: UUID
    quantity: int
    counted_at: datetime
    on_hand: int
    reserved: int
    backordered: int
    packed_included: bool = False


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
    """
    Units were reserved for one order: a demand as well as a movement.

    `kept`: units that it asks no more, in a printed package. With `paid_at` it is a demand, of the hashed `buyer`.
    """

    stock_item_id: UUID
    order_id: UUID
    quantity: int
    on_hand: int
    reserved: int
    backordered: int
    kept: int = 0
    paid_at: datetime | None = None
    buyer: str = ""


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
    paid_at: datetime | None = None
    buyer: str = ""


class DemandRecorded(Event):
    """
    A paid order asks `quantity` units of this item from now on, which its reservation did not tell: it was paid later,
    cancelled whole or in part, or left without us. `paid_at` None: as told before.
    """

    stock_item_id: UUID
    order_id: UUID
    quantity: int
    paid_at: datetime | None = None
    buyer: str = ""


class StockReservationReleased(Event):
    """
    `quantity` of an order's units are free again, or (`was_queued`) of its place in the queue; it has `left` of them.

    `kept`: units that it gave back and that stay in a printed package until they are put back or handed over.
    """

    stock_item_id: UUID
    order_id: UUID
    quantity: int
    reason: str
    on_hand: int
    reserved: int
    backordered: int
    was_queued: bool = False
    left: int = 0
    kept: int = 0


class StockReservationShortened(Event):
    """An order's units are held for it no longer, and it queues: too few are there, or a paid order took them."""

    stock_item_id: UUID
    order_id: UUID
    quantity: int
    reason: str
    short_by: int
    on_hand: int
    reserved: int
    backordered: int
    promised_at: datetime | None = None
    taken_for: UUID | None = None


class PickShortageFound(Event):
    """Printed packages hold `quantity` units that are not there."""

    stock_item_id: UUID
    quantity: int
    on_hand: int
    reserved: int
    backordered: int


class StockPackaged(Event):
    """
    Units of an order are in a package: its label is printed, or they are packed.

    `taken` of them were free: the order had given them back. `added`: a count of the shelf alone had missed them.
    `printed` and `packed` are the item's units in packages of either stage, here and where they leave one.
    """

    stock_item_id: UUID
    order_id: UUID
    reference: str
    stage: Literal["printed", "packed"]
    quantity: int
    holds: int
    occurred_at: datetime
    on_hand: int
    reserved: int
    backordered: int
    printed: int
    packed: int
    taken: int = 0
    added: int = 0


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
    """
    Units left the house with a package, out of `on_hand` and out of their reservation.

    `from_reservation` is absent in what was written before packages were known to stock: then all that was held.
    `from_given_back`: units that the order wanted no more.
    """

    stock_item_id: UUID
    order_id: UUID
    quantity: int
    reference: str
    occurred_at: datetime
    on_hand: int
    reserved: int
    backordered: int
    from_reservation: int | None = None
    from_given_back: int = 0
    printed: int = 0
    packed: int = 0


class StockPutBack(Event):
    """
    The units of a package are on the shelf again; `was_sent`: its hand-over is undone.

    `returned` of them are held for the order again; `freed` are those that it had given back.
    """

    stock_item_id: UUID
    order_id: UUID
    quantity: int
    reference: str
    occurred_at: datetime
    on_hand: int
    reserved: int
    backordered: int
    printed: int
    packed: int
    was_sent: bool = False
    returned: int = 0
    freed: int = 0


class StockReturned(Event):
    """Goods came back and can be sold again."""

    stock_item_id: UUID
    quantity: int
    reference: str
    occurred_at: datetime
    on_hand: int
    reserved: int
    backordered: int
    order_id: UUID | None = None


class StockWrittenOff(Event):
    """Goods came back damaged, or were lost; `on_hand` did not rise."""

    stock_item_id: UUID
    quantity: int
    reference: str
    occurred_at: datetime
    on_hand: int
    reserved: int
    backordered: int
    order_id: UUID | None = None


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


class StockAlertAcknowledged(Event):
    """Somebody saw an open alert about this stock item: the one that opened at this log position."""

    stock_item_id: UUID
    kind: str
    opened_position: int
    by: str
    note: str = ""
