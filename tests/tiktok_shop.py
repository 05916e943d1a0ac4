"""What TikTok Shop itself sends and shows: webhooks in its own format, an order as its order call shows one."""

from __future__ import annotations

import hmac
import json
from typing import Any

from gateways.tiktok.hints import message_of
from tests.webhooks import CREATED, SHOP

APP_KEY = "demo_app_key"
APP_SECRET = "demo_secret"
SKU = "1729000000000000011"


def signed_by_tiktok(body: bytes, key: str = APP_KEY, secret: str = APP_SECRET) -> str:
    """The value of `Authorization`."""
    return hmac.digest(secret.encode(), message_of(key, body), "sha256").hex()


def a_notice(topic: int, *, shop: str = SHOP, notification: str | None = "7400000000000000001", **data: Any) -> bytes:
    """A webhook of any topic."""
    named = {} if notification is None else {"tts_notification_id": notification}
    return json.dumps({"type": topic, **named, "shop_id": shop, "timestamp": CREATED + 100, "data": data}).encode()


def a_status_notice(number: str, status: str = "AWAITING_SHIPMENT", notification: str = "") -> bytes:
    """The webhook that says that an order's status changed."""
    data: dict[str, Any] = {
        "order_id": number,
        "order_status": status,
        "is_on_hold_order": False,
        "update_time": CREATED + 60,
    }
    return a_notice(1, notification=notification or f"N{number}{status}", **data)


def a_unit(number: int = 1, sku: str = SKU, **more: Any) -> dict[str, Any]:
    """One line item, which is one unit."""
    return {
        "id": f"5770000000000000{number:02}",
        "sku_id": sku,
        "seller_sku": "TEA-30",
        "sale_price": "19.99",
        "currency": "USD",
        "is_gift": False,
        "display_status": "AWAITING_SHIPMENT",
        **more,
    }


RECIPIENT = {
    "name": "Ada Sample",
    "phone_number": "(+1)555-0100",
    "region_code": "US",
    "postal_code": "62701",
    "address_line1": "12 Boxwood Road",
    "address_line2": "Suite 4",
    "full_address": "12 Boxwood Road, Springfield, Illinois 62701",
    "district_info": [
        {"address_level": "L0", "address_name": "United States"},
        {"address_level": "L1", "address_name": "Illinois"},
        {"address_level": "L2", "address_name": "Sangamon"},
        {"address_level": "L3", "address_name": "Springfield"},
    ],
}


def an_order_shown(number: str, status: str = "AWAITING_SHIPMENT", **more: Any) -> dict[str, Any]:
    """An order of one unit as the order call shows it; None leaves a field out."""
    shown = {
        "id": number,
        "user_id": "7021000000000000001",
        "status": status,
        "create_time": CREATED,
        "update_time": CREATED + 60,
        "paid_time": CREATED + 30,
        "rts_sla_time": CREATED + 100_000,
        "tts_sla_time": CREATED + 200_000,
        "shipping_due_time": CREATED + 300_000,
        "collection_due_time": CREATED + 400_000,
        "delivery_sla_time": CREATED + 600_000,
        "fulfillment_type": "FULFILLMENT_BY_SELLER",
        "shipping_type": "SELLER",
        "buyer_email": "v2b2V5@chat.seller.tiktok.com",
        "recipient_address": RECIPIENT,
        "payment": {"currency": "USD", "sub_total": "19.99", "shipping_fee": "4.99", "total_amount": "26.73"},
        "line_items": [a_unit()],
        "packages": [{"id": "1152321127278713123"}],
        "order_kind_of_tomorrow": {"x": [1]},
        **more,
    }
    return {name: value for name, value in shown.items() if value is not None}
