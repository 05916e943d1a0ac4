"""
Carry out buying commands.

Reads: replenishment.commands.v1, keyed by stock item.    Writes: Replenishment events and calls to suppliers.
Repeated: ignored, by log position, inbox or reference.    Bad: dead letter with the reason; what follows goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aggregates import replenishment
from aggregates.event_store.connection import Connection
from aggregates.replenishment import Known
from schemas import topics
from schemas.commands import Command
from streams.deciding import Decision, KnownOf, nothing_also


def decision(lead_time_hours: int) -> Decision:
    """The decisions of buying. The normal rate comes with the windows; until then it is unknown."""

    def known(connection: Connection, commands: Sequence[Command], at: datetime) -> KnownOf:
        return lambda command: Known(at, lead_time_hours, None)

    return Decision("replenishment.decide", topics.REPLENISHMENT_COMMANDS, replenishment.decide, known, nothing_also)
