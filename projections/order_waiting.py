"""Why an order waits, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from projections.order_board import OrderRow


def waits_for(row: OrderRow) -> str:
    """What the order waits for, in words; nothing where it is at its end."""
    if row.fulfilment_state == "HELD":
        return (
            "a person: the buyer asks to cancel"
            if "cancellation_requested" in row.flags
            else f"a person: {row.held_for}"
        )
    if row.shipping_type == "FBT" and row.fulfilment_state == "RECEIVED":
        return "" if row.marketplace_status in {"DELIVERED", "COMPLETED"} else "the marketplace, which ships it"
    if row.fulfilment_state == "WAITING":
        return _waits_for_marketplace(row)
    if row.fulfilment_state == "BACKORDERED":
        return _waits_for_stock(row)
    if row.fulfilment_state == "FULFILLED":
        return _waits_for_carrier(row)
    return _WAITS_FOR.get(row.fulfilment_state, "")


_WAITS_FOR = {
    "RECEIVED": "its priority",
    "RESERVING": "its stock to be reserved",
    "READY": "its label",
    "LABELLED": "the labels of its other packages",
}


def _waits_for_marketplace(row: OrderRow) -> str:
    if row.marketplace_status == "UNPAID":
        return "payment"
    if row.marketplace_status == "ON_HOLD":
        return "the marketplace to let it go"
    return "the marketplace" if row.address_complete else "its address"


def _waits_for_stock(row: OrderRow) -> str:
    if any(need.state == "stock unknown" for need in row.needs):
        return "a first count of its stock"
    if row.promised_at is not None:
        return f"stock that is due on {row.promised_at:%Y-%m-%d}"
    return "stock that is not on order"


def _waits_for_carrier(row: OrderRow) -> str:
    if row.completed_at or row.delivered_at:
        return ""
    if any(package.stage == "open" for package in row.packages) and row.dispatched_at:
        return "hand-over of its other packages"
    if row.dispatched_at:
        return "delivery"
    return (
        "hand-over"
        if all(package.pushed for package in row.packages if package.tracking_number)
        else "the marketplace to take its tracking number"
    )
