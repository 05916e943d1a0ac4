"""Policies: facts in, a decision and its reasons out."""
