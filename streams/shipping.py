"""
Carry out package commands.

Reads: shipping.commands.v1, keyed by shipment.    Writes: Shipment events and calls to carriers; relay.py makes them
public.
Repeated: ignored, by log position, inbox or attempt.    Bad: dead letter with the reason; what follows goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aggregates import shipment
from aggregates.event_store.connection import Connection
from aggregates.shipment import Known
from schemas import topics
from schemas.commands import Command
from schemas.shipping import Tariff
from streams.deciding import Decision, KnownOf, nothing_also


def decision(tariffs: tuple[Tariff, ...]) -> Decision:
    """The decisions of packages, over the carriers' tariffs."""

    def known(connection: Connection, commands: Sequence[Command], at: datetime) -> KnownOf:
        return lambda command: Known(at, tariffs)

    return Decision("shipping.decide", topics.SHIPPING_COMMANDS, shipment.decide, known, nothing_also)
