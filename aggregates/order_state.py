"""An order as its history made it: the facts, and the fulfilment state that they give."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from eventsourcing.domain import Aggregate

from aggregates import order_events
from aggregates.order_event import ComingBack, LineParts, Package, Parcel, Shortage
from aggregates.order_events import SEEN_UPDATES_KEPT
from aggregates.policies import order_lines, status_order
from aggregates.policies.order_lines import Lines, units_of
from schemas.values import Address, Deadlines, LineQuantity, Money, Need, ShippingType

CANCELLED = "CANCELLED"
FBT = "FBT"
"""Shipped by the marketplace out of its own warehouse: shown, never reserved nor packed here."""

NEVER = datetime.min.replace(tzinfo=UTC)


class Order(Aggregate):
    """One order of one shop."""

    TOPIC = "order"

    Event = order_events.Event
    Created = order_events.Placed
    Placed = order_events.Placed
    Foretold = order_events.Foretold
    Missing = order_events.Missing
    StatusAdvanced = order_events.StatusAdvanced
    AddressChanged = order_events.AddressChanged
    AddressMissing = order_events.AddressMissing
    ReadAsked = order_events.ReadAsked
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
    ReservationsGivenBack = order_events.ReservationsGivenBack
    ReservationDeclined = order_events.ReservationDeclined
    ReadyToShip = order_events.ReadyToShip
    Split = order_events.Split
    PackageOffered = order_events.PackageOffered
    PackageJoined = order_events.PackageJoined
    LeftOut = order_events.LeftOut
    LabelBought = order_events.LabelBought
    LabelReplaced = order_events.LabelReplaced
    LabelDeclined = order_events.LabelDeclined
    Fulfilled = order_events.Fulfilled
    FulfilmentPushed = order_events.FulfilmentPushed
    PackageMoved = order_events.PackageMoved
    Dispatched = order_events.Dispatched
    ShownDispatched = order_events.ShownDispatched
    Delivered = order_events.Delivered
    Completed = order_events.Completed
    CancellationRequested = order_events.CancellationRequested
    CancellationAnswered = order_events.CancellationAnswered
    CancellationWithdrawn = order_events.CancellationWithdrawn
    CancellationDue = order_events.CancellationDue
    LineCancelled = order_events.LineCancelled
    Cancelled = order_events.Cancelled
    Refunded = order_events.Refunded
    ReturnOpened = order_events.ReturnOpened
    ReturnAdvanced = order_events.ReturnAdvanced
    GoodsInspected = order_events.GoodsInspected
    RequestRefused = order_events.RequestRefused
    AlertAcknowledged = order_events.AlertAcknowledged

    def __init__(self) -> None:
        self.foretold: tuple[order_events.Early, ...] = ()
        self.marketplace = ""
        self.shop = ""
        self.number = ""
        self.status = ""
        self.state = ""
        self.buyer = ""
        self.read_for: set[str] = set()
        self.shipping_type: ShippingType = "SELLER"
        self.lines: Lines = ()
        self.parts: dict[tuple[str, str], tuple[Need, ...]] = {}
        self.total: Money | None = None
        self.created_at = self.updated_at = self.unpaid_since = self.address_at = NEVER
        self.paid_at: datetime | None = None
        self.address: Address | None = None
        self.readable = self.address_missed = False
        self.deadlines = Deadlines()
        self.score = 0
        self.floor = ""
        self.override: order_events.PriorityOverridden | None = None
        self.asked_to_ship = False
        self.kept_orders: int | None = None
        self.needs: dict[UUID, int] = {}
        self.reserved: dict[UUID, int] = {}
        self.short: dict[UUID, Shortage] = {}
        self.given_back: set[UUID] = set()
        self.promised_at: datetime | None = None
        self.packages: dict[UUID, Parcel] = {}
        self.closed: dict[UUID, tuple[Parcel, Package | None]] = {}
        self.packages_opened = 0
        self.plan: tuple[tuple[LineQuantity, ...], ...] = ()
        self.last_split: tuple[tuple[LineQuantity, ...], ...] = ()
        self.labels: dict[UUID, Package] = {}
        self.told: dict[UUID, Package] = {}
        self.refused: set[UUID] = set()
        self.pushed: set[UUID] = set()
        self.hold: order_events.Held | None = None
        self.hold_expired = False
        self.fulfilled = False
        self.dispatched = False
        self.gone = False
        self.delivered = False
        self.cancelled = False
        self.refunded = False
        self.asked: dict[str, order_events.CancellationRequested] = {}
        self.cancellations: dict[str, tuple[datetime, str]] = {}
        self.coming_back = ComingBack()
        self.acknowledged: dict[str, int] = {}
        self.flagged: tuple[str, ...] = ()
        self.seen: tuple[tuple[str, datetime], ...] = ()

    # What events do. Called by them alone.

    def see(self, status: str, updated_at: datetime) -> None:
        """Remember an update among the latest ones."""
        self.seen = (*self.seen[1 - SEEN_UPDATES_KEPT :], (status, updated_at))

    def note_parts(self, lines: Lines, needs: tuple[Need, ...], line_parts: tuple[LineParts, ...]) -> None:
        """Remember what a unit of each line asks of stock; of a single line it follows from what it asks in all."""
        self.parts = {(each.line_id, each.sku_id): each.parts for each in line_parts}
        asking = [line for line in lines if line.quantity > 0]
        if not line_parts and len(asking) == 1:
            (line,) = asking
            self.parts[line.line_id, line.sku_id] = tuple(
                Need(stock_item_id=need.stock_item_id, quantity=need.quantity // line.quantity) for need in needs
            )

    def forget_stock(self) -> None:
        """Hold and wait for nothing any more."""
        self.reserved.clear()
        self.short.clear()
        self.given_back.clear()
        self.promised_at = None

    def note_label(self, shipment: UUID, carrier: str, tracking_number: str) -> None:
        """Remember the present label of a package."""
        self.labels[shipment] = self.label_as(shipment, carrier, tracking_number)
        self.refused.discard(shipment)

    def note_told(self, packages: Iterable[Package]) -> None:
        """Remember which labels the marketplace is told of."""
        self.told.update((package.shipment_id, package) for package in packages)

    def close(self, shipments: Iterable[UUID]) -> None:
        """Have nothing to do with these packages any more; what was in them is to be packed again."""
        for shipment in shipments:
            parcel, label = self.packages.pop(shipment, None), self.labels.pop(shipment, None)
            if parcel is not None:
                self.closed[shipment] = (parcel, label)
            self.refused.discard(shipment)
            self.fulfilled = False

    def take_back(self, shipment: UUID) -> None:
        """Have to do with a closed package again."""
        if shipment not in self.closed:
            return
        parcel, label = self.closed.pop(shipment)
        self.packages[shipment] = parcel
        if label is not None:
            self.labels[shipment] = label

    def withdraw(self, shipments: Iterable[UUID]) -> None:
        """Wait until these packages are put back."""
        for shipment in shipments:
            self.packages[shipment] = self.packages[shipment]._replace(withdrawn=True)
            self.fulfilled = False

    def cancel_units(self, units: Iterable[LineQuantity], release: Iterable[Need]) -> None:
        """Ask for fewer units of some lines."""
        self.lines = order_lines.without(self.lines, units)
        for need in release:
            item = need.stock_item_id
            left = self.needs.get(item, 0) - need.quantity
            if left > 0:
                self.needs[item] = left
                if item in self.reserved:
                    self.reserved[item] = min(self.reserved[item], left)
                continue
            self.needs.pop(item, None)
            self.reserved.pop(item, None)
            self.short.pop(item, None)
            self.given_back.discard(item)

    # What decisions ask.

    @property
    def seen_yet(self) -> bool:
        """Whether the marketplace has shown the order, and not only spoken of it."""
        return bool(self.number)

    def wants(self, stock_item_id: UUID) -> bool:
        """Whether units of this stock item are still asked for."""
        asks = stock_item_id in self.needs and stock_item_id not in self.given_back
        return asks and not (self.cancelled or self.hold_expired or self.gone)

    def may_ship(self) -> bool:
        """Whether nothing but stock keeps the order back."""
        return self.hold is None and not self.asked and lets_ship(self.status, self.address, self.shipping_type)

    def has_all_stock(self) -> bool:
        """Whether every stock item holds its units."""
        return len(self.reserved) == len(self.needs) > 0

    def unpacked(self) -> Lines:
        """The units that are in no package."""
        if not self.packages:
            return self.lines
        if len(self.packages) == 1 and next(iter(self.packages.values())).lines == self.lines:
            return ()
        return order_lines.without(self.lines, units_of(self._packed(self.packages)))

    def cancellable(self) -> Lines:
        """The units that have not left the house and are still asked for."""
        if self.gone or self.cancelled:
            return ()
        left = [shipment for shipment, parcel in self.packages.items() if parcel.stage == "handed over"]
        return order_lines.without(self.lines, units_of(self._packed(left)))

    def in_house(self) -> tuple[UUID, ...]:
        """The packages that have not left the house."""
        return tuple(shipment for shipment, parcel in self.packages.items() if parcel.stage != "handed over")

    def label_as(self, shipment: UUID, carrier: str, tracking_number: str) -> Package:
        """A package with a label as the marketplace is to be told of it."""
        told, parcel = self.told.get(shipment), self.packages[shipment]
        return Package(
            shipment_id=shipment,
            package=parcel.told_as or parcel.number,
            carrier=carrier,
            tracking_number=tracking_number,
            times=1 if told is None else told.times + 1,
            joined=parcel.joined > 0,
            lines=tuple(
                LineQuantity(line_id=line.line_id, quantity=line.quantity) for line in parcel.lines if line.quantity
            ),
            replaces="" if told is None else told.tracking_number,
        )

    def is_whole(self) -> bool:
        """Whether every unit is in a package that has its label."""
        return (
            bool(self.packages)
            and self.labels.keys() == self.packages.keys()
            and not (self.refused or any(parcel.withdrawn for parcel in self.packages.values()) or self.unpacked())
        )

    def _packed(self, shipments: Iterable[UUID]) -> Lines:
        return tuple(line for shipment in shipments for line in self.packages[shipment].lines)

    def standing(
        self,
        *,
        may_ship: bool | None = None,
        held: bool | None = None,
        short: bool | None = None,
        all_stock: bool | None = None,
        without: Iterable[UUID] = (),
    ) -> str:
        """
        The fulfilment state that the facts give, those named here taken instead of the present ones.

        `held`: by a person or for one, a buyer's wish to cancel included. `without`: packages that are to be closed.
        """
        if self.cancelled:
            return CANCELLED
        if held if held is not None else self.hold is not None or self.asked:
            return "HELD"
        if self.gone:
            return "FULFILLED"
        closing = set(without)
        if self.labels.keys() - closing:
            return "FULFILLED" if self.fulfilled and not closing else "LABELLED"
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
    if rank >= status_order.ARRANGED_FROM or shipping_type != "SELLER":
        return True
    return address is not None and address.complete
