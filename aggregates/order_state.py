"""An order as its history made it: the facts, and the fulfilment state that they give."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from eventsourcing.domain import Aggregate

from aggregates import order_events
from aggregates.order_events import SEEN_UPDATES_KEPT, Package, Shortage
from aggregates.policies import status_order
from schemas.values import Address, Deadlines, Money, OrderLine

CANCELLED = "CANCELLED"
NEVER = datetime.min.replace(tzinfo=UTC)


class Order(Aggregate):
    """One order of one shop."""

    TOPIC = "order"

    Event = order_events.Event
    Created = order_events.Placed
    Placed = order_events.Placed
    StatusAdvanced = order_events.StatusAdvanced
    UpdateSuperseded = order_events.UpdateSuperseded
    StatusFlagged = order_events.StatusFlagged
    Classified = order_events.Classified
    PriorityOverridden = order_events.PriorityOverridden
    Held = order_events.Held
    Released = order_events.Released
    HoldExpired = order_events.HoldExpired
    StockReserved = order_events.StockReserved
    Backordered = order_events.Backordered
    Delayed = order_events.Delayed
    ReservationDeclined = order_events.ReservationDeclined
    ReadyToShip = order_events.ReadyToShip
    LabelBought = order_events.LabelBought
    LabelDeclined = order_events.LabelDeclined
    Fulfilled = order_events.Fulfilled
    FulfilmentPushed = order_events.FulfilmentPushed
    Dispatched = order_events.Dispatched
    Delivered = order_events.Delivered
    Completed = order_events.Completed
    CancellationRequested = order_events.CancellationRequested
    Cancelled = order_events.Cancelled

    def __init__(self) -> None:
        self.marketplace = ""
        self.shop = ""
        self.number = ""
        self.status = ""
        self.state = ""
        self.buyer = ""
        self.shipping_type: Literal["SELLER", "TIKTOK"] = "SELLER"
        self.lines: tuple[OrderLine, ...] = ()
        self.total: Money | None = None
        self.created_at = self.updated_at = self.unpaid_since = NEVER
        self.paid_at: datetime | None = None
        self.address: Address | None = None
        self.deadlines = Deadlines()
        self.score = 0
        self.floor = ""
        self.override: order_events.PriorityOverridden | None = None
        self.asked_to_ship = False
        self.kept_orders: int | None = None
        self.needs: dict[UUID, int] = {}
        self.reserved: dict[UUID, int] = {}
        self.short: dict[UUID, Shortage] = {}
        self.promised_at: datetime | None = None
        self.packages: dict[UUID, str] = {}
        self.labels: dict[UUID, Package] = {}
        self.refused: set[UUID] = set()
        self.pushed: set[UUID] = set()
        self.hold: order_events.Held | None = None
        self.hold_expired = False
        self.fulfilled = False
        self.dispatched = False
        self.delivered = False
        self.cancelled = False
        self.cancellation_requested = False
        self.flagged: tuple[str, ...] = ()
        self.seen: tuple[tuple[str, datetime], ...] = ()

    def see(self, status: str, updated_at: datetime) -> None:
        """Remember an update among the latest ones. Called by events alone."""
        self.seen = (*self.seen[1 - SEEN_UPDATES_KEPT :], (status, updated_at))

    def forget_stock(self) -> None:
        """Hold and wait for nothing any more. Called by events alone."""
        self.reserved.clear()
        self.short.clear()
        self.promised_at = None

    def wants(self, stock_item_id: UUID) -> bool:
        """Whether units of this stock item are still asked for."""
        return stock_item_id in self.needs and not self.cancelled and not self.hold_expired

    def may_ship(self) -> bool:
        """Whether nothing but stock keeps the order back."""
        return self.hold is None and lets_ship(self.status, self.address, self.shipping_type)

    def has_all_stock(self) -> bool:
        """Whether every stock item holds its units."""
        return len(self.reserved) == len(self.needs) > 0

    def standing(
        self,
        *,
        may_ship: bool | None = None,
        held: bool | None = None,
        short: bool | None = None,
        all_stock: bool | None = None,
    ) -> str:
        """The fulfilment state that the facts give, those named here taken instead of the present ones."""
        if self.cancelled:
            return CANCELLED
        if held if held is not None else self.hold is not None:
            return "HELD"
        if self.labels:
            return "FULFILLED" if self.fulfilled else "LABELLED"
        if short if short is not None else self.short:
            return "BACKORDERED"
        if not (may_ship if may_ship is not None else self.may_ship()):
            return "WAITING"
        if not self.needs:
            return "RECEIVED"
        return "READY" if (all_stock if all_stock is not None else self.has_all_stock()) else "RESERVING"


def lets_ship(status: str, address: Address | None, shipping_type: str) -> bool:
    """Whether the marketplace lets the order go and we know where. What is arranged elsewhere goes without us."""
    rank = status_order.rank(status)
    if rank < status_order.SHIPS_FROM or status == CANCELLED:
        return False
    if rank >= status_order.ARRANGED_FROM or shipping_type == "TIKTOK":
        return True
    return address is not None and address.complete
