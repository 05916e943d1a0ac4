"""What operators ask for becomes one command, or a problem that names the field."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from schemas import codec, values
from schemas.commands import (
    BuyLabel,
    CancelOrder,
    Command,
    DescribeStockItem,
    HandOver,
    HoldOrder,
    MapListing,
    OverridePriority,
    RecordCount,
    RecordMovement,
    ReleaseOrder,
)
from schemas.envelope import from_headers
from schemas.topics import topic_of
from streams.operators import operator_routes
from streams.publishing import BrokerUnavailable, Full, Record
from tests.webhooks import SHOP

ORDER = f"tiktok:{SHOP}:5769"
ITEM = f"tiktok:{SHOP}:1729"
PACKAGE = f"tiktok:{SHOP}:5769-1"
MOMENT = "2026-03-02T12:00:00Z"


class Desk:
    """The operator's endpoints, over a function that keeps what is put."""

    def __init__(self) -> None:
        self.kept: list[Record] = []
        self.error: Exception | None = None
        app = Starlette(routes=operator_routes(self._put))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://desk")

    async def _put(self, record: Record) -> None:
        if self.error is not None:
            raise self.error
        self.kept.append(record)

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
    (f"/packages/{PACKAGE}/handed-over", {}, HandOver),
    (f"/packages/{PACKAGE}/buy-label", {}, BuyLabel),
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


HUGE = 2**63
PROBLEMS: list[tuple[str, Any, int, str]] = [
    (f"/orders/{ORDER}/hold", b"not json", 400, "JSON"),
    (f"/orders/{ORDER}/hold", b"\xff\xfe", 400, "JSON"),
    (f"/orders/{ORDER}/hold", {}, 422, "reason"),
    (f"/orders/{ORDER}/hold", {"reason": 7}, 422, "reason"),
    (f"/orders/{ORDER}/hold", {"reason": "a", "more": 1}, 422, "more"),
    (f"/orders/{ORDER}/hold", {"reason": "a\x00b"}, 422, "reason"),
    (f"/orders/{ORDER}/priority", {"score": 0, "reason": "a"}, 422, "score"),
    (f"/orders/{ORDER}/priority", {"score": 101, "reason": "a"}, 422, "score"),
    ("/orders/nobody/hold", {"reason": "a"}, 404, "id"),
    (f"/orders/tiktok:{SHOP}:/hold", {"reason": "a"}, 404, "id"),
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
    (f"/packages/{PACKAGE}/handed-over", {"occurred_at": "2026-03-02T12:00:00"}, 422, "occurred_at"),
    (f"/orders/{ORDER}/hold", {"reason": "a" * 70_000}, 413, "bytes"),
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
