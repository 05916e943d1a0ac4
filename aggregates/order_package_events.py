"""The private events of an order that are about its packages: opened, labelled, gone, arrived."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aggregates.order_event import Event, Package, Parcel, Push
from aggregates.policies.returning import about_package
from schemas.values import Address, Deadlines, LineQuantity, Money, Need, OrderLine

if TYPE_CHECKING:
    from aggregates.order_state import Order


class ReadyToShip(Event):
    """
    All units of a package are reserved and the order may go: everything that its package needs.

    `planned` is its place among the packages that a person asked for, None for the one of all that is left.
    """

    TOPIC = "order.ready-to-ship"

    shipment_id: UUID
    package: str
    marketplace: str
    shop: str
    order_number: str
    contents: tuple[Need, ...]
    lines: tuple[OrderLine, ...]
    address: Address
    deadlines: Deadlines
    priority: int
    value: Money
    fulfilment_state: str = "READY"
    planned: int | None = None

    def apply(self, aggregate: Order) -> None:
        aggregate.packages[self.shipment_id] = Parcel(self.package, self.contents, self.lines)
        aggregate.packages_opened += 1
        if self.planned is not None:
            aggregate.plan = (*aggregate.plan[: self.planned], *aggregate.plan[self.planned + 1 :])
        aggregate.fulfilled = False
        aggregate.state = self.fulfilment_state


class Split(Event):
    """A person sends what is not on paper yet in these packages; the open ones before it are closed."""

    TOPIC = "order.split"

    packages: tuple[tuple[LineQuantity, ...], ...]
    operator: str
    closed: tuple[UUID, ...]
    fulfilment_state: str

    def apply(self, aggregate: Order) -> None:
        aggregate.close(self.closed)
        aggregate.plan = self.packages
        aggregate.last_split = self.packages
        aggregate.state = self.fulfilment_state


class PackageOffered(Event):
    """A person sends this package and those of the orders in `to` as one, which goes to this address."""

    TOPIC = "order.package-offered"

    shipment_id: UUID
    package: str
    marketplace: str
    shop: str
    address: Address
    to: tuple[UUID, ...]
    operator: str

    def apply(self, aggregate: Order) -> None:
        parcel = aggregate.packages[self.shipment_id]
        aggregate.packages[self.shipment_id] = parcel._replace(offered=True)


class PackageJoined(Event):
    """
    What was in the packages in `closed` goes in another order's package: all that it has to know of it.

    The marketplace, which knows nothing of that one, is told of it as this order's own package `told_as`.
    """

    TOPIC = "order.package-joined"

    shipment_id: UUID
    package: str
    order_number: str
    contents: tuple[Need, ...]
    lines: tuple[OrderLine, ...]
    deadlines: Deadlines
    priority: int
    value: Money | None
    closed: tuple[UUID, ...]
    told_as: str
    fulfilment_state: str
    operator: str

    def apply(self, aggregate: Order) -> None:
        aggregate.close(self.closed)
        aggregate.closed.pop(self.shipment_id, None)
        aggregate.pushed.discard(self.shipment_id)
        aggregate.packages[self.shipment_id] = Parcel(
            self.package, self.contents, self.lines, joined=self.originator_version, told_as=self.told_as
        )
        aggregate.state = self.fulfilment_state


class LeftOut(Event):
    """Another order's package did not take its lines in: they are to be packed again."""

    TOPIC = "order.left-out"

    shipment_id: UUID
    reason: str
    fulfilment_state: str

    def apply(self, aggregate: Order) -> None:
        aggregate.close((self.shipment_id,))
        aggregate.state = self.fulfilment_state


class LabelBought(Event):
    """A package of this order has its label. `push`: the marketplace is told before the others have theirs."""

    TOPIC = "order.label-bought"

    shipment_id: UUID
    carrier: str
    tracking_number: str
    fulfilment_state: str
    push: Push | None = None

    def apply(self, aggregate: Order) -> None:
        aggregate.note_label(self.shipment_id, self.carrier, self.tracking_number)
        if self.push is not None:
            aggregate.note_told((self.push.package,))
        aggregate.state = self.fulfilment_state


class LabelReplaced(Event):
    """A package was labelled again, its old label is void. `push`: the marketplace knew of the old one."""

    TOPIC = "order.label-replaced"

    shipment_id: UUID
    carrier: str
    tracking_number: str
    fulfilment_state: str
    push: Push | None = None

    def apply(self, aggregate: Order) -> None:
        aggregate.note_label(self.shipment_id, self.carrier, self.tracking_number)
        aggregate.pushed.discard(self.shipment_id)
        if self.push is not None:
            aggregate.note_told((self.push.package,))
        aggregate.state = self.fulfilment_state


class LabelDeclined(Event):
    """A package that the order does not want any more has a label: it is to be voided."""

    TOPIC = "order.label-declined"

    shipment_id: UUID
    carrier: str
    tracking_number: str
    reason: str


class Fulfilled(Event):
    """Every package has its label, and the marketplace is told of those that it does not know."""

    TOPIC = "order.fulfilled"

    marketplace: str
    shop: str
    order_number: str
    packages: tuple[Package, ...]
    priority: int
    dispatch_by: datetime | None = None

    def apply(self, aggregate: Order) -> None:
        aggregate.fulfilled = True
        aggregate.note_told(self.packages)
        aggregate.state = "FULFILLED"


class FulfilmentPushed(Event):
    """The marketplace knows of a package's tracking number."""

    TOPIC = "order.fulfilment-pushed"

    shipment_id: UUID
    pushed_at: datetime

    def apply(self, aggregate: Order) -> None:
        aggregate.pushed.add(self.shipment_id)


class PackageMoved(Event):
    """
    A package is on paper, was put back, came back, or arrived while others did not.

    Put back, a package that waited for it is closed; another one is in the house again. Returned, somebody is to
    inspect what it `awaits`; units in `ahead` were inspected before.
    """

    TOPIC = "order.package-moved"

    shipment_id: UUID
    stage: Literal["printed", "put back", "delivered", "returned"]
    occurred_at: datetime
    awaits: tuple[Need, ...] = ()
    ahead: tuple[Need, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether nothing of it is left to inspect: all of it was booked before."""
        return bool(self.ahead) and not self.awaits

    def apply(self, aggregate: Order) -> None:
        parcel = aggregate.packages[self.shipment_id]
        if self.stage == "delivered":
            parcel = parcel._replace(stage="handed over", delivered=True)
        elif self.stage == "returned":
            parcel = parcel._replace(stage="handed over", returned=True)
            for need in self.ahead:
                aggregate.coming_back.came_ahead(need.stock_item_id, -need.quantity)
            if not self.settled:
                aggregate.coming_back.expect(about_package(self.shipment_id), self.awaits)
        else:
            parcel = parcel._replace(stage="printed")
        if self.stage == "put back" and parcel.withdrawn:
            aggregate.close((self.shipment_id,))
        else:
            aggregate.packages[self.shipment_id] = parcel
        aggregate.dispatched = any(each.stage == "handed over" for each in aggregate.packages.values())


class Dispatched(Event):
    """
    A package left the house.

    One that its order had closed left after all: what it holds is not sent again, the packages in `closed` that were
    to do so are not wanted any more.
    """

    TOPIC = "order.dispatched"

    shipment_id: UUID
    occurred_at: datetime
    closed: tuple[UUID, ...] = ()
    fulfilment_state: str = ""

    def apply(self, aggregate: Order) -> None:
        aggregate.close(self.closed)
        aggregate.take_back(self.shipment_id)
        aggregate.state = self.fulfilment_state or aggregate.state
        aggregate.dispatched = True
        parcel = aggregate.packages.get(self.shipment_id)
        if parcel is not None:
            aggregate.packages[self.shipment_id] = parcel._replace(stage="handed over", withdrawn=False)


class Delivered(Event):
    """Every package reached the buyer; this one was the last."""

    TOPIC = "order.delivered"

    shipment_id: UUID
    occurred_at: datetime

    def apply(self, aggregate: Order) -> None:
        aggregate.delivered = True
        parcel = aggregate.packages.get(self.shipment_id)
        if parcel is not None:
            aggregate.packages[self.shipment_id] = parcel._replace(stage="handed over", delivered=True)


class ShownDispatched(Event):
    """
    The marketplace shows that the order left, and nobody here told of it.

    `hand_over` are our labelled packages, which left so; `contents` left without us, its `unlabelled` packages are
    closed. `queued` are stock items whose units it left without, and where it waits no more.
    """

    TOPIC = "order.shown-dispatched"

    occurred_at: datetime
    hand_over: tuple[UUID, ...]
    unlabelled: tuple[UUID, ...]
    contents: tuple[Need, ...]
    queued: tuple[UUID, ...]
    fulfilment_state: str

    def apply(self, aggregate: Order) -> None:
        aggregate.close(self.unlabelled)
        if self.contents:
            aggregate.gone = True
            aggregate.forget_stock()
        aggregate.state = self.fulfilment_state
