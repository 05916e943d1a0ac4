"""
Hold the log against everything that claims to agree with it: the sender's record, the carrier's, the read models.

Pure over what is handed in. One pass over the log; what is judged at the end is kept per order, stock item and package.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from creatorflow.ledger import Ledger
from creatorflow.ledger_facts import SETTLED, Fault, Findings, OrderFacts
from creatorflow.log import Logged, StoredEvent
from schemas.shipping import Label
from schemas.values import order_id

Outcome = Literal["ok", "fail", "unknown"]

INVARIANTS = {
    "positions-increase": "log positions strictly increase",
    "versions-gapless": "the versions of every aggregate have no gap",
    "causes-resolve": "every event's cause leads to an earlier event, a webhook, a call, a timer or an operator",
    "nothing-lost": "each acknowledged order is in the log exactly once, each refused one not at all",
    "nothing-doubled": "no order is placed twice, no units are reserved twice, no command is decided twice",
    "bad-input-is-kept": "what was acknowledged and makes no sense is a dead letter",
    "stock-adds-up": "the figures of every stock event are the sum of the movements before it",
    "stock-never-negative": "available = on_hand - reserved >= 0 at every version of every stock item",
    "reservations-match": "units are held for exactly the orders that still need them",
    "one-label-per-package": "a package has one live label or none; the next is bought once the last one goes back",
    "packages-add-up": "a package holds each order's lines once, and what leaves with it is what it holds",
    "no-label-without-package": "no label stays live for a package that is cancelled, unless it is on paper",
    "carrier-agrees": "the carrier sold and took back exactly the labels in the log, each once",
    "fulfilled-is-labelled-and-pushed": "every fulfilled order has its label, and the marketplace knows",
    "orders-settle": "every acknowledged order came to an end: fulfilled, backordered, cancelled, waiting or held",
    "read-models-equal-rebuild": "the read models equal a rebuild from the log",
}


class ClientOrder(NamedTuple):
    """
    One order as its sender knows it.

    ok: a request with it was acknowledged. unknown: none was answered, one may have arrived. fail: all were refused.
    `ready_at` is when it was first sent ready to ship; None if no such request was acknowledged.
    """

    marketplace: str
    shop: str
    number: str
    outcome: Outcome
    ready_at: datetime | None = None
    cancelled: bool = False

    @property
    def id(self) -> UUID:
        """The id under which the log knows it."""
        return order_id(self.marketplace, self.shop, self.number)


class ClientRecord(NamedTuple):
    """What a sender kept of its own: its orders, the event ids that were acknowledged, signed nonsense apart."""

    orders: Sequence[ClientOrder] = ()
    acknowledged: Collection[str] = frozenset()
    nonsense: Collection[str] = frozenset()


@dataclass(frozen=True)
class AuditReport:
    """
    What an audit found. `unchecked` names invariants that nothing was handed in for.

    `webhook_to_label_seconds` leaves out orders that waited for stock: `filled_later` counts those.
    """

    events: int
    last_position: int
    orders: int
    states: dict[str, int]
    counts: dict[str, int]
    faults: tuple[Fault, ...]
    unchecked: tuple[str, ...] = ()
    webhook_to_label_seconds: Sequence[float] = field(default=(), repr=False)
    filled_later: int = 0
    last_at: datetime | None = None
    untouched: int = 0

    @property
    def holds(self) -> bool:
        """Whether every invariant that was checked holds."""
        return not self.counts

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "holds": self.holds,
            "events": self.events,
            "last_position": self.last_position,
            "orders": self.orders,
            "states": self.states,
            "invariants": {name: self.verdict(name) for name in INVARIANTS},
            "faults": [fault._asdict() for fault in self.faults],
        }

    def verdict(self, invariant: str) -> str:
        """One invariant in a word: holds, not checked, or how often it is broken."""
        if invariant in self.unchecked:
            return "not checked"
        broken = self.counts.get(invariant, 0)
        return f"broken {broken} times" if broken else "holds"


def check(
    log: Iterable[Logged],
    read_models: Callable[[], Sequence[str]] | None,
    client_record: ClientRecord | None,
    carrier_record: Iterable[Label] | None,
    *,
    carrier_voids: Collection[str] | None = None,
    outside_ids: Callable[[], Collection[str]] | None = None,
    dead_lettered: Callable[[], Collection[str]] | None = None,
    follow_ups: Callable[[StoredEvent], Iterable[str]],
    in_flight_since: datetime | None = None,
) -> AuditReport:
    """
    Audit a log that is at rest.

    `read_models` says in one line each what differs from a rebuild. `carrier_record` is what the carrier sold,
    `carrier_voids` the tracking numbers that it took back. `follow_ups` gives the keys of the calls and
    timers that follow an event. Orders with an event at `in_flight_since` or later are not judged by where they
    stand, which lets a log be audited while orders flow.
    """
    audit = Audit(follow_ups)
    for row in log:
        audit.add(row)
    return audit.report(
        read_models=read_models,
        client_record=client_record,
        carrier_record=carrier_record,
        carrier_voids=carrier_voids,
        outside_ids=outside_ids,
        dead_lettered=dead_lettered,
        in_flight_since=in_flight_since,
    )


class Audit:
    """An audit that goes on as the log grows: `add` each row once, `report` as often as needed."""

    def __init__(self, follow_ups: Callable[[StoredEvent], Iterable[str]]) -> None:
        self._found = Findings()
        self.ledger = Ledger(self._found, follow_ups)

    def add(self, row: Logged) -> None:
        """Take in the next row of the log."""
        self.ledger.add(row)

    def unsettled(self, client_record: ClientRecord) -> int:
        """How many acknowledged orders have not come to an end yet."""
        orders = self.ledger.orders
        acknowledged = (order.id for order in client_record.orders if order.outcome == "ok")
        return sum(1 for key in acknowledged if key not in orders or orders[key].state not in SETTLED)

    def report(
        self,
        *,
        read_models: Callable[[], Sequence[str]] | None = None,
        client_record: ClientRecord | None = None,
        carrier_record: Iterable[Label] | None = None,
        carrier_voids: Collection[str] | None = None,
        outside_ids: Callable[[], Collection[str]] | None = None,
        dead_lettered: Callable[[], Collection[str]] | None = None,
        in_flight_since: datetime | None = None,
    ) -> AuditReport:
        """Judge what was taken in so far."""
        ledger, found = self.ledger, self._found.copy()
        at_rest = {
            key: order
            for key, order in ledger.orders.items()
            if in_flight_since is None or order.last_at is None or order.last_at < in_flight_since
        }
        unchecked = {
            "read-models-equal-rebuild",
            "carrier-agrees",
            "bad-input-is-kept",
            "nothing-lost",
            "orders-settle",
        }
        _judge_outside_causes(ledger, found, outside_ids() if outside_ids else None, client_record)
        _judge_reservations(ledger, found, at_rest)
        _judge_fulfilled(ledger, found, at_rest)
        _judge_cancelled_packages(ledger, found)
        if carrier_record is not None:
            unchecked.discard("carrier-agrees")
            _judge_carrier(ledger, found, carrier_record)
        if carrier_voids is not None:
            _judge_voids(ledger, found, carrier_voids)
        if client_record is not None:
            unchecked -= {"nothing-lost", "orders-settle"}
            _judge_orders_of_client(ledger, found, client_record)
        if client_record is not None and dead_lettered is not None:
            unchecked.discard("bad-input-is-kept")
            for event_id in sorted(set(client_record.nonsense) - set(dead_lettered())):
                found.add("bad-input-is-kept", event_id, "was acknowledged, and is no dead letter")
        if read_models is not None:
            unchecked.discard("read-models-equal-rebuild")
            for difference in read_models():
                found.add("read-models-equal-rebuild", difference.partition(" ")[0], difference)
        return _report(ledger, found, client_record, tuple(name for name in INVARIANTS if name in unchecked))


def _judge_outside_causes(
    ledger: Ledger, found: Findings, outside_ids: Collection[str] | None, client_record: ClientRecord | None
) -> None:
    known = set(outside_ids) if outside_ids is not None else ledger.outside_causes.keys()
    for cause, position in ledger.outside_causes.items():
        if cause and cause not in known:
            found.add("causes-resolve", cause, "no webhook and no request of an operator has this id", position)
    sent_once = set(client_record.acknowledged) if client_record else set()
    for cause, aggregate, position in ledger.decided_twice:
        # An outside id may come again with another body, which is decided anew; the sender knows its own never do.
        if cause not in ledger.outside_causes or cause in sent_once:
            found.add("nothing-doubled", aggregate, f"command {cause!r} was decided a second time", position)


def _judge_reservations(ledger: Ledger, found: Findings, orders: dict[UUID, OrderFacts]) -> None:
    """Units kept for no order, for a cancelled one, or in another quantity; and ready orders without their units."""
    for stock_item, item in ledger.stock.items():
        for order_key, quantity in (*item.reservations.items(), *item.queue.items()):
            if order_key not in ledger.orders:
                found.add(
                    "reservations-match", stock_item, f"holds {quantity} for order {order_key}, which is not in the log"
                )
            elif order_key in orders:
                needed = orders[order_key].needs.get(stock_item, 0) - item.left.get(order_key, 0)
                _judge_held_units(found, stock_item, order_key, orders[order_key], (quantity, needed))
    for order_key, order in orders.items():
        if order.ready and not order.cancelled:
            for stock_item, quantity in order.needs.items():
                facts = ledger.stock.get(stock_item)
                held = facts.reservations.get(order_key, 0) + facts.left.get(order_key, 0) if facts else 0
                if held != quantity:
                    found.add(
                        "reservations-match", order_key, f"is ready and holds {held} of {quantity} at {stock_item}"
                    )


def _judge_held_units(
    found: Findings, stock_item: UUID, order_key: UUID, order: OrderFacts, kept_needed: tuple[int, int]
) -> None:
    kept, needed = kept_needed
    if order.cancelled:
        found.add("reservations-match", order_key, f"is cancelled, and {stock_item} still keeps {kept} for it")
    elif needed != kept:
        found.add("reservations-match", order_key, f"needs {needed} of {stock_item}, which keeps {kept} for it")


def _judge_fulfilled(ledger: Ledger, found: Findings, orders: dict[UUID, OrderFacts]) -> None:
    invariant = "fulfilled-is-labelled-and-pushed"
    for key, order in orders.items():
        if order.fulfilled and not order.labels:
            found.add(invariant, key, "is fulfilled without a label")
        if order.fulfilled and not order.cancelled and order.labels.keys() - order.pushed:
            found.add(invariant, key, "is fulfilled, and the marketplace was not told")
        for shipment, tracking_number in order.labels.items():
            if tracking_number not in ledger.package(shipment).tracking_numbers:
                found.add(invariant, key, f"has label {tracking_number}, which package {shipment} did not get")


def _judge_cancelled_packages(ledger: Ledger, found: Findings) -> None:
    """A cancelled package asks for its label back with the same word, or when the label comes."""
    for key, package in ledger.packages.items():
        if package.cancelled and package.live > 0 and package.stage in {"opened", "labelled"}:
            found.add("no-label-without-package", key, f"is cancelled, and {package.tracking_numbers[-1]} is live")


def _judge_carrier(ledger: Ledger, found: Findings, sold: Iterable[Label]) -> None:
    times_sold = Counter(label.tracking_number for label in sold)
    in_log = Counter(number for package in ledger.packages.values() for number in package.tracking_numbers)
    for number, times in times_sold.items():
        if times > 1:
            found.add("carrier-agrees", number, f"was sold {times} times")
        if number not in in_log:
            found.add("carrier-agrees", number, "was sold by the carrier, and the log does not know it")
    for number, times in in_log.items():
        if number not in times_sold:
            found.add("carrier-agrees", number, "is in the log, and the carrier did not sell it")
        if times > 1:
            found.add("one-label-per-package", number, f"stands for {times} labels in the log")


def _judge_voids(ledger: Ledger, found: Findings, taken_back: Collection[str]) -> None:
    """What is asked, or parked, may have been taken back; what is refused may not."""
    in_log = {
        number: came for package in ledger.packages.values() if package.voids for number, came in package.voids.items()
    }
    for number in sorted(set(taken_back)):
        if in_log.get(number) not in {"asked", "parked", "voided"}:
            found.add("carrier-agrees", number, f"was taken back, and is {in_log.get(number, 'live')} in the log")
    for number, came in in_log.items():
        if came == "voided" and number not in taken_back:
            found.add("carrier-agrees", number, "is void in the log, and the carrier did not take it back")


def _judge_orders_of_client(ledger: Ledger, found: Findings, record: ClientRecord) -> None:
    for sent in record.orders:
        order = ledger.orders.get(sent.id)
        placed = order.placed if order else 0
        if sent.outcome == "ok" and placed == 0:
            found.add("nothing-lost", sent.number, "was acknowledged, and the log does not know it")
        elif sent.outcome == "fail" and placed:
            found.add("nothing-lost", sent.number, "was refused, and is in the log")
        if sent.outcome != "ok" or order is None or not placed:
            continue
        if order.state not in SETTLED:
            found.add("orders-settle", sent.number, f"came to no end: {order.state}")
        elif sent.cancelled and order.state not in ("CANCELLED", "CANCELLATION_ASKED"):
            found.add("orders-settle", sent.number, f"was cancelled by its buyer, and is {order.state}")
        elif sent.ready_at and not sent.cancelled and order.state in ("CANCELLED", "WAITING"):
            found.add("orders-settle", sent.number, f"is ready to ship for its marketplace, and is {order.state}")


def _report(
    ledger: Ledger, found: Findings, client_record: ClientRecord | None, unchecked: tuple[str, ...]
) -> AuditReport:
    of_client = client_record.orders if client_record else ()
    judged = [(sent, ledger.orders[sent.id]) for sent in of_client if sent.id in ledger.orders]
    orders = [order for _, order in judged] if client_record else list(ledger.orders.values())
    waits = [
        (package.labelled_at - sent.ready_at).total_seconds()
        for sent, order in judged
        if sent.ready_at is not None and not order.was_short
        for package in (ledger.package(shipment) for shipment in order.labels)
        if package.labelled_at is not None
    ]
    return AuditReport(
        events=ledger.events,
        last_position=ledger.last_position,
        orders=len(orders),
        states=dict(sorted(Counter(order.state for order in orders).items())),
        counts=dict(found.counts),
        faults=tuple(found.kept),
        unchecked=unchecked,
        webhook_to_label_seconds=waits,
        filled_later=sum(1 for order in orders if order.was_short and order.labels),
        last_at=max((order.last_at for order in orders if order.last_at), default=None),
        untouched=sum(1 for order in orders if not order.touched_by_person),
    )
