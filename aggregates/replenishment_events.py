"""The private events of an item's buying side, and how each changes it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple
from uuid import UUID

from eventsourcing.domain import Aggregate

if TYPE_CHECKING:
    from aggregates.replenishment import Replenishment

RECEIPTS_KEPT = 1_000
"""How many of the latest receipts are remembered, so that the same one counts once."""


class Reorder(NamedTuple):
    """One order to the supplier: how much of it is still to come, how it stands, and when it is due."""

    remaining: int
    state: Literal["prepared", "placed", "confirmed", "parked", "refused"]
    due_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether units of it may still come."""
        return self.remaining > 0 and self.state != "refused"


class Event(Aggregate.Event):
    """Something that happened on an item's buying side. Each names the item, for those who are told of it."""

    stock_item_id: UUID


class Opened(Event, Aggregate.Created):
    """The item was found short for the first time."""

    TOPIC = "replenishment.opened"

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.stock_item_id = self.stock_item_id


class RiskRaised(Event):
    """The item runs short; one open decision until it is eased."""

    TOPIC = "replenishment.risk-raised"

    level: str
    available: int
    backordered: int
    reason: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.risk = self.level
        aggregate.refused = False


class RiskEased(Event):
    """The item is no longer short."""

    TOPIC = "replenishment.risk-eased"

    reason: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.risk = ""


class ReorderPrepared(Event):
    """How many units to order, and the terms of the sum behind it."""

    TOPIC = "replenishment.reorder-prepared"

    reorder_id: str
    quantity: int
    terms: tuple[tuple[str, str], ...]

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.reorders[self.reorder_id] = Reorder(self.quantity, "prepared")
        aggregate.prepared += 1


class ReorderPlaced(Event):
    """The order goes to the supplier."""

    TOPIC = "replenishment.reorder-placed"

    reorder_id: str
    quantity: int

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.change(self.reorder_id, state="placed")


class ReorderConfirmed(Event):
    """The supplier will deliver `quantity` units that have not come yet."""

    TOPIC = "replenishment.reorder-confirmed"

    reorder_id: str
    quantity: int
    due_at: datetime | None
    supplier_reference: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.change(self.reorder_id, state="confirmed", due_at=self.due_at)


class ReorderParked(Event):
    """Whether the supplier has the order cannot be learnt without a person; its units count as on order."""

    TOPIC = "replenishment.reorder-parked"

    reorder_id: str
    reason: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.change(self.reorder_id, state="parked")


class ReorderRefused(Event):
    """The supplier, or a person, will not have it: nothing more is ordered until the risk was eased."""

    TOPIC = "replenishment.reorder-refused"

    reorder_id: str
    reason: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.change(self.reorder_id, state="refused")
        aggregate.refused = True


class ReorderReceived(Event):
    """Units of an order came in; `remaining` are still to come."""

    TOPIC = "replenishment.reorder-received"

    reorder_id: str
    quantity: int
    remaining: int
    reference: str
    due_at: datetime | None

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.change(self.reorder_id, remaining=self.remaining)
        aggregate.receipts[self.reference] = None
        if len(aggregate.receipts) > RECEIPTS_KEPT:
            del aggregate.receipts[next(iter(aggregate.receipts))]


class AlertAcknowledged(Event):
    """Somebody saw the alert of this kind that opened at this log position."""

    TOPIC = "replenishment.alert-acknowledged"

    kind: str
    opened_position: int
    by: str
    note: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.acknowledged[self.kind] = self.opened_position
