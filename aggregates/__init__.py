"""What is decided, and the store that remembers it."""
