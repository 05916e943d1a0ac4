"""
One golden file per stored event and version, written once and kept for ever, as rows of the log are.

`python -m tests.contract.golden_messages` writes those that are missing, and touches no other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from eventsourcing.persistence import JSONTranscoder, StoredEvent

from aggregates.event_store.mapper import EventMapper
from aggregates.publication import STORED
from tests.contract.golden_messages import example

FOLDER = Path(__file__).parent / "golden_stored"
MAPPER = EventMapper(JSONTranscoder())
AGGREGATE = UUID(int=7)


class GoldenStored(NamedTuple):
    """One file: a stored event's version, with every field (`full`) and with those that it must have (`least`)."""

    topic: str
    version: int

    @property
    def path(self) -> Path:
        """Where it lies."""
        return FOLDER / f"{self.topic}.v{self.version}.json"


def rows_of(path: Path) -> list[StoredEvent]:
    """The forms that a file holds, as rows of the log."""
    forms: dict[str, msgspec.Raw] = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
    topic = path.name.rpartition(".v")[0]
    return [StoredEvent(AGGREGATE, 2, topic, bytes(msgspec.json.format(state, indent=-1))) for state in forms.values()]


def version_of(kind: type[Any]) -> int:
    """The version that this code writes of a stored event."""
    return int(getattr(kind, "class_version", 1))


def every_stored() -> list[GoldenStored]:
    """The golden files that must be there: each version that was ever written under a name of today."""
    return [
        GoldenStored(topic, version) for topic, kind in STORED.items() for version in range(1, version_of(kind) + 1)
    ]


def write_missing_stored() -> list[Path]:
    """Write what is missing for the present versions, and return it."""
    FOLDER.mkdir(exist_ok=True)
    written = []
    for golden in every_stored():
        kind = STORED[golden.topic]
        if golden.version == version_of(kind) and not golden.path.exists():
            forms = {"full": msgspec.Raw(full_state(kind)), "least": msgspec.Raw(_least_state(kind))}
            golden.path.write_bytes(msgspec.json.format(msgspec.json.encode(forms)) + b"\n")
            written.append(golden.path)
    return written


def full_state(kind: type[Any]) -> bytes:
    """The state of an event with every field."""
    return bytes(MAPPER.to_stored_event(example(kind)).state)


def _least_state(kind: type[Any]) -> bytes:
    """The state as it was before any field with a default came."""
    event = example(kind, full=False)
    given: dict[str, Any] = msgspec.json.decode(MAPPER.to_stored_event(event).state)
    return msgspec.json.encode({name: value for name, value in given.items() if not hasattr(kind, name)})
