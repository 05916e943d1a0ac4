"""Real Kafka and PostgreSQL."""
