"""Suppliers: who sells what we sell on."""
