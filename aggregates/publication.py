"""
Stored event to public event: one table.

A stored event is private to its aggregate and may change with it; the public one is a contract. What stands
under `PRIVATE` is nobody else's business.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from eventsourcing.domain import DomainEventProtocol

from aggregates import order_events, replenishment_events, shipment_events, stock_item_events
from aggregates.upcasters import Skipped
from schemas import events
from schemas.events import Event

Publish = Callable[[Any], Event | None]


def public(event: DomainEventProtocol[Any]) -> Event | None:
    """The public event of a stored one, None where there is none. Raises `KeyError` for one that no table lists."""
    return None if isinstance(event, Skipped) else PUBLICATION[type(event)](event)


def _copied(kind: type[Event], **elsewhere: str) -> Publish:
    """
    A public event with the fields of the stored one, under the aggregate's id.

    `elsewhere` names where a field comes from that is called otherwise there.
    """
    key, *names = kind.__struct_fields__
    if not names:
        return lambda event: kind(**{key: event.originator_id})
    fields = ("originator_id", *(elsewhere.get(name, name) for name in names))
    read = attrgetter(*fields)
    keywords = (key, *names)
    return lambda event: kind(**dict(zip(keywords, read(event), strict=True)))


def _supply_expected(event: stock_item_events.SupplyExpected) -> Event:
    return events.SupplyExpected(
        stock_item_id=event.originator_id,
        reorder_id=event.reorder_id,
        quantity=event.quantity,
        due_at=event.due_at,
        promises=tuple(
            events.Promise(order_id=promise.order_id, promised_at=promise.promised_at) for promise in event.promises
        ),
    )


def _reorder_prepared(event: replenishment_events.ReorderPrepared) -> Event:
    return events.ReorderPrepared(
        replenishment_id=event.originator_id,
        stock_item_id=event.stock_item_id,
        reorder_id=event.reorder_id,
        quantity=event.quantity,
        terms=dict(event.terms),
        delivery=event.delivery,
        rule=event.rule,
        turns=event.turns,
        evidence=event.evidence,
        cost=event.cost,
    )


def _risk(kind: type[events.StockRiskRaised | events.StockRiskEscalated]) -> Publish:
    return lambda event: kind(
        replenishment_id=event.originator_id,
        stock_item_id=event.stock_item_id,
        level=event.level,
        available=event.available,
        backordered=event.backordered,
        reason=event.reason,
        terms=dict(event.terms),
    )


def _refused_unseen(event: shipment_events.Refused) -> Event | None:
    """Nobody saw the package; whose it was may be unknown, and then there is nothing to say of it."""
    if event.order_id is None:
        return None
    return events.ShipmentCancelled(shipment_id=event.originator_id, order_id=event.order_id, reason=event.reason)


def _nothing(event: Any) -> None:
    """A private event has no public one."""


PRIVATE = (
    order_events.Foretold,  # what follows once the order is placed says so, or OrderMissing
    order_events.PriorityOverridden,  # the OrderClassified after it says so
    order_events.ReservationDeclined,  # StockReservationReleased says so
    order_events.ReadAsked,  # what the read shows, or that the hold expired, says so
    order_events.LabelDeclined,  # ShipmentCancelled says so
    stock_item_events.ReservationUpdated,
    stock_item_events.QueueUpdated,
    replenishment_events.Opened,
    replenishment_events.ReorderParked,
    replenishment_events.SupplyDescribed,  # StockItemDescribed says so
    replenishment_events.RatesChanged,  # the risk and the orders that come of it tell them
    replenishment_events.RiskCalming,  # a memory of the hour after which StockRiskEased comes
)

ASKED = {"quantity": "ask.quantity", "paid_at": "ask.paid_at", "buyer": "ask.buyer"}
"""Where the public events of an order's asking find what they tell of it."""

PUBLICATION: dict[type[Any], Publish] = {
    order_events.Placed: _copied(events.OrderPlaced),
    order_events.StatusAdvanced: _copied(events.OrderStatusAdvanced),
    order_events.UpdateSuperseded: _copied(events.OrderUpdateSuperseded),
    order_events.StatusFlagged: _copied(events.OrderStatusFlagged),
    order_events.Classified: _copied(events.OrderClassified),
    order_events.Held: _copied(events.OrderHeld),
    order_events.Released: _copied(events.OrderReleased),
    order_events.StockReserved: _copied(events.OrderStockReserved),
    order_events.Backordered: _copied(events.OrderBackordered),
    order_events.Delayed: _copied(events.OrderDelayed),
    order_events.ReadyToShip: _copied(events.OrderReadyToShip),
    order_events.LabelBought: _copied(events.OrderLabelled),
    order_events.Fulfilled: _copied(events.OrderFulfilled),
    order_events.FulfilmentPushed: _copied(events.OrderFulfilmentPushed),
    order_events.Dispatched: _copied(events.OrderDispatched),
    order_events.Delivered: _copied(events.OrderDelivered),
    order_events.Completed: _copied(events.OrderCompleted),
    order_events.AddressChanged: _copied(events.OrderAddressChanged),
    order_events.AddressMissing: _copied(events.OrderAddressMissing),
    order_events.Missing: _copied(events.OrderMissing),
    order_events.CancellationAnswered: _copied(events.OrderCancellationAnswered),
    order_events.CancellationWithdrawn: _copied(events.OrderCancellationWithdrawn),
    order_events.CancellationDue: _copied(events.OrderCancellationDue),
    order_events.LineCancelled: _copied(events.OrderLineCancelled),
    order_events.Refunded: _copied(events.OrderRefunded),
    order_events.ReturnOpened: _copied(events.OrderReturnOpened),
    order_events.ReturnAdvanced: _copied(events.OrderReturnAdvanced),
    order_events.GoodsInspected: _copied(events.OrderGoodsInspected),
    order_events.AlertAcknowledged: _copied(events.OrderAlertAcknowledged),
    order_events.RequestRefused: _copied(events.OrderRequestRefused),
    order_events.HoldExpired: _copied(events.OrderHoldExpired),
    order_events.ReservationsGivenBack: _copied(events.OrderReservationsGivenBack),
    order_events.Split: _copied(events.OrderSplit),
    order_events.PackageOffered: _copied(events.OrderPackageOffered),
    order_events.PackageJoined: _copied(events.OrderPackageJoined),
    order_events.LeftOut: _copied(events.OrderLeftOut),
    order_events.LabelReplaced: _copied(events.OrderLabelReplaced),
    order_events.ShownDispatched: _copied(events.OrderShownDispatched, closed="unlabelled"),
    order_events.PackageMoved: _copied(events.OrderPackageMoved),
    order_events.CancellationRequested: _copied(events.OrderCancellationRequested),
    order_events.Cancelled: _copied(events.OrderCancelled),
    stock_item_events.Opened: _copied(events.StockItemOpened),
    stock_item_events.Described: _copied(events.StockItemDescribed),
    stock_item_events.ListingMapped: _copied(events.ListingMapped),
    stock_item_events.Received: _copied(events.StockReceived),
    stock_item_events.Counted: _copied(events.StockCounted),
    stock_item_events.Corrected: _copied(events.StockCorrected),
    stock_item_events.Returned: _copied(events.StockReturned),
    stock_item_events.WrittenOff: _copied(events.StockWrittenOff),
    stock_item_events.Packaged: _copied(events.StockPackaged),
    stock_item_events.HandedOver: _copied(events.StockHandedOver),
    stock_item_events.PutBack: _copied(events.StockPutBack),
    stock_item_events.Reserved: _copied(events.StockReserved, **ASKED),
    stock_item_events.ShortageRecorded: _copied(events.StockShortageRecorded, **ASKED),
    stock_item_events.DemandRecorded: _copied(events.DemandRecorded),
    stock_item_events.ReservationReleased: _copied(events.StockReservationReleased),
    stock_item_events.ReservationShortened: _copied(events.StockReservationShortened),
    stock_item_events.PickShortageFound: _copied(events.PickShortageFound),
    stock_item_events.BackorderFilled: _copied(events.BackorderFilled),
    stock_item_events.Depleted: _copied(events.StockDepleted),
    stock_item_events.SupplyExpected: _supply_expected,
    stock_item_events.AlertAcknowledged: _copied(events.StockAlertAcknowledged),
    shipment_events.Opened: _copied(events.ShipmentOpened),
    shipment_events.Refused: _refused_unseen,
    shipment_events.CarrierChosen: _copied(events.CarrierChosen),
    shipment_events.Held: _copied(events.ShipmentHeld),
    shipment_events.LabelRequested: _copied(events.LabelRequested),
    shipment_events.LabelBought: _copied(events.LabelBought),
    shipment_events.LabelRefused: _copied(events.LabelRefused),
    shipment_events.Parked: _copied(events.ShipmentParked),
    shipment_events.LabelWithheld: _copied(events.LabelWithheld),
    shipment_events.TrackingNumberShared: _copied(events.TrackingNumberShared),
    shipment_events.VoidRequested: _copied(events.VoidRequested),
    shipment_events.LabelVoided: _copied(events.LabelVoided),
    shipment_events.VoidRefused: _copied(events.VoidRefused),
    shipment_events.VoidParked: _copied(events.VoidParked),
    shipment_events.Cancelled: _copied(events.ShipmentCancelled),
    shipment_events.CancelledTooLate: _copied(events.ShipmentCancelledTooLate),
    shipment_events.Readdressed: _copied(events.ShipmentReaddressed),
    shipment_events.ReaddressedTooLate: _copied(events.ShipmentReaddressedTooLate),
    shipment_events.Stopped: _copied(events.ShipmentStopped),
    shipment_events.Resumed: _copied(events.ShipmentResumed),
    shipment_events.Printed: _copied(events.ShipmentPrinted),
    shipment_events.Packed: _copied(events.ShipmentPacked),
    shipment_events.HandedOver: _copied(events.ShipmentHandedOver),
    shipment_events.HandOverRefused: _copied(events.ShipmentHandOverRefused),
    shipment_events.PutBack: _copied(events.ShipmentPutBack),
    shipment_events.Scanned: _copied(events.ShipmentScanned),
    shipment_events.Delivered: _copied(events.ShipmentDelivered),
    shipment_events.Returned: _copied(events.ShipmentReturned),
    shipment_events.OrderAdded: _copied(events.ShipmentOrderAdded),
    shipment_events.OrderNotAdded: _copied(events.ShipmentOrderNotAdded),
    shipment_events.OrderWithdrawn: _copied(events.ShipmentOrderWithdrawn),
    shipment_events.OrderTakenOut: _copied(events.ShipmentOrderTakenOut),
    shipment_events.LabelDeferred: _copied(events.LabelDeferred),
    shipment_events.LabelRecalled: _copied(events.LabelRecalled),
    replenishment_events.RiskRaised: _risk(events.StockRiskRaised),
    replenishment_events.RiskEscalated: _risk(events.StockRiskEscalated),
    shipment_events.AlertAcknowledged: _copied(events.ShipmentAlertAcknowledged),
    replenishment_events.RiskEased: _copied(events.StockRiskEased),
    replenishment_events.ReorderPrepared: _reorder_prepared,
    replenishment_events.ReorderPlaced: _copied(events.ReorderPlaced),
    replenishment_events.ReorderConfirmed: _copied(events.ReorderConfirmed),
    replenishment_events.ReorderRefused: _copied(events.ReorderRefused),
    replenishment_events.ReorderReceived: _copied(events.ReorderReceived),
    replenishment_events.ReorderAsked: _copied(events.ReorderAsked),
    replenishment_events.ReorderPressed: _copied(events.ReorderPressed),
    replenishment_events.ReorderLapsed: _copied(events.ReorderLapsed),
    replenishment_events.ReorderApproved: _copied(events.ReorderApproved),
    replenishment_events.ReorderDeclined: _copied(events.ReorderDeclined),
    replenishment_events.SpeedUpAsked: _copied(events.SpeedUpAsked),
    replenishment_events.SpeedUpRefused: _copied(events.SpeedUpRefused),
    replenishment_events.ReorderDelayed: _copied(events.ReorderDelayed),
    replenishment_events.ReorderOverdue: _copied(events.ReorderOverdue),
    replenishment_events.ReorderCancelled: _copied(events.ReorderCancelled),
    replenishment_events.AlertAcknowledged: _copied(events.ReplenishmentAlertAcknowledged),
    **dict.fromkeys(PRIVATE, _nothing),
}

STORED: dict[str, type[Any]] = {kind.TOPIC: kind for kind in PUBLICATION}
"""Every stored event by its name."""
