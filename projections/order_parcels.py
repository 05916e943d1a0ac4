"""What the events of an order's packages do to its row on the board."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from projections.order_marks import LEFT, Package, moved, still_open, without
from projections.published import Changes, Fold, Published, nothing
from schemas import events
from schemas.events import Event

if TYPE_CHECKING:
    from projections.order_board import OrderRow


def _ready(row: OrderRow, event: events.OrderReadyToShip, _: Published) -> Changes:
    state = event.fulfilment_state or "READY"
    opened = () if event.shipment_id is None else (Package(event.shipment_id, "", "", package=event.package),)
    changes: Changes = {"fulfilment_state": state, "packages": (*row.packages, *opened)}
    if state != "BACKORDERED":
        changes |= {"promised_at": None, "flags": without(row.flags, "delayed")}
    return changes


def _package_joined(row: OrderRow, event: events.OrderPackageJoined, _: Published) -> Changes:
    joined = Package(event.shipment_id, "", "", package=event.package)
    return {
        "fulfilment_state": event.fulfilment_state,
        "packages": (*still_open(row.packages, (*event.closed, event.shipment_id)), joined),
    }


def _left_out(row: OrderRow, event: events.OrderLeftOut, _: Published) -> Changes:
    return {
        "fulfilment_state": event.fulfilment_state,
        "packages": still_open(row.packages, (event.shipment_id,)),
    }


def _split(row: OrderRow, event: events.OrderSplit, _: Published) -> Changes:
    return {
        "fulfilment_state": event.fulfilment_state or row.fulfilment_state,
        "packages": still_open(row.packages, event.closed),
    }


def _labelled(row: OrderRow, event: events.OrderLabelled | events.OrderLabelReplaced, _: Published) -> Changes:
    known = {package.shipment_id: package for package in row.packages}
    package = known.get(event.shipment_id, Package(event.shipment_id, "", ""))
    labelled = msgspec.structs.replace(
        package, carrier=event.carrier, tracking_number=event.tracking_number, pushed=False
    )
    return {
        "fulfilment_state": event.fulfilment_state or "LABELLED",
        "packages": tuple({**known, event.shipment_id: labelled}.values()),
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


def _dispatched(row: OrderRow, event: events.OrderDispatched, _: Published) -> Changes:
    packages = still_open(row.packages, event.closed)
    if event.shipment_id not in {package.shipment_id for package in packages}:
        packages = (*packages, Package(event.shipment_id, "", ""))
    return {
        "fulfilment_state": event.fulfilment_state or row.fulfilment_state,
        "dispatched_at": row.dispatched_at or event.occurred_at,
        "packages": moved(packages, event.shipment_id, "handed over"),
    }


def _shown_dispatched(row: OrderRow, event: events.OrderShownDispatched, _: Published) -> Changes:
    return {
        "fulfilment_state": event.fulfilment_state or row.fulfilment_state,
        "dispatched_at": row.dispatched_at or event.occurred_at,
        "packages": still_open(row.packages, event.closed),
    }


def _package_moved(row: OrderRow, event: events.OrderPackageMoved, _: Published) -> Changes:
    if event.stage != "put back":
        return {"packages": moved(row.packages, event.shipment_id, event.stage)}
    if any(package.stopped for package in row.packages if package.shipment_id == event.shipment_id):
        return {"packages": still_open(row.packages, (event.shipment_id,))}
    packages = moved(row.packages, event.shipment_id, "printed")
    left = any(package.stage in LEFT for package in packages)
    return {"packages": packages, "dispatched_at": row.dispatched_at if left else None}


def _delivered(row: OrderRow, event: events.OrderDelivered, _: Published) -> Changes:
    return {
        "delivered_at": event.occurred_at,
        "packages": tuple(msgspec.structs.replace(package, stage="delivered") for package in row.packages),
    }


FOLDS: dict[type[Event], Fold] = {
    events.OrderReadyToShip: _ready,
    events.OrderSplit: _split,
    events.OrderPackageOffered: nothing,
    events.OrderPackageJoined: _package_joined,
    events.OrderLeftOut: _left_out,
    events.OrderLabelled: _labelled,
    events.OrderLabelReplaced: _labelled,
    events.OrderFulfilled: _fulfilled,
    events.OrderFulfilmentPushed: _pushed,
    events.OrderPackageMoved: _package_moved,
    events.OrderDispatched: _dispatched,
    events.OrderShownDispatched: _shown_dispatched,
    events.OrderDelivered: _delivered,
}
"""What each of them does; the rest is in `order_board`."""
