"""What every store of read models does, shown on one in memory and on PostgreSQL."""
