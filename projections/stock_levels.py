"""
How many units of each stock item are there, reserved, owed and on order: one row per stock item.

Reads: inventory.events.v1.    Keyed by stock item.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from projections.published import Changes, Fold, HistoryMissing, Published, Row, fold_for, nothing
from schemas import events
from schemas.events import Event
from schemas.topics import INVENTORY_EVENTS
from schemas.values import Need, SupplyTerms

NAME = "stock_levels"
VERSION = 3
TOPICS = (INVENTORY_EVENTS,)
KEY = ("stock_item_id",)
COLUMNS = """
    stock_item_id uuid PRIMARY KEY,
    marketplace text NOT NULL,
    shop text NOT NULL,
    sku_id text NOT NULL,
    seller_sku text NOT NULL,
    weight_grams integer,
    supply json,
    known boolean NOT NULL,
    on_hand bigint NOT NULL,
    reserved bigint NOT NULL,
    available bigint,
    missing bigint NOT NULL,
    printed bigint NOT NULL,
    packed bigint NOT NULL,
    backordered bigint NOT NULL,
    on_order bigint NOT NULL,
    next_supply_at timestamptz,
    supplies json NOT NULL,
    listings json NOT NULL,
    counted_at timestamptz,
    changed_at timestamptz NOT NULL,
    opened_position bigint NOT NULL,
    position bigint NOT NULL
"""
INDEXES = ("(opened_position)", "(shop, opened_position)")


class Supply(msgspec.Struct, frozen=True):
    """Units that are on order, and when they are due."""

    reorder_id: str
    quantity: int
    due_at: datetime | None = None


class MappedListing(msgspec.Struct, frozen=True):
    """A listing that is sold from this shelf, and all its parts, units per unit sold."""

    marketplace: str
    shop: str
    sku_id: str
    parts: tuple[Need, ...]


class StockRow(Row, frozen=True, kw_only=True):
    """
    One stock item.

    `known` is false until its first count or receipt; `available` is None until then. `missing` is what is
    reserved and is not there. `printed` and `packed` units are in packages that have not left. `listings` are those
    whose first part this is; a listing that nobody mapped is one unit of its own item.
    """

    stock_item_id: UUID
    marketplace: str = ""
    shop: str = ""
    sku_id: str = ""
    seller_sku: str = ""
    weight_grams: int | None = None
    supply: SupplyTerms | None = None
    known: bool = False
    on_hand: int = 0
    reserved: int = 0
    available: int | None = None
    missing: int = 0
    printed: int = 0
    packed: int = 0
    backordered: int = 0
    on_order: int = 0
    next_supply_at: datetime | None = None
    supplies: tuple[Supply, ...] = ()
    listings: tuple[MappedListing, ...] = ()
    counted_at: datetime | None = None
    changed_at: datetime
    opened_position: int


class Figures(Protocol):
    """What every stock event says of the item after it."""

    @property
    def on_hand(self) -> int: ...
    @property
    def reserved(self) -> int: ...
    @property
    def backordered(self) -> int: ...


def keys(event: Event) -> tuple[UUID]:
    """The one row that a stock item's event touches."""
    return (event.stock_item_id,)  # type: ignore[attr-defined]


def change(row: StockRow | None, published: Published) -> StockRow:
    """The row after one more event of its stock item. Raises `UnknownEvent` or `HistoryMissing`."""
    event = published.event
    if type(event) is events.StockItemOpened:
        return StockRow(
            stock_item_id=event.stock_item_id,
            changed_at=published.occurred_at,
            opened_position=published.position,
            position=published.position,
        )
    fold = fold_for(FOLDS, event)
    if row is None:
        raise HistoryMissing(f"{published.id} {type(event).__name__}")
    changes = fold(row, event, published)
    return msgspec.structs.replace(row, **changes, changed_at=published.occurred_at, position=published.position)


def _described(_row: StockRow, event: events.StockItemDescribed, _: Published) -> Changes:
    return {
        "marketplace": event.marketplace,
        "shop": event.shop,
        "sku_id": event.sku_id,
        "seller_sku": event.seller_sku,
        "weight_grams": event.weight_grams,
        "supply": event.supply,
    }


def _listing_mapped(row: StockRow, event: events.ListingMapped, _: Published) -> Changes:
    name = (event.marketplace, event.shop, event.sku_id)
    others = tuple(each for each in row.listings if (each.marketplace, each.shop, each.sku_id) != name)
    return {"listings": (*others, MappedListing(*name, event.parts))}


def _moved(row: StockRow, event: Figures, _: Published) -> Changes:
    return _figures(event, known=row.known)


def _received(_row: StockRow, event: events.StockReceived, _: Published) -> Changes:
    return _figures(event, known=True)


def _counted(_row: StockRow, event: events.StockCounted, _: Published) -> Changes:
    return {**_figures(event, known=True), "counted_at": event.counted_at}


def _packaged(
    row: StockRow, event: events.StockPackaged | events.StockHandedOver | events.StockPutBack, _: Published
) -> Changes:
    return {**_figures(event, known=row.known), "printed": event.printed, "packed": event.packed}


def _figures(event: Figures, *, known: bool) -> Changes:
    free = event.on_hand - event.reserved
    return {
        "known": known,
        "on_hand": event.on_hand,
        "reserved": event.reserved,
        "available": max(free, 0) if known else None,
        "missing": max(-free, 0) if known else 0,
        "backordered": event.backordered,
    }


def _supply_expected(row: StockRow, event: events.SupplyExpected, _: Published) -> Changes:
    others = tuple(supply for supply in row.supplies if supply.reorder_id != event.reorder_id)
    stands = (Supply(event.reorder_id, event.quantity, event.due_at),) if event.quantity > 0 else ()
    supplies = (*others, *stands)
    return {
        "supplies": supplies,
        "on_order": sum(supply.quantity for supply in supplies),
        "next_supply_at": min((supply.due_at for supply in supplies if supply.due_at), default=None),
    }


FOLDS: dict[type[Event], Fold] = {
    events.StockItemDescribed: _described,
    events.ListingMapped: _listing_mapped,
    events.StockReceived: _received,
    events.StockCounted: _counted,
    events.StockCorrected: _moved,
    events.StockReserved: _moved,
    events.StockShortageRecorded: _moved,
    events.DemandRecorded: nothing,
    events.StockReservationReleased: _moved,
    events.StockReservationShortened: _moved,
    events.PickShortageFound: _moved,
    events.BackorderFilled: _moved,
    events.StockPackaged: _packaged,
    events.StockHandedOver: _packaged,
    events.StockPutBack: _packaged,
    events.StockReturned: _moved,
    events.StockWrittenOff: _moved,
    events.StockDepleted: nothing,
    events.SupplyExpected: _supply_expected,
    events.StockAlertAcknowledged: nothing,
}
"""What each event of a stock item, but the first one, does to its row."""
