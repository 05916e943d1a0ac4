"""The one append-only log on PostgreSQL, and everything that is written in the same transaction with it."""
