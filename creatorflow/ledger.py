"""
Fold the log into what it says of each order, stock item and package, and note what cannot be.

It reads the public form of the stored events, which is a contract, and works out stock from the movements by
itself: the figures that an event carries are compared with the sum, not believed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from aggregates.policies.outside_calls import READ_ORDER
from aggregates.policies.reviewing import ASSESSED
from creatorflow.ledger_facts import Findings, OrderFacts, PackageFacts, StockFacts
from creatorflow.ledger_orders import ORDERS
from creatorflow.ledger_stock import STOCK
from creatorflow.log import Logged, StoredEvent
from schemas import events
from schemas.events import Event

_HANDLERS: dict[type[Event], Callable[[Any, Logged, Any], None]] = {**ORDERS, **STOCK}


class Ledger:
    """
    Everything the log says, after `add` was called with each of its rows in order of position.

    Memory: about 3 kB for each order with its package, whatever the number of its events.
    """

    def __init__(self, findings: Findings, follow_ups: Callable[[StoredEvent], Iterable[str]]) -> None:
        self.orders: dict[UUID, OrderFacts] = {}
        self.stock: dict[UUID, StockFacts] = {}
        self.packages: dict[UUID, PackageFacts] = {}
        self.outside_causes: dict[str, int] = {}
        self.decided_twice: list[tuple[str, UUID, int]] = []
        self.events = 0
        self.last_position = 0
        self._findings = findings
        self._follow_ups = follow_ups
        self._positions = array("q")
        self._follow_up_keys: set[str] = set()
        self._versions: dict[UUID, int] = {}
        self._last_cause: dict[UUID, str] = {}
        self._decided: set[int] = set()

    def add(self, row: Logged) -> None:
        """Take in one row."""
        self._check_place(row)
        self._check_cause(row)
        self.events += 1
        self._follow_up_keys.update(self._follow_ups(row.event))
        if row.public is not None:
            handle = _HANDLERS.get(type(row.public))
            if handle is not None:
                handle(self, row, row.public)
            self._touch(row, row.public)

    def _check_place(self, row: Logged) -> None:
        aggregate, version = row.event.originator_id, row.event.originator_version
        if row.position <= self.last_position:
            self._findings.add(
                "positions-increase", aggregate, f"comes after position {self.last_position}", row.position
            )
        self.last_position = max(self.last_position, row.position)
        self._positions.append(self.last_position)
        expected = self._versions.get(aggregate, 0) + 1
        if version != expected:
            self._findings.add("versions-gapless", aggregate, f"version {version} follows {expected - 1}", row.position)
        self._versions[aggregate] = version

    def _check_cause(self, row: Logged) -> None:
        cause, aggregate = row.cause, row.event.originator_id
        kind, _, rest = cause.partition(":")
        before, _, number = cause.partition(".")
        if before.isdecimal() and number.isdecimal():
            resolves = self._knows_position(int(before), row.position)
        elif kind == "call" and rest.startswith(READ_ORDER):
            resolves = bool(row.correlation)
            self.outside_causes.setdefault(row.correlation, row.position)
        elif kind == "call" and rest:
            resolves = rest.rpartition(":")[0] in self._follow_up_keys
        elif kind == "timer" and rest:
            resolves = rest in self._follow_up_keys or self._was_looked_at(rest)
        elif cause in self._follow_up_keys:
            resolves = True
        else:
            resolves = bool(cause)
            self.outside_causes.setdefault(cause, row.position)
        if not resolves:
            self._findings.add("causes-resolve", aggregate, f"cause {cause!r} leads to nothing earlier", row.position)
        self._check_decided_once(cause, aggregate, row.position)

    def _was_looked_at(self, key: str) -> bool:
        """Whether a timer tells how fast a stock item sells, which follows from no one event of it but from all."""
        kind, _, rest = key.partition(":")
        try:
            return kind == ASSESSED and UUID(rest.partition(":")[0]) in self._versions
        except ValueError:
            return False

    def _knows_position(self, wanted: int, before: int) -> bool:
        place = bisect_left(self._positions, wanted)
        return wanted < before and place < len(self._positions) and self._positions[place] == wanted

    def _check_decided_once(self, cause: str, aggregate: UUID, position: int) -> None:
        """The events of one command stand together; a cause that comes back later was decided a second time."""
        if self._last_cause.get(aggregate) == cause:
            return
        self._last_cause[aggregate] = cause
        decision = hash((aggregate, cause))
        if decision in self._decided:
            self.decided_twice.append((cause, aggregate, position))
        self._decided.add(decision)

    def _touch(self, row: Logged, public: Event) -> None:
        order = self.orders.get(row.event.originator_id)
        if order is None:
            return
        order.last_at = row.event.timestamp
        order.fulfilment_state = getattr(public, "fulfilment_state", order.fulfilment_state)
        if not isinstance(public, events.OrderUpdateSuperseded | events.OrderStatusFlagged):
            order.marketplace_status = getattr(public, "marketplace_status", order.marketplace_status)
        if getattr(public, "operator", ""):
            order.touched_by_person = True

    def order(self, order_id: UUID) -> OrderFacts:
        """The facts of an order, empty ones if the log does not know it."""
        return self.orders.setdefault(order_id, OrderFacts())

    def package(self, shipment_id: UUID) -> PackageFacts:
        """The facts of a package, empty ones if the log does not know it."""
        return self.packages.setdefault(shipment_id, PackageFacts())

    def fault(self, invariant: str, row: Logged, what: str) -> None:
        """Note a fault of the aggregate of this row."""
        self._findings.add(invariant, row.event.originator_id, what, row.position)
