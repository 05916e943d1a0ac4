"""Commands for one stock item."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from schemas.commands.base import Command
from schemas.values import Deadlines, Need, SupplyTerms


class ReserveStock(Command):
    """
    Reserve units for one order, all or nothing; again with a new quantity, deadline or priority.

    `may_ship` is false while the order is unpaid or held: it takes free stock, and is passed over in a queue. With
    `paid_at` the units are a demand, of the hashed `buyer`.
    """

    stock_item_id: UUID
    order_id: UUID
    quantity: int
    priority: int
    created_at: datetime
    number: str
    deadlines: Deadlines = Deadlines()
    may_ship: bool = True
    paid_at: datetime | None = None
    buyer: str = ""


class RecordDemand(Command):
    """
    A paid order asks `quantity` units of this item from now on, where that is not told with its reservation: it was
    paid later, cancelled (0, in part), or left without us. The same `reference` counts once.
    """

    stock_item_id: UUID
    order_id: UUID
    quantity: int
    reference: str
    paid_at: datetime | None = None
    buyer: str = ""


class ReleaseStock(Command):
    """
    Give this order's reservation or place in the queue back, or `quantity` units of it, once per `reference`.

    Units in a printed package stay held until they are put back or handed over.
    """

    stock_item_id: UUID
    order_id: UUID
    reason: str
    quantity: int | None = None
    reference: str = ""


class RecordMovement(Command):
    """
    Units came or went; a correction is signed. The same `reference` and kind counts once.

    A dispatch names the order whose reservation the units leave with, and the shipment as its reference. A put back
    undoes it, or empties a printed package that was not sent. A return may name the order that the goods are of, and
    in `about` which return or package brought them.
    """

    stock_item_id: UUID
    kind: Literal["receipt", "dispatch", "put_back", "return_good", "return_damaged", "correction"]
    quantity: int
    reference: str
    occurred_at: datetime
    order_id: UUID | None = None
    about: str = ""


class RecordPackage(Command):
    """
    A package holds units: `printed` (its label is on paper) or `packed` (the units left the shelf).

    From printed on no decision gives them to others: they leave by hand-over, or come back by a put back.
    """

    stock_item_id: UUID
    order_id: UUID
    shipment_id: UUID
    quantity: int
    stage: Literal["printed", "packed"]
    occurred_at: datetime


class RecordCount(Command):
    """Somebody counted the shelf at `counted_at`; the first count makes the stock known."""

    stock_item_id: UUID
    quantity: int
    counted_at: datetime
    packed_included: bool = False
    reference: str = ""


class DescribeStockItem(Command):
    """Say what a stock item is: its first listing, label, weight and supply. What is left out stays."""

    stock_item_id: UUID
    marketplace: str
    shop: str
    sku_id: str
    seller_sku: str = ""
    weight_grams: int | None = None
    supply: SupplyTerms | None = None


class MapListing(Command):
    """A listing is made of these parts, units per unit sold; its first part decides. No `seller_sku` links the two."""

    stock_item_id: UUID
    marketplace: str
    shop: str
    sku_id: str
    parts: tuple[Need, ...]
    mapped_at: datetime


class RecordSupply(Command):
    """What is on order for this stock item and when it is due, so that backorders can be promised a date."""

    stock_item_id: UUID
    reorder_id: str
    quantity: int
    due_at: datetime | None


class FillBackorders(Command):
    """Go on filling the queue: the continuation of a receipt that could not fill all of it in one command."""

    stock_item_id: UUID
    set_for: int


class AcknowledgeStockAlert(Command):
    """A person saw the alert of this kind about this stock item that opened at this log position."""

    stock_item_id: UUID
    kind: str
    opened_position: int
    by: str
    note: str = ""
