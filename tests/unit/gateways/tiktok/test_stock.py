"""Stock is written whole and read back; what one listing is refused is not the others' failure."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from gateways.errors import Unavailable
from gateways.marketplaces import DONE
from gateways.quota import Endpoint
from gateways.tiktok.stock import MOST_UNITS, Level, StockWrite, Warehouse
from tests.unit.gateways.tiktok.fake_api import SHOP, CountedQuota, FakeApi, a_shop, lost, ok

RED = StockWrite("P1", "red", {"W1": 5, "W2": 0})
BLUE = StockWrite("P1", "blue", {"W1": 7})


def _levels(**skus: dict[str, int]) -> httpx.Response:
    def warehouse(name: str, units: int) -> dict[str, Any]:
        return {"warehouse_id": name, "available_quantity": units, "committed_quantity": 1}

    found = [
        {"id": sku, "warehouse_inventory": [warehouse(*each) for each in units.items()]} for sku, units in skus.items()
    ]
    return ok({"inventory": [{"product_id": "P1", "skus": found}]})


THERE = _levels(red={"W1": 5, "W2": 0}, blue={"W1": 7})


async def test_levels_say_what_is_there_in_each_warehouse() -> None:
    """Done: available and committed apart, and what campaigns and creators hold."""
    locks = {"campaign_inventory": [{"quantity": 6}], "creator_inventory": [{"quantity": 10}, {"quantity": 1}]}
    sku = {
        "id": "red",
        "warehouse_inventory": [{"warehouse_id": "W1", "available_quantity": 33, "committed_quantity": 31}],
        "total_available_inventory_distribution": {**locks, "in_shop_inventory": {"quantity": 17}},
    }
    api = FakeApi(ok({"inventory": [{"product_id": "P1", "skus": [sku]}]}))
    assert await a_shop(api).stock.levels(SHOP, ["red", "unknown"]) == {
        "red": Level("P1", "red", {"W1": Warehouse(33, 31)}, locked=17)
    }
    assert api.body() == {"sku_ids": ["red", "unknown"]}


async def test_levels_that_cannot_be_read_raise() -> None:
    """Unavailable is not a stock of nothing."""
    with pytest.raises(Unavailable):
        await a_shop(FakeApi(lost())).stock.levels(SHOP, ["red"])


async def test_a_write_names_every_warehouse_and_is_read_back() -> None:
    """Done: one request for a product with all its SKUs, then one that reads them; a 0 is written as 0."""
    api, quota = FakeApi(ok({"errors": []}), THERE), CountedQuota()
    red, blue = await a_shop(api, quota=quota).stock.write(SHOP, [RED, BLUE])
    assert (red.result, blue.result) == (DONE, DONE)
    assert red.level is not None
    assert red.level.warehouses["W1"] == Warehouse(5, 1)
    assert api.paths == ["/product/202309/products/P1/inventory/update", "/product/202309/inventory/search"]
    assert api.body(0)["skus"][0] == {
        "id": "red",
        "inventory": [{"warehouse_id": "W1", "quantity": 5}, {"warehouse_id": "W2", "quantity": 0}],
    }
    assert quota.taken == [Endpoint.STOCK] * 2


async def test_a_sku_that_is_refused_is_told_apart_from_its_neighbours() -> None:
    """Refused: code 0 with an error in `data` is no success of that SKU, as one lost in silence oversells."""
    errors = {"errors": [{"code": 12052393, "detail": {"sku_id": "red"}}]}
    red, blue = await a_shop(FakeApi(ok(errors), THERE)).stock.write(SHOP, [RED, BLUE])
    assert (red.result.outcome, red.result.reason) == (
        "refused",
        "TikTok answered code 12052393: locked by a promotion",
    )
    assert blue.result == DONE


async def test_an_error_that_names_no_sku_makes_all_unknown_unless_they_are_there() -> None:
    """Of whom it is cannot be told, so only what was read back counts as done."""
    answers = (ok({"errors": [{"code": 1}]}), _levels(red={"W1": 5, "W2": 0}, blue={"W1": 3}))
    red, blue = await a_shop(FakeApi(*answers)).stock.write(SHOP, [RED, BLUE])
    assert (red.result.outcome, blue.result.outcome) == ("done", "unknown")


async def test_a_lost_answer_is_read_back() -> None:
    """Unknown: done where the figures are there; unknown where they are not, or cannot be read."""
    for then, outcome in ((THERE, "done"), (_levels(red={"W1": 4, "W2": 0}), "unknown"), (lost(), "unknown")):
        (red,) = await a_shop(FakeApi(lost(), then)).stock.write(SHOP, [RED])
        assert red.result.outcome == outcome


async def test_a_sku_that_comes_twice_is_written_once_with_its_last_figures() -> None:
    """Repeated: both places get the result of the one write."""
    api = FakeApi(ok(), THERE)
    older = RED._replace(quantities={"W1": 9, "W2": 9})
    results = await a_shop(api).stock.write(SHOP, [older, RED])
    assert [each.result for each in results] == [DONE, DONE]
    assert [sku["inventory"][0]["quantity"] for sku in api.body(0)["skus"]] == [5]


@pytest.mark.parametrize("quantities", [{}, {"W1": -1}, {"W1": MOST_UNITS + 1}])
async def test_figures_that_tiktok_would_not_take_are_not_sent(quantities: dict[str, int]) -> None:
    """Refused before anything is sent."""
    api = FakeApi(ok())
    (result,) = await a_shop(api).stock.write(SHOP, [RED._replace(quantities=quantities)])
    assert (result.result.outcome, api.asked) == ("refused", [])


async def test_products_are_taken_out_of_sale_twenty_at_a_time() -> None:
    """Done and refused by its place; a lost answer is unknown, and asking again is harmless."""
    errors = {"errors": [{"code": 12052000, "detail": {"product_id": "3"}}]}
    api = FakeApi(ok(errors), lost())
    results = await a_shop(api).stock.deactivate(SHOP, [str(number) for number in range(25)])
    assert [each.outcome for each in results[:5]] == ["done", "done", "done", "refused", "done"]
    assert [each.outcome for each in results[20:]] == ["unknown"] * 5
    assert [len(api.body(place)["product_ids"]) for place in range(2)] == [20, 5]
