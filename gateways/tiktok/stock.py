"""Read and write a listing's stock: absolute figures, every warehouse of the SKU, and read back afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from gateways.errors import GatewayError
from gateways.marketplaces import DONE, Backorder, PushResult, StockChange, StockChanged, StockLevel
from gateways.tiktok.connection import Connection, data_of, encoded
from gateways.tiktok.endpoints import DEACTIVATE, STOCK_SEARCH, STOCK_UPDATE
from gateways.tiktok.errors import failure_of_code
from gateways.tiktok.results import as_push

SKUS_PER_SEARCH: Final = 600
PRODUCTS_PER_DEACTIVATION: Final = 20
MOST_UNITS: Final = 99_999


class Warehouse(NamedTuple):
    """What TikTok says of a SKU in one warehouse: to sell, and sold and not shipped."""

    available: int
    committed: int


class Level(NamedTuple):
    """What TikTok says of a SKU. `locked` is the part of the available that campaigns and creators hold."""

    product: str
    sku: str
    warehouses: Mapping[str, Warehouse]
    locked: int = 0


class StockWrite(NamedTuple):
    """The figure of a SKU in each of its warehouses; `backorder` None leaves what it sells beyond that as it is."""

    product: str
    sku: str
    quantities: Mapping[str, int]
    backorder: Backorder | None = None


class StockWritten(NamedTuple):
    """What came of one write, and what TikTok says afterwards, where that could be read."""

    result: PushResult
    level: Level | None = None


class _Locked(msgspec.Struct, frozen=True):
    quantity: int = 0


class _Distribution(msgspec.Struct, frozen=True):
    campaign_inventory: list[_Locked] = []
    creator_inventory: list[_Locked] = []


class _Warehouse(msgspec.Struct, frozen=True):
    warehouse_id: str
    available_quantity: int
    committed_quantity: int = 0


class _Sku(msgspec.Struct, frozen=True):
    id: str
    warehouse_inventory: list[_Warehouse] = []
    total_available_inventory_distribution: _Distribution = _Distribution()


class _Product(msgspec.Struct, frozen=True):
    product_id: str
    skus: list[_Sku] = []


class _Levels(msgspec.Struct, frozen=True):
    inventory: list[_Product] = []


class _Detail(msgspec.Struct, frozen=True):
    sku_id: str = ""
    product_id: str = ""


class _Error(msgspec.Struct, frozen=True):
    code: int
    detail: _Detail = _Detail()


class _Errors(msgspec.Struct, frozen=True):
    errors: list[_Error] = []


class Stock:
    """The stock calls of all shops."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def levels(self, shop: str, skus: Sequence[str]) -> dict[str, Level]:
        """What TikTok says of these SKUs; one that it does not know is left out. Raises what a request raises."""
        levels: dict[str, Level] = {}
        for start in range(0, len(skus), SKUS_PER_SEARCH):
            body = encoded({"sku_ids": skus[start : start + SKUS_PER_SEARCH]})
            found = data_of(await self._connection.ask(STOCK_SEARCH, shop, body=body), _Levels)
            levels.update({sku.id: _level(product, sku) for product in found.inventory for sku in product.skus})
        return levels

    async def write(self, shop: str, writes: Sequence[StockWrite]) -> list[StockWritten]:
        """
        Write each by its place in the list, one request for a product, then read all of them back.

        Refused: a figure below 0 or above TikTok's highest, a SKU without warehouses, what TikTok refuses of it.
        Repeated: the same figures again; of a SKU that comes twice in the list the last counts for both.
        Unknown: done where the figures that are read back are the written ones.
        """
        latest = {write.sku: write for write in writes}
        results = {sku: _refusal(write) for sku, write in latest.items()}
        by_product: dict[str, list[StockWrite]] = {}
        for sku, write in latest.items():
            if results[sku] is None:
                by_product.setdefault(write.product, []).append(write)
        for product, of_product in by_product.items():
            results.update(await self._write_product(shop, product, of_product))
        sent = [write.sku for of_product in by_product.values() for write in of_product]
        try:
            levels = await self.levels(shop, sent) if sent else {}
        except GatewayError:
            levels = {}
        written = {sku: _settled(latest[sku], result or DONE, levels.get(sku)) for sku, result in results.items()}
        return [written[write.sku] for write in writes]

    async def change(self, shop: str, changes: Sequence[StockChange]) -> list[StockChanged]:
        """
        Add to the figure of each SKU, each named once: read, written as a whole, and read back.

        Refused: a SKU that TikTok does not know, or that is in several warehouses, as nobody said which of them the
        units are for; what `write` refuses.
        """
        try:
            before = await self.levels(shop, [each.sku_id for each in changes])
        except GatewayError as error:
            return [StockChanged(as_push(error))] * len(changes)
        planned = {each.sku_id: _planned(each, before.get(each.sku_id)) for each in changes}
        writes = [each for each in planned.values() if isinstance(each, StockWrite)]
        written = dict(zip([each.sku for each in writes], await self.write(shop, writes), strict=True))
        return [_changed(each.sku_id, planned, before, written) for each in changes]

    async def deactivate(self, shop: str, products: Sequence[str]) -> list[PushResult]:
        """
        Take products out of sale, each by its place in the list: the last resort, as coming back means a new audit.

        Repeated: harmless, so that one of which nothing is known may simply be asked again.
        """
        results: list[PushResult] = []
        for start in range(0, len(products), PRODUCTS_PER_DEACTIVATION):
            chunk = products[start : start + PRODUCTS_PER_DEACTIVATION]
            try:
                answer = await self._connection.ask(DEACTIVATE, shop, body=encoded({"product_ids": chunk}))
                errors = data_of(answer, _Errors, acts=True).errors
            except GatewayError as error:
                results += [as_push(error)] * len(chunk)
                continue
            results += _partial(chunk, {error.detail.product_id: error.code for error in errors})
        return results

    async def _write_product(self, shop: str, product: str, writes: Sequence[StockWrite]) -> dict[str, PushResult]:
        skus = [write.sku for write in writes]
        body = encoded({"skus": [_sku_body(write) for write in writes]})
        try:
            answer = await self._connection.ask(STOCK_UPDATE, shop, {"product": product}, body=body)
            errors = data_of(answer, _Errors, acts=True).errors
        except GatewayError as error:
            return dict.fromkeys(skus, as_push(error))
        results = _partial(skus, {error.detail.sku_id: error.code for error in errors})
        return dict(zip(skus, results, strict=True))


def _sku_body(write: StockWrite) -> dict[str, object]:
    warehouses = sorted(write.quantities.items())
    inventory: list[dict[str, object]] = [{"warehouse_id": each, "quantity": units} for each, units in warehouses]
    if write.backorder is not None:
        further = {"backorder_quantity": write.backorder.quantity, "handling_time": write.backorder.handling_days}
        inventory = [{**each, **further} for each in inventory]
    return {"id": write.sku, "inventory": inventory}


def total(level: Level) -> StockLevel:
    """What TikTok says of a SKU, over all its warehouses."""
    available = sum(each.available for each in level.warehouses.values())
    committed = sum(each.committed for each in level.warehouses.values())
    return StockLevel(level.sku, available, committed, level.locked, len(level.warehouses))


def _planned(change: StockChange, level: Level | None) -> StockWrite | PushResult:
    if level is None:
        return PushResult("refused", "TikTok knows no such SKU")
    if len(level.warehouses) != 1:
        return PushResult("refused", f"the SKU is in {len(level.warehouses)} warehouses")
    ((warehouse, units),) = level.warehouses.items()
    return StockWrite(
        level.product, level.sku, {warehouse: max(units.available + change.difference, 0)}, change.backorder
    )


def _changed(
    sku: str,
    planned: Mapping[str, StockWrite | PushResult],
    before: Mapping[str, Level],
    written: Mapping[str, StockWritten],
) -> StockChanged:
    plan, level = planned[sku], before.get(sku)
    if isinstance(plan, PushResult):
        return StockChanged(plan, None if level is None else total(level))
    assert level is not None
    after = written[sku].level
    return StockChanged(written[sku].result, total(level), None if after is None else total(after))


def _refusal(write: StockWrite) -> PushResult | None:
    if not write.quantities:
        return PushResult("refused", "no warehouse is named")
    if any(not 0 <= units <= MOST_UNITS for units in write.quantities.values()):
        return PushResult("refused", f"a figure is not between 0 and {MOST_UNITS}")
    return None


def _partial(asked: Sequence[str], codes: Mapping[str, int]) -> list[PushResult]:
    """The result of each, where code 0 came with a list of failures. One that names nobody makes the others unknown."""
    others = DONE if codes.keys() <= set(asked) else PushResult("unknown", "TikTok reports a failure and not of what")
    return [as_push(failure_of_code(codes[each], acts=True)) if each in codes else others for each in asked]


def _settled(write: StockWrite, result: PushResult, level: Level | None) -> StockWritten:
    """What may have happened has, if the figures are there."""
    if result.outcome == "unknown" and level is not None:
        there = {warehouse: units.available for warehouse, units in level.warehouses.items()}
        if there == dict(write.quantities):
            return StockWritten(DONE, level)
    return StockWritten(result, level)


def _level(product: _Product, sku: _Sku) -> Level:
    distribution = sku.total_available_inventory_distribution
    return Level(
        product.product_id,
        sku.id,
        {
            each.warehouse_id: Warehouse(each.available_quantity, each.committed_quantity)
            for each in sku.warehouse_inventory
        },
        sum(each.quantity for each in (*distribution.campaign_inventory, *distribution.creator_inventory)),
    )
