"""
Carry out stock commands.

Reads: inventory.commands.v1, keyed by stock item.    Writes: StockItem events; relay.py makes them public.
Repeated: ignored, by log position, inbox or reference.    Bad: dead letter with the reason; what follows goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aggregates import stock_item, stock_item_snapshot
from aggregates.event_store.connection import Connection
from aggregates.event_store.item_weights import ItemWeight
from aggregates.event_store.listings import Listing, ListingKey
from aggregates.event_store.recorder import Effects
from aggregates.stock_item import Known, StockItem
from schemas import topics
from schemas.commands import Command
from streams.deciding import Decision, KnownOf
from streams.snapshotting import Form


def known(connection: Connection, commands: Sequence[Command], at: datetime) -> KnownOf:
    """A stock item knows all it needs; only the moment is given."""
    return lambda command: Known(at)


def also(item: StockItem, event: Any, effects: Effects) -> None:
    """
    Write what a listing is made of, so that orders placed from now on are split into its parts, and what a unit weighs,
    so that their packages know it.
    """
    if isinstance(event, StockItem.ListingMapped):
        key = ListingKey(event.marketplace, event.shop, event.sku_id)
        effects.listings.append(Listing(key, event.parts, event.mapped_at))
    elif isinstance(event, StockItem.Described) and event.weight_grams is not None:
        effects.item_weights.append(ItemWeight(item.id, event.weight_grams))


SNAPSHOTS = Form(
    stock_item_snapshot.FORM, stock_item_snapshot.to_bytes, stock_item_snapshot.from_bytes, stock_item_snapshot.size
)
DECISION = Decision("inventory.decide", topics.INVENTORY_COMMANDS, stock_item.decide, known, also, SNAPSHOTS)
