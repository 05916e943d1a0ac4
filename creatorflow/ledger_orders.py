"""What each event of an order or a package does to the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from creatorflow.ledger_facts import OrderFacts
from creatorflow.log import Logged
from schemas import events
from schemas.events import Event

if TYPE_CHECKING:
    from creatorflow.ledger import Ledger


def _order_placed(ledger: Ledger, row: Logged, event: events.OrderPlaced) -> None:
    order = ledger.order(event.order_id)
    order.placed += 1
    if order.placed > 1:
        ledger.fault("nothing-doubled", row, f"order {event.number} was placed {order.placed} times")
    order.number = event.number
    for need in event.needs if order.placed == 1 else ():
        order.needs[need.stock_item_id] = order.needs.get(need.stock_item_id, 0) + need.quantity


def _order_stock_reserved(ledger: Ledger, row: Logged, event: events.OrderStockReserved) -> None:
    ledger.order(event.order_id).short_at.discard(event.stock_item_id)


def _order_backordered(ledger: Ledger, row: Logged, event: events.OrderBackordered) -> None:
    order = ledger.order(event.order_id)
    order.short_at.add(event.stock_item_id)
    order.was_short = True
    order.ready = False
    _close_packages(order, event.closed)


def _close_packages(order: OrderFacts, closed: Iterable[UUID]) -> None:
    """What was in these packages is packed anew; their labels are void."""
    for shipment in closed:
        label = order.labels.pop(shipment, None)
        if label is not None:
            order.closed_labels[shipment] = label
        order.fulfilled = False


def _order_dispatched(ledger: Ledger, row: Logged, event: events.OrderDispatched) -> None:
    """A package that was closed and left all the same is one of the order's again."""
    order = ledger.order(event.order_id)
    _close_packages(order, event.closed)
    label = order.closed_labels.pop(event.shipment_id, None)
    if label is not None:
        order.labels[event.shipment_id] = label


def _packages_closed(ledger: Ledger, row: Logged, event: events.OrderSplit) -> None:
    _close_packages(ledger.order(event.order_id), event.closed)


def _joined(ledger: Ledger, row: Logged, event: events.OrderPackageJoined) -> None:
    """The marketplace is told of the package's label for this order, even if it was before."""
    order = ledger.order(event.order_id)
    _close_packages(order, event.closed)
    order.closed_labels.pop(event.shipment_id, None)
    order.pushed.discard(event.shipment_id)


def _moved(ledger: Ledger, row: Logged, event: events.OrderAddressChanged) -> None:
    order = ledger.order(event.order_id)
    _close_packages(order, event.closed)
    order.fulfilled = order.fulfilled and not event.stopped


def _left_out(ledger: Ledger, row: Logged, event: events.OrderLeftOut) -> None:
    _close_packages(ledger.order(event.order_id), (event.shipment_id,))


def _line_cancelled(ledger: Ledger, row: Logged, event: events.OrderLineCancelled) -> None:
    order = ledger.order(event.order_id)
    for need in event.release:
        left = order.needs.get(need.stock_item_id, 0) - need.quantity
        if left < 0:
            ledger.fault("reservations-match", row, f"cancels {-left} more of {need.stock_item_id} than it needs")
        order.needs[need.stock_item_id] = max(left, 0)
        if left <= 0:
            order.needs.pop(need.stock_item_id)
            order.short_at.discard(need.stock_item_id)
    _close_packages(order, event.closed)
    order.fulfilled = order.fulfilled and not event.stopped


def _shown_dispatched(ledger: Ledger, row: Logged, event: events.OrderShownDispatched) -> None:
    order = ledger.order(event.order_id)
    _close_packages(order, event.closed)
    if event.contents:
        order.gone, order.ready = True, False


def _label_replaced(ledger: Ledger, row: Logged, event: events.OrderLabelReplaced) -> None:
    ledger.order(event.order_id).labels[event.shipment_id] = event.tracking_number


def _cancellation_settled(
    ledger: Ledger, row: Logged, event: events.OrderCancellationAnswered | events.OrderCancellationWithdrawn
) -> None:
    order = ledger.order(event.order_id)
    order.cancellation_asked = False


def _order_ready(ledger: Ledger, row: Logged, event: events.OrderReadyToShip) -> None:
    ledger.order(event.order_id).ready = True


def _order_held(ledger: Ledger, row: Logged, event: events.OrderHeld) -> None:
    order = ledger.order(event.order_id)
    order.held = order.touched_by_person = True


def _order_released(ledger: Ledger, row: Logged, event: events.OrderReleased) -> None:
    ledger.order(event.order_id).held = False


def _order_cancelled(ledger: Ledger, row: Logged, event: events.OrderCancelled) -> None:
    order = ledger.order(event.order_id)
    if order.cancelled:
        ledger.fault("nothing-doubled", row, "the order was cancelled twice")
    order.cancelled = True


def _cancellation_requested(ledger: Ledger, row: Logged, event: events.OrderCancellationRequested) -> None:
    order = ledger.order(event.order_id)
    order.cancellation_asked = True
    order.touched_by_person = order.touched_by_person or event.fulfilment_state == "HELD"


def _order_labelled(ledger: Ledger, row: Logged, event: events.OrderLabelled) -> None:
    labels = ledger.order(event.order_id).labels
    before = labels.get(event.shipment_id)
    if before is not None and before not in (ledger.package(event.shipment_id).voids or {}):
        ledger.fault("nothing-doubled", row, f"package {event.shipment_id} was labelled twice for its order")
    labels[event.shipment_id] = event.tracking_number
    ledger.order(event.order_id).withheld = False


def _order_fulfilled(ledger: Ledger, row: Logged, event: events.OrderFulfilled) -> None:
    order = ledger.order(event.order_id)
    if order.fulfilled:
        ledger.fault("nothing-doubled", row, "the order was fulfilled twice")
    order.fulfilled = True


def _order_pushed(ledger: Ledger, row: Logged, event: events.OrderFulfilmentPushed) -> None:
    ledger.order(event.order_id).pushed.add(event.shipment_id)


def _holds(ledger: Ledger, row: Logged, event: events.ShipmentOpened | events.ShipmentOrderAdded) -> None:
    """A package holds lines of an order."""
    package, order_id = ledger.package(event.shipment_id), event.order_id
    if order_id in package.orders:
        ledger.fault("packages-add-up", row, f"order {order_id} is in the package twice")
        return
    package.orders = (*package.orders, order_id)
    package.held = (*package.held, (order_id, event.contents))
    if package.waits_for_print:
        ledger.order(order_id).to_print |= {event.shipment_id}


def _taken_out(ledger: Ledger, row: Logged, event: events.ShipmentOrderTakenOut) -> None:
    package = ledger.package(event.shipment_id)
    if event.order_id not in package.orders:
        ledger.fault("packages-add-up", row, f"order {event.order_id} is taken out, and was not in the package")
        return
    package.orders = tuple(order_id for order_id in package.orders if order_id != event.order_id)
    ledger.order(event.order_id).to_print -= {event.shipment_id}
    if package.orders != event.remaining:
        ledger.fault("packages-add-up", row, f"the package is left to other orders than {package.orders}")


def _label_deferred(ledger: Ledger, row: Logged, event: events.LabelDeferred) -> None:
    package = ledger.package(event.shipment_id)
    package.waits_for_print = event.until is None
    for order_id in package.orders if package.waits_for_print else ():
        ledger.order(order_id).to_print |= {event.shipment_id}


def _label_requested(ledger: Ledger, row: Logged, event: events.LabelRequested) -> None:
    package = ledger.package(event.shipment_id)
    if package.waits_for_print:
        package.waits_for_print = False
        for order_id in package.orders:
            ledger.order(order_id).to_print -= {event.shipment_id}


def _label_bought(ledger: Ledger, row: Logged, event: events.LabelBought) -> None:
    package = ledger.package(event.shipment_id)
    package.tracking_numbers.append(event.tracking_number)
    package.labelled_at = package.labelled_at or row.event.timestamp
    if not package.orders:
        ledger.fault("one-label-per-package", row, "a label was bought for a package that was never opened")
    package.live += 1
    if package.live > 1:
        ledger.fault("one-label-per-package", row, f"label {event.tracking_number} was bought beside a live one")


def _void_asked(ledger: Ledger, row: Logged, event: events.VoidRequested) -> None:
    package = ledger.package(event.shipment_id)
    if event.tracking_number not in package.tracking_numbers:
        ledger.fault("one-label-per-package", row, f"label {event.tracking_number} goes back, and was never bought")
    package.live -= (package.voids or {}).get(event.tracking_number) is None
    package.voids = {**(package.voids or {}), event.tracking_number: "asked"}


_VOIDS: dict[type[Event], str] = {
    events.LabelVoided: "voided",
    events.VoidRefused: "refused",
    events.VoidParked: "parked",
}


def _void_ended(ledger: Ledger, row: Logged, event: Any) -> None:
    package = ledger.package(event.shipment_id)
    package.voids = {**(package.voids or {}), event.tracking_number: _VOIDS[type(event)]}


def _shipment_cancelled(ledger: Ledger, row: Logged, event: events.ShipmentCancelled) -> None:
    package = ledger.package(event.shipment_id)
    package.cancelled, package.stage = True, event.stage


def _person_needed(ledger: Ledger, row: Logged, event: Any) -> None:
    for order_id in ledger.package(event.shipment_id).orders:
        order = ledger.order(order_id)
        order.held = order.touched_by_person = True


def _label_withheld(ledger: Ledger, row: Logged, event: events.LabelWithheld) -> None:
    for order_id in ledger.package(event.shipment_id).orders or (event.order_id,):
        ledger.order(order_id).withheld = True


ORDERS: dict[type[Event], Callable[[Ledger, Logged, Any], None]] = {
    events.OrderPlaced: _order_placed,
    events.OrderStockReserved: _order_stock_reserved,
    events.OrderBackordered: _order_backordered,
    events.OrderReadyToShip: _order_ready,
    events.OrderHeld: _order_held,
    events.OrderReleased: _order_released,
    events.OrderCancelled: _order_cancelled,
    events.OrderCancellationRequested: _cancellation_requested,
    events.OrderCancellationAnswered: _cancellation_settled,
    events.OrderCancellationWithdrawn: _cancellation_settled,
    events.OrderLineCancelled: _line_cancelled,
    events.OrderSplit: _packages_closed,
    events.OrderPackageJoined: _joined,
    events.OrderAddressChanged: _moved,
    events.OrderLeftOut: _left_out,
    events.OrderDispatched: _order_dispatched,
    events.OrderShownDispatched: _shown_dispatched,
    events.OrderLabelReplaced: _label_replaced,
    events.OrderLabelled: _order_labelled,
    events.OrderFulfilled: _order_fulfilled,
    events.OrderFulfilmentPushed: _order_pushed,
    events.ShipmentOpened: _holds,
    events.ShipmentOrderAdded: _holds,
    events.ShipmentOrderTakenOut: _taken_out,
    events.LabelDeferred: _label_deferred,
    events.LabelRequested: _label_requested,
    events.LabelBought: _label_bought,
    events.LabelRefused: _person_needed,
    events.LabelWithheld: _label_withheld,
    events.ShipmentHeld: _person_needed,
    events.ShipmentParked: _person_needed,
    events.ShipmentCancelled: _shipment_cancelled,
    events.VoidRequested: _void_asked,
    **dict.fromkeys(_VOIDS, _void_ended),
}
