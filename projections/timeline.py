"""
Everything that happened, each with its cause: one entry per public event, never changed.

Reads: all four event topics.    Keyed by log position, so that any agent may append.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from projections.published import Published, Row, UnknownEvent, subject_of
from schemas.events import Event
from schemas.topics import BY_NAME, INVENTORY_EVENTS, ORDERS_EVENTS, REPLENISHMENT_EVENTS, SHIPPING_EVENTS

NAME = "timeline"
VERSION = 1
TOPICS = (ORDERS_EVENTS, INVENTORY_EVENTS, SHIPPING_EVENTS, REPLENISHMENT_EVENTS)
KEY = ("position",)
COLUMNS = """
    position bigint PRIMARY KEY,
    aggregate_id uuid NOT NULL,
    order_id uuid,
    event text NOT NULL,
    occurred_at timestamptz NOT NULL,
    id text NOT NULL,
    cause text NOT NULL,
    correlation text NOT NULL,
    body json NOT NULL
"""
INDEXES = ("(aggregate_id, position)", "(order_id, position) WHERE order_id <> aggregate_id")
TYPES: frozenset[type] = frozenset(kind for topic in TOPICS for kind in BY_NAME[topic].types)


class TimelineRow(Row, frozen=True, kw_only=True):
    """
    One event in the log, as it was published.

    `order_id` is None where the event is about no order, or only about its own aggregate.
    """

    aggregate_id: UUID
    order_id: UUID | None
    event: str
    occurred_at: datetime
    id: str
    cause: str
    correlation: str
    body: msgspec.Raw


def keys(_event: Event) -> tuple[None]:
    """One entry per event."""
    return (None,)


def change(_row: None, published: Published) -> TimelineRow:
    """The entry of an event. Raises `UnknownEvent`."""
    event = published.event
    if type(event) not in TYPES:
        raise UnknownEvent(type(event).__name__)
    return TimelineRow(
        position=published.position,
        aggregate_id=subject_of(event),
        order_id=getattr(event, "order_id", None),
        event=type(event).__name__,
        occurred_at=published.occurred_at,
        id=published.id,
        cause=published.cause,
        correlation=published.correlation,
        body=msgspec.Raw(published.body),
    )
