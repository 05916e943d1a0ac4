"""A person saw an alert: what all four aggregates note of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from schemas.commands import (
    AcknowledgeOrderAlert,
    AcknowledgeReplenishmentAlert,
    AcknowledgeShipmentAlert,
    AcknowledgeStockAlert,
)

Acknowledge = AcknowledgeOrderAlert | AcknowledgeStockAlert | AcknowledgeShipmentAlert | AcknowledgeReplenishmentAlert


class Acknowledging(Protocol):
    """What alerts may be about. `acknowledged`: where the opening lies that was seen last, by kind."""

    AlertAcknowledged: Any
    acknowledged: dict[str, int]

    def trigger_event(self, event_class: Any, **fields: Any) -> None:
        """Record an event."""


def acknowledge(aggregate: Acknowledging, command: Acknowledge, at: datetime, **beside: Any) -> None:
    """
    Note who saw an alert. It stays open until its cause ends, and whether it is open only its read model knows.

    Refused: nothing where a later opening was seen. Repeated: nothing for the same opening, whoever saw it then.
    """
    if aggregate.acknowledged.get(command.kind, 0) >= command.opened_position:
        return
    aggregate.trigger_event(
        aggregate.AlertAcknowledged,
        timestamp=at,
        kind=command.kind,
        opened_position=command.opened_position,
        by=command.by,
        note=command.note,
        **beside,
    )
