"""What all events of a package share: their base, and the small values that they are made of."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from eventsourcing.domain import Aggregate

from schemas.values import Deadlines, Money, Need, Value

Stage = Literal["", "opened", "parked", "labelled", "printed", "packed", "handed over"]
"""How far a package is; empty in old events."""


class Event(Aggregate.Event):
    """Something that happened to a package."""


class Part(Value):
    """What a package holds of one order."""

    order_id: UUID
    contents: tuple[Need, ...]


class Share(Value):
    """One order's part of a package, with all that the package takes from it. `weight_grams` None: unknown."""

    order_id: UUID
    order_number: str
    contents: tuple[Need, ...]
    weight_grams: int | None
    value: Money | None
    deadlines: Deadlines
    priority: int

    @property
    def part(self) -> Part:
        """What of it is in the parcel."""
        return Part(order_id=self.order_id, contents=self.contents)
