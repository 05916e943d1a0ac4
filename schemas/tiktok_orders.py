"""
An order as TikTok Shop's order call shows it, exactly as it is sent; what nobody here reads is left out.

One line item is one unit. Ids, times and amounts are kept raw and read by `schemas.inputs`; amounts are decimal text.
"""

from __future__ import annotations

import msgspec

from schemas.tiktok import ABSENT


class BundledSku(msgspec.Struct, frozen=True):
    """A part of a bundle, and how many of it one unit holds."""

    sku_id: msgspec.Raw = ABSENT
    sku_count: msgspec.Raw = ABSENT


class SubItem(msgspec.Struct, frozen=True):
    """One unit of a bundle's part."""

    sku_id: msgspec.Raw = ABSENT


class LineItem(msgspec.Struct, frozen=True):
    """One unit of the order."""

    id: msgspec.Raw = ABSENT
    sku_id: msgspec.Raw = ABSENT
    seller_sku: str | None = None
    sale_price: msgspec.Raw = ABSENT
    currency: str | None = None
    is_gift: bool | None = None
    display_status: str | None = None
    room_id: msgspec.Raw = ABSENT
    combined_listing_skus: list[BundledSku] | None = None
    sub_item_info: list[SubItem] | None = None


class District(msgspec.Struct, frozen=True):
    """One level of where an address lies: L0 the country, L1 the state, L3 the city."""

    address_level: str | None = None
    address_name: str | None = None


class RecipientAddress(msgspec.Struct, frozen=True):
    """Where the order goes; masked or withheld while it is unpaid, on hold, cancelled, or long done."""

    name: str | None = None
    phone_number: str | None = None
    region_code: str | None = None
    postal_code: str | None = None
    post_town: str | None = None
    address_detail: str | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    address_line3: str | None = None
    address_line4: str | None = None
    district_info: list[District] | None = None


class Payment(msgspec.Struct, frozen=True):
    """What the buyer pays. `sub_total` is what the units cost after every discount."""

    currency: str | None = None
    sub_total: msgspec.Raw = ABSENT
    shipping_fee: msgspec.Raw = ABSENT
    total_amount: msgspec.Raw = ABSENT


class OrderDetail(msgspec.Struct, frozen=True):
    """One order."""

    id: msgspec.Raw = ABSENT
    user_id: msgspec.Raw = ABSENT
    status: str | None = None
    create_time: msgspec.Raw = ABSENT
    update_time: msgspec.Raw = ABSENT
    paid_time: msgspec.Raw = ABSENT
    tts_sla_time: msgspec.Raw = ABSENT
    rts_sla_time: msgspec.Raw = ABSENT
    shipping_due_time: msgspec.Raw = ABSENT
    collection_due_time: msgspec.Raw = ABSENT
    delivery_sla_time: msgspec.Raw = ABSENT
    delivery_due_time: msgspec.Raw = ABSENT
    fulfillment_type: str | None = None
    shipping_type: str | None = None
    is_buyer_request_cancel: bool | None = None
    is_sample_order: bool | None = None
    is_replacement_order: bool | None = None
    replaced_order_id: msgspec.Raw = ABSENT
    is_exchange_order: bool | None = None
    exchange_source_order_id: msgspec.Raw = ABSENT
    buyer_email: str | None = None
    recipient_address: RecipientAddress | None = None
    payment: Payment | None = None
    line_items: list[LineItem] | None = None
