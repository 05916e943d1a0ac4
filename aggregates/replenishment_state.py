"""The buying side of one stock item, as its events made it."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate

from aggregates import replenishment_events
from aggregates.policies.buying import Arrival
from aggregates.policies.buying_limits import ITEM_DAYS
from aggregates.policies.stock_risk import LEVELS, Level, Standing
from aggregates.replenishment_orders import Bought, Refusal, Reorder
from schemas.values import Rates, SupplyTerms

NOBODY = UUID(int=0)
RECEIPTS_KEPT = 1_000
"""How many of the latest receipts are remembered, so that the same one counts once."""


class Replenishment(Aggregate):
    """What is done so that a stock item does not run out."""

    TOPIC = "replenishment"

    Event = replenishment_events.Event
    Created = replenishment_events.Opened
    Opened = replenishment_events.Opened
    SupplyDescribed = replenishment_events.SupplyDescribed
    RatesChanged = replenishment_events.RatesChanged
    RiskRaised = replenishment_events.RiskRaised
    RiskEscalated = replenishment_events.RiskEscalated
    RiskCalming = replenishment_events.RiskCalming
    RiskEased = replenishment_events.RiskEased
    ReorderPrepared = replenishment_events.ReorderPrepared
    ReorderAsked = replenishment_events.ReorderAsked
    ReorderPressed = replenishment_events.ReorderPressed
    ReorderLapsed = replenishment_events.ReorderLapsed
    ReorderApproved = replenishment_events.ReorderApproved
    ReorderDeclined = replenishment_events.ReorderDeclined
    ReorderPlaced = replenishment_events.ReorderPlaced
    SpeedUpAsked = replenishment_events.SpeedUpAsked
    SpeedUpRefused = replenishment_events.SpeedUpRefused
    ReorderConfirmed = replenishment_events.ReorderConfirmed
    ReorderDelayed = replenishment_events.ReorderDelayed
    ReorderOverdue = replenishment_events.ReorderOverdue
    ReorderParked = replenishment_events.ReorderParked
    ReorderRefused = replenishment_events.ReorderRefused
    ReorderCancelled = replenishment_events.ReorderCancelled
    ReorderReceived = replenishment_events.ReorderReceived
    AlertAcknowledged = replenishment_events.AlertAcknowledged

    def __init__(self) -> None:
        self.stock_item_id = NOBODY
        self.shop = ""
        self.item = ""
        self.terms: SupplyTerms | None = None
        self.rates: Rates | None = None
        self.standing = Standing()
        self.refused: Refusal | None = None
        self.prepared = 0
        self.reorders: dict[str, Reorder] = {}
        self.receipts: dict[str, None] = {}
        self.received_at: datetime | None = None
        self.bought: deque[Bought] = deque()
        self.acknowledged: dict[str, int] = {}

    @property
    def risk(self) -> Level:
        """How short the item is, empty for not at all."""
        return self.standing.level

    def is_refused(self, at: datetime, *, sales_prove_more: bool) -> bool:
        """
        Whether somebody said no at this level of risk, or at a higher one, and it holds still.

        A no to what sales did not prove does not hold against what they prove since.
        """
        refused = self.refused
        if refused is None or (sales_prove_more and refused.evidence != "sales"):
            return False
        if refused.until is not None and at >= refused.until:
            return False
        return LEVELS.index(self.risk) <= LEVELS.index(refused.level)

    def open_reorders(self) -> list[tuple[str, Reorder]]:
        """The orders of which units may still come, or that wait for a person, oldest first."""
        return list(self.reorders.items())

    def arrivals(self) -> tuple[Arrival, ...]:
        """What is on order and reckoned on."""
        return tuple(reorder.arrival for reorder in self.reorders.values() if reorder.is_counted)

    def asked(self) -> str | None:
        """The order that waits for a person; there is at most one."""
        return next((reorder_id for reorder_id, reorder in self.reorders.items() if reorder.is_asked), None)

    def spent(self, currency: str, at: datetime) -> Decimal:
        """What was spent on the item in the last 7 days, in one currency."""
        since = at - timedelta(days=ITEM_DAYS)
        return sum(
            (bought.cost.amount for bought in self.bought if bought.at > since and bought.cost.currency == currency),
            Decimal(0),
        )

    def change(self, reorder_id: str, **changes: Any) -> None:
        """Take over what changed about an order; one that came in whole is forgotten. Called by events alone."""
        reorder = self.reorders[reorder_id]._replace(**changes)
        self.reorders[reorder_id] = reorder
        if reorder.remaining <= 0:
            self.drop(reorder_id)

    def drop(self, reorder_id: str) -> None:
        """Forget an order that is done with. Called by events alone."""
        del self.reorders[reorder_id]

    def expect(self, reorder_id: str, placed_at: datetime) -> None:
        """An order was placed; its lead time begins. Called by events alone."""
        lead = timedelta(hours=self.reorders[reorder_id].lead_time_hours)
        expected_at = placed_at + lead if lead else None
        self.change(reorder_id, state="placed", useful_until=None, expected_at=expected_at)

    def refuse(self, reorder_id: str, until: datetime | None = None) -> None:
        """Somebody said no to an order, at this level of risk. Called by events alone."""
        self.refused = Refusal(self.risk or "MONITORING", self.reorders[reorder_id].evidence, until)
        self.drop(reorder_id)

    def note_bought(self, bought: Bought) -> None:
        """Remember what was spent for as long as it counts. Called by events alone."""
        self.bought.append(bought)
        while self.bought[0].at <= bought.at - timedelta(days=ITEM_DAYS):
            self.bought.popleft()

    def note_receipt(self, reference: str, recorded_at: datetime | None) -> None:
        """Remember a receipt: it counts once, and figures from before it say nothing. Called by events alone."""
        self.receipts[reference] = None
        if recorded_at is not None:
            self.received_at = max(recorded_at, self.received_at or recorded_at)
        if len(self.receipts) > RECEIPTS_KEPT:
            del self.receipts[next(iter(self.receipts))]
