"""Which orders a buyer kept, so that a new one can be told from a regular."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from aggregates.event_store.connection import Connection


class BuyerOrder(NamedTuple):
    """One order of a buyer; `kept` is true once it is paid and while it is not cancelled."""

    subject: str
    order_id: UUID
    placed_at: datetime
    kept: bool


def kept_orders(connection: Connection, subjects: Sequence[str]) -> dict[str, list[tuple[UUID, datetime]]]:
    """The kept orders of each buyer over the last 365 days: id and when it was placed."""
    rows = connection.execute(
        "SELECT subject, order_id, placed_at FROM buyer_orders"
        " WHERE subject = ANY(%b::text[]) AND kept AND placed_at > now() - interval '365 days'",
        (list(subjects),),
        prepare=True,
        binary=True,
    )
    found: dict[str, list[tuple[UUID, datetime]]] = {}
    for subject, order, placed_at in rows:
        found.setdefault(subject, []).append((order, placed_at))
    return found
