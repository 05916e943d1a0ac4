"""Commands that were set for a moment: the scheduler sends them, and each names what it was set for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from schemas.commands import Command


class ReclassifyOrder(Command):
    """Work out the order's priority again; `set_for` names the moment it was set for (24h, 6h)."""

    order_id: UUID
    set_for: str


class ExpireHold(Command):
    """The hold of an unpaid order ends. Ignored unless the order still waits for the payment it was set for."""

    order_id: UUID
    set_for: datetime


class CheckAddress(Command):
    """See whether the order still waits for its address, a while after the marketplace let it go."""

    order_id: UUID


class ExpectOrder(Command):
    """See whether an order that was foretold has been seen, a while after it was first spoken of."""

    order_id: UUID


class RemindOfCancellation(Command):
    """See whether a buyer's wish to cancel is still unanswered, a while before its deadline."""

    order_id: UUID
    cancel_id: str


class BuyDeferredLabel(Command):
    """Ask for the label of a package that waited for other orders to join it. Ignored once it was asked for."""

    shipment_id: UUID


class EaseRisk(Command):
    """The hours left have been well above the risk's threshold since `set_for`: let it fall, if that still holds."""

    replenishment_id: UUID
    set_for: datetime


class PressReorder(Command):
    """Nobody answered whether to order. Ignored unless it is still asked, with the same latest useful time."""

    replenishment_id: UUID
    reorder_id: str
    useful_until: datetime


class LapseReorder(Command):
    """The latest useful time of a question has come. Ignored unless it is still asked, with the same time."""

    replenishment_id: UUID
    reorder_id: str
    useful_until: datetime


class CheckDelivery(Command):
    """See whether an order that was due at `due_at` has come, a while after. Ignored if its date is another now."""

    replenishment_id: UUID
    reorder_id: str
    due_at: datetime
