"""What a buying side remembers of one order to the supplier, and of what it spent."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from aggregates.policies.buying import Arrival
from aggregates.policies.stock_risk import Level
from schemas.values import Money


class Reorder(NamedTuple):
    """
    One order to the supplier: how much of it is still to come, how it stands, and when it is due.

    `useful_until` is set while a person is asked. `hoped_at` is when it would come if the supplier speeds it up,
    `expected_at` when it should by its lead time, until the supplier names a date.
    """

    remaining: int
    state: Literal["prepared", "placed", "confirmed", "parked", "overdue"]
    due_at: datetime | None = None
    delivery: str = "standard"
    cost: Money | None = None
    useful_until: datetime | None = None
    hoped_at: datetime | None = None
    expected_at: datetime | None = None
    lead_time_hours: int = 0
    evidence: str = "sales"

    @property
    def is_asked(self) -> bool:
        """Whether it waits for a person."""
        return self.state == "prepared"

    @property
    def is_counted(self) -> bool:
        """Whether its units are reckoned on; those of an overdue order may still come."""
        return self.state not in {"prepared", "overdue"}

    @property
    def arrival(self) -> Arrival:
        """Its units, and when they are reckoned to come."""
        return Arrival(self.hoped_at or self.due_at or self.expected_at, self.remaining)


class Refusal(NamedTuple):
    """
    Somebody said no to an order: at which level of risk, and by what evidence it was wanted.

    `until` is when it ends by itself; None for a person's no, which does not.
    """

    level: Level
    evidence: str
    until: datetime | None = None


class Bought(NamedTuple):
    """What was spent, and when."""

    at: datetime
    cost: Money
