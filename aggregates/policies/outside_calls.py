"""What a stored event asks of somebody outside, with its key, its urgency and how long it is worth trying."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from eventsourcing.domain import DomainEventProtocol

from aggregates import order_events, replenishment_events, shipment_events
from schemas.calls import (
    BuyLabelCall,
    Call,
    PlaceReorderCall,
    PushDelayCall,
    PushFulfilmentCall,
    ReadOrderCall,
    SpeedUpReorderCall,
    VoidLabelCall,
)

LEAST_TIME_TO_TRY = timedelta(hours=24)
"""A call whose deadline is nearer than this, or past, is still worth a day of trying."""

REORDER_PRIORITY = 50
EXPRESS_PRIORITY = 90
DELAY_PRIORITY = 50
VOID_PRIORITY = 100
"""Cancellations go first: a carrier takes a label back for a while only."""

READ_PRIORITY = 10
URGENT_READ_PRIORITY = VOID_PRIORITY
"""Reads go after all else, but for one that may free units or stop a parcel."""

READ_ORDER = "read-order:"
"""How the keys of reads begin: mostly no stored event asks for one, so a webhook answers for it."""

READ_SLOT = timedelta(milliseconds=250)
"""Reads become due together at the end of each slot, so that one request asks for many orders, whoever makes it."""


class CallRequest(NamedTuple):
    """One call to be made. `key` is unique and the idempotency key; higher `priority`, 1 to 100, goes first."""

    call: Call
    key: str
    shop: str
    priority: int
    due_at: datetime
    deadline_at: datetime | None = None


def calls_of(event: DomainEventProtocol[Any]) -> tuple[CallRequest, ...]:
    """The calls that a stored event leads to, none for most."""
    calls = CALLS.get(type(event))
    return () if calls is None else calls(event)


def read_order(marketplace: str, shop: str, number: str, at: datetime, *, urgent: bool) -> CallRequest:
    """The call that reads one order. Its key is the order's: one read is open at a time, however many ask for it."""
    return CallRequest(
        call=ReadOrderCall(marketplace=marketplace, shop=shop, order_number=number),
        key=f"{READ_ORDER}{marketplace}:{shop}:{number}",
        shop=shop,
        priority=URGENT_READ_PRIORITY if urgent else READ_PRIORITY,
        due_at=at + READ_SLOT - (at - datetime.min.replace(tzinfo=at.tzinfo)) % READ_SLOT,
    )


def _deadline(dispatch_by: datetime | None, at: datetime) -> datetime | None:
    """Until when to try: to the dispatch deadline, or for a day where that is nearer; None leaves it to the caller."""
    return None if dispatch_by is None else max(dispatch_by, at + LEAST_TIME_TO_TRY)


def _buy_label(event: shipment_events.LabelRequested) -> tuple[CallRequest, ...]:
    return (
        CallRequest(
            call=BuyLabelCall(request=event.request, marketplace=event.marketplace),
            key=label_call_key(event.request.reference),
            shop=event.shop,
            priority=event.priority,
            due_at=event.timestamp,
            deadline_at=_deadline(event.dispatch_by, event.timestamp),
        ),
    )


def label_call_key(reference: str) -> str:
    """The key of the call that buys the label of this reference."""
    return f"buy-label:{reference}"


def _void_label(event: shipment_events.VoidRequested) -> tuple[CallRequest, ...]:
    return (
        CallRequest(
            call=VoidLabelCall(shipment_id=event.originator_id, attempt=event.attempt, label=event.label),
            key=f"void-label:{event.label.reference}:{event.originator_version}",
            shop=event.shop,
            priority=VOID_PRIORITY,
            due_at=event.timestamp,
        ),
    )


def _push_fulfilment(event: order_events.Fulfilled) -> tuple[CallRequest, ...]:
    return tuple(_push(event, event, package) for package in event.packages)


def _push_one(event: order_events.LabelBought | order_events.LabelReplaced) -> tuple[CallRequest, ...]:
    return () if event.push is None else (_push(event, event.push, event.push.package),)


def _push(
    event: order_events.Event, told: order_events.Fulfilled | order_events.Push, package: order_events.Package
) -> CallRequest:
    """Each further label of one package is told under a key of its own, and so is another order's package."""
    key = f"push-fulfilment:{package.shipment_id}"
    if package.joined:
        key = f"{key}:{event.originator_id}"
    return CallRequest(
        call=PushFulfilmentCall(
            order_id=event.originator_id,
            shipment_id=package.shipment_id,
            marketplace=told.marketplace,
            shop=told.shop,
            order_number=told.order_number,
            package=package.package,
            carrier=package.carrier,
            tracking_number=package.tracking_number,
            lines=package.lines,
            replaces=package.replaces,
        ),
        key=key if package.times == 1 else f"{key}:{package.times}",
        shop=told.shop,
        priority=told.priority,
        due_at=event.timestamp,
        deadline_at=_deadline(told.dispatch_by, event.timestamp),
    )


def _push_delay(event: order_events.Delayed) -> tuple[CallRequest, ...]:
    return (
        CallRequest(
            call=PushDelayCall(
                order_id=event.originator_id,
                marketplace=event.marketplace,
                shop=event.shop,
                order_number=event.order_number,
                promised_at=event.promised_at,
            ),
            key=f"push-delay:{event.originator_id}:{event.originator_version}",
            shop=event.shop,
            priority=DELAY_PRIORITY,
            due_at=event.timestamp,
        ),
    )


def _read_again(event: order_events.ReadAsked) -> tuple[CallRequest, ...]:
    return (read_order(event.marketplace, event.shop, event.order_number, event.timestamp, urgent=False),)


def _place_reorder(event: replenishment_events.ReorderPlaced) -> tuple[CallRequest, ...]:
    return (
        CallRequest(
            call=PlaceReorderCall(
                replenishment_id=event.originator_id,
                stock_item_id=event.stock_item_id,
                reorder_id=event.reorder_id,
                quantity=event.quantity,
                delivery=event.delivery,
                item=event.item,
                marketplace=_marketplace(event.shop),
            ),
            key=f"place-reorder:{event.reorder_id}",
            shop=_shop(event.shop),
            priority=EXPRESS_PRIORITY if event.delivery == "express" else REORDER_PRIORITY,
            due_at=event.timestamp,
        ),
    )


def _speed_up_reorder(event: replenishment_events.SpeedUpAsked) -> tuple[CallRequest, ...]:
    return (
        CallRequest(
            call=SpeedUpReorderCall(
                replenishment_id=event.originator_id,
                stock_item_id=event.stock_item_id,
                reorder_id=event.reorder_id,
                marketplace=_marketplace(event.shop),
            ),
            key=f"speed-up-reorder:{event.reorder_id}",
            shop=_shop(event.shop),
            priority=EXPRESS_PRIORITY,
            due_at=event.timestamp,
        ),
    )


def _shop(name: str) -> str:
    """The shop's own number, without its marketplace."""
    return name.rpartition(":")[2]


def _marketplace(name: str) -> str:
    """The marketplace of `marketplace:shop`; a shop that an older event names alone is of the first there was."""
    return name.partition(":")[0] if ":" in name else "tiktok"


CALLS: dict[type[Any], Callable[[Any], tuple[CallRequest, ...]]] = {
    shipment_events.LabelRequested: _buy_label,
    shipment_events.VoidRequested: _void_label,
    order_events.Fulfilled: _push_fulfilment,
    order_events.LabelBought: _push_one,
    order_events.LabelReplaced: _push_one,
    order_events.Delayed: _push_delay,
    order_events.ReadAsked: _read_again,
    replenishment_events.ReorderPlaced: _place_reorder,
    replenishment_events.SpeedUpAsked: _speed_up_reorder,
}
