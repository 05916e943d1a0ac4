"""Gateways without their other side."""
