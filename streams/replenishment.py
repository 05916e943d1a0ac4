"""
Carry out buying commands.

Reads: replenishment.commands.v1, keyed by stock item.    Writes: Replenishment events, calls to suppliers, what was
spent.
Repeated: ignored, by log position, inbox or reference.    Bad: dead letter with the reason; what follows goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from aggregates import replenishment
from aggregates.event_store import purchases
from aggregates.event_store.connection import Connection
from aggregates.event_store.purchases import Purchase
from aggregates.event_store.recorder import Effects
from aggregates.policies.buying_limits import Limits
from aggregates.replenishment import Known, Replenishment
from schemas import topics
from schemas.commands import AssessStockRisk, Command
from schemas.values import Money, SupplyTerms
from streams.deciding import Decision, KnownOf


class Purse:
    """
    What may be bought, and what each shop spent today: read once per batch, and counted up within it.

    Two workers do not see each other's present batch: of a shop's limit each may use what is left at the same moment.
    """

    def __init__(self, terms: SupplyTerms, limits: Limits) -> None:
        self._terms = terms
        self._limits = limits
        self._spent: dict[tuple[str, str], Decimal] = {}

    def known(self, connection: Connection, commands: Sequence[Command], at: datetime) -> KnownOf:
        """What the decisions of a batch may ask."""
        assesses = any(isinstance(command, AssessStockRisk) for command in commands)
        self._spent = purchases.spent_today(connection) if assesses else {}
        known = Known(at, self._terms, self._limits, self._spent)
        return lambda command: known

    def also(self, aggregate: Replenishment, event: Any, effects: Effects) -> None:
        """Note what an event spends."""
        if isinstance(event, Replenishment.ReorderPlaced):
            self._note(event.shop, event.cost, event.timestamp, event.reorder_id, effects)
        elif isinstance(event, Replenishment.SpeedUpAsked):
            self._note(event.shop, event.surcharge, event.timestamp, f"{event.reorder_id}:speed-up", effects)

    def _note(self, shop: str, cost: Money | None, at: datetime, key: str, effects: Effects) -> None:
        if cost is None:
            return
        effects.purchases.append(Purchase(key, shop, at, cost.amount, cost.currency))
        spent = self._spent.get((shop, cost.currency), Decimal(0))
        self._spent[shop, cost.currency] = spent + cost.amount


def decision(terms: SupplyTerms, limits: Limits) -> Decision:
    """The decisions of buying: on these terms where an item has none of its own, within these limits."""
    purse = Purse(terms, limits)
    return Decision(
        "replenishment.decide", topics.REPLENISHMENT_COMMANDS, replenishment.decide, purse.known, purse.also
    )
