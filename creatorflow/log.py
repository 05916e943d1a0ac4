"""The log as the audit and the order history read it: what a reader must give, whatever stands behind it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from schemas.events import Event


class StoredEvent(Protocol):
    """What every stored event is known by, whatever its aggregate."""

    @property
    def originator_id(self) -> UUID: ...

    @property
    def originator_version(self) -> int: ...

    @property
    def timestamp(self) -> datetime: ...


class Logged(NamedTuple):
    """One row of the log: the decoded stored event, its public form if it has one, and where it came from."""

    position: int
    cause: str
    correlation: str
    event: StoredEvent
    public: Event | None


class RawWebhook(NamedTuple):
    """Where one webhook lies, and when it came. Its body stays sealed."""

    event_id: str
    topic: str
    partition: int
    offset: int
    received_at: datetime


class LogReader(Protocol):
    """The log and what lies beside it, read from the event store."""

    def head(self) -> int:
        """The highest committed position."""
        ...

    def read(self, after: int = 0) -> Iterator[Logged]:
        """Every row behind a position, in order."""
        ...

    def read_aggregate(self, originator_id: UUID) -> Iterator[Logged]:
        """The rows of one aggregate, in order of version."""
        ...

    def outside_ids(self) -> Collection[str]:
        """The ids at which cause chains may end: those of recorded webhooks and of operators' requests."""
        ...

    def dead_lettered(self) -> Collection[str]:
        """The event ids of webhooks that became dead letters."""
        ...

    def raw_webhook(self, event_id: str) -> RawWebhook | None:
        """Where a webhook lies that was recorded, if it was."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...
