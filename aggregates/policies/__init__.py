"""Pure decisions: facts in, a decision and its reasons out."""
