"""
The private events of a stock item, and how each changes it.

Those that move units carry the figures after them, decided before; applying an event sets them.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from eventsourcing.domain import Aggregate

from aggregates.policies.filling import Ask, Promised, Waiting
from aggregates.stock_packages import Moved, Package, Sent
from schemas.values import Need, SupplyTerms

if TYPE_CHECKING:
    from aggregates.stock_item_state import StockItem


def kind_of(kind: str, order_id: UUID | None) -> str:
    """Under which kind the reference of a movement is remembered: that of an order counts once for each order."""
    return kind if order_id is None else f"{kind}:{order_id}"


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
    supply: SupplyTerms | None = None

    def apply(self, aggregate: StockItem) -> None:
        aggregate.description = type(aggregate.description)(
            self.marketplace, self.shop, self.sku_id, self.seller_sku, self.weight_grams, self.supply
        )


class ListingMapped(Event):
    """A listing is made of these parts from `mapped_at` on; the item of its first part says so."""

    TOPIC = "stock-item.listing-mapped"

    marketplace: str
    shop: str
    sku_id: str
    parts: tuple[Need, ...]
    mapped_at: datetime

    def apply(self, aggregate: StockItem) -> None:
        aggregate.listings[self.marketplace, self.shop, self.sku_id] = self.mapped_at


class Figures(Event):
    """The figures after an event, as every event that moves units carries them."""

    on_hand: int
    reserved: int
    backordered: int

    def apply(self, aggregate: StockItem) -> None:
        aggregate.on_hand = self.on_hand
        aggregate.reserved = self.reserved
        if self.on_hand >= self.reserved:
            aggregate.missing_told = 0
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
        aggregate.note_movement("receipt", self.reference, Moved(self.occurred_at, self.quantity))


class Corrected(Figures):
    """Somebody corrected the figure by `quantity`, signed. Where it was unknown it stays so."""

    TOPIC = "stock-item.corrected"

    quantity: int
    reference: str
    occurred_at: datetime
    stock_unknown: bool = False

    def change(self, aggregate: StockItem) -> None:
        aggregate.note_movement("correction", self.reference, Moved(self.occurred_at, self.quantity))


class Returned(Figures):
    """Goods came back and can be sold again. `about`: by which return or package of the order."""

    TOPIC = "stock-item.returned"

    quantity: int
    reference: str
    occurred_at: datetime
    order_id: UUID | None = None
    about: str = ""

    def change(self, aggregate: StockItem) -> None:
        aggregate.note_movement(
            kind_of("return_good", self.order_id), self.reference, Moved(self.occurred_at, self.quantity)
        )


class WrittenOff(Figures):
    """Goods came back damaged; nothing more is on hand."""

    TOPIC = "stock-item.written-off"

    quantity: int
    reference: str
    occurred_at: datetime
    order_id: UUID | None = None
    about: str = ""

    def change(self, aggregate: StockItem) -> None:
        aggregate.note_movement(kind_of("return_damaged", self.order_id), self.reference, Moved(self.occurred_at, 0))


class Packaged(Figures):
    """
    Units are in a package whose label is printed; `packed_at`: they left the shelf for it.

    `holds` of them are reserved, `taken` of these out of free units, for an order that had given them back.
    `added`: they stood in a parcel when the shelf alone was counted, which nobody knew then.
    `printed` and `packed` are the item's units in packages of either stage, after this event.
    """

    TOPIC = "stock-item.packaged"

    order_id: UUID
    reference: str
    stage: Literal["printed", "packed"]
    quantity: int
    holds: int
    occurred_at: datetime
    printed: int
    packed: int
    taken: int = 0
    added: int = 0

    def change(self, aggregate: StockItem) -> None:
        packed_at = self.occurred_at if self.stage == "packed" else None
        package = Package(quantity=self.quantity, holds=self.holds, packed_at=packed_at, uncounted=self.added > 0)
        aggregate.packages.put((self.reference, self.order_id), package)
        if self.taken:
            aggregate.keep_given_back(self.order_id, self.taken)


class HandedOver(Figures):
    """
    Units left the house with a package: `from_reservation` of them out of the order's reservation, and
    `from_given_back` that the order no longer wanted.
    """

    TOPIC = "stock-item.handed-over"

    order_id: UUID
    quantity: int
    from_reservation: int
    reference: str
    occurred_at: datetime
    from_given_back: int = 0
    printed: int = 0
    packed: int = 0

    def change(self, aggregate: StockItem) -> None:
        key = (self.reference, self.order_id)
        package = aggregate.packages.drop(key)
        packed_at = None if package is None else package.packed_at
        aggregate.note_movement(
            f"dispatch:{self.order_id}",
            self.reference,
            Moved(self.occurred_at, -self.quantity, packed_at, 0 if packed_at is None else self.quantity),
        )
        ask = aggregate.reservations.get(self.order_id)
        aggregate.note_sent(key, Sent(quantity=self.quantity, from_reservation=self.from_reservation, ask=ask))
        aggregate.hold_fewer(self.order_id, self.from_reservation)
        if self.from_given_back:
            aggregate.keep_given_back(self.order_id, -self.from_given_back)


class PutBack(Figures):
    """
    Units of a package are on the shelf again; `was_sent`: a hand-over is undone.

    `ask` is what is held for the order after it, None where nothing is. `freed`: units that the order had given back.
    """

    TOPIC = "stock-item.put-back"

    order_id: UUID
    quantity: int
    reference: str
    occurred_at: datetime
    was_sent: bool
    ask: Ask | None
    printed: int
    packed: int
    returned: int = 0
    freed: int = 0

    def change(self, aggregate: StockItem) -> None:
        key = (self.reference, self.order_id)
        if self.was_sent:
            aggregate.sent.pop(key, None)
            aggregate.references.pop((f"dispatch:{self.order_id}", self.reference), None)
            aggregate.movements.append(Moved(self.occurred_at, self.quantity))
            aggregate.hold(self.order_id, self.ask)
            return
        package = aggregate.packages.drop(key)
        if package is not None and package.packed_at is not None:
            aggregate.movements.append(Moved(self.occurred_at, 0, package.packed_at, package.quantity))
        aggregate.keep_given_back(self.order_id, -self.freed)


class Counted(Figures):
    """
    The shelf was counted at `counted_at`; `on_hand` is the count, what moved since, and where packed parcels were not
    counted the units in them.
    """

    TOPIC = "stock-item.counted"

    quantity: int
    counted_at: datetime
    packed_included: bool
    reference: str

    def change(self, aggregate: StockItem) -> None:
        aggregate.known = True
        aggregate.note_count(self.counted_at, self.quantity, packed_included=self.packed_included)


class Reserved(Figures):
    """Units are held for one order: what it asked. `kept`: what it asks no more and a printed package still holds."""

    TOPIC = "stock-item.reserved"

    order_id: UUID
    ask: Ask
    kept: int = 0

    def change(self, aggregate: StockItem) -> None:
        aggregate.queue.drop(self.order_id)
        aggregate.hold(self.order_id, self.ask)
        aggregate.keep_given_back(self.order_id, self.kept)


class ReservationUpdated(Event):
    """An order whose units are held asks for them with another priority, deadline or permission to ship."""

    TOPIC = "stock-item.reservation-updated"

    order_id: UUID
    ask: Ask

    def apply(self, aggregate: StockItem) -> None:
        aggregate.hold(self.order_id, self.ask)


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
    """
    `quantity` of an order's units are free again, or of its place in the queue; `left` is what it still has there.

    `kept`: units that it gave back and a printed package holds until they are put back or handed over.
    """

    TOPIC = "stock-item.reservation-released"

    order_id: UUID
    quantity: int
    reason: str
    was_queued: bool
    left: int = 0
    kept: int = 0
    reference: str = ""

    def change(self, aggregate: StockItem) -> None:
        if self.reference:
            aggregate.note_reference(f"release:{self.order_id}", self.reference)
        if self.was_queued:
            aggregate.queue.lower(self.order_id, self.quantity)
            return
        aggregate.hold_fewer(self.order_id, self.quantity + self.kept)
        aggregate.keep_given_back(self.order_id, self.kept)


class ReservationShortened(Figures):
    """
    An order's units are held for it no longer, and it queues: there are too few, or `taken_for` an order that is paid.

    `continues`: more are shortened in another command, which names this event's version.
    """

    TOPIC = "stock-item.reservation-shortened"

    order_id: UUID
    quantity: int
    reason: str
    short_by: int
    promised_at: datetime | None
    taken_for: UUID | None = None
    continues: bool = False

    def change(self, aggregate: StockItem) -> None:
        ask = aggregate.reservations.get(self.order_id)
        aggregate.hold(self.order_id, None)
        if ask is not None:
            aggregate.queue.put(self.order_id, Waiting(ask, self.short_by, promised_at=self.promised_at))
        aggregate.shortening = self.originator_version if self.continues else 0


class PickShortageFound(Figures):
    """Printed packages hold `quantity` units that are not there: a person must find or decide."""

    TOPIC = "stock-item.pick-shortage-found"

    quantity: int

    def change(self, aggregate: StockItem) -> None:
        aggregate.missing_told = self.quantity


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
            aggregate.hold(self.order_id, waiting.ask)
        for order_id in self.passed_over:
            aggregate.queue.pass_over(order_id)
        aggregate.filling = self.originator_version if self.continues else 0


class DemandRecorded(Event):
    """
    A paid order asks `quantity` units of this item from now on; `paid_at` None: it was told when.

    What is held for it is another matter.
    """

    TOPIC = "stock-item.demand-recorded"

    order_id: UUID
    quantity: int
    reference: str
    paid_at: datetime | None
    buyer: str

    def apply(self, aggregate: StockItem) -> None:
        aggregate.note_reference("demand", self.reference)


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


class AlertAcknowledged(Event):
    """Somebody saw the alert of this kind that opened at this log position."""

    TOPIC = "stock-item.alert-acknowledged"

    kind: str
    opened_position: int
    by: str
    note: str

    def apply(self, aggregate: StockItem) -> None:
        aggregate.acknowledged[self.kind] = self.opened_position
