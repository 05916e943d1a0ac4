"""Reading orders: by their ids, and page by page by when they changed."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from creatorflow.devstack.simulators.tiktok.answers import BAD_PARAMETERS, Refused
from creatorflow.devstack.simulators.tiktok.calls import Call, Endpoint, within
from creatorflow.devstack.simulators.tiktok.order_view import order_view
from creatorflow.devstack.simulators.tiktok.orders import Order

IDS_MAX: Final = 50
PAGE_SIZE_MAX: Final = 100


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders a search is for."""

    order_status: str = ""
    create_time_ge: int | None = None
    create_time_lt: int | None = None
    update_time_ge: int | None = None
    update_time_lt: int | None = None
    shipping_type: str = ""
    buyer_user_id: str = ""
    is_buyer_request_cancel: bool | None = None
    warehouse_ids: list[str] = []

    def fits(self, order: Order) -> bool:
        """Whether this order is one of them."""
        return (
            self.order_status in {"", order.status}
            and within(order.create_time, self.create_time_ge, self.create_time_lt)
            and within(order.update_time, self.update_time_ge, self.update_time_lt)
            and self.shipping_type in {"", order.shipping_type}
            and self.buyer_user_id in {"", order.buyer.user_id}
            and self.is_buyer_request_cancel in {None, bool(order.request_cancel_time)}
            and (not self.warehouse_ids or any(line.warehouse_id in self.warehouse_ids for line in order.lines))
        )


def detail(call: Call) -> dict[str, Any]:
    """Get Order Detail: up to 50 ids, separated by commas or one parameter each. An unknown id is left out."""
    ids = [each for value in call.queries.get("ids", ()) for each in value.split(",") if each]
    if not 1 <= len(ids) <= IDS_MAX:
        raise Refused(BAD_PARAMETERS, f"ids must be 1 to {IDS_MAX}", status=400)
    orders = call.shop.orders
    return {"orders": [order_view(call.shop, orders[each]) for each in dict.fromkeys(ids) if each in orders]}


def search(call: Call) -> dict[str, Any]:
    """Get Order List."""
    wanted = call.read(Wanted)
    field = call.query("sort_field") or "create_time"
    order_by = call.query("sort_order") or "DESC"
    if field not in {"create_time", "update_time"} or order_by not in {"ASC", "DESC"}:
        raise Refused(BAD_PARAMETERS, "sort_field or sort_order is wrong", status=400)
    fitting = sorted(
        (order for order in call.shop.orders.values() if wanted.fits(order)),
        key=lambda order: (getattr(order, field), order.id),
        reverse=order_by == "DESC",
    )
    page, beside = call.page(fitting, PAGE_SIZE_MAX, required=True)
    return {"orders": [order_view(call.shop, order) for order in page], **beside}


ENDPOINTS: Final = (
    Endpoint("GET", "/order/202507/orders", "orders.read", detail),
    Endpoint("GET", "/order/202309/orders", "orders.read", detail),
    Endpoint("POST", "/order/202309/orders/search", "orders.search", search),
)
