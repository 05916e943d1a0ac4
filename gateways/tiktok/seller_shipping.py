"""
Tell TikTok of parcels that the seller ships: whichever units of an order are in a package, and its tracking number.

We know units of a SKU, TikTok knows each unit by an id of its own, so the orders are read first. What has the number
already is done; so a repeat, and what became of a lost answer, show in the same read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from gateways.errors import GatewayError
from gateways.marketplaces import DONE, PushResult
from gateways.tiktok.connection import Connection, data_of
from gateways.tiktok.endpoints import ORDER_DETAIL
from gateways.tiktok.packages import Packages
from gateways.tiktok.results import as_push
from gateways.tiktok.shop_facts import ShopFacts
from schemas.calls import PushFulfilmentCall

CANCELLED: Final = frozenset({"CANCEL", "CANCELLED"})


class Unit(msgspec.Struct, frozen=True):
    """One unit of an order as TikTok shows it."""

    id: str
    sku_id: str
    display_status: str = ""
    tracking_number: str = ""
    package_id: str = ""


class _Order(msgspec.Struct, frozen=True):
    id: str
    delivery_option_id: str = ""
    line_items: list[Unit] = []


class _Orders(msgspec.Struct, frozen=True):
    orders: list[_Order] = []


NOT_OPEN: Final = "the order does not have these units open"


class Parcel(NamedTuple):
    """
    The units that go in one parcel, and TikTok's own package that holds them and nothing else, where there is one.

    `shipped`: it is on its way under the number that another one replaces.
    """

    units: tuple[str, ...]
    package: str = ""
    shipped: bool = False


class SellerShipping:
    """
    What a shop's own carriers take. `providers` is TikTok's id or name of a shipping provider by our carrier's name; a
    carrier that is not in it goes by its own name.
    """

    def __init__(
        self, connection: Connection, packages: Packages, facts: ShopFacts, providers: Mapping[str, str]
    ) -> None:
        self._connection = connection
        self._packages = packages
        self._facts = facts
        self._providers = providers

    async def tell(self, shop: str, pushes: Sequence[PushFulfilmentCall]) -> list[PushResult]:
        """
        Ship up to 50 packages of one shop, each with its own result by its place in the list.

        Refused: a carrier that is no provider of the order's delivery option, units that the order does not have open.
        Repeated: done where its units have this tracking number.
        """
        try:
            orders = await self._orders(shop, {push.order_number for push in pushes})
        except GatewayError as error:
            return [as_push(error)] * len(pushes)
        untold = [push for push in pushes if push.order_number not in orders]
        results = dict(zip(map(id, untold), await self._by_our_package(shop, untold), strict=True))
        for each in await self._told(shop, pushes, orders):
            results.update(each)
        return [results[id(push)] for push in pushes]

    async def _told(
        self, shop: str, pushes: Sequence[PushFulfilmentCall], orders: Mapping[str, _Order]
    ) -> list[dict[int, PushResult]]:
        """Parcels of one order go one after the other, as each takes units that the next may not."""
        by_order: dict[str, list[PushFulfilmentCall]] = {}
        for push in pushes:
            if push.order_number in orders:
                by_order.setdefault(push.order_number, []).append(push)
        return await asyncio.gather(*(self._of_order(shop, orders[number], each) for number, each in by_order.items()))

    async def _of_order(self, shop: str, order: _Order, pushes: Sequence[PushFulfilmentCall]) -> dict[int, PushResult]:
        results: dict[int, PushResult] = {}
        taken: set[str] = set()
        for push in pushes:
            parcel = parcel_of(order.line_items, push, taken)
            if isinstance(parcel, PushResult):
                results[id(push)] = parcel
                continue
            taken |= set(parcel.units)
            results[id(push)] = await self._ship(shop, order, push, parcel)
        return results

    async def _ship(self, shop: str, order: _Order, push: PushFulfilmentCall, parcel: Parcel) -> PushResult:
        try:
            provider = await self._provider(shop, order.delivery_option_id, push.carrier)
        except GatewayError as error:
            return as_push(error)
        if provider is None:
            return PushResult(
                "refused", f"carrier {push.carrier} is no shipping provider of the order's delivery option"
            )
        if parcel.shipped:
            return await self._packages.renumber(shop, parcel.package, push.tracking_number, provider)
        if parcel.package:
            named = msgspec.structs.replace(push, package=parcel.package)
            (result,) = await self._packages.ship(shop, [named], {push.carrier: provider})
            return result
        return await self._packages.mark_shipped(shop, order.id, parcel.units, push.tracking_number, provider)

    async def _provider(self, shop: str, option: str, carrier: str) -> str | None:
        wanted = self._providers.get(carrier, carrier)
        for provider in await self._facts.shipping_providers(shop, option):
            if wanted == provider.id or wanted.casefold() == provider.name.casefold():
                return provider.id
        return None

    async def _by_our_package(self, shop: str, pushes: Sequence[PushFulfilmentCall]) -> list[PushResult]:
        """What TikTok does not show as an order, as a shop told in the specification's format, has our package's id."""
        known = [push for push in pushes if push.carrier in self._providers]
        shipped = await self._packages.ship(shop, known, self._providers) if known else []
        results = dict(zip(map(id, known), shipped, strict=True))
        return [
            results.get(id(push), PushResult("refused", f"carrier {push.carrier} has no shipping provider"))
            for push in pushes
        ]

    async def _orders(self, shop: str, numbers: set[str]) -> dict[str, _Order]:
        if not numbers:
            return {}
        answer = await self._connection.ask(ORDER_DETAIL, shop, params={"ids": ",".join(sorted(numbers))})
        return {order.id: order for order in data_of(answer, _Orders).orders}


def parcel_of(units: Sequence[Unit], push: PushFulfilmentCall, taken: set[str]) -> Parcel | PushResult:
    """
    Which units of an order a push is about, or what came of it already.

    Units that have its number count first, then those of the number that it replaces, then those that no parcel has.
    Without lines all of these are meant.
    """
    live = [unit for unit in units if unit.display_status not in CANCELLED]
    ours = [unit for unit in live if unit.tracking_number == push.tracking_number]
    before = [unit for unit in live if push.replaces and unit.tracking_number == push.replaces]
    free = [unit for unit in live if not unit.tracking_number and unit.id not in taken]
    named = Counter({line.line_id: line.quantity for line in push.lines})
    missing = (named or _units_of((*ours, *before, *free))) - _units_of(ours)
    if not missing:
        return DONE if ours else PushResult("refused", NOT_OPEN)
    chosen = _chosen(before or free, missing)
    if len(chosen) < missing.total():
        shipped = any(unit.tracking_number for unit in live)
        return PushResult("refused", "shipped already with another tracking number" if shipped else NOT_OPEN)
    package = _package_of(live, chosen)
    if before and not package:
        return PushResult("refused", "the parcel of the number that is replaced holds other units")
    return Parcel(tuple(unit.id for unit in chosen), package, shipped=bool(before))


def _chosen(units: Sequence[Unit], wanted: Counter[str]) -> list[Unit]:
    """As many units of each SKU as are wanted, or as there are."""
    left = Counter(wanted)
    chosen = []
    for unit in units:
        if left[unit.sku_id] > 0:
            left[unit.sku_id] -= 1
            chosen.append(unit)
    return chosen


def _units_of(units: Sequence[Unit]) -> Counter[str]:
    return Counter(unit.sku_id for unit in units)


def _package_of(live: Sequence[Unit], chosen: Sequence[Unit]) -> str:
    """The package that holds the chosen units and no other, empty where they have none or share one."""
    packages = {unit.package_id for unit in chosen}
    (package,) = packages if len(packages) == 1 else ("",)
    inside = {unit.id for unit in live if unit.package_id == package}
    return package if inside == {unit.id for unit in chosen} else ""
