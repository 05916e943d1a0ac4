"""Tests: each one states the fact that it proves."""
