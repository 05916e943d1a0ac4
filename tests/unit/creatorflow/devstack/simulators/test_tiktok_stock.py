"""Stock at TikTok: absolute levels that buyers lower meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.creatorflow.devstack.simulators.tiktok_world import (
    PRODUCT,
    SECOND_WAREHOUSE,
    SKU,
    WAREHOUSE,
    TikTokWorld,
)

SEARCH = "/product/202309/inventory/search"
UPDATE = f"/product/202309/products/{PRODUCT}/inventory/update"
ACTIVATE = "/product/202309/products/activate"
DEACTIVATE = "/product/202309/products/deactivate"
NUMBER = {"tracking_number": "9400188999098483311200", "shipping_provider_id": "7000000000000000001"}


def _levels(*quantities: int, **more: Any) -> dict[str, Any]:
    warehouses = (WAREHOUSE, SECOND_WAREHOUSE)
    inventory = [{"warehouse_id": warehouses[place], "quantity": each} for place, each in enumerate(quantities)]
    return {"skus": [{"id": SKU, "inventory": inventory, **more}]}


async def _error(world: TikTokWorld, body: dict[str, Any]) -> int:
    said = await world.ask("POST", UPDATE, body)
    assert said["code"] == 0
    (error,) = said["data"]["errors"]
    assert error["detail"]["sku_id"]
    return int(error["code"])


async def test_sales_lower_what_is_available(world: TikTokWorld) -> None:
    """Done: sold units are committed at once, gone with the carrier, and back after a cancellation."""
    kept, dropped = await world.place(3, paid=False), await world.place(2, paid=False)
    assert world.levels() == (95, 5)
    await world.drive(f"orders/{dropped['id']}/cancellation")
    assert world.levels() == (97, 3)
    await world.drive(f"orders/{kept['id']}/pay")
    world.pass_time(3_600)
    await world.drive(f"orders/{kept['id']}/arrange", NUMBER)
    await world.drive(f"orders/{kept['id']}/collect")
    assert world.levels() == (97, 0)


async def test_cancelled_units_stay_away_where_restocking_is_off(world: TikTokWorld) -> None:
    """The seller may count them in again; the unknown SKU of the setting is named."""
    setting = {"sku_ids": [SKU, "1"], "stock_operation_setting": {"enable_auto_restock": False}}
    said = await world.ask("POST", "/product/202608/inventory/operation/settings", setting)
    assert said["data"]["stock_operation"] == {"success_sku_ids": [SKU], "failed_sku_ids": ["1"]}
    order = await world.place(2, paid=False)
    await world.drive(f"orders/{order['id']}/cancellation")
    assert world.levels() == (98, 0)


async def test_a_write_replaces_what_was_available(world: TikTokWorld) -> None:
    """Done: absolute, committed untouched; repeated, also after a lost answer: the same level."""
    await world.place(10)
    await world.spoil({"kind": "act-then-wrong", "status": 500, "requests": 1})
    for _ in range(2):
        await world.ask("POST", UPDATE, _levels(40))
        assert world.levels() == (40, 10)


async def test_a_write_overwrites_a_sale_that_the_writer_did_not_know(world: TikTokWorld) -> None:
    """What is written after a sale that was not counted oversells by that sale: the trap of absolute levels."""
    before = world.levels()[0]
    await world.place(10)
    await world.ask("POST", UPDATE, _levels(before))
    assert world.levels() == (100, 10)


async def test_every_warehouse_of_a_sku_is_listed(world: TikTokWorld) -> None:
    """Refused in `data.errors`: one left out, an unknown one, one twice; with all of them it is done."""
    await world.drive("warehouses", {"id": SECOND_WAREHOUSE, "is_default": False})
    quantities = {WAREHOUSE: 10, SECOND_WAREHOUSE: 20}
    await world.drive("listings", {"product_id": PRODUCT, "sku_id": SKU, "quantities": quantities})
    assert await _error(world, _levels(5)) == 12019028
    unknown = [{"warehouse_id": "1", "quantity": 5}]
    assert await _error(world, {"skus": [{"id": SKU, "inventory": unknown}]}) == 12052037
    twice = [{"warehouse_id": each, "quantity": 5} for each in (WAREHOUSE, SECOND_WAREHOUSE, SECOND_WAREHOUSE)]
    assert await _error(world, {"skus": [{"id": SKU, "inventory": twice}]}) == 12052037
    assert world.levels() == (30, 0)
    assert (await world.ask("POST", UPDATE, _levels(5, 6)))["data"] == {}
    assert world.levels() == (11, 0)


async def test_the_only_warehouse_need_not_be_named(world: TikTokWorld) -> None:
    """Done: where there is one, it is meant."""
    body = {"skus": [{"id": SKU, "inventory": [{"quantity": 7}]}]}
    assert (await world.ask("POST", UPDATE, body))["data"] == {}
    assert world.levels() == (7, 0)


@pytest.mark.parametrize("quantity", [-1, 100_000])
async def test_a_level_beyond_its_limits_is_refused(world: TikTokWorld, quantity: int) -> None:
    """Refused: below 0 and above 99,999; both ends are taken."""
    assert await _error(world, _levels(quantity)) == 12019024
    for fine in (0, 99_999):
        assert (await world.ask("POST", UPDATE, _levels(fine)))["data"] == {}


async def test_what_is_locked_is_not_written_away(world: TikTokWorld) -> None:
    """Refused: less than creators and campaigns have locked. Ordinary buyers cannot buy what is locked."""
    await world.drive(f"skus/{SKU}/locks", {"creator_locked": 60, "campaign_locked": 20})
    assert await _error(world, _levels(79)) == 12052393
    assert "sold out" in await world.impossible("orders", {"items": [{"sku_id": SKU, "units": 21}]})
    await world.place(20)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/product/202309/products/1/inventory/update", {"skus": []}, 12052032),
        (UPDATE, {"skus": []}, 36009004),
        (UPDATE, {}, 36009004),
        (UPDATE, {"skus": [{"id": SKU, "inventory": []}, {"id": SKU, "inventory": []}]}, 12052553),
        (SEARCH, {}, 36009004),
        (SEARCH, {"sku_ids": ["1"] * 601}, 12019015),
        (SEARCH, {"product_ids": ["1"] * 101}, 12019120),
        (DEACTIVATE, {"product_ids": ["1"] * 21}, 12019120),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused_whole(
    world: TikTokWorld, path: str, body: dict[str, Any], code: int
) -> None:
    """Refused: an unknown product, nothing, too much, a SKU twice."""
    assert (await world.ask("POST", path, body))["code"] == code


async def test_an_unknown_sku_fails_beside_its_neighbour(world: TikTokWorld) -> None:
    """Refused in `data.errors`, while the other SKU is written."""
    inventory = [{"quantity": 7}]
    body = {"skus": [{"id": "1", "inventory": inventory}, {"id": SKU, "inventory": inventory}]}
    assert await _error(world, body) == 12052556
    assert world.levels() == (7, 0)


async def test_levels_are_read_with_what_is_locked_in_them(world: TikTokWorld) -> None:
    """Done: available includes the locked units; reading again says the same; an unknown SKU is left out."""
    await world.drive(f"skus/{SKU}/locks", {"creator_locked": 10})
    await world.place(30)
    first = (await world.ask("POST", SEARCH, {"sku_ids": [SKU, "1"]}))["data"]
    (sku,) = first["inventory"][0]["skus"]
    assert (sku["total_available_quantity"], sku["total_committed_quantity"]) == (70, 30)
    assert sku["total_available_inventory_distribution"]["in_shop_inventory"] == {"quantity": 60}
    assert (await world.ask("POST", SEARCH, {"product_ids": [PRODUCT]}))["data"] == first


async def test_backorder_is_sold_after_stock(world: TikTokWorld) -> None:
    """The listing goes on selling what is promised, and then nothing more."""
    inventory = [{"quantity": 1, "backorder_quantity": 2, "handling_time": 5}]
    await world.ask("POST", UPDATE, {"skus": [{"id": SKU, "inventory": inventory}]})
    await world.place(3)
    assert world.levels() == (0, 3)
    assert "sold out" in await world.impossible("orders", {"items": [{"sku_id": SKU}]})


async def test_a_product_goes_off_sale_and_is_looked_at_before_it_is_back(world: TikTokWorld) -> None:
    """Done; repeated it is refused by its status; on again it is PENDING for a while, and stock cannot be written."""
    await world.spoil({"kind": "act-then-wrong", "status": 500, "requests": 1})
    await world.ask("POST", DEACTIVATE, {"product_ids": [PRODUCT]})
    again = await world.ask("POST", DEACTIVATE, {"product_ids": [PRODUCT, "1"]})
    assert [error["code"] for error in again["data"]["errors"]] == [12052901, 12052048]
    assert await _error(world, _levels(5)) == 12052901
    assert (await world.ask("POST", ACTIVATE, {"product_ids": [PRODUCT]}))["data"] == {}
    assert world.shop.products[PRODUCT].status == "PENDING"
    world.pass_time(600)
    found = await world.ask("POST", "/product/202502/products/search", {"status": "ACTIVATE"}, page_size="10")
    assert [product["id"] for product in found["data"]["products"]] == [PRODUCT]
    (error,) = (await world.ask("POST", ACTIVATE, {"product_ids": [PRODUCT]}))["data"]["errors"]
    assert error["code"] == 12052901
