"""
A stock item: what is on the shelf, for whom it is held, and who waits for more.

`available = on_hand - reserved` and no reservation takes it below 0. What is unknown (never counted, never
received) is not 0: it reserves nothing and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from aggregates.acknowledging import acknowledge
from aggregates.policies.filling import Supply, promises
from aggregates.stock_item_holding import EVENTS_MAX, release_stock, reserve_stock, settle
from aggregates.stock_item_moving import record_count, record_movement, record_package
from aggregates.stock_item_state import Description, StockItem
from schemas import commands
from schemas.commands import Command

__all__ = ["EVENTS_MAX", "Known", "StockItem", "decide"]

PROMISES_MAX = 500


class Known(NamedTuple):
    """What a decision about stock may ask: the moment."""

    at: datetime


def decide(item: StockItem | None, command: Command, known: Known) -> StockItem | None:
    """The stock item with what the command brings about. Facts and reservations open an item that nobody saw."""
    if item is None:
        if not isinstance(command, OPENING):
            return None
        item = StockItem._create(StockItem.Opened, id=command.stock_item_id, timestamp=known.at)
    free_before = item.available
    HANDLERS[type(command)](item, command, known.at)
    if free_before > 0 and item.available == 0:
        item.trigger_event(StockItem.Depleted, timestamp=known.at, occurred_at=known.at)
    return item


def _fill_backorders(item: StockItem, command: commands.FillBackorders, at: datetime) -> None:
    """
    Go on filling, shortening or promising.

    Refused: nothing unless what it was set for is the latest of its kind. Repeated: nothing.
    """
    if command.set_for in (item.filling, item.shortening):
        settle(item, at)
    elif item.promising is not None and command.set_for == item.promising[0]:
        reorder_id = item.promising[1]
        _expect(item, reorder_id, *item.supplies.get(reorder_id, (0, None)), at)


def _describe(item: StockItem, command: commands.DescribeStockItem, at: datetime) -> None:
    """Say what the item is; what the command leaves out stays. Refused: never. Repeated: nothing."""
    known = item.description
    told = Description(
        command.marketplace or known.marketplace,
        command.shop or known.shop,
        command.sku_id or known.sku_id,
        command.seller_sku or known.seller_sku,
        known.weight_grams if command.weight_grams is None else command.weight_grams,
        known.supply if command.supply is None else command.supply,
    )
    if told != known:
        item.trigger_event(StockItem.Described, timestamp=at, **told._asdict())


def _map_listing(item: StockItem, command: commands.MapListing, at: datetime) -> None:
    """
    Say what a listing is made of, for orders placed from now on.

    Refused: nothing for a mapping older than the last one. Repeated: nothing.
    """
    latest = item.listings.get((command.marketplace, command.shop, command.sku_id))
    if latest is not None and command.mapped_at <= latest:
        return
    item.trigger_event(
        StockItem.ListingMapped,
        timestamp=at,
        marketplace=command.marketplace,
        shop=command.shop,
        sku_id=command.sku_id,
        parts=command.parts,
        mapped_at=command.mapped_at,
    )


def _record_demand(item: StockItem, command: commands.RecordDemand, at: datetime) -> None:
    """Note what a paid order asks apart from its reservation. Refused: never. Repeated: once per reference."""
    if ("demand", command.reference) in item.references:
        return
    item.trigger_event(
        StockItem.DemandRecorded,
        timestamp=at,
        order_id=command.order_id,
        quantity=command.quantity,
        reference=command.reference,
        paid_at=command.paid_at,
        buyer=command.buyer,
    )


def _record_supply(item: StockItem, command: commands.RecordSupply, at: datetime) -> None:
    """Note what is on order, and promise those who wait a date. Repeated: nothing."""
    told = (command.quantity, command.due_at)
    if item.supplies.get(command.reorder_id, (0, None)) != told:
        _expect(item, command.reorder_id, command.quantity, command.due_at, at)


def _expect(item: StockItem, reorder_id: str, quantity: int, due_at: datetime | None, at: datetime) -> None:
    supplies = {**item.supplies, reorder_id: (quantity, due_at)}
    dated = sorted((due, units) for units, due in supplies.values() if due is not None and units > 0)
    made, more = promises(item.queue, item.available, [Supply(units, due) for due, units in dated], at, PROMISES_MAX)
    item.trigger_event(
        StockItem.SupplyExpected,
        timestamp=at,
        reorder_id=reorder_id,
        quantity=quantity,
        due_at=due_at,
        promises=tuple(made),
        continues=more,
    )


OPENING = (
    commands.ReserveStock,
    commands.RecordDemand,
    commands.RecordMovement,
    commands.RecordCount,
    commands.DescribeStockItem,
    commands.MapListing,
)

HANDLERS: dict[type[Command], Callable[[StockItem, Any, datetime], None]] = {
    commands.ReserveStock: reserve_stock,
    commands.RecordDemand: _record_demand,
    commands.ReleaseStock: release_stock,
    commands.RecordMovement: record_movement,
    commands.RecordPackage: record_package,
    commands.RecordCount: record_count,
    commands.DescribeStockItem: _describe,
    commands.MapListing: _map_listing,
    commands.RecordSupply: _record_supply,
    commands.FillBackorders: _fill_backorders,
    commands.AcknowledgeStockAlert: acknowledge,
}
