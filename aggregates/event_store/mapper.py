"""
Domain events to stored bytes and back, typed: a stored event that does not fit its class is refused, not
half built.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, MapperDeserialisationError, StoredEvent
from eventsourcing.utils import get_topic, resolve_topic

MAX_EVENT_BYTES = 3 * 1024 * 1024

_encoder = msgspec.json.Encoder()


class EventTooLarge(ValueError):
    """An event above 3 MiB, which no topic would carry."""


class NewerEvent(MapperDeserialisationError):
    """A stored event whose version is above this code's: newer code wrote it."""


@cache
def _decoder(topic: str) -> tuple[msgspec.json.Decoder[Any], type[Any]]:
    kind = resolve_topic(topic)
    return msgspec.json.Decoder(kind), kind


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
        decoder, kind = _decoder(stored_event.topic)
        state = stored_event.state
        version = getattr(kind, "class_version", 1)
        if version > 1 or b'"class_version"' in state:
            state = self._lifted(kind, version, stored_event)
        identified = b'{"originator_id":"%s","originator_version":%d,%s' % (
            str(stored_event.originator_id).encode(),
            stored_event.originator_version,
            state[1:],
        )
        try:
            event: DomainEventProtocol[UUID] = decoder.decode(identified)
        except msgspec.MsgspecError as error:
            raise MapperDeserialisationError(f"{_name(stored_event)}: {error}") from None
        return event

    @staticmethod
    def _lifted(kind: type[Any], version: int, stored_event: StoredEvent) -> bytes:
        state: dict[str, Any] = msgspec.json.decode(stored_event.state)
        stored = state.pop("class_version", 1)
        if stored > version:
            raise NewerEvent(f"{_name(stored_event)}: version {stored} is newer than this code's {version}")
        for step in range(stored, version):
            getattr(kind, f"upcast_v{step}_v{step + 1}")(state)
        return _encoder.encode(state)


def _name(stored_event: StoredEvent) -> str:
    return f"{stored_event.topic} of {stored_event.originator_id} at version {stored_event.originator_version}"
