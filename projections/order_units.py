"""What the board shows of an order's lines, and of the units that it asks stock for."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec

from schemas.values import OrderLine


class LineSummary(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line in short, with its share of the order's discount."""

    line_id: str
    sku_id: str
    seller_sku: str
    quantity: int
    discount: Decimal | None = None


class NeedState(msgspec.Struct, frozen=True):
    """Units that the order asks of one stock item, and whether it has them."""

    stock_item_id: UUID
    quantity: int
    state: Literal["asked", "reserved", "short", "stock unknown", "given back"]


def summary_of(line: OrderLine) -> LineSummary:
    """A line in short."""
    discount = None if line.discount is None else line.discount.amount
    return LineSummary(line.line_id, line.sku_id, line.seller_sku, line.quantity, discount)


def with_need(needs: tuple[NeedState, ...], need: NeedState) -> tuple[NeedState, ...]:
    """The needs with this one in its present state."""
    others = tuple(each for each in needs if each.stock_item_id != need.stock_item_id)
    return (*others, need)
