"""Decisions: given events, when a command comes, then events."""
