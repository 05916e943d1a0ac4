"""What the ledger keeps of each order, stock item and package, and of what cannot be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from schemas.values import Need

EXAMPLES_KEPT = 20
"""Faults of one invariant that are kept with their subject; beyond that they are only counted."""


class Fault(NamedTuple):
    """One thing that must not be: which invariant it breaks, of what, where in the log (0: not at one place)."""

    invariant: str
    subject: str
    what: str
    position: int = 0


class Findings:
    """Faults as they are found: all of them counted, the first of each invariant kept."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.kept: list[Fault] = []

    def copy(self) -> Findings:
        """A copy to go on with, so that what is judged at the end can be judged again later."""
        other = Findings()
        other.counts, other.kept = self.counts.copy(), list(self.kept)
        return other

    def add(self, invariant: str, subject: object, what: str, position: int = 0) -> None:
        """Note one fault."""
        self.counts[invariant] += 1
        if self.counts[invariant] <= EXAMPLES_KEPT:
            self.kept.append(Fault(invariant, str(subject), what, position))


@dataclass(slots=True)
class OrderFacts:
    """What the log says of one order."""

    number: str = ""
    placed: int = 0
    needs: dict[UUID, int] = field(default_factory=dict)
    marketplace_status: str = ""
    fulfilment_state: str = ""
    ready: bool = False
    short_at: set[UUID] = field(default_factory=set)
    was_short: bool = False
    labels: dict[UUID, str] = field(default_factory=dict)
    closed_labels: dict[UUID, str] = field(default_factory=dict)
    pushed: set[UUID] = field(default_factory=set)
    fulfilled: bool = False
    to_print: frozenset[UUID] = frozenset()
    cancelled: bool = False
    cancellation_asked: bool = False
    gone: bool = False
    held: bool = False
    withheld: bool = False
    touched_by_person: bool = False
    last_at: datetime | None = None

    @property
    def state(self) -> str:
        """Where the order stands, in one word; the states of `SETTLED` are ends as far as nobody else acts."""
        if self.cancelled:
            return "CANCELLED"
        if self.held:
            return "HELD"
        if self.cancellation_asked:
            return "CANCELLATION_ASKED"
        if self.gone:
            return "FULFILLED"
        if self.fulfilled:
            return "FULFILLED" if self.pushed >= self.labels.keys() else "TO_PUSH"
        if self.short_at:
            return "BACKORDERED"
        if self.withheld:
            return "WITHHELD"
        if self.fulfilment_state == "WAITING":
            return "WAITING"
        return "TO_PRINT" if self.to_print else "IN_PROGRESS"


SETTLED = frozenset(
    {"CANCELLED", "HELD", "CANCELLATION_ASKED", "FULFILLED", "BACKORDERED", "WAITING", "WITHHELD", "TO_PRINT"}
)


@dataclass(slots=True)
class StockFacts:
    """What the log says of one stock item, added up from its movements."""

    on_hand: int = 0
    reserved: int = 0
    reservations: dict[UUID, int] = field(default_factory=dict)
    queue: dict[UUID, int] = field(default_factory=dict)
    left: dict[UUID, int] = field(default_factory=dict)
    given_back: dict[UUID, int] = field(default_factory=dict)
    uncounted: dict[tuple[str, UUID], int] = field(default_factory=dict)
    packed: dict[tuple[str, UUID], tuple[datetime, int]] = field(default_factory=dict)
    known: bool = False
    counted_at: datetime | None = None
    missing_is_known: bool = False

    def takes_in(self, occurred_at: datetime) -> bool:
        """Whether a movement moves the figure: what is dated before the last count was counted."""
        return self.known and (self.counted_at is None or occurred_at >= self.counted_at)


@dataclass(slots=True)
class PackageFacts:
    """
    What the log says of one package.

    `orders` are those whose lines it holds now. `held` is all that it ever held of an order: stock may learn late of a
    hand-over, when the order is out of the package again.
    """

    orders: tuple[UUID, ...] = ()
    held: tuple[tuple[UUID, tuple[Need, ...]], ...] = ()
    waits_for_print: bool = False
    tracking_numbers: list[str] = field(default_factory=list)
    live: int = 0
    voids: dict[str, str] | None = None
    """What came of taking labels back, by tracking number: asked, voided, refused or parked."""
    cancelled: bool = False
    stage: str = ""
    labelled_at: datetime | None = None
