"""
Carry out stock commands.

Reads: inventory.commands.v1, keyed by stock item.    Writes: StockItem events; relay.py makes them public.
Repeated: ignored, by log position, inbox or reference.    Bad: dead letter with the reason; what follows goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aggregates import stock_item
from aggregates.event_store.connection import Connection
from aggregates.stock_item import Known
from schemas import topics
from schemas.commands import Command
from streams.deciding import Decision, KnownOf, nothing_also


def known(connection: Connection, commands: Sequence[Command], at: datetime) -> KnownOf:
    """A stock item knows all it needs; only the moment is given."""
    return lambda command: Known(at)


DECISION = Decision("inventory.decide", topics.INVENTORY_COMMANDS, stock_item.decide, known, nothing_also)
