"""What a shop offers: products, their SKUs, and how many units of each are available and committed in a warehouse."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

import msgspec

from creatorflow.devstack.simulators.tiktok.answers import Impossible

AMOUNT: Final = re.compile(r"\d{1,9}(\.\d{1,2})?")
QUANTITY_MAX: Final = 99_999
LOW_STOCK_THRESHOLD: Final = 20

ProductStatus = Literal["ACTIVATE", "PENDING", "SELLER_DEACTIVATED"]
StockStatus = Literal["SUFFICIENT_STOCK", "LOW_STOCK", "OUT_OF_STOCK"]


Move = Callable[["Sku", str, int], None]
"""Moves so many units of a SKU in one warehouse."""


class Warehouse(msgspec.Struct, frozen=True, kw_only=True):
    """Where a seller's stock is."""

    id: str
    name: str = "Sales warehouse"
    type: Literal["SALES_WAREHOUSE", "RETURN_WAREHOUSE"] = "SALES_WAREHOUSE"
    effect_status: Literal["ENABLED", "DISABLED", "RESTRICTED"] = "ENABLED"
    is_default: bool = True


class Product(msgspec.Struct, kw_only=True):
    """A product page. Without `ACTIVATE` nobody can buy it."""

    id: str
    title: str
    create_time: int
    update_time: int
    status: ProductStatus = "ACTIVATE"


class Shelf(msgspec.Struct, kw_only=True):
    """The units of one SKU in one warehouse. `available` includes what creators and campaigns have locked."""

    available: int = 0
    committed: int = 0
    backorder: int = 0
    handling_time: int = 0


class Sku(msgspec.Struct, kw_only=True):
    """One SKU of a product."""

    id: str
    product_id: str
    seller_sku: str
    price: str
    currency: str
    shelves: dict[str, Shelf]
    creator_locked: int = 0
    campaign_locked: int = 0
    auto_restock: bool = True

    @property
    def levels(self) -> Levels:
        """The figures over all warehouses."""
        return Levels(
            sum(shelf.available for shelf in self.shelves.values()),
            sum(shelf.committed for shelf in self.shelves.values()),
            self.campaign_locked,
            self.creator_locked,
        )


class Levels(NamedTuple):
    """How many units of one SKU there are, the locked ones within `available`."""

    available: int
    committed: int
    campaign_locked: int
    creator_locked: int

    @property
    def in_shop(self) -> int:
        """What an ordinary buyer can buy."""
        return self.available - self.campaign_locked - self.creator_locked

    @property
    def status(self) -> StockStatus:
        """How TikTok calls this level."""
        if self.in_shop <= 0:
            return "OUT_OF_STOCK"
        return "LOW_STOCK" if self.in_shop <= LOW_STOCK_THRESHOLD else "SUFFICIENT_STOCK"


def commit(sku: Sku, units: int) -> str:
    """Sell units: the warehouse that has them all. What is backordered is sold once nothing is in stock."""
    if units > sku.levels.in_shop + sum(shelf.backorder for shelf in sku.shelves.values()):
        raise Impossible(f"SKU {sku.id} is sold out")
    for warehouse, shelf in sku.shelves.items():
        if units <= shelf.available + shelf.backorder:
            in_stock = min(units, shelf.available)
            shelf.available -= in_stock
            shelf.backorder -= units - in_stock
            shelf.committed += units
            return warehouse
    raise Impossible(f"no warehouse has {units} units of SKU {sku.id}")


def give_back(sku: Sku, warehouse: str, units: int) -> None:
    """A sale is cancelled: the units are for sale again, unless the seller switched that off."""
    shelf = sku.shelves[warehouse]
    shelf.committed -= units
    if sku.auto_restock:
        shelf.available += units


def leave(sku: Sku, warehouse: str, units: int) -> None:
    """Units that were sold are gone with the carrier."""
    sku.shelves[warehouse].committed -= units
