"""A small log in memory, written order by order as the real one would be, in which a test can plant one fault."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from creatorflow.audit import ClientOrder
from creatorflow.log import Logged, RawWebhook, StoredEvent
from schemas import events
from schemas.events import Event
from schemas.shipping import Label
from schemas.values import Address, Money, Need, order_id, shipment_id, stock_item_id

MARKETPLACE, SHOP = "tiktok", "7490000000000000001"
START = datetime(2025, 11, 24, 16, 0, tzinfo=UTC)
TEA = stock_item_id(MARKETPLACE, SHOP, "1729000000000009999")


@dataclass(frozen=True)
class Stored:
    """What the audit looks at in a stored event; its public form travels beside it."""

    originator_id: UUID
    originator_version: int
    timestamp: datetime
    leads_to: tuple[str, ...] = ()


def follow_ups(event: StoredEvent) -> Collection[str]:
    """The keys of the calls that a stored event leads to."""
    assert isinstance(event, Stored)
    return event.leads_to


@dataclass
class AuditedLog:
    """The log, what lies beside it, and the figures of its one stock item."""

    rows: list[Logged] = field(default_factory=list)
    webhooks: dict[str, RawWebhook] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    sold: list[Label] = field(default_factory=list)
    taken_back: set[str] = field(default_factory=set)
    figures: dict[str, int] = field(default_factory=lambda: {"on_hand": 0, "reserved": 0, "backordered": 0})
    versions: dict[UUID, int] = field(default_factory=dict)

    def append(self, public: Event, cause: str, correlation: str = "", leads_to: tuple[str, ...] = ()) -> int:
        """Append one event; its aggregate is its first field. Returns its position."""
        aggregate: UUID = getattr(public, public.__struct_fields__[0])
        version = self.versions[aggregate] = self.versions.get(aggregate, 0) + 1
        position = len(self.rows) + 1
        stored = Stored(aggregate, version, START + timedelta(milliseconds=100 * position), leads_to)
        self.rows.append(Logged(position, cause, correlation, stored, public))
        return position

    def webhook(self, event_id: str) -> str:
        """A webhook came and was kept."""
        self.webhooks[event_id] = RawWebhook(event_id, "tiktok.webhooks.v1", 0, len(self.webhooks), START)
        return event_id

    def stock(self, kind: type[Event], cause: str, moves: dict[str, int], **fields: Any) -> int:
        """An event of the stock item, with the figures after it."""
        for name, change in moves.items():
            self.figures[name] += change
        return self.append(kind(stock_item_id=TEA, **fields, **self.figures), cause)

    def received(self, quantity: int) -> None:
        """Units came in, booked by an operator."""
        fields = {"quantity": quantity, "reference": "R", "occurred_at": START}
        self.stock(events.StockReceived, self.webhook("operator-1"), {"on_hand": quantity}, **fields)

    def placed(self, number: str, quantity: int = 1, state: str = "RESERVING") -> tuple[UUID, str]:
        """An order came in a webhook. Returns its id, and the cause of what follows from it."""
        order = order_id(MARKETPLACE, SHOP, number)
        event_id = self.webhook(f"webhook-{number}")
        placed = events.OrderPlaced(
            order_id=order,
            marketplace=MARKETPLACE,
            shop=SHOP,
            number=number,
            marketplace_status="UNPAID" if state == "WAITING" else "AWAITING_SHIPMENT",
            fulfilment_state=state,
            created_at=START,
            updated_at=START,
            lines=(),
            needs=(Need(stock_item_id=TEA, quantity=quantity),),
            total=Money(amount=Decimal("19.99"), currency="USD"),
        )
        return order, f"{self.append(placed, event_id, event_id)}.0"

    def reserved(self, order: UUID, cause: str, quantity: int = 1) -> str:
        """The stock item holds the units, and the order knows. Returns the cause of what follows."""
        fields = {"order_id": order, "quantity": quantity}
        at = self.stock(events.StockReserved, cause, {"reserved": quantity}, **fields)
        self.append(events.OrderStockReserved(order_id=order, stock_item_id=TEA, quantity=quantity), f"{at}.0")
        return f"{self.append(events.OrderReadyToShip(order_id=order), f'{at}.0')}.0"

    def labelled(self, order: UUID, number: str, cause: str) -> UUID:
        """A package was opened, its label bought, the order fulfilled and the marketplace told."""
        package = shipment_id(MARKETPLACE, SHOP, f"{number}-1")
        opened = events.ShipmentOpened(
            shipment_id=package,
            order_id=order,
            marketplace=MARKETPLACE,
            shop=SHOP,
            order_number=number,
            package=f"{number}-1",
            contents=(Need(stock_item_id=TEA, quantity=1),),
            address=Address(country="US"),
        )
        self.append(opened, cause, leads_to=(f"label:{package}:1",))
        at = self.label(package, order, f"TN{number}")
        labelled = events.OrderLabelled(
            order_id=order, shipment_id=package, carrier="local", tracking_number=f"TN{number}"
        )
        self.append(labelled, f"{at}.0")
        self.append(events.OrderFulfilled(order_id=order), f"{at}.0", leads_to=(f"push:{package}",))
        self.append(events.OrderFulfilmentPushed(order_id=order, shipment_id=package), f"call:push:{package}:1")
        return package

    def label(self, package: UUID, order: UUID, tracking_number: str, attempt: int = 1) -> int:
        """The carrier sold a label, in its record and in the log."""
        of: dict[str, Any] = {"carrier": "local", "service": "ground", "tracking_number": tracking_number}
        self.sold.append(Label(reference=f"{package}-{len(self.sold)}", **of))
        return self.append(
            events.LabelBought(shipment_id=package, order_id=order, **of), f"call:label:{package}:{attempt}:1"
        )

    def voided(self, package: UUID, order: UUID, tracking_number: str) -> None:
        """The carrier took a label back, in its record and in the log."""
        of: dict[str, Any] = {"shipment_id": package, "order_id": order, "tracking_number": tracking_number}
        key = f"void:{tracking_number}"
        self.append(events.VoidRequested(**of, reason="replaced"), self.webhook(f"operator-{key}"), leads_to=(key,))
        self.taken_back.add(tracking_number)
        self.append(events.LabelVoided(**of), f"call:{key}:1", leads_to=(f"label:{package}:2",))

    def fulfilled(self, number: str) -> UUID:
        """One order's whole way."""
        order, cause = self.placed(number)
        self.labelled(order, number, self.reserved(order, cause))
        return order

    def short(self, number: str, quantity: int) -> UUID:
        """An order that waits for stock."""
        order, cause = self.placed(number, quantity)
        fields = {"order_id": order, "quantity": quantity}
        at = self.stock(events.StockShortageRecorded, cause, {"backordered": quantity}, short_by=quantity, **fields)
        backordered = events.OrderBackordered(order_id=order, stock_item_id=TEA, short_by=quantity, quantity=quantity)
        self.append(backordered, f"{at}.0")
        return order

    def cancelled(self, number: str) -> UUID:
        """An order that was reserved, then cancelled; its units went back."""
        order, cause = self.placed(number)
        self.reserved(order, cause)
        event_id = self.webhook(f"cancel-{number}")
        at = self.append(
            events.OrderCancelled(order_id=order, reason="buyer", cancelled_at=START, by="buyer"), event_id
        )
        fields = {"order_id": order, "quantity": 1, "reason": "cancelled"}
        self.stock(events.StockReservationReleased, f"{at}.0", {"reserved": -1}, **fields)
        return order

    def replace_row(self, find: Callable[[Logged], bool], **changes: Any) -> None:
        """Plant a fault: change the last row that fits."""
        place = max(place for place, row in enumerate(self.rows) if find(row))
        self.rows[place] = self.rows[place]._replace(**changes)

    def drop(self, find: Callable[[Logged], bool]) -> None:
        """Plant a fault: lose the last row that fits."""
        self.rows.pop(max(place for place, row in enumerate(self.rows) if find(row)))

    # What a LogReader gives.

    def head(self) -> int:
        return self.rows[-1].position if self.rows else 0

    def read(self, after: int = 0) -> Iterator[Logged]:
        return (row for row in list(self.rows) if row.position > after)

    def read_aggregate(self, originator_id: UUID) -> Iterator[Logged]:
        return (row for row in list(self.rows) if row.event.originator_id == originator_id)

    def outside_ids(self) -> Collection[str]:
        return set(self.webhooks)

    def dead_lettered(self) -> Collection[str]:
        return self.dead

    def raw_webhook(self, event_id: str) -> RawWebhook | None:
        return self.webhooks.get(event_id)

    def close(self) -> None:
        pass


def is_a(kind: type[Event]) -> Callable[[Logged], bool]:
    """Rows whose public event is of this kind."""
    return lambda row: isinstance(row.public, kind)


def moved(event: StoredEvent, version: int) -> Stored:
    """The same stored event under another version."""
    assert isinstance(event, Stored)
    return replace(event, originator_version=version)


def sent(number: str, outcome: Any = "ok", *, cancelled: bool = False) -> ClientOrder:
    """An order in the sender's record, first sent ready to ship at the start."""
    return ClientOrder(MARKETPLACE, SHOP, number, outcome, START if outcome == "ok" else None, cancelled)
