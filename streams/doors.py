"""
Which calls may leave the house: those of a shop that is live in their respect.

A shop that only observes decides all that it would do. Its calls are kept as withheld and never sent, not even after it
goes live; a person asks for a label again then. What only reads is always asked, and a label that was bought may
always go back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from aggregates.event_store import shops
from aggregates.event_store.connection import Connection
from aggregates.event_store.shops import Shop
from projections import store
from schemas.calls import BuyLabelCall, Call, PlaceReorderCall, PushDelayCall, PushFulfilmentCall, SpeedUpReorderCall
from schemas.commands import Command, RecordLabelOutcome, RecordSupplierAnswer

Door = Literal["stock", "labels", "buying"]

Leaving = BuyLabelCall | PushFulfilmentCall | PushDelayCall | PlaceReorderCall | SpeedUpReorderCall

DOORS: Mapping[type[Leaving], Door] = {
    BuyLabelCall: "labels",
    PushFulfilmentCall: "labels",
    PushDelayCall: "labels",
    PlaceReorderCall: "buying",
    SpeedUpReorderCall: "buying",
}
"""Through which door a kind of call leaves. What is not listed passes: it reads, or takes back what was bought."""


class Doors:
    """The doors of all shops as they stand at one moment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._shops = shops.every(connection)

    def why_withheld(self, call: Call, shop: str) -> str:
        """Why this call of a shop must stay in the house, empty where it may leave."""
        if not isinstance(call, Leaving):
            return ""
        door = DOORS[type(call)]
        if isinstance(call, PlaceReorderCall | SpeedUpReorderCall):
            asked = self._buying_for(call, shop) or self._shops
        else:
            asked = self._named(call.marketplace, shop)
        closed = _closed(asked, door)
        return f"withheld: shop {closed} is not live in {door}" if closed else ""

    def _buying_for(self, call: PlaceReorderCall | SpeedUpReorderCall, shop: str) -> list[Shop]:
        """The shop that the call names, else the one that the read model shows with the item; none where neither is."""
        if shop:
            return self._named(call.marketplace, shop)
        named = store.shop_of_item(self._connection, call.stock_item_id)
        return [] if named is None else self._named(*named)

    def _named(self, marketplace: str, shop: str) -> list[Shop]:
        """This shop, if it is registered: another marketplace may have one of the same number."""
        return [each for each in self._shops if (each.marketplace, each.shop) == (marketplace, shop)]


def _closed(asked: Iterable[Shop], door: Door) -> str:
    """The first of these shops whose door is closed."""
    for shop in asked:
        if not {"stock": shop.live_stock, "labels": shop.live_labels, "buying": shop.live_buying}[door]:
            return f"{shop.marketplace}:{shop.shop}"
    return ""


def answer_to(call: Call, reason: str) -> Command | None:
    """What whoever waits for the call is told, None where nobody does."""
    if isinstance(call, BuyLabelCall):
        request = call.request
        return RecordLabelOutcome(
            shipment_id=request.shipment_id,
            attempt=request.attempt,
            outcome="withheld",
            carrier=request.carrier,
            reason=reason,
        )
    if isinstance(call, PlaceReorderCall):
        return RecordSupplierAnswer(
            replenishment_id=call.replenishment_id, reorder_id=call.reorder_id, outcome="refused", reason=reason
        )
    if isinstance(call, SpeedUpReorderCall):
        return RecordSupplierAnswer(
            replenishment_id=call.replenishment_id, reorder_id=call.reorder_id, outcome="not_faster", reason=reason
        )
    return None
