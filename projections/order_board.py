"""
Where every order stands, why it waits, and how urgent it is: one row per order.

Reads: orders.events.v1.    Keyed by order.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec

from projections.published import Changes, Fold, HistoryMissing, Published, Row, fold_for
from schemas import events
from schemas.events import Event, PriorityPoint
from schemas.topics import ORDERS_EVENTS
from schemas.values import Deadlines, OrderLine

NAME = "order_board"
VERSION = 1
TOPICS = (ORDERS_EVENTS,)
KEY = ("order_id",)
COLUMNS = """
    order_id uuid PRIMARY KEY,
    marketplace text NOT NULL,
    shop text NOT NULL,
    number text NOT NULL,
    buyer text NOT NULL,
    content_id text NOT NULL,
    shipping_type text NOT NULL,
    marketplace_status text NOT NULL,
    fulfilment_state text NOT NULL,
    waits_for text NOT NULL,
    held_for text NOT NULL,
    score integer,
    level text NOT NULL,
    floor text NOT NULL,
    overridden_by text NOT NULL,
    points json NOT NULL,
    flags text[] NOT NULL,
    created_at timestamptz NOT NULL,
    paid_at timestamptz,
    updated_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    dispatch_by timestamptz,
    dispatch_by_assumed boolean NOT NULL,
    cancel_by timestamptz,
    deliver_by timestamptz,
    promised_at timestamptz,
    total numeric NOT NULL,
    currency text NOT NULL,
    lines json NOT NULL,
    skus text[] NOT NULL,
    needs json NOT NULL,
    packages json NOT NULL,
    carrier text NOT NULL,
    tracking_number text NOT NULL,
    address_complete boolean NOT NULL,
    dispatched_at timestamptz,
    delivered_at timestamptz,
    completed_at timestamptz,
    placed_position bigint NOT NULL,
    position bigint NOT NULL
"""
INDEXES = (
    "(placed_position)",
    "(fulfilment_state, placed_position)",
    "(shop, placed_position)",
    "(dispatch_by)",
    "USING gin (skus)",
)


class LineSummary(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line in short, with its share of the order's discount."""

    line_id: str
    sku_id: str
    seller_sku: str
    quantity: int
    discount: Decimal | None = None


class NeedState(msgspec.Struct, frozen=True):
    """Units that the order asks of one stock item, and whether it has them."""

    stock_item_id: UUID
    quantity: int
    state: Literal["asked", "reserved", "short", "stock unknown"]


class Package(msgspec.Struct, frozen=True):
    """One package that has its label; `pushed` once the marketplace knows."""

    shipment_id: UUID
    carrier: str
    tracking_number: str
    pushed: bool = False


class OrderRow(Row, frozen=True, kw_only=True):
    """
    One order on the board.

    `updated_at` is the marketplace's time, `changed_at` ours. `flags` are marks beside the two states:
    delayed, cancellation_requested, status_flagged, and what intake had to mend.
    """

    order_id: UUID
    marketplace: str
    shop: str
    number: str
    buyer: str
    content_id: str
    shipping_type: str
    marketplace_status: str
    fulfilment_state: str
    waits_for: str = ""
    held_for: str = ""
    score: int | None = None
    level: str = ""
    floor: str = ""
    overridden_by: str = ""
    points: tuple[PriorityPoint, ...] = ()
    flags: tuple[str, ...] = ()
    created_at: datetime
    paid_at: datetime | None = None
    updated_at: datetime
    changed_at: datetime
    dispatch_by: datetime | None = None
    dispatch_by_assumed: bool = False
    cancel_by: datetime | None = None
    deliver_by: datetime | None = None
    promised_at: datetime | None = None
    total: Decimal
    currency: str
    lines: tuple[LineSummary, ...]
    skus: tuple[str, ...]
    needs: tuple[NeedState, ...]
    packages: tuple[Package, ...] = ()
    carrier: str = ""
    tracking_number: str = ""
    address_complete: bool = True
    dispatched_at: datetime | None = None
    delivered_at: datetime | None = None
    completed_at: datetime | None = None
    placed_position: int


def keys(event: Event) -> tuple[UUID]:
    """The one row that an order's event touches."""
    return (event.order_id,)  # type: ignore[attr-defined]


def change(row: OrderRow | None, published: Published) -> OrderRow:
    """The row after one more event of its order. Raises `UnknownEvent` or `HistoryMissing`."""
    event = published.event
    if type(event) is events.OrderPlaced:
        after = _placed(event, published)
    else:
        fold = fold_for(FOLDS, event)
        if row is None:
            raise HistoryMissing(f"{published.id} {type(event).__name__}")
        changes = fold(row, event, published)
        after = msgspec.structs.replace(row, **changes, changed_at=published.occurred_at, position=published.position)
    waits_for = _waits_for(after)
    return after if waits_for == after.waits_for else msgspec.structs.replace(after, waits_for=waits_for)


def search_terms(sku: str) -> tuple[str, str]:
    """What a SKU is found by: its id to the digit, or the seller's label trimmed and without case."""
    return sku, sku.strip().lower()


def _placed(event: events.OrderPlaced, published: Published) -> OrderRow:
    skus = {line.sku_id for line in event.lines} | {line.seller_sku.strip().lower() for line in event.lines}
    return OrderRow(
        order_id=event.order_id,
        marketplace=event.marketplace,
        shop=event.shop,
        number=event.number,
        buyer=event.buyer,
        content_id=event.content_id,
        shipping_type=event.shipping_type,
        marketplace_status=event.marketplace_status,
        fulfilment_state=event.fulfilment_state,
        flags=event.flags,
        created_at=event.created_at,
        paid_at=event.paid_at,
        updated_at=event.updated_at,
        changed_at=published.occurred_at,
        total=event.total.amount,
        currency=event.total.currency,
        lines=tuple(_summary(line) for line in event.lines),
        skus=tuple(sorted(skus - {""})),
        needs=tuple(NeedState(need.stock_item_id, need.quantity, "asked") for need in event.needs),
        address_complete=event.address is not None and event.address.complete,
        placed_position=published.position,
        position=published.position,
        dispatch_by=event.deadlines.dispatch_by,
        dispatch_by_assumed=event.deadlines.dispatch_by_assumed,
        cancel_by=event.deadlines.cancel_by,
        deliver_by=event.deadlines.deliver_by,
    )


def _summary(line: OrderLine) -> LineSummary:
    discount = None if line.discount is None else line.discount.amount
    return LineSummary(line.line_id, line.sku_id, line.seller_sku, line.quantity, discount)


def _status_advanced(row: OrderRow, event: events.OrderStatusAdvanced, _: Published) -> Changes:
    changes: Changes = {
        "marketplace_status": event.marketplace_status,
        "updated_at": event.updated_at,
        "fulfilment_state": event.fulfilment_state,
        "created_at": event.created_at or row.created_at,
        "paid_at": event.paid_at or row.paid_at,
        "flags": _without(row.flags, "status_flagged"),
    }
    if event.deadlines is not None:
        changes |= _clocks(event.deadlines)
    if event.address is not None:
        changes["address_complete"] = event.address.complete
    return changes


def _clocks(deadlines: Deadlines) -> Changes:
    return {
        "dispatch_by": deadlines.dispatch_by,
        "dispatch_by_assumed": deadlines.dispatch_by_assumed,
        "cancel_by": deadlines.cancel_by,
        "deliver_by": deadlines.deliver_by,
    }


def _superseded(row: OrderRow, event: events.OrderUpdateSuperseded, _: Published) -> Changes:
    return {"created_at": event.created_at or row.created_at}


def _status_flagged(row: OrderRow, _event: events.OrderStatusFlagged, _: Published) -> Changes:
    return {"flags": _with(row.flags, "status_flagged")}


def _classified(_row: OrderRow, event: events.OrderClassified, _: Published) -> Changes:
    return {
        "score": event.score,
        "level": event.level,
        "points": event.points,
        "floor": event.floor,
        "overridden_by": event.overridden_by,
    }


def _held(_row: OrderRow, event: events.OrderHeld, _: Published) -> Changes:
    return {"fulfilment_state": "HELD", "held_for": event.reason}


def _released(_row: OrderRow, event: events.OrderReleased, _: Published) -> Changes:
    return {"fulfilment_state": event.fulfilment_state, "held_for": ""}


def _cancellation_requested(row: OrderRow, _event: events.OrderCancellationRequested, _: Published) -> Changes:
    return {"flags": _with(row.flags, "cancellation_requested")}


def _cancelled(row: OrderRow, _event: events.OrderCancelled, _: Published) -> Changes:
    return {
        "fulfilment_state": "CANCELLED",
        "held_for": "",
        "promised_at": None,
        "flags": _without(_without(row.flags, "cancellation_requested"), "delayed"),
    }


def _stock_reserved(row: OrderRow, event: events.OrderStockReserved, _: Published) -> Changes:
    return {
        "fulfilment_state": event.fulfilment_state or row.fulfilment_state,
        "needs": _need(row, NeedState(event.stock_item_id, event.quantity, "reserved")),
    }


def _backordered(row: OrderRow, event: events.OrderBackordered, _: Published) -> Changes:
    state: Literal["short", "stock unknown"] = "stock unknown" if event.stock_unknown else "short"
    return {
        "fulfilment_state": event.fulfilment_state or "BACKORDERED",
        "needs": _need(row, NeedState(event.stock_item_id, event.quantity, state)),
    }


def _delayed(row: OrderRow, event: events.OrderDelayed, _: Published) -> Changes:
    return {"promised_at": event.promised_at, "flags": _with(row.flags, "delayed")}


def _ready(row: OrderRow, _event: events.OrderReadyToShip, _: Published) -> Changes:
    return {"fulfilment_state": "READY", "promised_at": None, "flags": _without(row.flags, "delayed")}


def _labelled(row: OrderRow, event: events.OrderLabelled, _: Published) -> Changes:
    others = tuple(package for package in row.packages if package.shipment_id != event.shipment_id)
    return {
        "fulfilment_state": event.fulfilment_state or "LABELLED",
        "packages": (*others, Package(event.shipment_id, event.carrier, event.tracking_number)),
        "carrier": event.carrier,
        "tracking_number": event.tracking_number,
    }


def _fulfilled(_row: OrderRow, _event: events.OrderFulfilled, _: Published) -> Changes:
    return {"fulfilment_state": "FULFILLED"}


def _pushed(row: OrderRow, event: events.OrderFulfilmentPushed, _: Published) -> Changes:
    return {
        "packages": tuple(
            msgspec.structs.replace(package, pushed=package.pushed or package.shipment_id == event.shipment_id)
            for package in row.packages
        )
    }


def _dispatched(_row: OrderRow, event: events.OrderDispatched, _: Published) -> Changes:
    return {"dispatched_at": event.occurred_at}


def _delivered(_row: OrderRow, event: events.OrderDelivered, _: Published) -> Changes:
    return {"delivered_at": event.occurred_at}


def _completed(_row: OrderRow, event: events.OrderCompleted, _: Published) -> Changes:
    return {"completed_at": event.occurred_at}


FOLDS: dict[type[Event], Fold] = {
    events.OrderStatusAdvanced: _status_advanced,
    events.OrderUpdateSuperseded: _superseded,
    events.OrderStatusFlagged: _status_flagged,
    events.OrderClassified: _classified,
    events.OrderHeld: _held,
    events.OrderReleased: _released,
    events.OrderCancellationRequested: _cancellation_requested,
    events.OrderCancelled: _cancelled,
    events.OrderStockReserved: _stock_reserved,
    events.OrderBackordered: _backordered,
    events.OrderDelayed: _delayed,
    events.OrderReadyToShip: _ready,
    events.OrderLabelled: _labelled,
    events.OrderFulfilled: _fulfilled,
    events.OrderFulfilmentPushed: _pushed,
    events.OrderDispatched: _dispatched,
    events.OrderDelivered: _delivered,
    events.OrderCompleted: _completed,
}
"""What each event of an order, but the first one, does to its row."""


def _waits_for(row: OrderRow) -> str:
    if "cancellation_requested" in row.flags:
        return "a person: its cancellation met a bought label"
    if row.fulfilment_state == "HELD":
        return f"a person: {row.held_for}"
    if row.fulfilment_state == "WAITING":
        return _waits_for_marketplace(row)
    if row.fulfilment_state == "BACKORDERED":
        return _waits_for_stock(row)
    if row.fulfilment_state == "FULFILLED":
        return _waits_for_carrier(row)
    return _WAITS_FOR.get(row.fulfilment_state, "")


_WAITS_FOR = {
    "RECEIVED": "its priority",
    "RESERVING": "its stock to be reserved",
    "READY": "its label",
    "LABELLED": "the labels of its other packages",
}


def _waits_for_marketplace(row: OrderRow) -> str:
    if row.marketplace_status == "UNPAID":
        return "payment"
    if row.marketplace_status == "ON_HOLD":
        return "the marketplace to let it go"
    return "the marketplace" if row.address_complete else "its address"


def _waits_for_stock(row: OrderRow) -> str:
    if any(need.state == "stock unknown" for need in row.needs):
        return "a first count of its stock"
    if row.promised_at is not None:
        return f"stock that is due on {row.promised_at:%Y-%m-%d}"
    return "stock that is not on order"


def _waits_for_carrier(row: OrderRow) -> str:
    if row.completed_at or row.delivered_at:
        return ""
    if row.dispatched_at:
        return "delivery"
    return (
        "hand-over"
        if all(package.pushed for package in row.packages)
        else "the marketplace to take its tracking number"
    )


def _need(row: OrderRow, need: NeedState) -> tuple[NeedState, ...]:
    others = tuple(each for each in row.needs if each.stock_item_id != need.stock_item_id)
    return (*others, need)


def _with(flags: tuple[str, ...], flag: str) -> tuple[str, ...]:
    return flags if flag in flags else (*flags, flag)


def _without(flags: tuple[str, ...], flag: str) -> tuple[str, ...]:
    return tuple(each for each in flags if each != flag)
