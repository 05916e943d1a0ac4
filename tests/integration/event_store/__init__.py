"""The event store on a real PostgreSQL."""
