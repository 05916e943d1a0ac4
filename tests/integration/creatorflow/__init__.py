"""What stands between the api and the log, on a real PostgreSQL."""
