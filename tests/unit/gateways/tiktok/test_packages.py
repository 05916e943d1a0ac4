"""Packages are shipped once, and what nobody knows is looked up."""

from __future__ import annotations

import pytest

from gateways.errors import Refused
from gateways.marketplaces import DONE
from tests.unit.gateways.tiktok.fake_api import SHOP, FakeApi, a_shop, code, lost, ok

NUMBER = "9400188999098483310000"
MARKED = ("576800000000000001", ["1", "2"], NUMBER, "7000000000000000001")


def _order(*numbers: str) -> object:
    lines = [{"id": str(place), "tracking_number": number} for place, number in enumerate(numbers, start=1)]
    return {"orders": [{"id": MARKED[0], "line_items": lines}]}


async def test_lines_are_marked_as_shipped() -> None:
    """Done: the lines, the number and the provider, for the order in the path."""
    api = FakeApi(ok({"package_id": "1"}))
    assert await a_shop(api).packages.mark_shipped(SHOP, *MARKED) == DONE
    assert api.paths == ["/fulfillment/202610/orders/576800000000000001/packages"]
    assert api.body() == {
        "order_line_list": [{"order_line_id": "1"}, {"order_line_id": "2"}],
        "shipping_info_list": [{"tracking_number": NUMBER, "shipping_provider_id": "7000000000000000001"}],
    }


async def test_lines_of_an_order_on_hold_are_refused() -> None:
    """Refused, with the code in words."""
    result = await a_shop(FakeApi(code(21011044))).packages.mark_shipped(SHOP, *MARKED)
    assert (result.outcome, result.reason) == ("refused", "TikTok answered code 21011044: order is on hold")


@pytest.mark.parametrize(
    ("numbers", "outcome"), [((NUMBER, NUMBER), "done"), ((NUMBER, "other"), "refused"), ((NUMBER,), "refused")]
)
async def test_lines_that_are_shipped_already_are_looked_up(numbers: tuple[str, ...], outcome: str) -> None:
    """Repeated: done where every line has our number, else for a person."""
    api = FakeApi(code(21011020), ok(_order(*numbers)))
    assert (await a_shop(api).packages.mark_shipped(SHOP, *MARKED)).outcome == outcome


async def test_a_lost_answer_is_looked_up() -> None:
    """Unknown: done where the number is there, and still unknown where it is not, as it may come yet."""
    assert await a_shop(FakeApi(lost(), ok(_order(NUMBER, NUMBER)))).packages.mark_shipped(SHOP, *MARKED) == DONE
    for then in (ok(_order("", "")), code(36009002), lost()):
        result = await a_shop(FakeApi(lost(), then)).packages.mark_shipped(SHOP, *MARKED)
        assert result.outcome == "unknown"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(ok(), "done"), (code(21011006), "done"), (code(21011044), "refused"), (lost(), "unknown")],
)
async def test_a_package_of_tiktoks_own_shipping_is_arranged_once(answer: object, outcome: str) -> None:
    """Done, repeated, refused and unknown; asking again is safe, as TikTok's label is made once."""
    api = FakeApi(answer)  # type: ignore[arg-type]
    assert (await a_shop(api).packages.hand_over(SHOP, "115200000000000007", "DROP_OFF")).outcome == outcome
    assert api.body() == {"handover_method": "DROP_OFF"}


async def test_a_document_is_fetched_and_one_that_cannot_be_is_refused() -> None:
    """Its address and the number; before the package is arranged a refusal with its code."""
    shop = a_shop(FakeApi(ok({"doc_url": "https://documents.test/1", "tracking_number": NUMBER}), code(21042104)))
    assert await shop.packages.document(SHOP, "1") == ("https://documents.test/1", NUMBER)
    with pytest.raises(Refused, match="not arranged yet"):
        await shop.packages.document(SHOP, "1")
