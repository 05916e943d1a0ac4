"""Webhooks as TikTok Shop sends them: the base order of the field cases, a cancellation, and their signature."""

from __future__ import annotations

import hmac
import json
from typing import Any

SHOP = "7490000000000000001"
SECRET = "field-case-secret"
CREATED = 1_764_000_000
"""2025-11-24T16:00:00Z, the moment that the field cases share."""

BUYER = {
    "name": "Ada Sample",
    "phone": "+1 555 0100",
    "street1": "12 Boxwood Road",
    "street2": "",
    "city": "Springfield",
    "state": "IL",
    "postal_code": "62701",
    "country": "US",
}


def an_order_webhook(
    number: str,
    status: str = "AWAITING_SHIPMENT",
    *,
    sku: str = "1729000000000000011",
    quantity: int = 1,
    updated: int = CREATED + 60,
    created: int = CREATED,
    shipping: dict[str, str] | None = None,
    **more: object,
) -> bytes:
    """The full-order webhook of one line."""
    body: dict[str, Any] = {
        "order_id": number,
        "shop_id": SHOP,
        "order_status": status,
        "create_time": created,
        "update_time": updated,
        "order_lines": [
            {
                "line_id": "L1",
                "sku_id": sku,
                "seller_sku": "TEA-30",
                "quantity": quantity,
                "sale_price": "19.99",
                "currency": "USD",
                "is_gift": False,
            }
        ],
        "shipping_info": BUYER if shipping is None else shipping,
        "payment_info": {
            "currency": "USD",
            "total": "24.98",
            "shipping_fee": "4.99",
            "platform_discount": "0.00",
        },
        **more,
    }
    return json.dumps(body).encode()


def a_cancellation_webhook(number: str, *, updated: int = CREATED + 600) -> bytes:
    """The webhook that says that the whole order is cancelled."""
    return json.dumps(
        {
            "type": "cancellation",
            "order_id": number,
            "shop_id": SHOP,
            "update_time": updated,
            "cancel_id": f"C{number}",
            "cancel_status": "COMPLETE",
            "reason": "changed mind",
        }
    ).encode()


def sign(body: bytes, secret: str = SECRET) -> str:
    """Lower-case hex HMAC-SHA256 over the raw bytes."""
    return hmac.digest(secret.encode(), body, "sha256").hex()
