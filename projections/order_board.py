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

from projections import order_parcels, order_waiting
from projections.order_marks import (
    Package,
    goods_inspected,
    marked,
    return_advanced,
    return_opened,
    still_open,
    stopped,
    with_mark,
    with_marks,
    without,
)
from projections.order_units import LineSummary, NeedState, summary_of, with_need
from projections.published import Changes, Fold, HistoryMissing, Published, Row, fold_for, nothing
from schemas import events
from schemas.events import Event, PriorityPoint
from schemas.topics import ORDERS_EVENTS
from schemas.values import Deadlines

NAME = "order_board"
VERSION = 2
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
    hopeless boolean NOT NULL,
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
    "(placed_position) WHERE hopeless",
    "USING gin (skus)",
)


class OrderRow(Row, frozen=True, kw_only=True):
    """
    One order on the board.

    `updated_at` is the marketplace's time, `changed_at` ours. `flags` are marks beside the two states: delayed,
    cancellation_requested, status_flagged, refunded, return_opened, address_missing, cancelled_after_hand_over,
    partly_shipped, partly_delivered, partly_returned, returned, and what intake had to mend. `hopeless`: its stock is
    not promised before it would be cancelled.
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
    hopeless: bool = False
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


def change(row: OrderRow | None, published: Published) -> OrderRow | None:
    """The row after one more event of its order, None before it was seen. Raises `UnknownEvent` or `HistoryMissing`."""
    event = published.event
    if type(event) is events.OrderPlaced:
        after = _placed(event, published)
    elif type(event) is events.OrderMissing or (row is None and type(event) is events.OrderAlertAcknowledged):
        return row
    else:
        fold = fold_for(FOLDS, event)
        if row is None:
            raise HistoryMissing(f"{published.id} {type(event).__name__}")
        changes = fold(row, event, published)
        after = msgspec.structs.replace(row, **changes, changed_at=published.occurred_at, position=published.position)
    waits_for, flags, hopeless = (
        order_waiting.waits_for(after),
        marked(after.flags, after.packages),
        _is_hopeless(after),
    )
    if (waits_for, flags, hopeless) == (after.waits_for, after.flags, after.hopeless):
        return after
    return msgspec.structs.replace(after, waits_for=waits_for, flags=flags, hopeless=hopeless)


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
        lines=tuple(summary_of(line) for line in event.lines),
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


def _status_advanced(row: OrderRow, event: events.OrderStatusAdvanced, _: Published) -> Changes:
    changes: Changes = {
        "marketplace_status": event.marketplace_status,
        "updated_at": event.updated_at,
        "fulfilment_state": event.fulfilment_state,
        "created_at": event.created_at or row.created_at,
        "paid_at": event.paid_at or row.paid_at,
        "flags": without(row.flags, "status_flagged"),
    }
    if event.deadlines is not None:
        changes |= _clocks(event.deadlines)
    if event.address is not None:
        changes["address_complete"] = event.address.complete
        if event.address.complete:
            changes["flags"] = without(without(row.flags, "status_flagged"), "address_missing")
    return changes


def _clocks(deadlines: Deadlines) -> Changes:
    return {
        "dispatch_by": deadlines.dispatch_by,
        "dispatch_by_assumed": deadlines.dispatch_by_assumed,
        "cancel_by": deadlines.cancel_by,
        "deliver_by": deadlines.deliver_by,
    }


def _address_changed(row: OrderRow, event: events.OrderAddressChanged, _: Published) -> Changes:
    return {
        "address_complete": event.address.complete,
        "fulfilment_state": event.fulfilment_state or row.fulfilment_state,
        "flags": with_marks(without(row.flags, "address_missing"), event.flags),
        "packages": stopped(still_open(row.packages, event.closed), event.stopped),
    }


def _address_missing(row: OrderRow, _event: events.OrderAddressMissing, _: Published) -> Changes:
    return {"flags": with_mark(row.flags, "address_missing")}


def _superseded(row: OrderRow, event: events.OrderUpdateSuperseded, _: Published) -> Changes:
    return {"created_at": event.created_at or row.created_at}


def _status_flagged(row: OrderRow, _event: events.OrderStatusFlagged, _: Published) -> Changes:
    return {"flags": with_mark(row.flags, "status_flagged")}


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


def _cancellation_requested(row: OrderRow, event: events.OrderCancellationRequested, _: Published) -> Changes:
    return {
        "flags": with_mark(row.flags, "cancellation_requested"),
        "fulfilment_state": event.fulfilment_state or row.fulfilment_state,
    }


def _cancellation_settled(
    row: OrderRow, event: events.OrderCancellationAnswered | events.OrderCancellationWithdrawn, _: Published
) -> Changes:
    return {
        "flags": without(row.flags, "cancellation_requested"),
        "fulfilment_state": event.fulfilment_state or row.fulfilment_state,
    }


def _line_cancelled(row: OrderRow, event: events.OrderLineCancelled, _: Published) -> Changes:
    less = {unit.line_id: unit.quantity for unit in event.lines}
    released = {need.stock_item_id: need.quantity for need in event.release}
    lines = (
        msgspec.structs.replace(line, quantity=max(line.quantity - less.get(line.line_id, 0), 0)) for line in row.lines
    )
    needs = (
        msgspec.structs.replace(need, quantity=need.quantity - released.get(need.stock_item_id, 0))
        for need in row.needs
    )
    return {
        "fulfilment_state": event.fulfilment_state or row.fulfilment_state,
        "lines": tuple(lines),
        "needs": tuple(need for need in needs if need.quantity > 0),
        "packages": stopped(still_open(row.packages, event.closed), event.stopped),
    }


def _cancelled(row: OrderRow, event: events.OrderCancelled, _: Published) -> Changes:
    flags = without(without(row.flags, "cancellation_requested"), "delayed")
    return {
        "fulfilment_state": "CANCELLED",
        "held_for": "",
        "promised_at": None,
        "flags": with_mark(flags, "cancelled_after_hand_over") if event.handed_over else flags,
    }


def _refunded(row: OrderRow, _event: events.OrderRefunded, _: Published) -> Changes:
    return {"flags": with_mark(row.flags, "refunded")}


def _stock_reserved(row: OrderRow, event: events.OrderStockReserved, _: Published) -> Changes:
    return {
        "fulfilment_state": event.fulfilment_state or row.fulfilment_state,
        "needs": with_need(row.needs, NeedState(event.stock_item_id, event.quantity, "reserved")),
    }


def _backordered(row: OrderRow, event: events.OrderBackordered, _: Published) -> Changes:
    state: Literal["short", "stock unknown"] = "stock unknown" if event.stock_unknown else "short"
    return {
        "fulfilment_state": event.fulfilment_state or "BACKORDERED",
        "needs": with_need(row.needs, NeedState(event.stock_item_id, event.quantity, state)),
        "packages": still_open(row.packages, event.closed),
        **({} if event.promised_at is not None else {"promised_at": None, "flags": without(row.flags, "delayed")}),
    }


def _hold_expired(row: OrderRow, event: events.OrderHoldExpired, _: Published) -> Changes:
    return {
        "fulfilment_state": event.fulfilment_state,
        "promised_at": None,
        "flags": without(row.flags, "delayed"),
        "needs": tuple(msgspec.structs.replace(need, state="given back") for need in row.needs),
    }


def _given_back(row: OrderRow, event: events.OrderReservationsGivenBack, _: Published) -> Changes:
    given = {need.stock_item_id for need in event.release}
    return {
        "needs": tuple(
            msgspec.structs.replace(need, state="given back") if need.stock_item_id in given else need
            for need in row.needs
        )
    }


def _delayed(row: OrderRow, event: events.OrderDelayed, _: Published) -> Changes:
    return {"promised_at": event.promised_at, "flags": with_mark(row.flags, "delayed")}


def _completed(_row: OrderRow, event: events.OrderCompleted, _: Published) -> Changes:
    return {"completed_at": event.occurred_at}


FOLDS: dict[type[Event], Fold] = {
    events.OrderStatusAdvanced: _status_advanced,
    events.OrderUpdateSuperseded: _superseded,
    events.OrderAddressChanged: _address_changed,
    events.OrderAddressMissing: _address_missing,
    events.OrderStatusFlagged: _status_flagged,
    events.OrderClassified: _classified,
    events.OrderHeld: _held,
    events.OrderReleased: _released,
    events.OrderCancellationRequested: _cancellation_requested,
    events.OrderCancellationAnswered: _cancellation_settled,
    events.OrderCancellationWithdrawn: _cancellation_settled,
    events.OrderCancellationDue: nothing,
    events.OrderLineCancelled: _line_cancelled,
    events.OrderCancelled: _cancelled,
    events.OrderRefunded: _refunded,
    events.OrderReturnOpened: return_opened,
    events.OrderReturnAdvanced: return_advanced,
    events.OrderGoodsInspected: goods_inspected,
    events.OrderAlertAcknowledged: nothing,
    events.OrderRequestRefused: nothing,
    events.OrderStockReserved: _stock_reserved,
    events.OrderBackordered: _backordered,
    events.OrderHoldExpired: _hold_expired,
    events.OrderReservationsGivenBack: _given_back,
    events.OrderDelayed: _delayed,
    events.OrderCompleted: _completed,
    **order_parcels.FOLDS,
}
"""What each event of an order, but the first one, does to its row."""


def _is_hopeless(row: OrderRow) -> bool:
    if row.fulfilment_state != "BACKORDERED" or row.cancel_by is None:
        return False
    return row.promised_at is None or row.promised_at >= row.cancel_by
