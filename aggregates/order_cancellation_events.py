"""The private events of an order that end it, whole or in part: asked, answered, cancelled, refunded."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from aggregates.order_event import Event
from schemas.values import LineQuantity, Need

if TYPE_CHECKING:
    from aggregates.order_state import Order


class CancellationRequested(Event):
    """
    The buyer asks to cancel, the whole order without `lines`; `stop` are the packages that stay in the house meanwhile.

    `shipments` is what a cancellation once met that a person had to void. Answered in the same decision where nothing
    is printed.
    """

    TOPIC = "order.cancellation-requested"

    reason: str
    requested_at: datetime
    shipments: tuple[UUID, ...] = ()
    cancel_id: str = ""
    lines: tuple[LineQuantity, ...] = ()
    deadline_at: datetime | None = None
    stop: tuple[UUID, ...] = ()
    fulfilment_state: str = ""

    def apply(self, aggregate: Order) -> None:
        aggregate.see(f"cancellation {self.cancel_id}PENDING", self.requested_at)
        aggregate.cancellations[self.cancel_id] = (self.requested_at, "PENDING")
        if not aggregate.cancelled:
            aggregate.asked[self.cancel_id] = self
            aggregate.state = self.fulfilment_state or aggregate.state


class CancellationAnswered(Event):
    """
    Somebody answered a buyer's wish to cancel; refused, the packages in `resume` go on.

    `still_asked`: wishes that are open after it, here and in what else settles one.
    """

    TOPIC = "order.cancellation-answered"

    cancel_id: str
    approved: bool
    reason: str
    by: str
    resume: tuple[UUID, ...]
    fulfilment_state: str
    still_asked: int = 0

    def apply(self, aggregate: Order) -> None:
        aggregate.asked.pop(self.cancel_id, None)
        aggregate.state = self.fulfilment_state


class CancellationWithdrawn(Event):
    """The buyer asks no more; the packages in `resume` go on."""

    TOPIC = "order.cancellation-withdrawn"

    cancel_id: str
    withdrawn_at: datetime
    resume: tuple[UUID, ...]
    fulfilment_state: str
    still_asked: int = 0

    def apply(self, aggregate: Order) -> None:
        aggregate.see(f"cancellation {self.cancel_id}WITHDRAWN", self.withdrawn_at)
        aggregate.cancellations[self.cancel_id] = (self.withdrawn_at, "WITHDRAWN")
        aggregate.asked.pop(self.cancel_id, None)
        aggregate.state = self.fulfilment_state


class CancellationDue(Event):
    """A buyer's wish to cancel is still unanswered, and its deadline is near."""

    TOPIC = "order.cancellation-due"

    cancel_id: str
    deadline_at: datetime


class LineCancelled(Event):
    """
    Units of some lines are cancelled.

    `release` goes back to stock. `closed` are the packages that held them, `stopped` those of them that are on paper
    and wait to be put back; what else was in them goes in another one. `resume` are packages that go on. `demand` is
    what a paid order still asks of the items of which it asks less.
    """

    TOPIC = "order.line-cancelled"

    lines: tuple[LineQuantity, ...]
    release: tuple[Need, ...]
    reference: str
    reason: str
    by: str
    cancelled_at: datetime
    closed: tuple[UUID, ...]
    stopped: tuple[UUID, ...]
    resume: tuple[UUID, ...]
    fulfilment_state: str
    still_asked: int = 0
    demand: tuple[Need, ...] = ()

    def apply(self, aggregate: Order) -> None:
        aggregate.cancellations[self.reference] = (self.cancelled_at, "COMPLETE")
        aggregate.asked.pop(self.reference, None)
        aggregate.cancel_units(self.lines, self.release)
        aggregate.close(self.closed)
        aggregate.withdraw(self.stopped)
        aggregate.state = self.fulfilment_state


class Cancelled(Event):
    """
    The order is cancelled: what it holds or queues for goes back, its packages are closed.

    `unsold` are the stock items of which it was a demand, as it was paid.
    """

    TOPIC = "order.cancelled"

    reason: str
    cancelled_at: datetime
    by: str
    release: tuple[Need, ...] = ()
    shipments: tuple[UUID, ...] = ()
    handed_over: bool = False
    unsold: tuple[UUID, ...] = ()

    def apply(self, aggregate: Order) -> None:
        aggregate.cancelled = True
        aggregate.hold = None
        aggregate.asked.clear()
        aggregate.plan = ()
        aggregate.forget_stock()
        aggregate.state = "CANCELLED"


class Refunded(Event):
    """The marketplace gave the money back. No goods move by it."""

    TOPIC = "order.refunded"

    refunded_at: datetime

    def apply(self, aggregate: Order) -> None:
        aggregate.refunded = True


class RequestRefused(Event):
    """What somebody asked of the order cannot be, and why."""

    TOPIC = "order.request-refused"

    request: str
    reason: str
    operator: str
