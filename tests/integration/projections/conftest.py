"""The databases that the reading side is tested on."""

from tests.integration.projections.databases import connect, connection, dsn, migrated

__all__ = ["connect", "connection", "dsn", "migrated"]
