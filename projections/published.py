"""One public event as a projection gets it, and what every read row has in common."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from schemas.events import Event


class Published(NamedTuple):
    """
    One public event with its log position, when it happened and what caused it.

    `id` is "<aggregate id>:<version>", `body` the event's JSON as it was sent.
    """

    position: int
    event: Event
    occurred_at: datetime
    id: str
    cause: str
    correlation: str
    body: bytes


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a read model. `position` is that of the last event that was folded into it."""

    position: int


Key = Hashable
Changes = dict[str, object]
Fold = Callable[[Any, Any, Published], Changes]


class UnknownEvent(Exception):
    """A projection met an event type that its table does not list. It stops: skipping would show a lie."""


class HistoryMissing(Exception):
    """An event about an aggregate whose first event never came."""


def subject_of(event: Event) -> UUID:
    """The aggregate that an event is about: the first field of every event."""
    subject: UUID = getattr(event, event.__struct_fields__[0])
    return subject


def fold_for(folds: Mapping[type[Event], Fold], event: Event) -> Fold:
    """The fold of an event's type. Raises `UnknownEvent` for a type that is not listed."""
    try:
        return folds[type(event)]
    except KeyError:
        raise UnknownEvent(type(event).__name__) from None


def nothing(_row: Row, _event: Event, _published: Published) -> Changes:
    """The fold of an event that changes no figure of a row, but its position."""
    return {}
