"""An order as Get Order Detail shows it, with what a reader may not see of the buyer masked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from creatorflow.devstack.simulators.tiktok.orders import DAY, Line, Order
from creatorflow.devstack.simulators.tiktok.packages import PLATFORM_DELIVERY, PROVIDERS, SELLER_DELIVERY, Package
from creatorflow.devstack.simulators.tiktok.shop import Shop
from schemas.shares import spread

MASK: Final = "***"
CENTS: Final = 2
MASKED_STATUSES: Final = frozenset({"UNPAID", "ON_HOLD", "CANCELLED"})
MASKED_AFTER_COMPLETION: Final = 30 * DAY
DISPLAY_STATUS: Final = {
    "UNPAID": "UNPAID",
    "ON_HOLD": "ON_HOLD",
    "AWAITING_SHIPMENT": "TO_SHIP",
    "PARTIALLY_SHIPPING": "TO_SHIP",
    "AWAITING_COLLECTION": "TO_SHIP",
    "IN_TRANSIT": "IN_TRANSIT",
    "DELIVERED": "DELIVERED",
    "COMPLETED": "COMPLETED",
    "CANCELLED": "CANCELLED",
}
TIMES: Final = (
    *("paid_time", "rts_sla_time", "tts_sla_time", "shipping_due_time", "collection_due_time", "rts_time"),
    *("collection_time", "delivery_time", "cancel_time", "request_cancel_time"),
)
TEXTS: Final = ("cancel_reason", "cancellation_initiator", "replaced_order_id")


def order_view(shop: Shop, order: Order) -> dict[str, Any]:
    """The whole order; a time or text that it does not have is left out."""
    times = {name: getattr(order, name) for name in TIMES if getattr(order, name)}
    texts = {name: getattr(order, name) for name in TEXTS if getattr(order, name)}
    packages = [shop.packages[package_id] for package_id in order.package_ids]
    first = packages[0] if packages else None
    return {
        "id": order.id,
        "user_id": order.buyer.user_id,
        "status": order.status,
        "create_time": order.create_time,
        "update_time": order.update_time,
        **times,
        **texts,
        "order_type": order.order_type,
        "commerce_platform": "TIKTOK_SHOP",
        "is_on_hold_order": order.status == "ON_HOLD",
        "is_buyer_request_cancel": bool(order.request_cancel_time),
        "is_sample_order": order.is_sample_order,
        "is_replacement_order": bool(order.replaced_order_id),
        "is_exchange_order": False,
        "is_cod": False,
        "has_updated_recipient_address": order.has_updated_recipient_address,
        "fulfillment_type": order.fulfillment_type,
        "shipping_type": order.shipping_type,
        "delivery_type": "HOME_DELIVERY",
        "delivery_option_id": SELLER_DELIVERY if order.shipping_type == "SELLER" else PLATFORM_DELIVERY,
        "delivery_option_name": "Standard shipping",
        "warehouse_id": next((line.warehouse_id for line in order.lines), ""),
        "split_or_combine_tag": next((package.tag for package in packages if package.tag), ""),
        "tracking_number": first.tracking_number if first else "",
        "shipping_provider_id": first.provider_id if first else "",
        "shipping_provider": PROVIDERS.get(first.provider_id, "") if first else "",
        "packages": [{"id": package.id} for package in packages],
        "payment": _payment(order),
        "recipient_address": address_view(order, shop.now()),
        "line_items": [
            _line(order, line, discount, shop.packages.get(line.package_id))
            for line, discount in zip(order.lines, _discounts(order), strict=True)
        ],
    }


def address_view(order: Order, now: int) -> dict[str, Any]:
    """Name, phone, street and postal code, and the city too, are masked where the seller need not know them."""
    buyer = order.buyer
    over = order.status == "COMPLETED" and now >= order.complete_time + MASKED_AFTER_COMPLETION
    hidden = order.by_platform or over or order.status in MASKED_STATUSES

    def shown(text: str) -> str:
        return MASK if hidden and text else text

    street = f"{buyer.street1} {buyer.street2}".strip()
    place = f"{buyer.city}, {buyer.state} {buyer.postal_code}"
    return {
        "name": shown(buyer.name),
        "phone_number": shown(buyer.phone),
        "postal_code": shown(buyer.postal_code),
        "region_code": buyer.country,
        "address_line1": shown(buyer.street1),
        "address_line2": shown(buyer.street2),
        "address_line3": "",
        "address_line4": "",
        "address_detail": shown(street),
        "full_address": shown(f"{street}, {place}"),
        "district_info": [
            _district("L0", "Country", buyer.country, buyer.country),
            _district("L1", "State", buyer.state, f"{buyer.country}-{buyer.state}"),
            _district("L3", "City", shown(buyer.city), ""),
        ],
        "delivery_preferences": {"drop_off_location": ""},
    }


def _payment(order: Order) -> dict[str, str]:
    """The amounts of the whole order, cancelled lines too: the sub-total after the discount, the total with the fee."""
    original = sum((Decimal(line.price) for line in order.lines), Decimal(0))
    sub_total = original - sum(_discounts(order), Decimal(0))
    return {
        "currency": order.currency,
        "sub_total": str(sub_total),
        "original_total_product_price": str(original),
        "shipping_fee": order.shipping_fee,
        "original_shipping_fee": order.shipping_fee,
        "seller_discount": "0.00",
        "platform_discount": order.platform_discount,
        "tax": "0.00",
        "total_amount": str(sub_total + Decimal(order.shipping_fee)),
    }


def _discounts(order: Order) -> list[Decimal]:
    """What each line bears of the discount."""
    prices = [Decimal(line.price) for line in order.lines]
    return list(spread(Decimal(order.platform_discount), prices, CENTS)) or [Decimal("0.00")] * len(prices)


def _line(order: Order, line: Line, discount: Decimal, package: Package | None) -> dict[str, Any]:
    return {
        "id": line.id,
        "sku_id": line.sku_id,
        "product_id": line.product_id,
        "product_name": line.name,
        "sku_name": "Default",
        "seller_sku": line.seller_sku,
        "sku_type": "NORMAL",
        "currency": order.currency,
        "original_price": line.price,
        "sale_price": str(Decimal(line.price) - discount),
        "platform_discount": str(discount),
        "seller_discount": "0.00",
        "display_status": "CANCELLED" if line.cancelled else DISPLAY_STATUS[order.status],
        "is_gift": line.is_gift,
        "is_dangerous_good": False,
        **({"room_id": line.room_id} if line.room_id else {}),
        **({"cancel_user": line.cancel_user, "cancel_reason": line.cancel_reason} if line.cancelled else {}),
        **(_package(package) if package else {}),
    }


def _package(package: Package) -> dict[str, str]:
    return {
        "package_id": package.id,
        "package_status": package.status,
        "tracking_number": package.tracking_number,
        "shipping_provider_id": package.provider_id,
        "shipping_provider_name": PROVIDERS.get(package.provider_id, ""),
    }


def _district(level: str, level_name: str, name: str, iso_code: str) -> dict[str, str]:
    return {"address_level": level, "address_level_name": level_name, "address_name": name, "iso_code": iso_code}
