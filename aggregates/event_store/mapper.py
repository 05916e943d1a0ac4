"""
Domain events to stored bytes and back, typed: a stored event that does not fit its class is refused, not
half built.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, MapperDeserialisationError, StoredEvent
from eventsourcing.utils import get_topic

from aggregates.publication import STORED
from aggregates.upcasters import SKIPPED, STEPS, Skipped
from schemas.envelope import CODE

MAX_EVENT_BYTES = 3 * 1024 * 1024

_encoder = msgspec.json.Encoder()
_READ: tuple[type[Any], ...] = (*STORED.values(), Skipped)
_DECODERS: dict[type[Any], msgspec.json.Decoder[Any]] = {kind: msgspec.json.Decoder(kind) for kind in _READ}


class EventTooLarge(ValueError):
    """An event above 3 MiB, which no topic would carry."""


class NewerEvent(MapperDeserialisationError):
    """
    A stored event of a type or version that this code does not know.

    The log holds nothing but what our own code wrote, so newer code did: this process must not go on.
    """


class EventMapper(Mapper[UUID]):
    """
    The library's mapper with JSON by msgspec.

    The stock mapper fills an event's `__dict__` from whatever was stored. This one decodes into the event's
    declared types, lifts older versions first, and refuses a version above the class's own.
    """

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        kind = type(domain_event)
        state = dict(vars(domain_event))
        originator_id = state.pop("originator_id")
        originator_version = state.pop("originator_version")
        version = getattr(kind, "class_version", 1)
        if version > 1:
            state["class_version"] = version
        encoded = _encoder.encode(state)
        if len(encoded) > MAX_EVENT_BYTES:
            raise EventTooLarge(f"{get_topic(kind)}: {len(encoded)} bytes are more than {MAX_EVENT_BYTES}")
        return StoredEvent(originator_id, originator_version, get_topic(kind), encoded)

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        kind = STORED.get(stored_event.topic)
        state = stored_event.state
        if kind is None or getattr(kind, "class_version", 1) > 1 or b'"class_version"' in state:
            kind, state = _lifted(stored_event)
        identified = b'{"originator_id":"%s","originator_version":%d,%s' % (
            str(stored_event.originator_id).encode(),
            stored_event.originator_version,
            state[1:],
        )
        try:
            event: DomainEventProtocol[UUID] = _DECODERS[kind].decode(identified)
        except msgspec.MsgspecError as error:
            raise MapperDeserialisationError(f"{_name(stored_event)}: {error}") from None
        return event


def _lifted(stored_event: StoredEvent) -> tuple[type[Any], bytes]:
    """The class that a stored event is read as today, and its state lifted to that class's version."""
    state: dict[str, Any] = msgspec.json.decode(stored_event.state)
    topic, version = stored_event.topic, state.pop("class_version", 1)
    if topic in SKIPPED:
        return Skipped, _encoder.encode({"timestamp": state["timestamp"], "stored_as": topic})
    while (step := STEPS.get((topic, version))) is not None:
        topic, version, state = step.topic, step.version, step.lift(state)
    kind = STORED.get(topic)
    if kind is None:
        raise NewerEvent(f"{_name(stored_event)}: code {CODE} does not know this type; newer code wrote it")
    known = getattr(kind, "class_version", 1)
    if version != known:
        raise NewerEvent(f"{_name(stored_event)}: version {version} is newer than {known}, that of code {CODE}")
    return kind, _encoder.encode(state)


def _name(stored_event: StoredEvent) -> str:
    return f"{stored_event.topic} of {stored_event.originator_id} at version {stored_event.originator_version}"
