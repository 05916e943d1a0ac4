"""Small events and effects to write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from aggregates.event_store import consumer_offsets
from aggregates.event_store.application import EventLog, open_event_log
from aggregates.event_store.connection import Connection
from aggregates.event_store.consumer_offsets import Advance, Place
from aggregates.event_store.recorder import Effects, Origin
from aggregates.stock_item import Known, StockItem, decide
from schemas.commands import RecordMovement
from schemas.topics import INVENTORY_COMMANDS

AGENT = "inventory.decide"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def a_receipt(item: UUID | None = None) -> list[Any]:
    """The events of a shelf's first receipt: it is opened, and it has three units."""
    command = RecordMovement(stock_item_id=item or uuid4(), kind="receipt", quantity=3, reference="R1", occurred_at=NOW)
    shelf = decide(None, command, Known(NOW))
    assert isinstance(shelf, StockItem)
    return list(shelf.collect_events())


class Store:
    """A log with one agent that stands at offset 0 of partitions 0 and 1."""

    def __init__(self, dsn: str, connection: Connection) -> None:
        self.log: EventLog = open_event_log(dsn)
        self.connection = connection
        for partition in range(2):
            consumer_offsets.begin(connection, AGENT, INVENTORY_COMMANDS, partition, 0)

    def put(
        self,
        events: list[Any],
        *advances: Advance,
        connection: Connection | None = None,
        effects: Effects | None = None,
    ) -> None:
        """Write events and a move of the offset row in one transaction."""
        self.log.events.put(
            events,
            connection=connection or self.connection,
            effects=effects or Effects(AGENT, INVENTORY_COMMANDS, advances),
            origins=[Origin("cause", "outside")] * len(events),
        )

    def place(self, partition: int = 0) -> Place:
        """Where the agent stands."""
        return consumer_offsets.places(self.connection, AGENT, INVENTORY_COMMANDS, [partition])[partition]

    def count(self, table: str) -> int:
        """How many rows a table has."""
        row = self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert row is not None
        return int(row[0])
