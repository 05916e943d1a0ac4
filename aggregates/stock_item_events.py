"""
The private events of a stock item, and how each changes it.

Those that move units carry the figures after them, decided before; applying an event sets them.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from eventsourcing.domain import Aggregate

from aggregates.policies.filling import Ask, Promised, Waiting

if TYPE_CHECKING:
    from aggregates.stock_item import StockItem


class Event(Aggregate.Event):
    """Something that happened to a stock item."""


class Opened(Event, Aggregate.Created):
    """A stock item exists; how much there is of it is unknown."""

    TOPIC = "stock-item.opened"


class Described(Event):
    """The listing that opened the item, and what a person knows it by."""

    TOPIC = "stock-item.described"

    marketplace: str
    shop: str
    sku_id: str
    seller_sku: str
    weight_grams: int | None

    def apply(self, aggregate: StockItem) -> None:
        aggregate.description = (self.marketplace, self.shop, self.sku_id, self.seller_sku, self.weight_grams)


class Figures(Event):
    """The figures after an event, as every event that moves units carries them."""

    on_hand: int
    reserved: int
    backordered: int

    def apply(self, aggregate: StockItem) -> None:
        aggregate.on_hand = self.on_hand
        aggregate.reserved = self.reserved
        self.change(aggregate)

    def change(self, aggregate: StockItem) -> None:
        """Change what is not a figure."""


class Received(Figures):
    """Units came in. Those of a receipt dated before the last count were counted then."""

    TOPIC = "stock-item.received"

    quantity: int
    reference: str
    occurred_at: datetime

    def change(self, aggregate: StockItem) -> None:
        aggregate.known = True
        aggregate.note_movement("receipt", self.reference, self.quantity, self.occurred_at)


class Corrected(Figures):
    """Somebody corrected the figure by `quantity`, signed. Where it was unknown it stays so."""

    TOPIC = "stock-item.corrected"

    quantity: int
    reference: str
    occurred_at: datetime
    stock_unknown: bool = False

    def change(self, aggregate: StockItem) -> None:
        aggregate.note_movement("correction", self.reference, self.quantity, self.occurred_at)


class Returned(Figures):
    """Goods came back and can be sold again."""

    TOPIC = "stock-item.returned"

    quantity: int
    reference: str
    occurred_at: datetime

    def change(self, aggregate: StockItem) -> None:
        aggregate.note_movement("return_good", self.reference, self.quantity, self.occurred_at)


class WrittenOff(Figures):
    """Goods came back damaged; nothing more is on hand."""

    TOPIC = "stock-item.written-off"

    quantity: int
    reference: str
    occurred_at: datetime

    def change(self, aggregate: StockItem) -> None:
        aggregate.note_movement("return_damaged", self.reference, 0, self.occurred_at)


class HandedOver(Figures):
    """Units left the house with a package, `from_reservation` of them out of the order's reservation."""

    TOPIC = "stock-item.handed-over"

    order_id: UUID
    quantity: int
    from_reservation: int
    reference: str
    occurred_at: datetime

    def change(self, aggregate: StockItem) -> None:
        aggregate.note_movement(f"dispatch:{self.order_id}", self.reference, -self.quantity, self.occurred_at)
        ask = aggregate.reservations.pop(self.order_id, None)
        if ask is not None and ask.quantity > self.from_reservation:
            left = ask.quantity - self.from_reservation
            aggregate.reservations[self.order_id] = msgspec.structs.replace(ask, quantity=left)


class Counted(Figures):
    """The shelf was counted at `counted_at`; `on_hand` is the count and what moved since."""

    TOPIC = "stock-item.counted"

    quantity: int
    counted_at: datetime
    packed_included: bool
    reference: str

    def change(self, aggregate: StockItem) -> None:
        aggregate.known = True
        aggregate.note_count(self.quantity, self.counted_at)


class Reserved(Figures):
    """Units are held for one order: what it asked."""

    TOPIC = "stock-item.reserved"

    order_id: UUID
    ask: Ask

    def change(self, aggregate: StockItem) -> None:
        aggregate.queue.drop(self.order_id)
        aggregate.reservations[self.order_id] = self.ask


class ReservationUpdated(Event):
    """An order whose units are held asks for them with another priority, deadline or permission to ship."""

    TOPIC = "stock-item.reservation-updated"

    order_id: UUID
    ask: Ask

    def apply(self, aggregate: StockItem) -> None:
        aggregate.reservations[self.order_id] = self.ask


class ShortageRecorded(Figures):
    """An order asked for more than is free for it, and queues."""

    TOPIC = "stock-item.shortage-recorded"

    order_id: UUID
    ask: Ask
    short_by: int
    promised_at: datetime | None
    stock_unknown: bool

    def change(self, aggregate: StockItem) -> None:
        aggregate.queue.put(self.order_id, Waiting(self.ask, self.short_by, promised_at=self.promised_at))


class QueueUpdated(Event):
    """A queued order asks for the same units with another priority, deadline or permission to ship."""

    TOPIC = "stock-item.queue-updated"

    order_id: UUID
    ask: Ask

    def apply(self, aggregate: StockItem) -> None:
        waiting = aggregate.queue.get(self.order_id)
        if waiting is not None:
            aggregate.queue.put(self.order_id, waiting._replace(ask=self.ask))


class ReservationReleased(Figures):
    """An order's units, or its place in the queue, were given back."""

    TOPIC = "stock-item.reservation-released"

    order_id: UUID
    quantity: int
    reason: str
    was_queued: bool

    def change(self, aggregate: StockItem) -> None:
        aggregate.reservations.pop(self.order_id, None)
        aggregate.queue.drop(self.order_id)


class BackorderFilled(Figures):
    """
    A queued order got its units; `passed_over` are larger ones that had to wait for the next receipt.

    `continues`: the queue goes on being filled in another command, which names this event's version.
    """

    TOPIC = "stock-item.backorder-filled"

    order_id: UUID
    quantity: int
    passed_over: tuple[UUID, ...] = ()
    continues: bool = False

    def change(self, aggregate: StockItem) -> None:
        waiting = aggregate.queue.get(self.order_id)
        if waiting is not None:
            aggregate.queue.drop(self.order_id)
            aggregate.reservations[self.order_id] = waiting.ask
        for order_id in self.passed_over:
            aggregate.queue.pass_over(order_id)
        aggregate.filling = self.originator_version if self.continues else 0


class Depleted(Event):
    """The last free unit went."""

    TOPIC = "stock-item.depleted"

    occurred_at: datetime


class SupplyExpected(Event):
    """
    Units are on order, `quantity` in all that has not come; queued orders were promised a date.

    `continues`: more promises follow in another command, which names this event's version.
    """

    TOPIC = "stock-item.supply-expected"

    reorder_id: str
    quantity: int
    due_at: datetime | None
    promises: tuple[Promised, ...] = ()
    continues: bool = False

    def apply(self, aggregate: StockItem) -> None:
        aggregate.expect(self.reorder_id, self.quantity, self.due_at)
        for promise in self.promises:
            aggregate.queue.promise(promise.order_id, promise.promised_at)
        aggregate.promising = (self.originator_version, self.reorder_id) if self.continues else None
