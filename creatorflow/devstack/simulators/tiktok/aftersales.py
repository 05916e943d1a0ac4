"""What is asked after a sale: a cancellation before the parcel is gone, a return once it is there."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

HOUR: Final = 3_600
SELLER_ANSWERS_WITHIN: Final = 48 * HOUR
REFUND_SECONDS: Final = 60
"""From a granted cancellation to the money being back."""

Role = Literal["BUYER", "SELLER", "SYSTEM"]
CancelStatus = Literal[
    "CANCELLATION_REQUEST_PENDING",
    "CANCELLATION_REQUEST_SUCCESS",
    "CANCELLATION_REQUEST_CANCEL",
    "CANCELLATION_REQUEST_COMPLETE",
]
ReturnType = Literal["REFUND", "RETURN_AND_REFUND", "REPLACEMENT"]
ReturnStatus = Literal[
    "RETURN_OR_REFUND_REQUEST_PENDING",
    "REFUND_OR_RETURN_REQUEST_REJECT",
    "AWAITING_BUYER_SHIP",
    "BUYER_SHIPPED_ITEM",
    "REJECT_RECEIVE_PACKAGE",
    "RETURN_OR_REFUND_REQUEST_SUCCESS",
    "RETURN_OR_REFUND_REQUEST_CANCEL",
    "RETURN_OR_REFUND_REQUEST_COMPLETE",
    "REPLACEMENT_REQUEST_PENDING",
    "REPLACEMENT_REQUEST_REJECT",
    "REPLACEMENT_REQUEST_CANCEL",
    "REPLACEMENT_REQUEST_COMPLETE",
]

SELLER_CANCEL_REASONS: Final = {
    "seller_cancel_reason_out_of_stock": "Out of stock",
    "seller_cancel_reason_wrong_price": "Pricing error",
    "seller_cancel_paid_reason_address_not_deliver": "Unable to deliver to buyer address",
    "seller_cancel_paid_reason_buyer_requested": "Buyer requested cancellation",
}
REJECT_REASONS: Final = {
    "seller_reject_apply_product_has_been_packed": "Product has been packed",
    "seller_reject_apply_you_have_reached_an_agreement_with_the_buyer": "You have reached an agreement with the buyer",
    "reverse_reject_request_reason_1": "The request does not comply with the policy",
}
APPROVALS: Final[dict[tuple[ReturnStatus, ReturnType, str], ReturnStatus]] = {
    ("RETURN_OR_REFUND_REQUEST_PENDING", "REFUND", "APPROVE_REFUND"): "RETURN_OR_REFUND_REQUEST_SUCCESS",
    ("RETURN_OR_REFUND_REQUEST_PENDING", "RETURN_AND_REFUND", "APPROVE_RETURN"): "AWAITING_BUYER_SHIP",
    ("RETURN_OR_REFUND_REQUEST_PENDING", "RETURN_AND_REFUND", "DIRECT_REFUND"): "RETURN_OR_REFUND_REQUEST_SUCCESS",
    ("BUYER_SHIPPED_ITEM", "RETURN_AND_REFUND", "APPROVE_RECEIVED_PACKAGE"): "RETURN_OR_REFUND_REQUEST_SUCCESS",
    ("REPLACEMENT_REQUEST_PENDING", "REPLACEMENT", "APPROVE_REPLACEMENT"): "REPLACEMENT_REQUEST_COMPLETE",
}
"""What becomes of a return by its status, its type and the seller's decision; nothing else can be approved."""
REJECTIONS: Final[dict[tuple[ReturnStatus, ReturnType, str], ReturnStatus]] = {
    ("RETURN_OR_REFUND_REQUEST_PENDING", "REFUND", "REJECT_REFUND"): "REFUND_OR_RETURN_REQUEST_REJECT",
    ("RETURN_OR_REFUND_REQUEST_PENDING", "RETURN_AND_REFUND", "REJECT_RETURN"): "REFUND_OR_RETURN_REQUEST_REJECT",
    ("BUYER_SHIPPED_ITEM", "RETURN_AND_REFUND", "REJECT_RECEIVED_PACKAGE"): "REJECT_RECEIVE_PACKAGE",
    ("REPLACEMENT_REQUEST_PENDING", "REPLACEMENT", "REJECT_REPLACEMENT"): "REPLACEMENT_REQUEST_REJECT",
}
DECISIONS: Final = frozenset(decision for *_, decision in (*APPROVALS, *REJECTIONS))


class Cancellation(msgspec.Struct, kw_only=True):
    """Lines of one order that somebody wants cancelled, or had cancelled."""

    id: str
    order_id: str
    line_ids: list[str]
    role: Role
    reason: str
    create_time: int
    update_time: int
    status: CancelStatus = "CANCELLATION_REQUEST_PENDING"
    deadline: int = 0
    answered_under: str = ""


class Return(msgspec.Struct, kw_only=True):
    """Lines of one order that a buyer sends back, or wants the money or another unit for."""

    id: str
    order_id: str
    line_ids: list[str]
    type: ReturnType
    reason: str
    create_time: int
    update_time: int
    status: ReturnStatus
    deadline: int = 0
    tracking_number: str = ""
    answered_under: str = ""
