"""One order as TikTok keeps it: a line for each unit, a status, and the times by which things must be done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from creatorflow.devstack.simulators.tiktok.answers import Impossible

HOUR: Final = 3_600
DAY: Final = 24 * HOUR
HOLD_SECONDS: Final = HOUR
"""In the US and UK a buyer may think better of it for an hour after paying."""
RTS_AFTER_PAYMENT: Final = 2 * DAY
TTS_AFTER_PAYMENT: Final = 3 * DAY
SHIPPING_DUE_AFTER_PAYMENT: Final = 5 * DAY
COLLECTION_DUE_AFTER_ARRANGING: Final = 5 * DAY

Status = Literal[
    "UNPAID",
    "ON_HOLD",
    "AWAITING_SHIPMENT",
    "PARTIALLY_SHIPPING",
    "AWAITING_COLLECTION",
    "IN_TRANSIT",
    "DELIVERED",
    "COMPLETED",
    "CANCELLED",
]
SHIPPABLE: Final = frozenset({"AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"})
BEFORE_HOLD_ENDS: Final = frozenset({"UNPAID", "ON_HOLD"})
BEFORE_CARRIER: Final = BEFORE_HOLD_ENDS | SHIPPABLE | {"AWAITING_COLLECTION"}
ARRIVED: Final = frozenset({"DELIVERED", "COMPLETED"})


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """Who buys, and where the parcel goes."""

    user_id: str = ""
    name: str = ""
    phone: str = ""
    street1: str = ""
    street2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = "US"


class Line(msgspec.Struct, kw_only=True):
    """One unit of one SKU."""

    id: str
    sku_id: str
    product_id: str
    seller_sku: str
    name: str
    price: str
    warehouse_id: str
    is_gift: bool = False
    room_id: str = ""
    package_id: str = ""
    arranged: bool = False
    cancel_user: str = ""
    cancel_reason: str = ""

    @property
    def cancelled(self) -> bool:
        """Whether this unit is sold no more."""
        return bool(self.cancel_user)


class Order(msgspec.Struct, kw_only=True):
    """An order. Its `update_time` moves with every change that a reader could see."""

    id: str
    buyer: Buyer
    lines: list[Line]
    currency: str
    create_time: int
    update_time: int
    status: Status = "UNPAID"
    shipping_fee: str = "0.00"
    platform_discount: str = "0.00"
    shipping_type: Literal["SELLER", "TIKTOK"] = "SELLER"
    fulfillment_type: Literal["FULFILLMENT_BY_SELLER", "FULFILLMENT_BY_TIKTOK"] = "FULFILLMENT_BY_SELLER"
    order_type: str = "NORMAL"
    is_sample_order: bool = False
    replaced_order_id: str = ""
    has_updated_recipient_address: bool = False
    request_cancel_time: int = 0
    paid_time: int = 0
    rts_sla_time: int = 0
    tts_sla_time: int = 0
    shipping_due_time: int = 0
    collection_due_time: int = 0
    rts_time: int = 0
    collection_time: int = 0
    delivery_time: int = 0
    complete_time: int = 0
    cancel_time: int = 0
    cancel_reason: str = ""
    cancellation_initiator: str = ""

    @property
    def open_lines(self) -> list[Line]:
        """The units that are still sold."""
        return [line for line in self.lines if not line.cancelled]

    @property
    def by_platform(self) -> bool:
        """Whether TikTok's own warehouse ships it: none of the seller's stock, none of the seller's work."""
        return self.fulfillment_type == "FULFILLMENT_BY_TIKTOK"

    @property
    def package_ids(self) -> list[str]:
        """The parcels of its units, each once."""
        return list(dict.fromkeys(line.package_id for line in self.lines if line.package_id))

    def line(self, line_id: str) -> Line | None:
        """The line of this id."""
        return next((line for line in self.lines if line.id == line_id), None)


def pay(order: Order, now: int) -> None:
    """The buyer pays: the seller's deadlines start."""
    _needs(order, {"UNPAID"})
    order.paid_time = now
    order.rts_sla_time = now + RTS_AFTER_PAYMENT
    order.tts_sla_time = now + TTS_AFTER_PAYMENT
    order.shipping_due_time = now + SHIPPING_DUE_AFTER_PAYMENT
    order.status = "ON_HOLD"


def release(order: Order) -> None:
    """The hour of remorse is over, or a release date has come."""
    _needs(order, {"ON_HOLD"})
    order.status = "AWAITING_SHIPMENT"


def arrange(order: Order, now: int) -> None:
    """After lines got a package that is arranged: the order goes on when all of them have."""
    if not all(line.arranged for line in order.open_lines):
        order.status = "PARTIALLY_SHIPPING"
        return
    order.status = "AWAITING_COLLECTION"
    order.rts_time = now
    order.collection_due_time = now + COLLECTION_DUE_AFTER_ARRANGING


def collect(order: Order, now: int) -> None:
    """The carrier scans it for the first time."""
    _needs(order, {"AWAITING_COLLECTION"})
    order.status, order.collection_time = "IN_TRANSIT", now


def deliver(order: Order, now: int) -> None:
    """The carrier brings it."""
    _needs(order, {"IN_TRANSIT"})
    order.status, order.delivery_time = "DELIVERED", now


def complete(order: Order, now: int) -> None:
    """Nothing is expected any more."""
    _needs(order, {"DELIVERED"})
    order.status, order.complete_time = "COMPLETED", now


def cancel_lines(order: Order, lines: Sequence[Line], role: str, reason: str, now: int) -> None:
    """These units are sold no more; without any left the order is cancelled."""
    for line in lines:
        line.cancel_user, line.cancel_reason = role, reason
    if not order.open_lines:
        order.status, order.cancel_time = "CANCELLED", now
        order.cancel_reason, order.cancellation_initiator = reason, role
    elif order.status == "PARTIALLY_SHIPPING":
        arrange(order, now)


def change_address(order: Order, buyer: Buyer) -> None:
    """The buyer gives another address, as long as no carrier has the parcel."""
    _needs(order, BEFORE_CARRIER)
    order.buyer = msgspec.structs.replace(buyer, user_id=order.buyer.user_id)
    order.has_updated_recipient_address = True


def _needs(order: Order, statuses: set[str] | frozenset[str]) -> None:
    if order.status not in statuses:
        raise Impossible(f"order {order.id} is {order.status}")
