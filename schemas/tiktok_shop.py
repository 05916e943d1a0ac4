"""
TikTok Shop's own webhooks, exactly as they are sent: an envelope, and what it tells by topic number.

Ids arrive as text or as bare integers, times as numbers or text; both are kept raw here and read by `schemas.inputs`.
Unknown fields are ignored.
"""

from __future__ import annotations

import msgspec

from schemas.tiktok import ABSENT


class Envelope(msgspec.Struct, frozen=True):
    """What every webhook comes in. `data` depends on `type`."""

    type: msgspec.Raw = ABSENT
    tts_notification_id: msgspec.Raw = ABSENT
    shop_id: msgspec.Raw = ABSENT
    timestamp: msgspec.Raw = ABSENT
    data: msgspec.Raw = ABSENT


class OrderOf(msgspec.Struct, frozen=True):
    """The order that a webhook speaks of; nothing else of its data is read at the door."""

    order_id: msgspec.Raw = ABSENT


class RoutingFields(msgspec.Struct, frozen=True):
    """What says which partition a webhook belongs to, and under which id it is known."""

    type: msgspec.Raw = ABSENT
    tts_notification_id: msgspec.Raw = ABSENT
    shop_id: msgspec.Raw = ABSENT
    data: OrderOf | None = None


class OrderStatusChange(msgspec.Struct, frozen=True):
    """Topic 1. `is_on_hold_order` says that the order ever is on hold, not that it is now."""

    order_id: msgspec.Raw = ABSENT
    order_status: str = ""
    is_on_hold_order: bool = False
    update_time: msgspec.Raw = ABSENT


class RecipientAddressUpdate(msgspec.Struct, frozen=True):
    """Topic 3."""

    order_id: msgspec.Raw = ABSENT
    update_time: msgspec.Raw = ABSENT


class PackageOrders(msgspec.Struct, frozen=True):
    """One package, and whose lines it holds."""

    package_id: msgspec.Raw = ABSENT
    order_id_list: list[msgspec.Raw] = []


class PackageUpdate(msgspec.Struct, frozen=True):
    """Topic 4: packages were combined, split, or given back."""

    sc_type: str = ""
    role_type: str = ""
    package_list: list[PackageOrders] = []
    update_time: msgspec.Raw = ABSENT


class ProductStatusChange(msgspec.Struct, frozen=True):
    """Topic 5."""

    product_id: msgspec.Raw = ABSENT
    status: str = ""
    suspended_reason: str = ""
    update_time: msgspec.Raw = ABSENT


class Deauthorization(msgspec.Struct, frozen=True):
    """Topic 6: the seller took our app's access away."""

    message: str = ""


class AuthorizationExpiration(msgspec.Struct, frozen=True):
    """Topic 7: our app's access ends at `expiration_time`, in seconds as text."""

    message: str = ""
    expiration_time: msgspec.Raw = ABSENT


class CancellationStatusChange(msgspec.Struct, frozen=True):
    """Topic 11. There is no time of the change, and no word of which lines it is about."""

    order_id: msgspec.Raw = ABSENT
    cancellations_role: str = ""
    cancel_status: str = ""
    cancel_id: msgspec.Raw = ABSENT
    create_time: msgspec.Raw = ABSENT


class ReturnStatusChange(msgspec.Struct, frozen=True):
    """Topic 12."""

    order_id: msgspec.Raw = ABSENT
    return_role: str = ""
    return_type: str = ""
    return_status: str = ""
    return_id: msgspec.Raw = ABSENT
    create_time: msgspec.Raw = ABSENT
    update_time: msgspec.Raw = ABSENT


class FbtStock(msgspec.Struct, frozen=True):
    """What TikTok's own warehouse has of a good."""

    total: msgspec.Raw = ABSENT
    reserved: msgspec.Raw = ABSENT
    available: msgspec.Raw = ABSENT


class FbtWarehouse(msgspec.Struct, frozen=True):
    """One of TikTok's warehouses."""

    fbt_warehouse_id: msgspec.Raw = ABSENT
    on_hand_detail: FbtStock | None = None


class FbtInventoryUpdate(msgspec.Struct, frozen=True):
    """Topic 24."""

    goods_id: msgspec.Raw = ABSENT
    sku_id: msgspec.Raw = ABSENT
    fbt_warehouse_inventory: list[FbtWarehouse] = []
    update_time: msgspec.Raw = ABSENT


class StatusTrigger(msgspec.Struct, frozen=True):
    """Why TikTok tells of a listing's stock."""

    alert_type: str = ""
    lead_days: msgspec.Raw = ABSENT
    low_stock_threshold: msgspec.Raw = ABSENT


class Distribution(msgspec.Struct, frozen=True):
    """Topic 27's bookkeeping: `available_quantity` leaves out what creators and campaigns reserved."""

    total_quantity: msgspec.Raw = ABSENT
    available_quantity: msgspec.Raw = ABSENT
    creator_reserved_quantity: msgspec.Raw = ABSENT
    campaign_reserved_quantity: msgspec.Raw = ABSENT
    committed_quantity: msgspec.Raw = ABSENT


class InventoryStatusChange(msgspec.Struct, frozen=True):
    """Topic 27."""

    product_id: msgspec.Raw = ABSENT
    sku_id: msgspec.Raw = ABSENT
    trigger_reason: StatusTrigger | None = None
    current_inventory_status: str = ""
    inventory_distribution: Distribution | None = None
    update_time: msgspec.Raw = ABSENT


class Snapshot(msgspec.Struct, frozen=True):
    """Topic 71's bookkeeping: `total_available_quantity` holds what creators and campaigns locked."""

    total_quantity: msgspec.Raw = ABSENT
    total_available_quantity: msgspec.Raw = ABSENT
    total_committed_quantity: msgspec.Raw = ABSENT
    in_shop_quantity: msgspec.Raw = ABSENT
    campaign_locked_quantity: msgspec.Raw = ABSENT
    creator_locked_quantity: msgspec.Raw = ABSENT


class InventoryChanged(msgspec.Struct, frozen=True):
    """Topic 71. `occurred_at` is ISO 8601, unlike every other time."""

    event_id: str = ""
    occurred_at: str = ""
    product_id: msgspec.Raw = ABSENT
    sku_id: msgspec.Raw = ABSENT
    quantity_snapshot_after_change: Snapshot | None = None
