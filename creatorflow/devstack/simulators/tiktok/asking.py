"""Cancellations and returns: what buyers ask for, and what sellers answer."""

from __future__ import annotations

from collections.abc import Sequence

from creatorflow.devstack.simulators.tiktok import answers, buying
from creatorflow.devstack.simulators.tiktok.aftersales import (
    APPROVALS,
    DECISIONS,
    REFUND_SECONDS,
    REJECT_REASONS,
    REJECTIONS,
    SELLER_ANSWERS_WITHIN,
    SELLER_CANCEL_REASONS,
    Cancellation,
    Return,
    ReturnType,
    Role,
)
from creatorflow.devstack.simulators.tiktok.answers import Impossible, Refused
from creatorflow.devstack.simulators.tiktok.orders import ARRIVED, BEFORE_CARRIER, BEFORE_HOLD_ENDS, Line, Order
from creatorflow.devstack.simulators.tiktok.shipping import pending_cancellations
from creatorflow.devstack.simulators.tiktok.shop import Shop


def cancel_as_seller(shop: Shop, order: Order, lines: Sequence[Line], reason: str) -> Cancellation:
    """The seller cancels. Repeated: refused, it is over already."""
    if reason not in SELLER_CANCEL_REASONS:
        raise Refused(answers.REASON_UNKNOWN, "Unknown return reason.")
    if order.status in {"CANCELLED", "COMPLETED"}:
        raise Refused(answers.OVER_ALREADY, "Not allowed to return or cancel since order is completed or cancelled")
    if order.status not in BEFORE_CARRIER - {"AWAITING_COLLECTION"}:
        raise Refused(answers.SHIPPED_ALREADY, "The order has already been shipped")
    if pending_cancellations(shop, order):
        raise Refused(answers.ALREADY_REQUESTED, "A return request is already in process")
    if any(line.cancelled or line.arranged for line in lines):
        raise Refused(answers.LINES_EXCEEDED, "The requested line item(s) exceed the allowable limit.")
    request = _cancellation(shop, order, lines, "SELLER", reason)
    _grant(shop, request)
    return request


def ask_to_cancel(shop: Shop, order: Order, lines: Sequence[Line], reason: str) -> Cancellation:
    """The buyer wants to cancel: granted at once until the hold ends, then the seller has 48 hours to answer."""
    if order.status not in BEFORE_CARRIER or any(line.cancelled for line in lines):
        raise Impossible(f"order {order.id} is {order.status}")
    if pending_cancellations(shop, order):
        raise Impossible(f"a cancellation of order {order.id} waits for an answer")
    request = _cancellation(shop, order, lines, "BUYER", reason)
    if order.status in BEFORE_HOLD_ENDS:
        _grant(shop, request)
        return request
    request.deadline = shop.now() + SELLER_ANSWERS_WITHIN
    order.request_cancel_time = shop.now()
    shop.touched(order, order.status)
    shop.cancellation_changed(request)
    shop.later(request.deadline, lambda: _grant(shop, request) if _is_pending(request) else None)
    return request


def withdraw_cancellation(shop: Shop, request: Cancellation) -> None:
    """The buyer wants the order after all."""
    if not _is_pending(request):
        raise Impossible(f"cancellation {request.id} is {request.status}")
    _close(shop, request)


def approve_cancellation(shop: Shop, request: Cancellation, idempotency_key: str) -> None:
    """Repeated: done under the same key, else refused."""
    if idempotency_key and request.answered_under == f"approve {idempotency_key}":
        return
    if not _is_pending(request):
        raise Refused(answers.CANNOT_APPROVE, "reverse status cannot approve application")
    if shop.orders[request.order_id].status not in BEFORE_CARRIER:
        raise Refused(answers.SHIPPED_ALREADY, "The order has already been shipped")
    request.answered_under = f"approve {idempotency_key}"
    _grant(shop, request)


def reject_cancellation(shop: Shop, request: Cancellation, reason: str, idempotency_key: str) -> None:
    """Repeated: done under the same key, else refused."""
    if idempotency_key and request.answered_under == f"reject {idempotency_key}":
        return
    if reason not in REJECT_REASONS:
        raise Refused(answers.REASON_UNKNOWN, "Unknown return reason.")
    if not _is_pending(request):
        raise Refused(answers.CANNOT_REJECT, "reverse status cannot reject application")
    request.answered_under = f"reject {idempotency_key}"
    _close(shop, request)


def ask_to_return(shop: Shop, order: Order, lines: Sequence[Line], kind: ReturnType, reason: str) -> Return:
    """The buyer wants the money or another unit; the seller has 48 hours to answer."""
    if order.status not in ARRIVED | {"IN_TRANSIT"} or any(line.cancelled for line in lines):
        raise Impossible(f"order {order.id} is {order.status}")
    request = Return(
        id=shop.next_id("4035"),
        order_id=order.id,
        line_ids=[line.id for line in lines],
        type=kind,
        reason=reason,
        create_time=shop.now(),
        update_time=shop.now(),
        status="REPLACEMENT_REQUEST_PENDING" if kind == "REPLACEMENT" else "RETURN_OR_REFUND_REQUEST_PENDING",
        deadline=shop.now() + SELLER_ANSWERS_WITHIN,
    )
    shop.returns[request.id] = request
    shop.return_changed(request)
    return request


def send_back(shop: Shop, request: Return, tracking_number: str) -> None:
    """The buyer sends the goods."""
    if request.status != "AWAITING_BUYER_SHIP":
        raise Impossible(f"return {request.id} is {request.status}")
    request.status, request.tracking_number = "BUYER_SHIPPED_ITEM", tracking_number
    request.deadline = shop.now() + SELLER_ANSWERS_WITHIN
    shop.return_changed(request)


def withdraw_return(shop: Shop, request: Return) -> None:
    """The buyer keeps it."""
    if not (request.status.endswith("_PENDING") or request.status == "AWAITING_BUYER_SHIP"):
        raise Impossible(f"return {request.id} is {request.status}")
    replacement = request.type == "REPLACEMENT"
    request.status = "REPLACEMENT_REQUEST_CANCEL" if replacement else "RETURN_OR_REFUND_REQUEST_CANCEL"
    shop.return_changed(request)


def approve_return(shop: Shop, request: Return, decision: str, idempotency_key: str) -> None:
    """Repeated: done under the same key, else refused. A replacement is an order of its own."""
    answer = f"approve {decision} {idempotency_key}"
    if idempotency_key and request.answered_under == answer:
        return
    status = APPROVALS.get((request.status, request.type, decision))
    if status is None:
        raise _wrong_decision(request, decision)
    if status == "REPLACEMENT_REQUEST_COMPLETE":
        _replace(shop, request)
    request.status, request.answered_under, request.deadline = status, answer, 0
    shop.return_changed(request)
    if status == "RETURN_OR_REFUND_REQUEST_SUCCESS":
        shop.later(shop.now() + REFUND_SECONDS, lambda: _refunded(shop, request))


def reject_return(shop: Shop, request: Return, decision: str, reason: str, idempotency_key: str) -> None:
    """Repeated: done under the same key, else refused."""
    answer = f"reject {decision} {idempotency_key}"
    if idempotency_key and request.answered_under == answer:
        return
    if reason not in REJECT_REASONS:
        raise Refused(answers.REASON_UNKNOWN, "Unknown return reason.")
    status = REJECTIONS.get((request.status, request.type, decision))
    if status is None:
        raise _wrong_decision(request, decision)
    request.status, request.answered_under, request.deadline = status, answer, 0
    shop.return_changed(request)


def _wrong_decision(request: Return, decision: str) -> Refused:
    if decision not in DECISIONS:
        return Refused(answers.AFTERSALE_PARAMETERS, "An invalid request parameter was passed.")
    fits = any(kind == request.type and made == decision for _, kind, made in (*APPROVALS, *REJECTIONS))
    if fits:
        return Refused(answers.DECISION_OF_OTHER_STATUS, "decision not match reverse status")
    return Refused(answers.DECISION_OF_OTHER_TYPE, "decision not match reverse type")


def _cancellation(shop: Shop, order: Order, lines: Sequence[Line], role: Role, reason: str) -> Cancellation:
    request = Cancellation(
        id=shop.next_id("4034"),
        order_id=order.id,
        line_ids=[line.id for line in lines],
        role=role,
        reason=reason,
        create_time=shop.now(),
        update_time=shop.now(),
    )
    shop.cancellations[request.id] = request
    return request


def _is_pending(request: Cancellation) -> bool:
    return request.status == "CANCELLATION_REQUEST_PENDING"


def _grant(shop: Shop, request: Cancellation) -> None:
    order = shop.orders[request.order_id]
    lines = [line for line in order.open_lines if line.id in request.line_ids]
    request.status, request.deadline = "CANCELLATION_REQUEST_SUCCESS", 0
    order.request_cancel_time = 0
    shop.cancellation_changed(request)
    buying.cancel(shop, order, lines, request.role, request.reason)
    shop.later(shop.now() + REFUND_SECONDS, lambda: _completed(shop, request))


def _completed(shop: Shop, request: Cancellation) -> None:
    request.status = "CANCELLATION_REQUEST_COMPLETE"
    shop.cancellation_changed(request)


def _close(shop: Shop, request: Cancellation) -> None:
    order = shop.orders[request.order_id]
    request.status, request.deadline = "CANCELLATION_REQUEST_CANCEL", 0
    order.request_cancel_time = 0
    shop.touched(order, order.status)
    shop.cancellation_changed(request)


def _refunded(shop: Shop, request: Return) -> None:
    request.status = "RETURN_OR_REFUND_REQUEST_COMPLETE"
    shop.return_changed(request)


def _replace(shop: Shop, request: Return) -> None:
    """The same units again, free of charge, as an order that waits for shipment at once."""
    order = shop.orders[request.order_id]
    lines = [line for line in order.lines if line.id in request.line_ids]
    basket = buying.Basket(
        items=tuple(buying.Item(sku_id=line.sku_id, is_gift=True) for line in lines),
        buyer=order.buyer,
        shipping_type=order.shipping_type,
        replaced_order_id=order.id,
    )
    try:
        replacement = buying.place(shop, basket)
    except Impossible as reason:
        raise Refused(answers.CANNOT_APPROVE, f"no replacement: {reason}") from reason
    buying.pay(shop, replacement, hold_seconds=0)
