"""Cancellations and returns over the API."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from creatorflow.devstack.simulators.tiktok import answers, asking
from creatorflow.devstack.simulators.tiktok.aftersales import (
    REJECT_REASONS,
    SELLER_CANCEL_REASONS,
    Cancellation,
    Return,
)
from creatorflow.devstack.simulators.tiktok.answers import Refused
from creatorflow.devstack.simulators.tiktok.calls import Call, Endpoint, within
from creatorflow.devstack.simulators.tiktok.orders import Line, Order
from creatorflow.devstack.simulators.tiktok.shop import Shop

PAGE_SIZE_MAX: Final = 50


class SkuUnits(msgspec.Struct, frozen=True, kw_only=True):
    """So many units of one SKU."""

    sku_id: str
    quantity: int


class LineId(msgspec.Struct, frozen=True, kw_only=True):
    """One line."""

    order_line_item_id: str


class NewCancellation(msgspec.Struct, frozen=True, kw_only=True):
    """The body of Cancel Order. Without lines or units the whole order is meant."""

    order_id: str
    cancel_reason: str
    skus: tuple[SkuUnits, ...] = ()
    order_line_item_ids: tuple[str, ...] = ()
    order_line_list: tuple[LineId, ...] = ()


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """The body of Reject Cancellation."""

    reject_reason: str
    comment: str = ""


class ReturnApproval(msgspec.Struct, frozen=True, kw_only=True):
    """The body of Approve Return."""

    decision: str
    buyer_keep_item: bool = False


class ReturnRejection(msgspec.Struct, frozen=True, kw_only=True):
    """The body of Reject Return."""

    decision: str
    reject_reason: str
    comment: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which requests a search is for; the two searches have their own names for id and status."""

    cancel_ids: tuple[str, ...] = ()
    return_ids: tuple[str, ...] = ()
    order_ids: tuple[str, ...] = ()
    buyer_user_ids: tuple[str, ...] = ()
    cancel_types: tuple[str, ...] = ()
    return_types: tuple[str, ...] = ()
    cancel_status: tuple[str, ...] = ()
    return_status: tuple[str, ...] = ()
    create_time_ge: int | None = None
    create_time_lt: int | None = None
    update_time_ge: int | None = None
    update_time_lt: int | None = None

    def fits(self, shop: Shop, request: Cancellation | Return) -> bool:
        """Whether this request is of the wanted orders, buyers and times."""
        buyer = shop.orders[request.order_id].buyer.user_id
        return (
            (not self.order_ids or request.order_id in self.order_ids)
            and (not self.buyer_user_ids or buyer in self.buyer_user_ids)
            and within(request.create_time, self.create_time_ge, self.create_time_lt)
            and within(request.update_time, self.update_time_ge, self.update_time_lt)
        )


def cancel(call: Call) -> dict[str, Any]:
    """Cancel Order."""
    wanted = call.read(NewCancellation)
    order = call.shop.orders.get(wanted.order_id)
    if order is None:
        raise Refused(answers.REQUEST_UNKNOWN, "Order not found.")
    request = asking.cancel_as_seller(call.shop, order, _lines(order, wanted), wanted.cancel_reason)
    return {"cancel_id": request.id, "cancel_status": request.status}


def search_cancellations(call: Call) -> dict[str, Any]:
    """Search Cancellations."""
    wanted, shop = call.read(Wanted), call.shop
    fitting = [
        request
        for request in shop.cancellations.values()
        if wanted.fits(shop, request)
        and (not wanted.cancel_ids or request.id in wanted.cancel_ids)
        and (not wanted.cancel_types or _cancel_type(request) in wanted.cancel_types)
        and (not wanted.cancel_status or request.status in wanted.cancel_status)
    ]
    page, beside = call.page(_sorted(call, fitting), PAGE_SIZE_MAX)
    return {"cancellations": [_cancellation_view(shop, request) for request in page], **beside}


def approve_cancellation(call: Call) -> dict[str, Any]:
    """Approve Cancellation."""
    asking.approve_cancellation(call.shop, _cancellation(call), call.query("idempotency_key"))
    return {}


def reject_cancellation(call: Call) -> dict[str, Any]:
    """Reject Cancellation."""
    reason = call.read(Rejection).reject_reason
    asking.reject_cancellation(call.shop, _cancellation(call), reason, call.query("idempotency_key"))
    return {}


def search_returns(call: Call) -> dict[str, Any]:
    """Search Returns."""
    wanted, shop = call.read(Wanted), call.shop
    fitting = [
        request
        for request in shop.returns.values()
        if wanted.fits(shop, request)
        and (not wanted.return_ids or request.id in wanted.return_ids)
        and (not wanted.return_types or request.type in wanted.return_types)
        and (not wanted.return_status or request.status in wanted.return_status)
    ]
    page, beside = call.page(_sorted(call, fitting), PAGE_SIZE_MAX)
    return {"return_orders": [_return_view(shop, request) for request in page], **beside}


def approve_return(call: Call) -> dict[str, Any]:
    """Approve Return."""
    decision = call.read(ReturnApproval).decision
    asking.approve_return(call.shop, _return(call), decision, call.query("idempotency_key"))
    return {}


def reject_return(call: Call) -> dict[str, Any]:
    """Reject Return."""
    wanted = call.read(ReturnRejection)
    key = call.query("idempotency_key")
    asking.reject_return(call.shop, _return(call), wanted.decision, wanted.reject_reason, key)
    return {}


def reject_reasons(_call: Call) -> dict[str, Any]:
    """Get Reject Reasons."""
    return {"reasons": [{"name": name, "text": text} for name, text in REJECT_REASONS.items()]}


def _lines(order: Order, wanted: NewCancellation) -> list[Line]:
    """The lines that are meant. Refused: a line that is not there, more units than there are."""
    ids = (*wanted.order_line_item_ids, *(line.order_line_item_id for line in wanted.order_line_list))
    if ids:
        lines = [line for line in order.lines if line.id in ids]
        if len(lines) < len(set(ids)):
            raise Refused(answers.LINES_EXCEEDED, "The requested line item(s) exceed the allowable limit.")
        return lines
    if not wanted.skus:
        return order.open_lines
    lines = []
    for units in wanted.skus:
        of_sku = [line for line in order.open_lines if line.sku_id == units.sku_id]
        if not 1 <= units.quantity <= len(of_sku):
            raise Refused(answers.LINES_EXCEEDED, "The requested line item(s) exceed the allowable limit.")
        lines.extend(of_sku[: units.quantity])
    return lines


def _sorted(call: Call, requests: Sequence[Any]) -> list[Any]:
    field = call.query("sort_field") or "create_time"
    order_by = call.query("sort_order") or "DESC"
    if field not in {"create_time", "update_time"} or order_by not in {"ASC", "DESC"}:
        raise Refused(answers.AFTERSALE_PARAMETERS, "An invalid request parameter was passed.")
    return sorted(requests, key=lambda each: (getattr(each, field), each.id), reverse=order_by == "DESC")


def _cancellation(call: Call) -> Cancellation:
    request = call.shop.cancellations.get(call.path["id"])
    if request is None:
        raise Refused(answers.REQUEST_UNKNOWN, "Order not found.")
    return request


def _return(call: Call) -> Return:
    request = call.shop.returns.get(call.path["id"])
    if request is None:
        raise Refused(answers.REQUEST_UNKNOWN, "Order not found.")
    return request


def _cancel_type(request: Cancellation) -> str:
    return "BUYER_CANCEL" if request.role == "BUYER" else "CANCEL"


def _cancellation_view(shop: Shop, request: Cancellation) -> dict[str, Any]:
    order = shop.orders[request.order_id]
    lines = [line for line in order.lines if line.id in request.line_ids]
    return {
        "cancel_id": request.id,
        "order_id": request.order_id,
        "cancel_type": _cancel_type(request),
        "cancel_status": request.status,
        "role": request.role,
        "cancel_reason": request.reason,
        "cancel_reason_text": SELLER_CANCEL_REASONS.get(request.reason, request.reason),
        "create_time": request.create_time,
        "update_time": request.update_time,
        "should_replenish_stock": any(shop.skus[line.sku_id].auto_restock for line in lines),
        "seller_next_action_response": _next_action("SELLER_RESPOND_CANCEL", request.deadline),
        "refund_amount": _refund(order, lines),
        "cancel_line_items": [
            {
                "cancel_line_item_id": f"{request.id}-{line.id}",
                "order_line_item_id": line.id,
                "sku_id": line.sku_id,
                "seller_sku": line.seller_sku,
            }
            for line in lines
        ],
    }


def _return_view(shop: Shop, request: Return) -> dict[str, Any]:
    order = shop.orders[request.order_id]
    lines = [line for line in order.lines if line.id in request.line_ids]
    action = "SELLER_RESPOND_RECEIVE_PACKAGE" if request.status == "BUYER_SHIPPED_ITEM" else "SELLER_RESPOND_REFUND"
    return {
        "return_id": request.id,
        "order_id": request.order_id,
        "return_type": request.type,
        "return_status": request.status,
        "role": "BUYER",
        "return_reason": request.reason,
        "return_reason_text": request.reason,
        "return_tracking_number": request.tracking_number,
        "create_time": request.create_time,
        "update_time": request.update_time,
        "seller_next_action_response": _next_action(action, request.deadline),
        "refund_amount": _refund(order, lines),
        "return_line_items": [
            {
                "return_line_item_id": f"{request.id}-{line.id}",
                "order_line_item_id": line.id,
                "sku_id": line.sku_id,
                "seller_sku": line.seller_sku,
            }
            for line in lines
        ],
    }


def _next_action(action: str, deadline: int) -> list[dict[str, Any]]:
    return [{"action": action, "deadline": deadline}] if deadline else []


def _refund(order: Order, lines: Sequence[Line]) -> dict[str, str]:
    total = str(sum((Decimal(line.price) for line in lines), Decimal(0)))
    return {"currency": order.currency, "refund_total": total, "refund_subtotal": total}


_CANCELLATION: Final = "/return_refund/202309/cancellations/{id}"
ENDPOINTS: Final = (
    Endpoint("POST", "/return_refund/202602/cancellations", "aftersales", cancel),
    Endpoint("POST", "/return_refund/202602/cancellations/search", "aftersales.read", search_cancellations),
    Endpoint("POST", f"{_CANCELLATION}/approve", "aftersales", approve_cancellation),
    Endpoint("POST", f"{_CANCELLATION}/reject", "aftersales", reject_cancellation),
    Endpoint("POST", "/return_refund/202602/returns/search", "aftersales.read", search_returns),
    Endpoint("POST", "/return_refund/202309/returns/{id}/approve", "aftersales", approve_return),
    Endpoint("POST", "/return_refund/202606/returns/{id}/reject", "aftersales", reject_return),
    Endpoint("GET", "/return_refund/202309/reject_reasons", "aftersales.read", reject_reasons),
)
