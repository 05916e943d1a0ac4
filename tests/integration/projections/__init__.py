"""Facts about the reading side."""
