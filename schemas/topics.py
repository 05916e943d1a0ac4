"""
The topic catalogue: every topic with its key, writer, readers and retention. One list; nothing else names a topic.

Names are `<context>.<what>.v<major>`. Values are raw JSON. Readers are the agents' fixed names, which are also
the first part of the key of their offset rows: renaming an agent loses its place.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from schemas import commands, events, timers
from schemas.commands import Command
from schemas.events import Event

HOURS = 3600
DAYS = 24 * HOURS
MAX_RECORD_BYTES = 4 * 1024 * 1024


class Topic(NamedTuple):
    """One topic. `types` are the messages that may stand on it; empty for bytes exactly as the outside sent them."""

    name: str
    key: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    retention_seconds: int
    types: tuple[type[msgspec.Struct], ...] = ()


TIKTOK_WEBHOOKS = "tiktok.webhooks.v1"
CONTENT_METRICS = "content.metrics.v1"
ORDERS_COMMANDS = "orders.commands.v1"
INVENTORY_COMMANDS = "inventory.commands.v1"
SHIPPING_COMMANDS = "shipping.commands.v1"
REPLENISHMENT_COMMANDS = "replenishment.commands.v1"
ORDERS_EVENTS = "orders.events.v1"
INVENTORY_EVENTS = "inventory.events.v1"
SHIPPING_EVENTS = "shipping.events.v1"
REPLENISHMENT_EVENTS = "replenishment.events.v1"

_ORDERS = (
    commands.RecordOrder,
    commands.RecordCancellation,
    commands.RecordAddress,
    commands.RecordReturn,
    commands.RecordInspection,
    commands.RecordReservation,
    commands.RecordShortage,
    commands.RecordLabel,
    commands.RecordFulfilmentPushed,
    commands.RecordTracking,
    timers.ReclassifyOrder,
    timers.ExpireHold,
    timers.CheckAddress,
    timers.ExpectOrder,
    timers.RemindOfCancellation,
    commands.HoldOrder,
    commands.ReleaseOrder,
    commands.CancelOrder,
    commands.AnswerCancellation,
    commands.SplitOrder,
    commands.CombineOrders,
    commands.JoinPackage,
    commands.RecordLeftOut,
    commands.OverridePriority,
    commands.AcknowledgeOrderAlert,
)
_INVENTORY = (
    commands.ReserveStock,
    commands.RecordDemand,
    commands.ReleaseStock,
    commands.RecordMovement,
    commands.RecordPackage,
    commands.RecordCount,
    commands.DescribeStockItem,
    commands.MapListing,
    commands.RecordSupply,
    commands.FillBackorders,
    commands.AcknowledgeStockAlert,
)
_SHIPPING = (
    commands.OpenShipment,
    commands.AddToPackage,
    timers.BuyDeferredLabel,
    commands.BuyLabel,
    commands.RecordLabelOutcome,
    commands.VoidLabel,
    commands.RecordVoidOutcome,
    commands.ReplaceLabel,
    commands.ReaddressShipment,
    commands.StopShipment,
    commands.ResumeShipment,
    commands.MarkPrinted,
    commands.MarkPacked,
    commands.PutBack,
    commands.HandOver,
    commands.RecordScan,
    commands.AcknowledgeShipmentAlert,
)
_REPLENISHMENT = (
    commands.AssessStockRisk,
    commands.RecordSupplierAnswer,
    commands.RecordReceipt,
    commands.ApproveReorder,
    commands.DeclineReorder,
    commands.DescribeSupply,
    timers.EaseRisk,
    timers.PressReorder,
    timers.LapseReorder,
    timers.CheckDelivery,
    commands.AcknowledgeReplenishmentAlert,
)
_ORDER_EVENTS = (
    events.OrderPlaced,
    events.OrderMissing,
    events.OrderStatusAdvanced,
    events.OrderUpdateSuperseded,
    events.OrderStatusFlagged,
    events.OrderClassified,
    events.OrderHeld,
    events.OrderReleased,
    events.OrderCancellationRequested,
    events.OrderCancelled,
    events.OrderStockReserved,
    events.OrderBackordered,
    events.OrderDelayed,
    events.OrderReadyToShip,
    events.OrderLabelled,
    events.OrderFulfilled,
    events.OrderFulfilmentPushed,
    events.OrderDispatched,
    events.OrderDelivered,
    events.OrderCompleted,
    events.OrderAddressChanged,
    events.OrderAddressMissing,
    events.OrderCancellationAnswered,
    events.OrderCancellationWithdrawn,
    events.OrderCancellationDue,
    events.OrderLineCancelled,
    events.OrderRefunded,
    events.OrderReturnOpened,
    events.OrderReturnAdvanced,
    events.OrderGoodsInspected,
    events.OrderRequestRefused,
    events.OrderHoldExpired,
    events.OrderReservationsGivenBack,
    events.OrderSplit,
    events.OrderLabelReplaced,
    events.OrderShownDispatched,
    events.OrderPackageMoved,
    events.OrderPackageOffered,
    events.OrderPackageJoined,
    events.OrderLeftOut,
    events.OrderAlertAcknowledged,
)
_INVENTORY_EVENTS = (
    events.StockItemOpened,
    events.StockItemDescribed,
    events.ListingMapped,
    events.StockReceived,
    events.StockCounted,
    events.StockCorrected,
    events.StockReserved,
    events.StockShortageRecorded,
    events.DemandRecorded,
    events.StockReservationReleased,
    events.StockReservationShortened,
    events.PickShortageFound,
    events.BackorderFilled,
    events.StockPackaged,
    events.StockHandedOver,
    events.StockPutBack,
    events.StockReturned,
    events.StockWrittenOff,
    events.StockDepleted,
    events.SupplyExpected,
    events.StockAlertAcknowledged,
)
_SHIPPING_EVENTS = (
    events.ShipmentOpened,
    events.ShipmentOrderAdded,
    events.ShipmentOrderNotAdded,
    events.ShipmentOrderWithdrawn,
    events.ShipmentOrderTakenOut,
    events.LabelDeferred,
    events.LabelRecalled,
    events.CarrierChosen,
    events.ShipmentHeld,
    events.LabelRequested,
    events.LabelBought,
    events.LabelRefused,
    events.ShipmentParked,
    events.LabelWithheld,
    events.VoidRequested,
    events.LabelVoided,
    events.VoidRefused,
    events.VoidParked,
    events.TrackingNumberShared,
    events.ShipmentCancelled,
    events.ShipmentCancelledTooLate,
    events.ShipmentReaddressed,
    events.ShipmentReaddressedTooLate,
    events.ShipmentStopped,
    events.ShipmentResumed,
    events.ShipmentPrinted,
    events.ShipmentPacked,
    events.ShipmentHandedOver,
    events.ShipmentHandOverRefused,
    events.ShipmentPutBack,
    events.ShipmentScanned,
    events.ShipmentDelivered,
    events.ShipmentReturned,
    events.ShipmentAlertAcknowledged,
)
_REPLENISHMENT_EVENTS = (
    events.StockRiskRaised,
    events.StockRiskEased,
    events.ReorderPrepared,
    events.ReorderPlaced,
    events.ReorderConfirmed,
    events.ReorderRefused,
    events.ReorderReceived,
    events.StockRiskEscalated,
    events.ReorderAsked,
    events.ReorderPressed,
    events.ReorderLapsed,
    events.ReorderApproved,
    events.ReorderDeclined,
    events.SpeedUpAsked,
    events.SpeedUpRefused,
    events.ReorderDelayed,
    events.ReorderOverdue,
    events.ReorderCancelled,
    events.ReplenishmentAlertAcknowledged,
)

CATALOGUE = (
    Topic(TIKTOK_WEBHOOKS, "shop:order, else the webhook's id", ("ingress",), ("intake.tiktok",), 72 * HOURS),
    Topic(CONTENT_METRICS, "content id", ("ingress", "any producer"), ("windows.content",), 7 * DAYS),
    Topic(
        ORDERS_COMMANDS, "order id", ("intake", "relay", "ingress", "scheduler"), ("orders.decide",), 7 * DAYS, _ORDERS
    ),
    Topic(
        INVENTORY_COMMANDS,
        "stock item id",
        ("relay", "ingress", "scheduler"),
        ("inventory.decide",),
        7 * DAYS,
        _INVENTORY,
    ),
    Topic(
        SHIPPING_COMMANDS, "shipment id", ("relay", "ingress", "scheduler"), ("shipping.decide",), 7 * DAYS, _SHIPPING
    ),
    Topic(
        REPLENISHMENT_COMMANDS,
        "replenishment id",
        ("relay", "ingress", "scheduler"),
        ("replenishment.decide",),
        7 * DAYS,
        _REPLENISHMENT,
    ),
    Topic(ORDERS_EVENTS, "order id", ("relay",), ("read-models.orders",), 30 * DAYS, _ORDER_EVENTS),
    Topic(
        INVENTORY_EVENTS,
        "stock item id",
        ("relay",),
        ("read-models.inventory", "windows.demand"),
        30 * DAYS,
        _INVENTORY_EVENTS,
    ),
    Topic(SHIPPING_EVENTS, "shipment id", ("relay",), ("read-models.shipping",), 30 * DAYS, _SHIPPING_EVENTS),
    Topic(
        REPLENISHMENT_EVENTS,
        "replenishment id",
        ("relay",),
        ("read-models.replenishment",),
        30 * DAYS,
        _REPLENISHMENT_EVENTS,
    ),
)

BY_NAME = {topic.name: topic for topic in CATALOGUE}
TOPIC_OF: dict[type[msgspec.Struct], str] = {kind: topic.name for topic in CATALOGUE for kind in topic.types}
"""The one topic on which a message of this type stands."""


def topic_of(message: Command | Event) -> str:
    """The topic that carries this message. Raises `KeyError` for a type that no topic lists."""
    return TOPIC_OF[type(message)]


def key_of(message: Command | Event) -> str:
    """The Kafka key of a message: its first field, the id of the aggregate that it is about."""
    return str(getattr(message, type(message).__struct_fields__[0]))
