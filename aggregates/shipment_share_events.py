"""The private events of a package about whose lines it holds, and about a label that waits for them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from aggregates.shipment_event import Event, Share, Stage
from schemas.values import Need

if TYPE_CHECKING:
    from aggregates.shipment_state import Shipment


class OrderAdded(Event):
    """Another order's lines go in this package too."""

    TOPIC = "shipment.order-added"

    share: Share

    @property
    def order_id(self) -> UUID:
        """Whose lines they are."""
        return self.share.order_id

    @property
    def order_number(self) -> str:
        """The number of the order whose lines they are."""
        return self.share.order_number

    @property
    def contents(self) -> tuple[Need, ...]:
        """What they are made of."""
        return self.share.contents

    def apply(self, aggregate: Shipment) -> None:
        aggregate.shares[self.order_id] = self.share


class OrderNotAdded(Event):
    """Another order's lines were not taken in, which it asked for at its version `joined`."""

    TOPIC = "shipment.order-not-added"

    order_id: UUID
    joined: int
    reason: str

    def apply(self, aggregate: Shipment) -> None:
        aggregate.not_added[self.order_id] = self.joined


class OrderWithdrawn(Event):
    """An order does not want its part of a package that is on paper: it stays in the house until it is put back."""

    TOPIC = "shipment.order-withdrawn"

    order_id: UUID
    reason: str
    stage: Stage

    def apply(self, aggregate: Shipment) -> None:
        aggregate.withdrawn.add(self.order_id)


class OrderTakenOut(Event):
    """
    The package holds nothing of an order any more, which no longer stops it either.

    It goes on as the package of the orders in `remaining`, under the number of the first. `stopped` says why one of
    them stops it.
    """

    TOPIC = "shipment.order-taken-out"

    order_id: UUID
    reason: str
    contents: tuple[Need, ...]
    remaining: tuple[UUID, ...]
    order_number: str
    stopped: str

    def apply(self, aggregate: Shipment) -> None:
        aggregate.shares.pop(self.order_id)
        aggregate.withdrawn.discard(self.order_id)
        aggregate.stops.pop(self.order_id, None)


class LabelDeferred(Event):
    """The label is bought at `until`, or (None) when the package is printed: until then other orders may join it."""

    TOPIC = "shipment.label-deferred"

    order_id: UUID
    until: datetime | None

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "deferred"
        aggregate.deferred_until = self.until


class LabelRecalled(Event):
    """The carrier was not asked for the label: the package was stopped, closed or changed before it was."""

    TOPIC = "shipment.label-recalled"

    attempt: int

    def apply(self, aggregate: Shipment) -> None:
        aggregate.label = "recalled"
