"""
What needs a person: one row per kind and subject, counted up while it is open, closed with its cause.

Reads: all four event topics.    Keyed by the aggregate that the alert is about, so that one agent writes a row.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from projections.alert_effects import NOTHING, Effect, Figures, Opens
from projections.alert_rules import EFFECTS, ENDED_BY_ACKNOWLEDGING, Acknowledged
from projections.published import Published, Row, UnknownEvent, subject_of
from schemas.events import Event
from schemas.topics import INVENTORY_EVENTS, ORDERS_EVENTS, REPLENISHMENT_EVENTS, SHIPPING_EVENTS
from schemas.values import derived_id

NAME = "alerts"
VERSION = 3
TOPICS = (ORDERS_EVENTS, INVENTORY_EVENTS, SHIPPING_EVENTS, REPLENISHMENT_EVENTS)
KEY = ("subject", "kind")
COLUMNS = """
    subject uuid NOT NULL,
    kind text NOT NULL,
    alert_id uuid NOT NULL,
    subject_type text NOT NULL,
    state text NOT NULL,
    severity text NOT NULL,
    reason text NOT NULL,
    figures json NOT NULL,
    count integer NOT NULL,
    opened_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by text NOT NULL,
    closed_cause text NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text NOT NULL,
    note text NOT NULL,
    opened_position bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (subject, kind)
"""
INDEXES = ("(alert_id)", "(state, opened_position)")

SubjectType = Literal["order", "stock_item", "shipment", "replenishment"]


class AlertRow(Row, frozen=True, kw_only=True):
    """
    One alert. Opened again after it was closed, it starts over at a count of 1, and nobody saw it.

    `closed_by` is the event that ended its cause, `closed_cause` what caused that event. `acknowledged_by` saw it, and
    left the `note`; it stays open until its cause ends.
    """

    subject: UUID
    kind: str
    alert_id: UUID
    subject_type: SubjectType
    state: Literal["open", "closed"] = "open"
    severity: Literal["critical", "warning"]
    reason: str
    figures: Figures
    count: int = 1
    opened_at: datetime
    last_at: datetime
    closed_at: datetime | None = None
    closed_by: str = ""
    closed_cause: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    note: str = ""
    opened_position: int


Key = tuple[UUID, str]


def keys(event: Event) -> tuple[Key, ...]:
    """The alerts that this event may open or close."""
    effect = _effect(event)
    if isinstance(event, Acknowledged):
        return ((subject_of(event), event.kind),)
    if effect is NOTHING:
        return ()
    subject = subject_of(event)
    opened = [(subject, opens.kind) for opens in effect.opens if opens.when(event)]
    closed = [(subject, kind) for closes in effect.closes if closes.when(event) for kind in closes.kinds]
    return (*opened, *(key for key in closed if key not in opened))


def change(row: AlertRow | None, published: Published, key: Key) -> AlertRow | None:
    """The alert after one more event of its subject; None where there is none to close. Raises `UnknownEvent`."""
    event = published.event
    for opens in _effect(event).opens:
        if opens.kind == key[1] and opens.when(event):
            return _opened(row, opens, published, key)
    if row is None or row.state == "closed":
        return row
    if isinstance(event, Acknowledged):
        return _acknowledged(row, event, published)
    return _closed(row, published)


def _acknowledged(row: AlertRow, event: Acknowledged, published: Published) -> AlertRow:
    """The alert as seen, which ends some kinds. One that was closed and opened again meanwhile was not seen."""
    if event.opened_position != row.opened_position:
        return row
    seen = msgspec.structs.replace(
        row,
        acknowledged_at=published.occurred_at,
        acknowledged_by=event.by,
        note=event.note,
        position=published.position,
    )
    return _closed(seen, published) if row.kind in ENDED_BY_ACKNOWLEDGING else seen


def _closed(row: AlertRow, published: Published) -> AlertRow:
    return msgspec.structs.replace(
        row,
        state="closed",
        closed_at=published.occurred_at,
        closed_by=type(published.event).__name__,
        closed_cause=published.cause,
        position=published.position,
    )


def _effect(event: Event) -> Effect:
    try:
        return EFFECTS[type(event)]
    except KeyError:
        raise UnknownEvent(type(event).__name__) from None


def _opened(row: AlertRow | None, opens: Opens, published: Published, key: Key) -> AlertRow:
    event = published.event
    still_open = row is not None and row.state == "open"
    return AlertRow(
        subject=key[0],
        kind=opens.kind,
        alert_id=row.alert_id if row else derived_id("alert", opens.kind, str(key[0])),
        subject_type=_SUBJECT_TYPES[event.__struct_fields__[0]],
        severity=opens.severity,
        reason=opens.reason(event),
        figures=opens.figures(event),
        count=row.count + 1 if row and still_open else 1,
        opened_at=row.opened_at if row and still_open else published.occurred_at,
        opened_position=row.opened_position if row and still_open else published.position,
        acknowledged_at=row.acknowledged_at if row and still_open else None,
        acknowledged_by=row.acknowledged_by if row and still_open else "",
        note=row.note if row and still_open else "",
        last_at=published.occurred_at,
        position=published.position,
    )


_SUBJECT_TYPES: dict[str, SubjectType] = {
    "order_id": "order",
    "stock_item_id": "stock_item",
    "shipment_id": "shipment",
    "replenishment_id": "replenishment",
}
