"""The one `eventsourcing` application: our mapper and our recorder in the library's places."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from eventsourcing.postgres import PostgresFactory
from eventsourcing.utils import Environment, EnvType
from psycopg.conninfo import conninfo_to_dict

from aggregates.event_store.mapper import EventMapper
from aggregates.event_store.recorder import EventRecorder
from aggregates.event_store.relay_state import Logged


class EventLog(Application[UUID]):
    """
    One application over one events table, so one order of all that happened.

    Reads go through the library's small pool; writes take a connection of the caller's own
    (`events.put(…, connection=, effects=, origins=)`).
    """

    name = "creatorflow"
    recorder: EventRecorder

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """
        What `open_event_log` says and nothing else.

        The library would mix in the process's environment, and prefer what carries this application's name: there
        CREATORFLOW_POSTGRES_PORT is the port of the local server, whatever server the DSN names.
        """
        return Environment(name, env)

    def construct_mapper(self) -> Mapper[UUID]:
        """The mapper of typed events."""
        return EventMapper(JSONTranscoder())

    def construct_recorder(self) -> EventRecorder:
        """The recorder with our own write path."""
        assert isinstance(self.factory, PostgresFactory)
        return EventRecorder(self.factory.datastore)

    def event_of(self, row: Logged) -> Any:
        """The domain event of a row of the log."""
        return self.mapper.to_domain_event(StoredEvent(row.originator_id, row.originator_version, row.topic, row.state))


def open_event_log(dsn: str) -> EventLog:
    """The event log behind a libpq DSN."""
    place = conninfo_to_dict(dsn)
    return EventLog(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(place.get("dbname", "")),
            "POSTGRES_HOST": str(place.get("host", "127.0.0.1")),
            "POSTGRES_PORT": str(place.get("port", "5432")),
            "POSTGRES_USER": str(place.get("user", "")),
            "POSTGRES_PASSWORD": str(place.get("password", "")),
            "POSTGRES_CONNECT_TIMEOUT": "3",
            "POSTGRES_POOL_SIZE": "1",
            "POSTGRES_MAX_OVERFLOW": "2",
            "POSTGRES_PRE_PING": "y",
            "CREATE_TABLE": "n",
        }
    )
