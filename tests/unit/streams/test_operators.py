"""What operators ask for becomes one command, or a problem that names the field."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette

from aggregates.event_store.connection import StoreUnavailable
from aggregates.policies.returning import about_package, about_return
from projections.alerts import AlertRow, SubjectType
from schemas import codec, values
from schemas.commands import (
    AcknowledgeOrderAlert,
    AcknowledgeReplenishmentAlert,
    AcknowledgeShipmentAlert,
    AcknowledgeStockAlert,
    AnswerCancellation,
    ApproveReorder,
    BuyLabel,
    CancelOrder,
    CombineOrders,
    Command,
    DeclineReorder,
    DescribeStockItem,
    HandOver,
    HoldOrder,
    MapListing,
    MarkPacked,
    MarkPrinted,
    OverridePriority,
    PutBack,
    RecordCount,
    RecordMovement,
    RecordSupplierAnswer,
    ReleaseOrder,
    ReplaceLabel,
    SplitOrder,
)
from schemas.envelope import from_headers
from schemas.topics import topic_of
from streams.acknowledging import AlertNotOpen, NoSuchAlert
from streams.operators import acknowledgement_route, operator_routes, redelivery_route
from streams.publishing import BrokerUnavailable, Full, Record
from streams.redelivery import NotRedeliverable, Wish
from tests.webhooks import SHOP

ORDER = f"tiktok:{SHOP}:5769"
ITEM = f"tiktok:{SHOP}:1729"
PACKAGE = f"tiktok:{SHOP}:5769-1"
BUYING = values.replenishment_id(values.stock_item_id("tiktok", SHOP, "1729"))
REORDER = f"{BUYING}-12"
MOMENT = "2026-03-02T12:00:00Z"


class Desk:
    """The operator's endpoints, over a function that keeps what is put."""

    def __init__(self) -> None:
        self.kept: list[Record] = []
        self.wishes: list[tuple[str, bytes, Wish]] = []
        self.error: Exception | None = None
        self.alert: AlertRow | None = None
        routes = [
            *operator_routes(self._put),
            redelivery_route(self._redeliver),
            acknowledgement_route(self._put, self._find_alert),
        ]
        app = Starlette(routes=routes)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://desk")

    async def _put(self, record: Record) -> None:
        if self.error is not None:
            raise self.error
        self.kept.append(record)

    async def _find_alert(self, alert_id: UUID) -> AlertRow:
        if self.error is not None:
            raise self.error
        if self.alert is None or self.alert.alert_id != alert_id:
            raise NoSuchAlert(f"id: there is no alert {alert_id}")
        return self.alert

    async def _redeliver(self, key: str, body: bytes, wish: Wish) -> None:
        if self.error is not None:
            raise self.error
        self.wishes.append((key, body, wish))

    async def ask(self, path: str, body: Any = None, key: str | None = "K1", *, method: str = "POST") -> httpx.Response:
        """Ask for one thing."""
        headers = {} if key is None else {"Idempotency-Key": key}
        content = body if isinstance(body, bytes) else None
        return await self.client.request(
            method, path, content=content, json=None if content is not None or body is None else body, headers=headers
        )

    def commands(self) -> list[Command]:
        """What was put."""
        found: list[Any] = []
        for record in self.kept:
            envelope = from_headers(record.headers)
            found.append(codec.decode(envelope.type, envelope.version, record.value))
        return found


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """Somebody's desk."""
    made = Desk()
    yield made
    await made.client.aclose()


MOVEMENT = {"kind": "receipt", "quantity": 5, "reference": "PO-1", "occurred_at": MOMENT}
REQUESTS: list[tuple[str, dict[str, Any], type[Command]]] = [
    (f"/orders/{ORDER}/hold", {"reason": "wait"}, HoldOrder),
    (f"/orders/{ORDER}/release", {}, ReleaseOrder),
    (f"/orders/{ORDER}/cancel", {"reason": "asked"}, CancelOrder),
    (f"/orders/{ORDER}/priority", {"score": 90, "reason": "VIP"}, OverridePriority),
    (f"/reorders/{REORDER}/approve", {}, ApproveReorder),
    (f"/reorders/{REORDER}/approve", {"quantity": 27}, ApproveReorder),
    (f"/reorders/{REORDER}/decline", {"reason": "too many"}, DeclineReorder),
    (f"/reorders/{REORDER}/answer", {"outcome": "confirmed", "due_at": MOMENT}, RecordSupplierAnswer),
    (f"/packages/{PACKAGE}/printed", {}, MarkPrinted),
    (f"/packages/{PACKAGE}/packed", {"occurred_at": MOMENT}, MarkPacked),
    (f"/packages/{PACKAGE}/handed-over", {}, HandOver),
    (f"/packages/{PACKAGE}/put-back", {}, PutBack),
    (f"/packages/{PACKAGE}/buy-label", {}, BuyLabel),
    (f"/packages/{PACKAGE}/replace-label", {"reason": "wrong service"}, ReplaceLabel),
    (f"/stock-items/{values.stock_item_id('tiktok', SHOP, '1729')}/movements", MOVEMENT, RecordMovement),
    (
        f"/stock-items/{values.stock_item_id('tiktok', SHOP, '1729')}/counts",
        {"quantity": 5, "counted_at": MOMENT},
        RecordCount,
    ),
]


@pytest.mark.parametrize(("path", "body", "kind"), REQUESTS)
async def test_request_becomes_one_command(desk: Desk, path: str, body: dict[str, Any], kind: type[Command]) -> None:
    """Each endpoint answers 202 with the command's id, and puts that command on the topic of its aggregate."""
    answer = await desk.ask(path, body)
    assert (answer.status_code, answer.json()) == (202, {"command_id": "K1"})
    (command,) = desk.commands()
    (record,) = desk.kept
    assert type(command) is kind
    assert record.topic == topic_of(command)
    assert record.key == str(getattr(command, command.__struct_fields__[0])).encode()


async def test_a_shelf_is_described_with_its_terms_of_supply(desk: Desk) -> None:
    """Lead times, pack, cost and cut-off as a whole; what is no such figure is named."""
    supply = {
        "lead_time_hours": 72,
        "express_lead_time_hours": 24,
        "pack": 12,
        "unit_cost": {"amount": "2.50", "currency": "USD"},
        "cut_off_hour": 14,
    }
    assert (await desk.ask(f"/stock-items/{ITEM}", {"supply": supply}, method="PUT")).status_code == 202
    (command,) = desk.commands()
    assert isinstance(command, DescribeStockItem)
    assert command.supply == values.SupplyTerms(
        lead_time_hours=72,
        express_lead_time_hours=24,
        pack=12,
        unit_cost=values.Money(amount=Decimal("2.50"), currency="USD"),
        cut_off_hour=14,
    )
    wrong: list[tuple[str, Any]] = [
        ("pack", 0),
        ("lead_time_hours", -1),
        ("cut_off_hour", 24),
        ("unit_cost", {"amount": "-1", "currency": "USD"}),
        ("unit_cost", {"amount": "1e3", "currency": "USD"}),
    ]
    for name, value in wrong:
        answer = await desk.ask(f"/stock-items/{ITEM}", {"supply": {**supply, name: value}}, method="PUT")
        assert (answer.status_code, name in answer.json()["detail"]) == (422, True)


async def test_command_is_named_by_its_idempotency_key(desk: Desk) -> None:
    """The key is the command's id and the start of its chain, so that its repeat is found in the inbox."""
    await desk.ask(f"/orders/{ORDER}/release", {}, key="my key")
    envelope = from_headers(desk.kept[0].headers)
    assert (envelope.id, envelope.correlation_id, envelope.causation_id) == ("my key", "my key", "my key")
    assert (envelope.source, envelope.log_position) == ("operator", None)


async def test_shelf_named_by_its_listing_is_described_too(desk: Desk) -> None:
    """A person who names marketplace, shop and SKU finds the shelf by that name afterwards."""
    await desk.ask(f"/stock-items/{ITEM}/movements", MOVEMENT)
    described, moved = desk.commands()
    assert isinstance(described, DescribeStockItem)
    assert (described.marketplace, described.shop, described.sku_id) == ("tiktok", SHOP, "1729")
    assert isinstance(moved, RecordMovement)
    assert moved.stock_item_id == described.stock_item_id == values.stock_item_id("tiktok", SHOP, "1729")


async def test_a_listing_is_mapped_to_parts(desk: Desk) -> None:
    """A listing is made of parts, named by uuid or by the listing that opened them; the first part's item decides."""
    other = values.stock_item_id("tiktok", SHOP, "9")
    body = {"parts": [{"stock_item": ITEM, "units": 2}, {"stock_item": str(other)}]}
    answer = await desk.ask(f"/listings/tiktok/{SHOP}/set-a", body, method="PUT")
    assert (answer.status_code, answer.json()) == (202, {"command_id": "K1"})
    (command,) = desk.commands()
    assert isinstance(command, MapListing)
    assert (command.marketplace, command.shop, command.sku_id) == ("tiktok", SHOP, "set-a")
    assert command.stock_item_id == command.parts[0].stock_item_id == values.stock_item_id("tiktok", SHOP, "1729")
    assert [(need.stock_item_id, need.quantity) for need in command.parts[1:]] == [(other, 1)]


@pytest.mark.parametrize(("name", "sku_id"), [(ITEM, "1729"), (str(values.stock_item_id("tiktok", SHOP, "1729")), "")])
async def test_a_stock_item_is_described(desk: Desk, name: str, sku_id: str) -> None:
    """Weight and label are told by name or by uuid, under the id that is answered."""
    body = {"seller_sku": "TEA-30", "weight": {"value": "0.2505", "unit": "kg"}}
    assert (await desk.ask(f"/stock-items/{name}", body, method="PUT")).status_code == 202
    (command,) = desk.commands()
    assert isinstance(command, DescribeStockItem)
    assert (command.sku_id, command.seller_sku, command.weight_grams) == (sku_id, "TEA-30", 251)
    assert from_headers(desk.kept[0].headers).id == "K1"


PART = {"stock_item": ITEM, "units": 1}
WRONG_PUTS: list[tuple[str, Any, str]] = [
    (f"/listings/tiktok/{SHOP}/set-a", {"parts": []}, "parts"),
    (f"/listings/tiktok/{SHOP}/set-a", {"parts": [{**PART, "units": 0}]}, "units"),
    (f"/listings/tiktok/{SHOP}/set-a", {"parts": [PART, PART]}, "parts"),
    (f"/stock-items/{ITEM}", {"weight": {"value": 1, "unit": "stone"}}, "weight"),
    (f"/stock-items/{ITEM}", {"weight": {"value": -1, "unit": "g"}}, "weight"),
    (f"/stock-items/{ITEM}", {"colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("path", "body", "names"), WRONG_PUTS)
async def test_a_wrong_description_is_a_problem_that_names_the_field(
    desk: Desk, path: str, body: Any, names: str
) -> None:
    """Nothing is put, and the detail says what to mend."""
    answer = await desk.ask(path, body, method="PUT")
    assert (answer.status_code, desk.kept) == (422, [])
    assert names in answer.json()["detail"]


async def test_hand_over_without_a_body_is_now(desk: Desk) -> None:
    """The moment may be left out."""
    assert (await desk.ask(f"/packages/{PACKAGE}/handed-over")).status_code == 202


async def test_end_of_day_list_is_one_command_for_each_package(desk: Desk) -> None:
    """Many packages at once, each once, all under the request's key, so that each package takes its repeat once."""
    packages = [PACKAGE, str(values.shipment_id("tiktok", SHOP, "5770-1")), PACKAGE]
    answer = await desk.ask("/packages/bulk", {"action": "handed-over", "packages": packages, "occurred_at": MOMENT})
    assert (answer.status_code, answer.json()) == (202, {"command_id": "K1"})
    commands = desk.commands()
    assert [type(command) for command in commands] == [HandOver, HandOver]
    assert {record.key for record in desk.kept} == {
        str(values.shipment_id("tiktok", SHOP, number)).encode() for number in ("5769-1", "5770-1")
    }
    assert {from_headers(record.headers).id for record in desk.kept} == {"K1"}


async def test_end_of_day_list_that_kafka_does_not_take_is_not_accepted(desk: Desk) -> None:
    """503, so that the whole list is sent again."""
    desk.error = Full("20000 records wait")
    assert (await desk.ask("/packages/bulk", {"action": "packed", "packages": [PACKAGE]})).status_code == 503


HUGE = 2**63
PROBLEMS: list[tuple[str, Any, int, str]] = [
    (f"/orders/{ORDER}/hold", b"not json", 400, "JSON"),
    (f"/orders/{ORDER}/hold", b'{"reason": "\xff\xfe"}', 400, "UTF-8"),
    (f"/orders/{ORDER}/hold", b'{"reason": "a", "reason": "b"}', 400, "reason"),
    (f"/orders/{ORDER}/hold", b"[" * 60_000, 400, "nested"),
    (f"/orders/{ORDER}/hold", b'{"reason": "a\\ud800"}', 422, "reason"),
    (f"/orders/{ORDER}/hold", {"reason": "a\x1bb"}, 422, "reason"),
    (f"/orders/{ORDER}/hold", {}, 422, "reason"),
    (f"/orders/{ORDER}/hold", {"reason": 7}, 422, "reason"),
    (f"/orders/{ORDER}/hold", {"reason": "a", "more": 1}, 422, "more"),
    (f"/orders/{ORDER}/hold", {"reason": "a\x00b"}, 422, "reason"),
    (f"/orders/{ORDER}/priority", {"score": 0, "reason": "a"}, 422, "score"),
    (f"/orders/{ORDER}/priority", {"score": 101, "reason": "a"}, 422, "score"),
    ("/orders/nobody/hold", {"reason": "a"}, 404, "id"),
    (f"/orders/tiktok:{SHOP}:/hold", {"reason": "a"}, 404, "id"),
    (f"/orders/tiktok:{SHOP}:{'5' * 65}/hold", {"reason": "a"}, 404, "id"),
    (f"/stock-items/{ITEM}/movements", {**MOVEMENT, "quantity": 0}, 422, "quantity"),
    (f"/stock-items/{ITEM}/movements", {**MOVEMENT, "quantity": -1}, 422, "quantity"),
    (f"/stock-items/{ITEM}/movements", {**MOVEMENT, "quantity": HUGE}, 422, "quantity"),
    (f"/stock-items/{ITEM}/movements", {**MOVEMENT, "kind": "correction", "quantity": -HUGE}, 422, "quantity"),
    (f"/stock-items/{ITEM}/movements", {**MOVEMENT, "quantity": "5"}, 422, "quantity"),
    (f"/stock-items/{ITEM}/movements", {**MOVEMENT, "kind": "theft"}, 422, "kind"),
    (f"/stock-items/{ITEM}/movements", {**MOVEMENT, "reference": "a\x00"}, 422, "reference"),
    (f"/stock-items/{ITEM}/movements", {**MOVEMENT, "occurred_at": "2026-03-02T12:00:00"}, 422, "occurred_at"),
    (f"/stock-items/{ITEM}/movements", {**MOVEMENT, "occurred_at": "yesterday"}, 422, "occurred_at"),
    (f"/stock-items/tiktok:{SHOP}:%00/movements", MOVEMENT, 404, "id"),
    (f"/stock-items/{ITEM}/counts", {"quantity": -1, "counted_at": MOMENT}, 422, "quantity"),
    (f"/stock-items/{ITEM}/counts", {"quantity": HUGE, "counted_at": MOMENT}, 422, "quantity"),
    (f"/stock-items/{ITEM}/counts", {"quantity": 1, "counted_at": "2026-03-02T12:00:00"}, 422, "counted_at"),
    ("/reorders/12/approve", {}, 404, "id"),
    (f"/reorders/{BUYING}/approve", {}, 404, "id"),
    (f"/reorders/{REORDER}/approve", {"quantity": 0}, 422, "quantity"),
    (f"/reorders/{REORDER}/decline", {}, 422, "reason"),
    (f"/reorders/{REORDER}/answer", {"outcome": "parked"}, 422, "outcome"),
    (f"/reorders/{REORDER}/answer", {"outcome": "confirmed", "due_at": "2026-03-02T12:00:00"}, 422, "due_at"),
    (f"/packages/{PACKAGE}/handed-over", {"occurred_at": "2026-03-02T12:00:00"}, 422, "occurred_at"),
    (f"/packages/{PACKAGE}/replace-label", {}, 422, "reason"),
    ("/packages/bulk", {"action": "handed-over", "packages": []}, 422, "packages"),
    ("/packages/bulk", {"action": "handed-over", "packages": [PACKAGE] * 501}, 422, "packages"),
    ("/packages/bulk", {"action": "thrown away", "packages": [PACKAGE]}, 422, "action"),
    ("/packages/bulk", {"action": "packed", "packages": [PACKAGE, "nobody"]}, 404, "id"),
    (f"/orders/{ORDER}/hold", {"reason": "a" * 70_000}, 413, "bytes"),
    ("/orders/bulk", {"action": "combine", "orders": [ORDER, ORDER], "reason": "one door"}, 422, "orders"),
    ("/orders/bulk", {"action": "combine", "orders": [str(UUID(int=n)) for n in range(51)], "reason": "a"}, 422, "50"),
]


@pytest.mark.parametrize(("path", "body", "status", "names"), PROBLEMS)
async def test_wrong_request_is_a_problem_that_names_the_field(
    desk: Desk, path: str, body: Any, status: int, names: str
) -> None:
    """Nothing is put, and the detail says what to mend."""
    answer = await desk.ask(path, body)
    assert (answer.status_code, desk.kept) == (status, [])
    assert answer.headers["content-type"] == "application/problem+json"
    assert names in answer.json()["detail"]


LINE = {"line_id": "L1", "quantity": 2}
UNITS = (values.LineQuantity(line_id="L1", quantity=2),)


async def test_cancelling_lines_counts_once_per_key(desk: Desk) -> None:
    """Units of a line: the key is the reference by which the order counts them once."""
    await desk.ask(f"/orders/{ORDER}/cancel", {"reason": "broken", "lines": [LINE]}, "K7")
    assert desk.commands() == [
        CancelOrder(
            order_id=values.order_id("tiktok", SHOP, "5769"),
            reason="broken",
            operator="operator",
            lines=UNITS,
            reference="K7",
        )
    ]


async def test_split_and_answer(desk: Desk) -> None:
    """A split names what goes into each package; an answer names the wish."""
    order = values.order_id("tiktok", SHOP, "5769")
    await desk.ask(f"/orders/{ORDER}/split", {"packages": [[LINE], [LINE]]})
    await desk.ask(f"/orders/{ORDER}/answer-cancellation", {"cancel_id": "C1", "approve": True})
    assert desk.commands() == [
        SplitOrder(order_id=order, packages=(UNITS, UNITS), operator="operator"),
        AnswerCancellation(order_id=order, cancel_id="C1", approve=True, operator="operator"),
    ]


async def test_orders_are_combined_by_the_first_of_them(desk: Desk) -> None:
    """One command, to the order whose package the others join."""
    others = [f"tiktok:{SHOP}:{number}" for number in (5770, 5771)]
    answer = await desk.ask("/orders/bulk", {"action": "combine", "orders": [ORDER, *others, ORDER], "reason": "a"})
    assert answer.status_code == 202
    first, *rest = (values.order_id("tiktok", SHOP, str(number)) for number in (5769, 5770, 5771))
    assert desk.commands() == [CombineOrders(order_id=first, others=tuple(rest), operator="operator")]


async def test_many_orders_are_cancelled_at_once(desk: Desk) -> None:
    """One command for each order, each order once, all under the one id that is answered."""
    other = f"tiktok:{SHOP}:5770"
    answer = await desk.ask("/orders/bulk", {"action": "cancel", "orders": [ORDER, other, ORDER], "reason": "hopeless"})
    assert answer.status_code == 202
    assert [command.order_id for command in desk.commands()] == [  # type: ignore[attr-defined]
        values.order_id("tiktok", SHOP, "5769"),
        values.order_id("tiktok", SHOP, "5770"),
    ]
    assert {from_headers(record.headers).id for record in desk.kept} == {"K1"}


@pytest.mark.parametrize(
    ("path", "body", "names"),
    [
        (f"/orders/{ORDER}/split", {"packages": []}, "packages"),
        (f"/orders/{ORDER}/split", {"packages": [[]]}, "packages"),
        (f"/orders/{ORDER}/split", {"packages": [[{**LINE, "quantity": 0}]]}, "quantity"),
        (f"/orders/{ORDER}/cancel", {"reason": "a", "lines": [{"line_id": "L1"}]}, "quantity"),
        (f"/orders/{ORDER}/answer-cancellation", {"cancel_id": "C1"}, "approve"),
        ("/orders/bulk", {"action": "delete", "orders": [ORDER], "reason": "a"}, "action"),
        ("/orders/bulk", {"action": "cancel", "orders": [], "reason": "a"}, "orders"),
        ("/orders/bulk", {"action": "cancel", "orders": ["nobody"], "reason": "a"}, "id"),
    ],
)
async def test_wrong_wish_is_a_problem(desk: Desk, path: str, body: Any, names: str) -> None:
    """Nothing is put, not even for the orders that are named rightly."""
    answer = await desk.ask(path, body)
    assert answer.status_code in {404, 422}
    assert desk.kept == []
    assert names in answer.json()["detail"]


@pytest.mark.parametrize("key", [None, "", "k" * 201])
async def test_idempotency_key_is_needed(desk: Desk, key: str | None) -> None:
    """Without a key a repeat could not be told from a second wish."""
    answer = await desk.ask(f"/orders/{ORDER}/release", {}, key)
    assert (answer.status_code, desk.kept) == (400, [])
    assert "Idempotency-Key" in answer.json()["detail"]


@pytest.mark.parametrize("error", [BrokerUnavailable("away"), Full("20000 records wait")])
async def test_command_that_is_not_durable_is_not_accepted(desk: Desk, error: Exception) -> None:
    """While Kafka does not take it the answer is 503, as for webhooks."""
    desk.error = error
    answer = await desk.ask(f"/orders/{ORDER}/release", {})
    assert answer.status_code == 503


# Dead letters

LETTERS = ["6f1f5a5e-0000-4000-8000-000000000001", "6f1f5a5e-0000-4000-8000-000000000002"]
REDELIVER = "/dead-letters/redeliver"


@pytest.mark.parametrize(
    ("body", "wish"),
    [
        ({"ids": LETTERS}, Wish(ids=tuple(map(UUID, LETTERS)))),
        ({"all": True}, Wish()),
        ({"all": True, "reason": "shop_id"}, Wish(reason="shop_id")),
    ],
)
async def test_dead_letters_are_asked_for_under_the_key(desk: Desk, body: dict[str, Any], wish: Wish) -> None:
    """By their ids, or all, or those of one reason; the key and the bytes tell a repeat."""
    answer = await desk.ask(REDELIVER, body)
    assert (answer.status_code, answer.json()) == (202, {"command_id": "K1"})
    ((key, raw, asked),) = desk.wishes
    assert (key, json.loads(raw), asked) == ("K1", body, wish)


@pytest.mark.parametrize(
    ("body", "status", "names"),
    [
        ({}, 422, "ids"),
        ({"ids": []}, 422, "ids"),
        ({"ids": LETTERS, "all": True}, 422, "ids"),
        ({"ids": LETTERS, "reason": "shop_id"}, 422, "ids"),
        ({"reason": "shop_id"}, 422, "ids"),
        ({"ids": ["1"]}, 422, "ids"),
        ({"all": True, "since": "noon"}, 422, "since"),
        (b"", 400, "JSON"),
    ],
)
async def test_unclear_redelivery_is_a_problem(desk: Desk, body: Any, status: int, names: str) -> None:
    """Nothing is asked for by omission."""
    answer = await desk.ask(REDELIVER, body)
    assert (answer.status_code, desk.wishes) == (status, [])
    assert names in answer.json()["detail"]


@pytest.mark.parametrize(
    ("error", "status"), [(NotRedeliverable("no dead letter"), 422), (StoreUnavailable("away"), 503)]
)
async def test_redelivery_that_is_not_noted_is_not_accepted(desk: Desk, error: Exception, status: int) -> None:
    """An unknown letter is the caller's fault, a database that is away is ours."""
    desk.error = error
    assert (await desk.ask(REDELIVER, {"ids": LETTERS})).status_code == status


async def test_redelivery_needs_a_key(desk: Desk) -> None:
    """As every wish of an operator does."""
    assert (await desk.ask(REDELIVER, {"all": True}, None)).status_code == 400


# Goods that come back

MOVEMENTS = f"/stock-items/{values.stock_item_id('tiktok', SHOP, '1729')}/movements"
BACK = {**MOVEMENT, "kind": "return_good", "order": ORDER}


@pytest.mark.parametrize(
    ("more", "about"),
    [
        ({}, ""),
        ({"return_id": "R1"}, about_return("R1")),
        ({"package": PACKAGE}, about_package(values.shipment_id("tiktok", SHOP, "5769-1"))),
    ],
)
async def test_goods_that_come_back_name_what_brought_them(desk: Desk, more: dict[str, Any], about: str) -> None:
    """The order, and which return or package of it, where somebody knows."""
    await desk.ask(MOVEMENTS, {**BACK, **more})
    (movement,) = desk.commands()
    assert isinstance(movement, RecordMovement)
    assert (movement.order_id, movement.about) == (values.order_id("tiktok", SHOP, "5769"), about)


@pytest.mark.parametrize(
    "body",
    [
        {**MOVEMENT, "order": ORDER},
        {**MOVEMENT, "kind": "return_good", "return_id": "R1"},
        {**BACK, "return_id": "R1", "package": PACKAGE},
    ],
)
async def test_goods_that_name_too_much_or_too_little_are_a_problem(desk: Desk, body: dict[str, Any]) -> None:
    """A receipt is of no order; a return is of one, and came once."""
    answer = await desk.ask(MOVEMENTS, body)
    assert (answer.status_code, desk.kept) == (422, [])
    assert "order" in answer.json()["detail"]


# Alerts

ALERT = UUID("6f1f5a5e-0000-4000-8000-00000000000a")
ACKNOWLEDGE = f"/alerts/{ALERT}/acknowledge"


def an_alert(subject_type: SubjectType = "order") -> AlertRow:
    """An open alert."""
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    return AlertRow(
        subject=values.order_id("tiktok", SHOP, "5769"),
        kind="order-held",
        alert_id=ALERT,
        subject_type=subject_type,
        severity="warning",
        reason="no weight",
        figures={},
        opened_at=noon,
        last_at=noon,
        opened_position=7,
        position=9,
    )


@pytest.mark.parametrize(
    ("subject_type", "kind"),
    [
        ("order", AcknowledgeOrderAlert),
        ("stock_item", AcknowledgeStockAlert),
        ("shipment", AcknowledgeShipmentAlert),
        ("replenishment", AcknowledgeReplenishmentAlert),
    ],
)
async def test_an_alert_that_was_seen_is_told_to_what_it_is_about(
    desk: Desk, subject_type: SubjectType, kind: type[Command]
) -> None:
    """Its kind and the opening that was seen, who saw it and what they say."""
    desk.alert = an_alert(subject_type)
    answer = await desk.ask(ACKNOWLEDGE, {"by": "ann", "note": "called them"})
    assert (answer.status_code, answer.json()) == (202, {"command_id": "K1"})
    (seen,) = desk.commands()
    assert isinstance(seen, kind)
    assert (seen.kind, seen.opened_position, seen.by, seen.note) == ("order-held", 7, "ann", "called them")  # type: ignore[attr-defined]


async def test_an_alert_may_be_seen_without_a_word(desk: Desk) -> None:
    """The body may be left out."""
    desk.alert = an_alert()
    assert (await desk.ask(ACKNOWLEDGE)).status_code == 202
    (seen,) = desk.commands()
    assert (seen.by, seen.note) == ("operator", "")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "error", "status"),
    [
        (ACKNOWLEDGE, None, 404),
        ("/alerts/order-held/acknowledge", None, 404),
        (ACKNOWLEDGE, AlertNotOpen("id: the alert order-held was closed by OrderReleased"), 409),
        (ACKNOWLEDGE, StoreUnavailable("away"), 503),
        (ACKNOWLEDGE, BrokerUnavailable("away"), 503),
    ],
)
async def test_an_alert_that_is_not_open_is_a_problem(
    desk: Desk, path: str, error: Exception | None, status: int
) -> None:
    """Unknown, or its cause has ended: the caller's fault; a store that is away is ours."""
    desk.error = error
    answer = await desk.ask(path, {"by": "ann"})
    assert (answer.status_code, desk.kept) == (status, [])


async def test_seeing_an_alert_needs_a_key(desk: Desk) -> None:
    """As every wish of an operator does."""
    desk.alert = an_alert()
    assert (await desk.ask(ACKNOWLEDGE, {}, None)).status_code == 400
