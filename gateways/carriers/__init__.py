"""Carriers: who sells labels, and what a label looks like."""
