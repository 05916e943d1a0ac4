"""Gateways against simulators that misbehave."""
