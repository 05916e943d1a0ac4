"""Products and their stock over the API. What a seller writes is absolute: it replaces what was available."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from creatorflow.devstack.simulators.tiktok import answers
from creatorflow.devstack.simulators.tiktok.answers import Refused
from creatorflow.devstack.simulators.tiktok.calls import Call, Endpoint
from creatorflow.devstack.simulators.tiktok.shop import Shop
from creatorflow.devstack.simulators.tiktok.stock import QUANTITY_MAX, Product, Sku

PRODUCTS_PER_SEARCH: Final = 100
SKUS_PER_SEARCH: Final = 600
SKUS_PER_UPDATE: Final = 100
SKUS_PER_SETTING: Final = 500
PRODUCTS_PER_SWITCH: Final = 20
PAGE_SIZE_MAX: Final = 100
AUDIT_SECONDS: Final = 10 * 60
"""A product that is switched on again is looked at first."""


class WantedStock(msgspec.Struct, frozen=True, kw_only=True):
    """The body of Inventory Search: SKUs win over products."""

    product_ids: tuple[str, ...] = ()
    sku_ids: tuple[str, ...] = ()


class NewLevel(msgspec.Struct, frozen=True, kw_only=True):
    """What is available in one warehouse. The warehouse may be left out where there is only one."""

    quantity: int
    warehouse_id: str = ""
    backorder_quantity: int | None = None
    handling_time: int | None = None


class SkuUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """New levels of one SKU."""

    id: str
    inventory: tuple[NewLevel, ...]


class StockUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """The body of Update Inventory."""

    skus: tuple[SkuUpdate, ...]


class ProductIds(msgspec.Struct, frozen=True, kw_only=True):
    """The body of Activate and Deactivate Products."""

    product_ids: tuple[str, ...]


class RestockSetting(msgspec.Struct, frozen=True, kw_only=True):
    """Whether cancelled units are for sale again by themselves."""

    enable_auto_restock: bool


class Restock(msgspec.Struct, frozen=True, kw_only=True):
    """The body of Update Stock Operation Settings."""

    stock_operation_setting: RestockSetting
    sku_ids: tuple[str, ...] = ()


class WantedProducts(msgspec.Struct, frozen=True, kw_only=True):
    """The body of Search Products."""

    status: str = "ALL"
    seller_skus: tuple[str, ...] = ()
    sku_ids: tuple[str, ...] = ()


def search(call: Call) -> dict[str, Any]:
    """Inventory Search. An unknown id is left out."""
    wanted = call.read(WantedStock)
    if len(wanted.sku_ids) > SKUS_PER_SEARCH:
        raise Refused(answers.TOO_MANY_SKUS, "The number of SKU exceed the limit")
    if len(wanted.product_ids) > PRODUCTS_PER_SEARCH:
        raise Refused(answers.TOO_MANY_PRODUCTS, "The number of provided product IDs exceeds the limit.")
    if not wanted.sku_ids and not wanted.product_ids:
        raise Refused(answers.BAD_PARAMETERS, "product_ids or sku_ids is required", status=400)
    found: defaultdict[str, list[Sku]] = defaultdict(list)
    for sku in call.shop.skus.values():
        if sku.id in wanted.sku_ids if wanted.sku_ids else sku.product_id in wanted.product_ids:
            found[sku.product_id].append(sku)
    inventory = [{"product_id": product, "skus": list(map(stock_view, skus))} for product, skus in found.items()]
    return {"inventory": inventory}


def update(call: Call) -> dict[str, Any]:
    """Update Inventory: succeeds as a whole, and lists the SKUs that failed."""
    wanted = call.read(StockUpdate)
    product = call.shop.products.get(call.path["id"])
    if product is None:
        raise Refused(answers.PRODUCT_UNKNOWN, "The product does not exist")
    if not 1 <= len(wanted.skus) <= SKUS_PER_UPDATE:
        raise Refused(answers.BAD_PARAMETERS, f"1 to {SKUS_PER_UPDATE} SKUs", status=400)
    ids = [each.id for each in wanted.skus]
    if len(set(ids)) < len(ids):
        raise Refused(answers.SKU_TWICE, "Sku id duplicate")
    errors = []
    for each in wanted.skus:
        try:
            _set_levels(call.shop, product, each)
        except Refused as refused:
            extra = [{"warehouse_id": level.warehouse_id, "code": refused.code} for level in each.inventory]
            errors.append(refused.listed(sku_id=each.id, extra_errors=extra))
    return {"errors": errors} if errors else {}


def activate(call: Call) -> dict[str, Any]:
    """Activate Products: looked at first, on sale after that. Repeated: refused by the status."""
    return _switch(call, _activate)


def deactivate(call: Call) -> dict[str, Any]:
    """Deactivate Products: nobody can buy them from now on. Repeated: refused by the status."""
    return _switch(call, _deactivate)


def set_restock(call: Call) -> dict[str, Any]:
    """Update Stock Operation Settings."""
    wanted = call.read(Restock)
    if not 1 <= len(wanted.sku_ids) <= SKUS_PER_SETTING:
        raise Refused(answers.TOO_MANY_SKUS, "The number of SKU exceed the limit")
    known = [sku_id for sku_id in wanted.sku_ids if sku_id in call.shop.skus]
    for sku_id in known:
        call.shop.skus[sku_id].auto_restock = wanted.stock_operation_setting.enable_auto_restock
    failed = [sku_id for sku_id in wanted.sku_ids if sku_id not in known]
    return {"stock_operation": {"success_sku_ids": known, "failed_sku_ids": failed}}


def products(call: Call) -> dict[str, Any]:
    """Search Products."""
    wanted = call.read(WantedProducts)
    fitting = [product for product in call.shop.products.values() if _fits(call.shop, product, wanted)]
    page, beside = call.page(fitting, PAGE_SIZE_MAX, required=True)
    return {"products": [_product_view(call.shop, product) for product in page], **beside}


def stock_view(sku: Sku) -> dict[str, Any]:
    """The levels of one SKU; available includes what is locked, of which the distribution tells the parts."""
    levels = sku.levels
    return {
        "id": sku.id,
        "seller_sku": sku.seller_sku,
        "total_available_quantity": levels.available,
        "total_committed_quantity": levels.committed,
        "total_available_inventory_distribution": {
            "in_shop_inventory": {"quantity": levels.in_shop},
            "creator_inventory": _locked("creator_name", levels.creator_locked),
            "campaign_inventory": _locked("campaign_name", levels.campaign_locked),
        },
        "warehouse_inventory": [
            {
                "warehouse_id": warehouse,
                "available_quantity": shelf.available,
                "committed_quantity": shelf.committed,
            }
            for warehouse, shelf in sku.shelves.items()
        ],
    }


def _set_levels(shop: Shop, product: Product, wanted: SkuUpdate) -> None:
    sku = shop.skus.get(wanted.id)
    if sku is None or sku.product_id != product.id:
        raise Refused(answers.SKU_UNKNOWN, "The SKU id not exist.")
    if product.status != "ACTIVATE":
        raise Refused(answers.PRODUCT_STATUS, "The product in its current status is not available for this operation.")
    levels = _by_warehouse(sku, wanted.inventory)
    if any(not 0 <= level.quantity <= QUANTITY_MAX for level in levels.values()):
        raise Refused(answers.STOCK_INVALID, "stock count is invalid")
    if sum(level.quantity for level in levels.values()) < sku.creator_locked + sku.campaign_locked:
        raise Refused(answers.LOCKED_FOR_PROMOTION, "Product locked for Promotion")
    before = sku.levels
    for warehouse, level in levels.items():
        shelf = sku.shelves[warehouse]
        shelf.available = level.quantity
        shelf.backorder = shelf.backorder if level.backorder_quantity is None else level.backorder_quantity
        shelf.handling_time = shelf.handling_time if level.handling_time is None else level.handling_time
    shop.stock_changed(sku, before)


def _by_warehouse(sku: Sku, given: Sequence[NewLevel]) -> dict[str, NewLevel]:
    """Every warehouse of the SKU must be there once, and no other."""
    only = next(iter(sku.shelves)) if len(sku.shelves) == 1 else ""
    levels = {level.warehouse_id or only: level for level in given}
    if not given or not levels.keys() <= sku.shelves.keys() | {""}:
        raise Refused(answers.INVENTORY_NOT_UPDATED, "Couldn't update inventory. Warehouse IDs provided are incorrect")
    if levels.keys() != sku.shelves.keys():
        raise Refused(answers.WAREHOUSE_LEFT_OUT, "Multiple warehouses detected. Include all warehouse IDs")
    if len(levels) < len(given):
        raise Refused(answers.INVENTORY_NOT_UPDATED, "Couldn't update inventory. A warehouse is given twice")
    return levels


def _switch(call: Call, switch: Callable[[Shop, Product], None]) -> dict[str, Any]:
    ids = call.read(ProductIds).product_ids
    if not 1 <= len(ids) <= PRODUCTS_PER_SWITCH:
        raise Refused(answers.TOO_MANY_PRODUCTS, "The number of provided product IDs exceeds the limit.")
    errors = []
    for product_id in ids:
        try:
            product = call.shop.products.get(product_id)
            if product is None:
                raise Refused(answers.PRODUCT_OF_OTHER_SHOP, "It isn't listed in your account or shop.")
            switch(call.shop, product)
        except Refused as refused:
            errors.append(refused.listed(product_id=product_id))
    return {"errors": errors} if errors else {}


def _activate(shop: Shop, product: Product) -> None:
    _must_be(product, "SELLER_DEACTIVATED")
    product.status = "PENDING"
    shop.product_changed(product)
    shop.later(shop.now() + AUDIT_SECONDS, lambda: _audited(shop, product))


def _audited(shop: Shop, product: Product) -> None:
    if product.status == "PENDING":
        product.status = "ACTIVATE"
        shop.product_changed(product)


def _deactivate(shop: Shop, product: Product) -> None:
    _must_be(product, "ACTIVATE")
    product.status = "SELLER_DEACTIVATED"
    shop.product_changed(product)


def _must_be(product: Product, status: str) -> None:
    if product.status != status:
        raise Refused(answers.PRODUCT_STATUS, "The product in its current status is not available for this operation.")


def _fits(shop: Shop, product: Product, wanted: WantedProducts) -> bool:
    skus = [sku for sku in shop.skus.values() if sku.product_id == product.id]
    return (
        wanted.status in {"ALL", product.status}
        and (not wanted.sku_ids or any(sku.id in wanted.sku_ids for sku in skus))
        and (not wanted.seller_skus or any(sku.seller_sku in wanted.seller_skus for sku in skus))
    )


def _product_view(shop: Shop, product: Product) -> dict[str, Any]:
    return {
        "id": product.id,
        "title": product.title,
        "status": product.status,
        "create_time": product.create_time,
        "update_time": product.update_time,
        "sales_regions": [shop.region],
        "skus": [
            {
                "id": sku.id,
                "seller_sku": sku.seller_sku,
                "price": {"currency": sku.currency, "sale_price": sku.price, "tax_exclusive_price": sku.price},
                "inventory": [
                    {
                        "warehouse_id": warehouse,
                        "quantity": shelf.available,
                        "backorder_quantity": shelf.backorder,
                        "handling_time": shelf.handling_time,
                    }
                    for warehouse, shelf in sku.shelves.items()
                ],
            }
            for sku in shop.skus.values()
            if sku.product_id == product.id
        ],
    }


def _locked(name: str, units: int) -> list[dict[str, Any]]:
    return [{name: "locked", "quantity": units}] if units else []


ENDPOINTS: Final = (
    Endpoint("POST", "/product/202309/inventory/search", "stock.read", search),
    Endpoint("POST", "/product/202309/products/{id}/inventory/update", "stock.write", update),
    Endpoint("POST", "/product/202309/products/activate", "stock.write", activate),
    Endpoint("POST", "/product/202309/products/deactivate", "stock.write", deactivate),
    Endpoint("POST", "/product/202608/inventory/operation/settings", "stock.write", set_restock),
    Endpoint("POST", "/product/202502/products/search", "stock.read", products),
)
