"""Where units of one stock item are that are on their way out: in a package, or gone with one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from aggregates.policies.filling import Ask
from schemas.values import Value

SENT_KEPT = 10_000
"""How many of the latest hand-overs can be undone."""

PackageKey = tuple[str, UUID]
"""A package and an order of which it holds units: one package may hold those of several."""


class Package(Value):
    """
    Units of one order in a package whose label is printed.

    `holds` of them are reserved; where that is less than `quantity`, the rest is not there. `uncounted`: the last
    count did not see them and they were added to it, so they leave whatever the date of their hand-over.
    """

    quantity: int
    holds: int
    packed_at: datetime | None = None
    uncounted: bool = False

    def was_packed(self, at: datetime) -> bool:
        """Whether the units had left the shelf before that moment."""
        return self.packed_at is not None and self.packed_at < at


class Sent(Value):
    """Units that left with a package: how many out of the order's reservation, and what the order had asked."""

    quantity: int
    from_reservation: int
    ask: Ask | None = None


class Moved(NamedTuple):
    """Units that came or went. `packed_units` of them stood in a parcel from `packed_at` until then."""

    occurred_at: datetime
    units: int
    packed_at: datetime | None = None
    packed_units: int = 0

    def since(self, counted_at: datetime, *, packed_included: bool) -> int:
        """What comes on top of a count: a count of the shelf alone lacks what stood in a parcel at that moment."""
        if self.occurred_at < counted_at:
            return 0
        unseen = not packed_included and self.packed_at is not None and self.packed_at < counted_at
        return self.units + (self.packed_units if unseen else 0)


@dataclass
class Packages:
    """The packages that hold units, and how many of them are reserved for each order."""

    held: dict[PackageKey, Package] = field(default_factory=dict)
    printed: int = 0
    packed: int = 0
    _holds: dict[UUID, int] = field(default_factory=dict)

    def holds(self, order_id: UUID) -> int:
        """Reserved units that are in packages of this order."""
        return self._holds.get(order_id, 0)

    def put(self, key: PackageKey, package: Package) -> None:
        """Take a package in, or what changed about it."""
        self.drop(key)
        self.held[key] = package
        self._add(key[1], package, 1)

    def drop(self, key: PackageKey) -> Package | None:
        """Let a package go. Repeated: nothing."""
        package = self.held.pop(key, None)
        if package is not None:
            self._add(key[1], package, -1)
        return package

    def uncounted_at(self, counted_at: datetime) -> int:
        """Units that a count of the shelf alone did not see."""
        return sum(package.quantity for package in self.held.values() if package.was_packed(counted_at))

    def _add(self, order_id: UUID, package: Package, sign: int) -> None:
        if package.packed_at is None:
            self.printed += sign * package.quantity
        else:
            self.packed += sign * package.quantity
        holds = self._holds.get(order_id, 0) + sign * package.holds
        if holds:
            self._holds[order_id] = holds
        else:
            self._holds.pop(order_id, None)
