"""What is asked of a supplier, in its most general form."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from schemas.calls import PlaceReorderCall, SpeedUpReorderCall


class SupplierAnswer(NamedTuple):
    """What a supplier says of one order: confirmed, with the date if it gave one, refused, or nothing yet (sent)."""

    outcome: Literal["confirmed", "refused", "sent"]
    due_at: datetime | None = None
    supplier_reference: str = ""
    reason: str = ""


class Supplier(Protocol):
    """One supplier. Every method makes one attempt."""

    @property
    def name(self) -> str:
        """The supplier's name in settings."""
        ...

    @property
    def supports_lookup(self) -> bool:
        """Whether `find` can tell what became of an order."""
        ...

    async def place(self, order: PlaceReorderCall) -> SupplierAnswer:
        """
        Order units.

        Refused: an answer, not an exception. Repeated: the same reorder id is one order.
        Raises Unavailable when surely nothing happened, OutcomeUnknown when it may have.
        """
        ...

    async def speed_up(self, call: SpeedUpReorderCall) -> SupplierAnswer:
        """
        Ask for an order that was placed to be sent express: confirmed with the new date, or refused.

        Repeated: harmless. Raises Unavailable and OutcomeUnknown as `place` does.
        """
        ...

    async def find(self, reorder_id: str) -> SupplierAnswer | None:
        """What the supplier knows of a reorder; None if it never got it. Raises Unavailable."""
        ...
