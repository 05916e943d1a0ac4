"""The TikTok client on the simulator, which refuses what the real one would: every call over HTTP, signed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from gateways.breakers import Breakers
from gateways.errors import Refused
from gateways.http_client import HttpClient
from gateways.marketplaces import Backorder, PushResult, StockChange
from gateways.tiktok.access import App, ShopAccess
from gateways.tiktok.client import TikTokShop
from gateways.tiktok.oauth import OAuth
from gateways.tiktok.stock import StockWrite
from schemas.calls import PushFulfilmentCall, ReadOrderCall
from schemas.values import LineQuantity
from tests.conformance.requests import SHOP, a_push
from tests.conformance.simulated import SimulatorProcess

APP = App("demo_app_key", "demo_secret")
SKU, PRODUCT = "1729000000000000101", "1729000000000000001"
NUMBER = "9400188999098483310000"
PROVIDER = "7000000000000000001"
NUMBERS = count(1)


class Subject(NamedTuple):
    """The client, and what drives the other side."""

    shop: TikTokShop
    simulator: SimulatorProcess

    def drive(self, path: str, **body: Any) -> Any:
        """Make buyers, carriers or the shelf do something."""
        answer = httpx.post(f"{self.simulator.url}/creatorflow{path}", json=body, trust_env=False)
        return answer.raise_for_status().json()

    def told_stock(self, sku: str) -> Any:
        """What stands on the other side's shelf of this SKU."""
        answer = httpx.get(f"{self.simulator.url}/creatorflow/stock", trust_env=False).raise_for_status().json()
        return next(each for each in answer["skus"] if each["id"] == sku)

    def shown(self, number: str) -> Any:
        """The order as it stands there."""
        answer = httpx.get(f"{self.simulator.url}/creatorflow/orders/{number}", trust_env=False)
        return answer.raise_for_status().json()

    def an_order(self, units: int = 2) -> Any:
        """A paid order that may be shipped."""
        return self.drive("/orders", items=[{"sku_id": SKU, "units": units}], paid=True, hold_seconds=0)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """One process for all tests of this file."""
    with SimulatorProcess("tiktok", tmp_path_factory.mktemp("tiktok") / "record.jsonl") as simulator:
        yield simulator


@pytest.fixture
async def subject(simulator: SimulatorProcess) -> AsyncIterator[Subject]:
    """A client with breakers of its own, and enough of one SKU."""
    simulator.control()
    client = HttpClient("tiktok", simulator.url, Breakers(), timeout_seconds=2.0)
    access = {SHOP: ShopAccess("demo_cipher", "demo_token")}
    made = Subject(TikTokShop(client, APP, access, {"usps": PROVIDER}), simulator)
    made.drive("/listings", product_id=PRODUCT, sku_id=SKU, quantity=1000)
    yield made
    await client.close()


async def test_orders_are_found_and_read(subject: Subject) -> None:
    """Done and missing: the search names what was placed, and each comes whole, one line for each unit."""
    placed = [subject.an_order()["id"] for _ in range(3)]
    now = datetime.now(UTC)
    found, page, since, until = list[str](), "", now - timedelta(hours=1), now + timedelta(hours=1)
    while page or not found:
        answer = await subject.shop.orders.page(SHOP, since, until, page, page_size=2)
        assert len(answer.orders) <= 2
        assert all(since <= each.updated_at < until for each in answer.orders)
        found += [each.number for each in answer.orders]
        page = answer.next_page
    assert set(placed) <= set(found)
    calls = [ReadOrderCall(marketplace="tiktok", shop=SHOP, order_number=each) for each in (*placed, "404")]
    *read, missing = await subject.shop.read_orders(calls)
    orders = [msgspec.json.decode(each.order) for each in read]
    assert [(order["id"], len(order["line_items"])) for order in orders] == [(number, 2) for number in placed]
    assert missing.outcome == "missing"


async def test_lines_are_marked_as_shipped_once(subject: Subject) -> None:
    """Done, repeated, and refused with another number; a lost answer is looked up."""
    order = subject.an_order()
    lines = [line["id"] for line in order["line_items"]]
    mark = subject.shop.packages.mark_shipped
    assert (await mark(SHOP, order["id"], lines, NUMBER, PROVIDER)).outcome == "done"
    assert (await mark(SHOP, order["id"], lines, NUMBER, PROVIDER)).outcome == "done"
    assert (await mark(SHOP, order["id"], lines, "9400188999098483319999", PROVIDER)).outcome == "refused"
    other = subject.an_order(1)
    subject.simulator.control({"kind": "act-then-close", "requests": 1, "path": "/fulfillment"})
    lines = [line["id"] for line in other["line_items"]]
    assert (await mark(SHOP, other["id"], lines, "9400188999098483318888", PROVIDER)).outcome == "done"


async def test_fc_26_two_packages_of_one_order_each_have_their_units(subject: Subject) -> None:
    """FC-26: done, each with its own number; repeated; a lost answer is looked up; refused for units that are gone."""
    order = subject.an_order(3)
    push = _push_of(order["id"], units=2)
    other = _push_of(order["id"], units=1)
    subject.simulator.control({"kind": "act-then-close", "requests": 1, "path": f"/{order['id']}/packages"})
    assert _outcomes(await subject.shop.push_fulfilment([push, other])) == ["done", "done"]
    assert _outcomes(await subject.shop.push_fulfilment([push, other, push])) == ["done"] * 3
    assert _outcomes(await subject.shop.push_fulfilment([_push_of(order["id"], units=1)])) == ["refused"]
    shown = subject.shown(order["id"])
    assert sorted(line["tracking_number"] for line in shown["line_items"]) == sorted(
        [push.tracking_number] * 2 + [other.tracking_number]
    )
    assert (len(shown["packages"]), shown["status"]) == (2, "AWAITING_COLLECTION")


async def test_fc_26_new_label_of_a_package_takes_its_number_over_once(subject: Subject) -> None:
    """FC-26: done for this package alone; repeated; refused the second time, as TikTok lets it change once."""
    order = subject.an_order(2)
    push, other = _push_of(order["id"], units=1), _push_of(order["id"], units=1)
    await subject.shop.push_fulfilment([push, other])
    again = _push_of(order["id"], units=1, replaces=push.tracking_number)
    for _ in range(2):
        assert _outcomes(await subject.shop.push_fulfilment([again])) == ["done"]
    numbers = {line["tracking_number"] for line in subject.shown(order["id"])["line_items"]}
    assert numbers == {again.tracking_number, other.tracking_number}
    third = _push_of(order["id"], units=1, replaces=again.tracking_number)
    (refused,) = await subject.shop.push_fulfilment([third])
    assert refused == ("refused", "TikTok answered code 21011051: tracking number was changed before", None, True)


async def test_order_that_cannot_be_shipped_is_refused_alone(subject: Subject) -> None:
    """Refused: on hold, cancelled, or by a carrier that TikTok does not know; the neighbour is done."""
    held = subject.drive("/orders", items=[{"sku_id": SKU, "units": 1}], paid=True, hold_seconds=3600)
    good, odd = subject.an_order(1), subject.an_order(1)
    pushes = [
        _push_of(held["id"]),
        _push_of(good["id"]),
        msgspec.structs.replace(_push_of(odd["id"]), carrier="pigeon"),
    ]
    results = await subject.shop.push_fulfilment(pushes)
    assert _outcomes(results) == ["refused", "done", "refused"]
    assert results[2].reason == "carrier pigeon is no shipping provider of the order's delivery option"


def _push_of(order: str, *, units: int = 0, replaces: str = "") -> PushFulfilmentCall:
    """A push with a number of its own."""
    lines = (LineQuantity(line_id=SKU, quantity=units),) if units else ()
    return msgspec.structs.replace(
        a_push(tracking_number=f"94{next(NUMBERS):020d}"),
        order_number=order,
        package=f"{order}-1",
        lines=lines,
        replaces=replaces,
    )


def _outcomes(results: Sequence[PushResult]) -> list[str]:
    return [result.outcome for result in results]


async def test_stock_is_written_and_read_back(subject: Subject) -> None:
    """Done; refused where a warehouse is left out; a lost answer is read back."""
    level = (await subject.shop.stock.levels(SHOP, [SKU]))[SKU]
    write = StockWrite(PRODUCT, SKU, dict.fromkeys(level.warehouses, 700))
    (written,) = await subject.shop.stock.write(SHOP, [write])
    assert written.result.outcome == "done"
    assert written.level is not None
    assert {each.available for each in written.level.warehouses.values()} == {700}
    (refused,) = await subject.shop.stock.write(SHOP, [StockWrite(PRODUCT, SKU, {"404": 1})])
    assert refused.result.outcome == "refused"
    subject.simulator.control({"kind": "act-then-close", "requests": 1, "path": "/product", "method": "POST"})
    (lost,) = await subject.shop.stock.write(SHOP, [write._replace(quantities=dict.fromkeys(level.warehouses, 650))])
    assert lost.result.outcome == "done"


async def test_stock_is_changed_by_a_difference(subject: Subject) -> None:
    """Done: what is there counts, never below 0, and sells beyond it as told; refused for a SKU that nobody knows."""
    (before,) = (await subject.shop.read_stock(SHOP, [SKU, "404"])).levels.values()
    changes = [StockChange(SKU, -100, "1", Backorder(7, 3)), StockChange("404", 5, "2")]
    changed, unknown = await subject.shop.change_stock(SHOP, changes)
    assert (changed.result.outcome, changed.before, changed.after) == (
        "done",
        before,
        before._replace(available=before.available - 100),
    )
    assert list(subject.told_stock(SKU)["backorders"].values()) == [{"quantity": 7, "handling_time": 3}]
    assert (unknown.result.outcome, unknown.before) == ("refused", None)
    (emptied,) = await subject.shop.change_stock(SHOP, [StockChange(SKU, -99_999, "3", Backorder(0, 3))])
    assert emptied.after is not None
    assert emptied.after.available == 0


async def test_a_wish_to_cancel_is_found_and_approved_once(subject: Subject) -> None:
    """Done, repeated under another key, and refused once the other answer was given."""
    aftersales = subject.shop.aftersales
    wish = subject.drive(f"/orders/{subject.an_order()['id']}/cancellation")["cancel_id"]
    now = datetime.now(UTC)
    pages = aftersales.cancellations(SHOP, now - timedelta(hours=1), now + timedelta(hours=1))
    assert wish in [each.cancel_id async for page in pages for each in page]
    assert (await aftersales.approve(SHOP, wish, "key-1")).outcome == "done"
    assert (await aftersales.approve(SHOP, wish, "key-2")).outcome == "done"
    assert (await aftersales.reject(SHOP, wish, "key-3", "no such reason")).outcome == "refused"


async def test_a_lost_approval_is_looked_up(subject: Subject) -> None:
    """Unknown, then found to be done."""
    wish = subject.drive(f"/orders/{subject.an_order()['id']}/cancellation")["cancel_id"]
    subject.simulator.control({"kind": "act-then-close", "requests": 1, "path": "/return_refund/202309"})
    assert (await subject.shop.aftersales.approve(SHOP, wish, "key-1")).outcome == "done"


async def test_a_return_is_found(subject: Subject) -> None:
    """With its order."""
    order = subject.an_order(1)["id"]
    subject.drive(f"/orders/{order}/arrange", tracking_number="9400188999098483317777", shipping_provider_id=PROVIDER)
    subject.drive(f"/orders/{order}/collect")
    subject.drive(f"/orders/{order}/deliver")
    wish = subject.drive(f"/orders/{order}/return")["return_id"]
    now = datetime.now(UTC)
    pages = subject.shop.aftersales.returns(SHOP, now - timedelta(hours=1), now + timedelta(hours=1))
    assert (wish, order) in [(each.return_id, each.order_id) async for page in pages for each in page]


async def test_warehouses_are_told_and_documents_refused_before_their_time(subject: Subject) -> None:
    """What sells is told apart; the seller's own parcel has no document of TikTok's."""
    assert any(each.sells for each in await subject.shop.facts.warehouses(SHOP))
    with pytest.raises(Refused):
        await subject.shop.packages.document(SHOP, "404")


async def test_an_expired_token_is_refreshed(subject: Subject) -> None:
    """A consent becomes a pair, the pair a new one, and its token opens the shop by its cipher."""
    code = subject.drive("/tokens/consent")["code"]
    oauth = OAuth(APP, subject.simulator.url, subject.simulator.url)
    first = await oauth.exchange(code)
    second = await oauth.refresh(first.refresh)
    (shop,) = [each for each in await oauth.shops(second.access) if each.shop == SHOP]
    client = HttpClient("tiktok", subject.simulator.url, Breakers(), timeout_seconds=2.0)
    opened = TikTokShop(client, APP, {SHOP: ShopAccess(shop.cipher, second.access)}, {})
    assert await opened.facts.warehouses(SHOP)
    with pytest.raises(Refused):
        await oauth.exchange(code)
    await client.close()
