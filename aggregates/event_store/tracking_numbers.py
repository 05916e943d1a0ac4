"""
Which packages have or had a carrier's tracking number. Carriers give numbers again, so a number may lead to several:
it belongs to (carrier, number, package), and whoever is told of a number alone must not guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from aggregates.event_store.connection import Connection


class TrackingNumber(NamedTuple):
    """One carrier's number of one package."""

    carrier: str
    number: str
    shipment_id: UUID


def packages_of(connection: Connection, numbers: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[UUID]]:
    """The packages of each (carrier, number) that any package has or had."""
    wanted = sorted(set(numbers))
    rows = connection.execute(
        "SELECT carrier, number, shipment_id FROM tracking_numbers"
        " JOIN unnest(%b::text[], %b::text[]) AS v (carrier, number) USING (carrier, number)",
        ([carrier for carrier, _ in wanted], [number for _, number in wanted]),
        prepare=True,
        binary=True,
    )
    found: dict[tuple[str, str], list[UUID]] = {}
    for carrier, number, shipment in rows:
        found.setdefault((carrier, number), []).append(shipment)
    return found


def insert(connection: Connection, numbers: Sequence[TrackingNumber]) -> None:
    """Note numbers. Repeated: nothing."""
    rows = sorted(set(numbers))
    connection.execute(
        "INSERT INTO tracking_numbers (carrier, number, shipment_id)"
        " SELECT * FROM unnest(%b::text[], %b::text[], %b::uuid[]) ON CONFLICT DO NOTHING",
        tuple(list(column) for column in zip(*rows, strict=True)),
    )
