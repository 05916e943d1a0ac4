"""Calls of a shop that only observes are kept as withheld, and never sent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from aggregates.event_store import calls, scheduled_commands, shops
from aggregates.event_store.calls import CallRow
from aggregates.event_store.connection import Connection
from aggregates.event_store.shops import Shop
from gateways.suppliers.local import ordered
from projections import store
from schemas import codec, events
from schemas.calls import BuyLabelCall, Call, PlaceReorderCall
from schemas.commands import RecordSupplierAnswer
from schemas.topics import INVENTORY_EVENTS
from schemas.values import stock_item_id
from streams.doors import Doors
from tests.conformance.requests import SHOP, a_delay, a_label_request, a_reorder
from tests.effects import write
from tests.integration.streams.test_callers import OddCarrier, answered, buy, running
from tests.unit.projections.histories import published
from tests.waiting import soon

OBSERVES = "shop"
"""The shop of the labels that these tests buy."""

ITEM = stock_item_id("tiktok", OBSERVES, "sku-1")


def register(connection: Connection) -> None:
    """Add the shop."""
    shops.add(connection, Shop("tiktok", OBSERVES, "ann", "UTC"))


def reorder(item: UUID = ITEM) -> PlaceReorderCall:
    """An order to the supplier of units of this item."""
    return replace(a_reorder(), stock_item_id=item)


def ask(database: str, connection: Connection, call: Call, shop: str) -> None:
    """Ask for a call."""
    name = type(call).__name__
    row = CallRow(name, name, call.SERVICE, shop, 50, datetime.now(UTC), None, codec.encode(call), "cause", "outside")
    write(database, connection, calls=[row])


def describe(connection: Connection, item: UUID, shop: str) -> None:
    """A stock item is shown with the shop whose listing opened it."""
    told = (
        events.StockItemOpened(stock_item_id=item),
        events.StockItemDescribed(stock_item_id=item, marketplace="tiktok", shop=shop, sku_id="sku-1"),
    )
    with connection.transaction():
        store.apply(connection, INVENTORY_EVENTS, published(told))


async def test_label_of_a_shop_that_observes_is_withheld_and_never_bought(
    database: str, opened: Connection, tmp_path: Path
) -> None:
    """Its package learns of it; live later, the next label is bought, and that one is not."""
    carrier = OddCarrier()
    register(opened)
    first, second = a_label_request("odd"), a_label_request("odd")
    buy(database, opened, first)
    async with running(database, carrier, tmp_path):
        (outcome,) = await answered(opened)
        assert (outcome.outcome, outcome.attempt) == ("withheld", 1)
        assert outcome.reason == "withheld: shop tiktok:shop is not live in labels"
        assert calls.waiting(opened) == {"BuyLabelCall withheld": 1}
        shops.open_doors(opened, "tiktok", OBSERVES, labels=True, buying=False)
        buy(database, opened, second)
        await answered(opened, 2)
    assert carrier.asked == [second.reference]
    (kept,) = calls.withheld(opened, 10)
    assert (kept.kind, kept.shop, kept.key) == ("BuyLabelCall", OBSERVES, f"buy-label:{first.reference}")
    assert calls.withheld_by_shop(opened) == {("tiktok", OBSERVES): 1}


async def test_push_of_a_shop_that_observes_is_withheld(database: str, opened: Connection, tmp_path: Path) -> None:
    """Nobody waits for its answer, so none goes back."""
    register(opened)
    ask(database, opened, a_delay(), OBSERVES)
    async with running(database, OddCarrier(), tmp_path):
        await soon(lambda: calls.waiting(opened) == {"PushDelayCall withheld": 1})
    assert scheduled_commands.due(opened, 10) == []


async def test_reorder_of_a_shop_that_observes_is_refused(database: str, opened: Connection, tmp_path: Path) -> None:
    """Nothing is on order, so nobody is promised a date of it; the supplier never hears of it."""
    register(opened)
    describe(opened, ITEM, OBSERVES)
    ask(database, opened, reorder(), "")
    async with running(database, OddCarrier(), tmp_path):
        (due,) = await soon(lambda: scheduled_commands.due(opened, 10))
    told = codec.decode(due.type, 1, due.body)
    assert isinstance(told, RecordSupplierAnswer)
    assert (told.outcome, told.reason) == ("refused", "withheld: shop tiktok:shop is not live in buying")
    assert ordered(tmp_path) == []


def test_a_shelf_is_bought_for_by_its_own_shop(opened: Connection) -> None:
    """One that nobody described might be of any shop: it waits until all are live."""
    live, unknown = stock_item_id("tiktok", SHOP, "sku-2"), stock_item_id("tiktok", SHOP, "unknown")
    assert Doors(opened).why_withheld(reorder(unknown), "") == ""
    register(opened)
    describe(opened, live, SHOP)
    doors = Doors(opened)
    assert doors.why_withheld(reorder(live), "") == ""
    assert "tiktok:shop" in doors.why_withheld(reorder(unknown), "")


def test_a_reorder_that_names_its_shop_goes_through_that_shop_s_door(opened: Connection) -> None:
    """Whatever the read model shows, or does not show yet."""
    register(opened)
    describe(opened, ITEM, OBSERVES)
    doors = Doors(opened)
    assert doors.why_withheld(reorder(), SHOP) == ""
    unknown = stock_item_id("tiktok", SHOP, "unknown")
    assert doors.why_withheld(reorder(unknown), SHOP) == ""
    assert "tiktok:shop" in doors.why_withheld(reorder(unknown), OBSERVES)


def test_shops_of_two_marketplaces_with_the_same_number_have_doors_of_their_own(opened: Connection) -> None:
    """A live shop opens nothing for one that only observes, whatever is asked for it."""
    shops.add(opened, Shop("tiktok", OBSERVES, "ann", "UTC", live_labels=True, live_buying=True))
    shops.add(opened, Shop("other", OBSERVES, "bob", "UTC"))
    doors = Doors(opened)
    for call in (a_delay(), BuyLabelCall(request=a_label_request("odd")), reorder()):
        assert doors.why_withheld(call, OBSERVES) == ""
        elsewhere = replace(call, marketplace="other")
        assert "shop other:shop is not live" in doors.why_withheld(elsewhere, OBSERVES)


def test_withheld_calls_are_kept_for_a_while(database: str, opened: Connection) -> None:
    """Thirty days on they are forgotten; what waits to be sent is not."""
    ask(database, opened, a_delay(), OBSERVES)
    ask(database, opened, reorder(), "")
    opened.execute("UPDATE calls SET state = 'withheld' WHERE shop <> ''")
    opened.execute("UPDATE calls SET due_at = now() - interval '31 days'")
    assert (calls.forget_withheld(opened), calls.waiting(opened)) == (1, {"PlaceReorderCall waiting": 1})
