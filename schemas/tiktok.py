"""
The specification's webhooks, exactly as the outside sends them.

Fields that arrive as text or as a number are kept raw here and read by `schemas.inputs`. Unknown fields are ignored;
the raw bytes are kept.
"""

from __future__ import annotations

import msgspec

ABSENT = msgspec.Raw(b"")


class Weight(msgspec.Struct, frozen=True):
    """A weight with its unit."""

    value: msgspec.Raw = ABSENT
    unit: str = ""


class BundlePart(msgspec.Struct, frozen=True):
    """A part of a bundle."""

    sku_id: msgspec.Raw = ABSENT
    quantity: msgspec.Raw = ABSENT


class OrderLine(msgspec.Struct, frozen=True):
    """One line of the full-order webhook."""

    line_id: msgspec.Raw = ABSENT
    sku_id: msgspec.Raw = ABSENT
    seller_sku: str | None = None
    quantity: msgspec.Raw = ABSENT
    sale_price: msgspec.Raw = ABSENT
    currency: str | None = None
    is_gift: bool | None = None
    weight: Weight | None = None
    sub_items: list[BundlePart] | None = None


class ShippingInfo(msgspec.Struct, frozen=True):
    """Where the order goes. The marketplace masks or withholds it while the order is on hold."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    street1: str | None = None
    street2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


class PaymentInfo(msgspec.Struct, frozen=True):
    """What the buyer pays."""

    currency: str | None = None
    total: msgspec.Raw = ABSENT
    shipping_fee: msgspec.Raw = ABSENT
    platform_discount: msgspec.Raw = ABSENT


class LineUnits(msgspec.Struct, frozen=True):
    """Units of one line, in a cancellation or a return."""

    line_id: msgspec.Raw = ABSENT
    quantity: msgspec.Raw = ABSENT


class OrderWebhook(msgspec.Struct, frozen=True):
    """The full-order webhook, and the bodies that are told apart from it by `type`."""

    type: str | None = None
    order_id: msgspec.Raw = ABSENT
    shop_id: msgspec.Raw = ABSENT
    order_status: str | None = None
    create_time: msgspec.Raw = ABSENT
    update_time: msgspec.Raw = ABSENT
    paid_time: msgspec.Raw = ABSENT
    dispatch_by: msgspec.Raw = ABSENT
    cancel_by: msgspec.Raw = ABSENT
    deliver_by: msgspec.Raw = ABSENT
    order_lines: list[OrderLine] | None = None
    shipping_info: ShippingInfo | None = None
    payment_info: PaymentInfo | None = None
    shipping_type: str | None = None
    buyer_id: msgspec.Raw = ABSENT
    content_id: msgspec.Raw = ABSENT
    cancel_id: msgspec.Raw = ABSENT
    cancel_status: str | None = None
    deadline: msgspec.Raw = ABSENT
    return_id: msgspec.Raw = ABSENT
    return_status: str | None = None
    lines: list[LineUnits] | None = None
    reason: str | None = None


class OrderKey(msgspec.Struct, frozen=True):
    """The two fields that say which partition a webhook belongs to; nothing else is read at the door."""

    order_id: msgspec.Raw = ABSENT
    shop_id: msgspec.Raw = ABSENT
