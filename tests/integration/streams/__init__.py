"""Agents, relay, scheduler and call runner on a real PostgreSQL, and on a real Kafka where it matters."""
