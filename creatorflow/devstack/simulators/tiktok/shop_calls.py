"""What a shop is: its warehouses, its shipping providers, how it sells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from creatorflow.devstack.simulators.tiktok.answers import BAD_PARAMETERS, Refused
from creatorflow.devstack.simulators.tiktok.calls import Call, Endpoint
from creatorflow.devstack.simulators.tiktok.orders import DAY, HOUR, Order
from creatorflow.devstack.simulators.tiktok.packages import PROVIDERS, SELLER_DELIVERY

DAYS_MAX: Final = 90
HOURLY_DAYS: Final = 30


def warehouses(call: Call) -> dict[str, Any]:
    """Get Warehouse List."""
    known = call.shop.warehouses.values()
    return {
        "warehouses": [
            {
                "id": warehouse.id,
                "name": warehouse.name,
                "effect_status": warehouse.effect_status,
                "type": warehouse.type,
                "sub_type": "DOMESTIC_WAREHOUSE",
                "is_default": warehouse.is_default,
                "address": {"region_code": call.shop.region},
            }
            for warehouse in known
        ]
    }


def providers(call: Call) -> dict[str, Any]:
    """Get Shipping Providers. Refused: an unknown delivery option, and that of what TikTok ships."""
    if call.path["id"] != SELLER_DELIVERY:
        raise Refused(BAD_PARAMETERS, "delivery option is not one that the seller ships with", status=400)
    return {"shipping_providers": [{"id": number, "name": name} for number, name in PROVIDERS.items()]}


def performance(call: Call) -> dict[str, Any]:
    """
    Get Shop Performance: what was sold, by day or over all days asked for.

    Only days that are over are known, as with the real one.
    """
    start, end = _day(call.query("start_date_ge")), _day(call.query("end_date_lt"))
    if not timedelta(0) < end - start <= timedelta(days=DAYS_MAX):
        raise Refused(BAD_PARAMETERS, f"1 to {DAYS_MAX} days", status=400)
    yesterday = datetime.fromtimestamp(call.shop.now(), UTC).date() - timedelta(days=1)
    days = [start + timedelta(days=number) for number in range((end - start).days)]
    spans = [(day, day + timedelta(days=1)) for day in days] if call.query("granularity") == "1D" else [(start, end)]
    orders = [order for order in call.shop.orders.values() if order.paid_time]
    return {
        "latest_available_date": yesterday.isoformat(),
        "performance": {"intervals": [_interval(orders, *span, yesterday) for span in spans]},
    }


def hours(call: Call) -> dict[str, Any]:
    """Get Shop Performance Per Hour: sales of one of the last thirty days, today's up to now, hours 1 to 24."""
    day, now = _day(call.path["date"]), call.shop.now()
    if not timedelta(0) <= _date_of(now) - day < timedelta(days=HOURLY_DAYS):
        raise Refused(BAD_PARAMETERS, f"one of the last {HOURLY_DAYS} days", status=400)
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    orders = [order for order in call.shop.orders.values() if midnight <= order.paid_time < midnight + DAY]
    ended = min(24, (now - midnight) // HOUR + 1)
    intervals = [
        {"index": number + 1, **_sales([order for order in orders if (order.paid_time - midnight) // HOUR == number])}
        for number in range(ended)
    ]
    return {
        "performance": {"intervals": intervals, "overall": _sales(orders), "latest_available_timestamp": now},
    }


def _interval(orders: Sequence[Order], start: date, end: date, last: date) -> dict[str, Any]:
    sold = [order for order in orders if start <= _date_of(order.paid_time) < end and _date_of(order.paid_time) <= last]
    cancelled = sum(order.status == "CANCELLED" for order in sold)
    return {
        "start_date": start.isoformat(),
        "end_date": end.isoformat(),
        "sales": {**_sales(sold), "cancellations_and_returns": cancelled},
    }


def _sales(orders: Sequence[Order]) -> dict[str, Any]:
    lines = [line for order in orders for line in order.open_lines]
    amount = str(sum((Decimal(line.price) for line in lines), Decimal("0.00")))
    return {
        "gmv": {"amount": amount, "currency": "USD"},
        "orders_count": len(orders),
        "items_sold": len(lines),
        "customers_count": len({order.buyer.user_id for order in orders}),
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(BAD_PARAMETERS, "start_date_ge and end_date_lt are dates", status=400) from None


def _date_of(second: int) -> date:
    return datetime.fromtimestamp(second, UTC).date()


ENDPOINTS: Final = (
    Endpoint("GET", "/logistics/202309/warehouses", "shop.read", warehouses),
    Endpoint("GET", "/logistics/202309/delivery_options/{id}/shipping_providers", "shop.read", providers),
    Endpoint("GET", "/analytics/202609/shop/performance", "shop.read", performance),
    Endpoint("GET", "/analytics/202510/shop/performance/{date}/performance_per_hour", "shop.read", hours),
)
