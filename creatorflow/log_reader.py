"""The log and what lies beside it, read from the event store for the audit, the order history and rebuilds."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from uuid import UUID

from aggregates.event_store import dead_letters, inbox, raw_webhooks, relay_state
from aggregates.event_store.application import EventLog
from aggregates.event_store.connection import Connection
from aggregates.publication import public
from creatorflow.log import Logged, RawWebhook

PAGE_ROWS = 5000


class StoreLog:
    """Reads by short pages, so that no long snapshot keeps dead rows of the queues alive."""

    def __init__(self, connection: Connection, event_log: EventLog) -> None:
        self._connection = connection
        self._event_log = event_log

    def head(self) -> int:
        """The highest committed position."""
        return relay_state.end(self._connection)

    def read(self, after: int = 0) -> Iterator[Logged]:
        """Every row behind a position, in order."""
        while page := relay_state.page(self._connection, after, PAGE_ROWS):
            yield from map(self._logged, page)
            after = page[-1].position

    def read_aggregate(self, originator_id: UUID) -> Iterator[Logged]:
        """The rows of one aggregate, in order of version."""
        return map(self._logged, relay_state.stream(self._connection, originator_id))

    def outside_ids(self) -> Collection[str]:
        """The ids at which cause chains may end: those of recorded webhooks and of operators' requests."""
        return raw_webhooks.event_ids(self._connection) | inbox.event_ids(self._connection)

    def dead_lettered(self) -> Collection[str]:
        """The event ids of webhooks that became dead letters."""
        return dead_letters.event_ids(self._connection)

    def raw_webhook(self, event_id: str) -> RawWebhook | None:
        """Where a webhook lies that was recorded, if it was."""
        found = raw_webhooks.by_event_id(self._connection, event_id)
        if found is None:
            return None
        return RawWebhook(found.event_id, found.topic, found.partition, found.offset, found.received_at)

    def close(self) -> None:
        """Let go of the connections."""
        self._connection.close()
        self._event_log.close()

    def _logged(self, row: relay_state.Logged) -> Logged:
        event = self._event_log.event_of(row)
        return Logged(row.position, row.cause, row.correlation, event, public(event))
