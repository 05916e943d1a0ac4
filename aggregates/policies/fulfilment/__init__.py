"""
What follows from a stored event for other aggregates: the process of an order, as one table.

Pure and without memory: everything that a command needs stands in the event. Sent again, the commands find
their work done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eventsourcing.domain import DomainEventProtocol

from aggregates.policies.fulfilment import after_order, after_replenishment, after_shipment, after_stock_item
from schemas.commands import Command


def commands_after(event: DomainEventProtocol[Any]) -> tuple[Command, ...]:
    """The commands that a stored event leads to, none for most."""
    follow = FOLLOWS.get(type(event))
    return () if follow is None else follow(event)


FOLLOWS: dict[type[Any], Callable[[Any], tuple[Command, ...]]] = {
    **after_order.FOLLOWS,
    **after_stock_item.FOLLOWS,
    **after_shipment.FOLLOWS,
    **after_replenishment.FOLLOWS,
}
