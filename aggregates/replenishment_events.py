"""The private events of an item's buying side, and how each changes it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from eventsourcing.domain import Aggregate

from aggregates.policies.buying import Terms
from aggregates.policies.stock_risk import Level, Standing, level_named
from aggregates.replenishment_orders import Bought, Reorder
from schemas.values import Money, Rates, SupplyTerms

if TYPE_CHECKING:
    from aggregates.replenishment_state import Replenishment


QUIET_FOR = timedelta(hours=24)
"""How long nothing is asked or ordered after a question that nobody answered, or a supplier's no."""


class Event(Aggregate.Event):
    """Something that happened on an item's buying side. Each names the item, for those who are told of it."""

    stock_item_id: UUID


class Opened(Event, Aggregate.Created):
    """The item has a buying side: it was described, or found short."""

    TOPIC = "replenishment.opened"

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.stock_item_id = self.stock_item_id


class SupplyDescribed(Event):
    """Whose item it is, and on what terms it is bought."""

    TOPIC = "replenishment.supply-described"

    shop: str
    item: str
    terms: SupplyTerms | None

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.shop, aggregate.item, aggregate.terms = self.shop, self.item, self.terms


class RatesChanged(Event):
    """How fast the item sells, where it is no longer about what was noted last."""

    TOPIC = "replenishment.rates-changed"

    rates: Rates

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.rates = self.rates


class RiskRaised(Event):
    """The item runs short; one open decision until it is eased."""

    TOPIC = "replenishment.risk-raised"

    level: str
    available: int
    backordered: int
    reason: str
    terms: Terms = ()

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.standing = Standing(level_named(self.level))


class RiskEscalated(Event):
    """The open decision became more urgent."""

    TOPIC = "replenishment.risk-escalated"

    level: str
    available: int
    backordered: int
    reason: str
    terms: Terms = ()

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.standing = Standing(level_named(self.level))


class RiskCalming(Event):
    """The hours left are well above the level's threshold since then; None: they are not any more."""

    TOPIC = "replenishment.risk-calming"

    since: datetime | None
    falls_to: Level

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.standing = Standing(aggregate.standing.level, self.since, self.falls_to)


class RiskEased(Event):
    """The item is less short; `level` is what remains of the risk, empty for nothing."""

    TOPIC = "replenishment.risk-eased"

    reason: str
    level: Level = ""

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.standing = Standing(self.level)
        if not self.level:
            aggregate.refused = None


class ReorderPrepared(Event):
    """How many units to order, and the terms of the sum behind it. Again for the same order: the sum is another now."""

    TOPIC = "replenishment.reorder-prepared"

    reorder_id: str
    quantity: int
    terms: Terms
    delivery: str = "standard"
    rule: str = ""
    turns: str = ""
    evidence: str = "sales"
    cost: Money | None = None
    lead_time_hours: int = 0

    def apply(self, aggregate: Replenishment) -> None:
        if self.reorder_id not in aggregate.reorders:
            aggregate.prepared += 1
        aggregate.reorders[self.reorder_id] = Reorder(
            self.quantity,
            "prepared",
            delivery=self.delivery,
            cost=self.cost,
            lead_time_hours=self.lead_time_hours,
            evidence=self.evidence,
        )


class ReorderAsked(Event):
    """A person decides about the order, and can usefully do so until then."""

    TOPIC = "replenishment.reorder-asked"

    reorder_id: str
    quantity: int
    reason: str
    useful_until: datetime
    limit_reached: bool = False

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.change(self.reorder_id, useful_until=self.useful_until)


class ReorderPressed(Event):
    """Nobody answered yet, and soon the order is no use any more."""

    TOPIC = "replenishment.reorder-pressed"

    reorder_id: str
    useful_until: datetime

    def apply(self, aggregate: Replenishment) -> None:
        """What is pressed waits on."""


class ReorderLapsed(Event):
    """Nobody answered in time: it is not ordered. Silence approves nothing, and is no lasting no."""

    TOPIC = "replenishment.reorder-lapsed"

    reorder_id: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.refuse(self.reorder_id, self.timestamp + QUIET_FOR)


class ReorderApproved(Event):
    """A person lets the order be placed."""

    TOPIC = "replenishment.reorder-approved"

    reorder_id: str
    operator: str

    def apply(self, aggregate: Replenishment) -> None:
        """The placing follows."""


class ReorderDeclined(Event):
    """A person will not have the order: nothing more is asked until the risk was eased, or rose."""

    TOPIC = "replenishment.reorder-declined"

    reorder_id: str
    reason: str
    operator: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.refuse(self.reorder_id)


class ReorderPlaced(Event):
    """The order goes to the supplier."""

    TOPIC = "replenishment.reorder-placed"

    reorder_id: str
    quantity: int
    shop: str = ""
    delivery: str = "standard"
    cost: Money | None = None
    item: str = ""
    limit: str = ""

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.expect(self.reorder_id, self.timestamp)
        if self.cost is not None:
            aggregate.note_bought(Bought(self.timestamp, self.cost))


class SpeedUpAsked(Event):
    """The stock would end before the order comes: the supplier is asked to send it express."""

    TOPIC = "replenishment.speed-up-asked"

    reorder_id: str
    shop: str
    due_at: datetime
    surcharge: Money | None

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.change(self.reorder_id, delivery="express", hoped_at=self.due_at)
        if self.surcharge is not None:
            aggregate.note_bought(Bought(self.timestamp, self.surcharge))


class SpeedUpRefused(Event):
    """The supplier will not send the order faster."""

    TOPIC = "replenishment.speed-up-refused"

    reorder_id: str
    reason: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.change(self.reorder_id, hoped_at=None)


class ReorderConfirmed(Event):
    """The supplier will deliver `quantity` units that have not come yet."""

    TOPIC = "replenishment.reorder-confirmed"

    reorder_id: str
    quantity: int
    due_at: datetime | None
    supplier_reference: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.change(self.reorder_id, state="confirmed", due_at=self.due_at, hoped_at=None)


class ReorderDelayed(Event):
    """The supplier will deliver later than it said, or says no longer when."""

    TOPIC = "replenishment.reorder-delayed"

    reorder_id: str
    quantity: int
    due_at: datetime | None
    was_due_at: datetime
    supplier_reference: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.change(self.reorder_id, state="confirmed", due_at=self.due_at, hoped_at=None)


class ReorderOverdue(Event):
    """Two days after its date the order has not come: nothing is reckoned on it any more."""

    TOPIC = "replenishment.reorder-overdue"

    reorder_id: str
    quantity: int
    due_at: datetime

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.change(self.reorder_id, state="overdue")


class ReorderParked(Event):
    """Whether the supplier has the order cannot be learnt without a person; its units count as on order."""

    TOPIC = "replenishment.reorder-parked"

    reorder_id: str
    reason: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.change(self.reorder_id, state="parked")


class ReorderRefused(Event):
    """The supplier will not have it: nothing more is ordered for a day, unless the risk was eased, or rose."""

    TOPIC = "replenishment.reorder-refused"

    reorder_id: str
    reason: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.refuse(self.reorder_id, self.timestamp + QUIET_FOR)


class ReorderCancelled(Event):
    """What has not come of the order will not come: the supplier cancelled it, or what it was asked for is over."""

    TOPIC = "replenishment.reorder-cancelled"

    reorder_id: str
    quantity: int
    reason: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.drop(self.reorder_id)


class ReorderReceived(Event):
    """Units of an order came in; `remaining` are still to come."""

    TOPIC = "replenishment.reorder-received"

    reorder_id: str
    quantity: int
    remaining: int
    reference: str
    due_at: datetime | None
    recorded_at: datetime | None = None

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.change(self.reorder_id, remaining=self.remaining)
        aggregate.note_receipt(self.reference, self.recorded_at)


class AlertAcknowledged(Event):
    """Somebody saw the alert of this kind that opened at this log position."""

    TOPIC = "replenishment.alert-acknowledged"

    kind: str
    opened_position: int
    by: str
    note: str

    def apply(self, aggregate: Replenishment) -> None:
        aggregate.acknowledged[self.kind] = self.opened_position
