"""Putting a SKU up for sale."""

from __future__ import annotations

import msgspec

from creatorflow.devstack.simulators.tiktok.answers import Impossible
from creatorflow.devstack.simulators.tiktok.shop import Shop
from creatorflow.devstack.simulators.tiktok.stock import AMOUNT, Product, Shelf, Sku


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A SKU of a product. `quantities` is by warehouse; without it all of `quantity` lies in the default one."""

    product_id: str
    sku_id: str
    seller_sku: str = ""
    title: str = "A thing"
    price: str = "9.99"
    currency: str = "USD"
    quantity: int = 0
    quantities: dict[str, int] = {}
    creator_locked: int = 0
    campaign_locked: int = 0


def offer(shop: Shop, listing: Listing) -> Sku:
    """List a SKU, and its product with it. Repeated: the later listing replaces the earlier, and nothing is told."""
    default = next(each.id for each in shop.warehouses.values() if each.is_default)
    quantities = listing.quantities or {default: listing.quantity}
    if not quantities.keys() <= shop.warehouses.keys():
        raise Impossible("no such warehouse")
    if not AMOUNT.fullmatch(listing.price):
        raise Impossible(f"{listing.price} is no amount")
    now = shop.now()
    shop.products.setdefault(
        listing.product_id,
        Product(id=listing.product_id, title=listing.title, create_time=now, update_time=now),
    )
    sku = Sku(
        id=listing.sku_id,
        product_id=listing.product_id,
        seller_sku=listing.seller_sku or f"SKU-{listing.sku_id[-6:]}",
        price=listing.price,
        currency=listing.currency,
        shelves={warehouse: Shelf(available=quantity) for warehouse, quantity in quantities.items()},
        creator_locked=listing.creator_locked,
        campaign_locked=listing.campaign_locked,
    )
    shop.skus[sku.id] = sku
    return sku
