"""A body that makes sense becomes one command; anything else is refused with the field and never with its value."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from gateways.tiktok.webhooks import parse, routing_key
from schemas.codec import BadMessage
from schemas.commands import RecordAddress, RecordCancellation, RecordOrder, RecordReturn
from schemas.inputs import BadInput
from schemas.values import LineQuantity, order_id
from tests.webhooks import BUYER, CREATED, SHOP, an_order_webhook

NUMBER = "576900000000000001"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ORDER = order_id("tiktok", SHOP, NUMBER)


def body_of(**changes: Any) -> bytes:
    """The base order of the field cases with other fields; None leaves one out."""
    fields = {**json.loads(an_order_webhook(NUMBER)), **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def line_of(**changes: Any) -> dict[str, Any]:
    """The one line of the base order with other fields."""
    line: dict[str, Any] = json.loads(an_order_webhook(NUMBER))["order_lines"][0]
    return {**line, **changes}


def a_change(kind: str, **fields: Any) -> bytes:
    """A body of another type about the base order."""
    base = {"type": kind, "order_id": NUMBER, "shop_id": SHOP, "update_time": CREATED + 600}
    return json.dumps({**base, **fields}).encode()


def recorded(body: bytes) -> RecordOrder:
    """The order that a body records."""
    command = parse(body, NOW).command
    assert isinstance(command, RecordOrder)
    return command


def fault_of(body: bytes) -> str:
    """Why a body is refused."""
    with pytest.raises((BadInput, BadMessage)) as refused:
        parse(body, NOW)
    return str(refused.value)


# The full order


def test_base_order_becomes_an_order_and_a_person_apart_from_it() -> None:
    """The command holds where the parcel goes, and nothing of whom it goes to."""
    parsed = parse(body_of(buyer_id="B1"), NOW)
    order = parsed.command
    assert isinstance(order, RecordOrder)
    assert (order.order_id, order.number, order.shop, order.flags) == (ORDER, NUMBER, SHOP, ())
    assert (order.total.amount, order.lines[0].quantity) == (Decimal("24.98"), 1)
    assert parsed.buyer_id == "B1"
    assert parsed.person is not None
    assert (parsed.person.name, parsed.person.street1) == ("Ada Sample", "12 Boxwood Road")
    assert "Ada" not in str(order)


@pytest.mark.parametrize("kind", [None, "order"])
def test_body_without_a_type_is_an_order(kind: str | None) -> None:
    """`type` absent, null or `order`."""
    assert recorded(body_of(type=kind)).order_id == ORDER
    assert recorded(body_of()[:-1] + b', "type": null}').order_id == ORDER


@pytest.mark.parametrize(
    "status", ["PARTIALLY_SHIPPING", "IN_TRANSIT", "DELIVERED", "COMPLETED", "CANCELLED", "AT_SORTING_CENTRE"]
)
def test_fc_11_status_and_unknown_fields_do_not_fail_the_body(status: str) -> None:
    """The status is passed on as it came, and what nobody knows is ignored."""
    assert recorded(body_of(order_status=status, order_kind={"x": [1]})).status == status


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (line_of(quantity=1.5), "order_lines[0].quantity"),
        (line_of(quantity=True), "order_lines[0].quantity"),
        (line_of(quantity="1_0"), "order_lines[0].quantity"),
        (line_of(sale_price="1,234.50"), "order_lines[0].sale_price"),
        (line_of(sku_id=1.5), "order_lines[0].sku_id"),
        (line_of(line_id="a\x00b"), "order_lines[0].line_id"),
        (line_of(seller_sku=7), "order_lines[0].seller_sku"),
        (line_of(seller_sku="x" * 1001), "order_lines[0].seller_sku"),
        (line_of(sub_items=[{"sku_id": "1", "quantity": -1}]), "order_lines[0].sub_items.quantity"),
        (line_of(sub_items=[{"sku_id": "1"}] * 101), "order_lines[0].sub_items"),
        (line_of(weight={"value": 1, "unit": "stone"}), "order_lines[0].weight"),
    ],
)
def test_fc_14_line_that_cannot_be_read_names_its_field(line: dict[str, Any], field: str) -> None:
    """The whole body is refused: an order is never taken without one of its lines."""
    assert field in fault_of(body_of(order_lines=[line]))


def test_fc_14_line_without_a_quantity_is_one_unit() -> None:
    """Samples of the platform show such lines."""
    line = line_of()
    del line["quantity"]
    assert recorded(body_of(order_lines=[line])).lines[0].quantity == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"order_status": None}, "order_status"),
        ({"order_status": 7}, "order_status"),
        ({"order_lines": None}, "order_lines"),
        ({"order_lines": []}, "order_lines"),
        ({"order_lines": [line_of()] * 501}, "order_lines"),
        ({"payment_info": None}, "payment_info"),
        ({"update_time": None}, "update_time"),
        ({"create_time": 0}, "create_time"),
        ({"paid_time": "soon"}, "paid_time"),
        ({"order_id": 5.5}, "order_id"),
        ({"order_id": None}, "order_id"),
        ({"shop_id": ""}, "shop_id"),
        ({"shipping_info": "12 Boxwood Road"}, "shipping_info"),
        ({"type": "refund"}, "type"),
    ],
)
def test_body_that_cannot_be_read_names_its_field(changes: dict[str, Any], field: str) -> None:
    """Missing, of another type, out of range."""
    assert field in fault_of(body_of(**changes))


@pytest.mark.parametrize("body", [b"[]", b"7", b"null", b'"text"', b"{}", b"not json", b"\xff", b'{"a":1,"a":1}'])
def test_nonsense_is_refused(body: bytes) -> None:
    """JSON of another shape, and bytes that are none."""
    assert fault_of(body)


def test_unknown_fields_are_looked_into_for_what_no_decoder_should_take() -> None:
    """Bytes that are not UTF-8 and keys that come twice, even where nothing is read."""
    assert "not UTF-8" in fault_of(body_of()[:-1] + b', "note": "\xff"}')
    assert "twice" in fault_of(body_of()[:-1] + b', "note": {"a": 1, "a": 2}}')


# What is removed


def test_text_is_cleaned_and_flagged() -> None:
    """NUL, a lone surrogate and an escape sequence go; the order is taken."""
    shipping = {**BUYER, "name": "Ada\x00 Sample", "city": "Spring\x1bfield"}
    body = body_of(shipping_info=shipping).replace(b"TEA-30", b"TEA\\ud800-30")
    parsed = parse(body, NOW)
    order = parsed.command
    assert isinstance(order, RecordOrder)
    assert order.flags == ("text-cleaned",)
    assert order.lines[0].seller_sku == "TEA-30"
    assert order.address is not None
    assert order.address.city == "Springfield"
    assert parsed.person is not None
    assert parsed.person.name == "Ada Sample"


@pytest.mark.parametrize(("city", "flags"), [("Spring\x1bfield", ("text-cleaned",)), ("Springfield", ())])
def test_address_change_is_cleaned_and_flagged(city: str, flags: tuple[str, ...]) -> None:
    """As the address of an order is."""
    changed = parse(body_of(type="address", shipping_info={**BUYER, "city": city}), NOW).command
    assert isinstance(changed, RecordAddress)
    assert (changed.address.city, changed.flags) == ("Springfield", flags)


def test_control_character_where_nothing_is_read_is_no_flag() -> None:
    """The order lost nothing."""
    assert recorded(body_of(buyer_note="a\x00b\ud800")).flags == ()


# Money (the field case's three lines)


def lines_at(*prices: str, currency: str = "USD") -> list[dict[str, Any]]:
    """A line for each price."""
    return [line_of(line_id=f"L{n}", sale_price=price, currency=currency) for n, price in enumerate(prices)]


def paying(total: str, discount: str = "10.00", currency: str = "USD") -> dict[str, str]:
    """What the buyer pays."""
    return {"currency": currency, "total": total, "shipping_fee": "4.99", "platform_discount": discount}


def shares_of(order: RecordOrder) -> list[str]:
    """What each line bears of the discount."""
    return [str(line.discount.amount) for line in order.lines if line.discount is not None]


THREE = lines_at("33.33", "33.33", "33.33")


def test_fc_16_discount_shares_add_up_to_the_discount() -> None:
    """Not a cent is left over, and nothing differs from the total."""
    order = recorded(body_of(order_lines=THREE, payment_info=paying("94.98")))
    assert (order.total.amount, order.flags) == (Decimal("94.98"), ())
    assert shares_of(order) == ["3.34", "3.33", "3.33"]


def test_fc_16_total_of_the_platform_counts_and_the_difference_is_noted() -> None:
    """A cent less than the sum: taken, with what is missing."""
    order = recorded(body_of(order_lines=THREE, payment_info=paying("94.97")))
    assert (order.total.amount, order.flags) == (Decimal("94.97"), ("total-differs:-0.01",))
    assert sum(map(Decimal, shares_of(order))) == Decimal("10.00")


@pytest.mark.parametrize(
    ("lines", "currency", "flag"),
    [
        (lines_at("33.33", currency="XXQ"), "XXQ", "currency-unknown"),
        (lines_at("33.33") + lines_at("33.33", currency="EUR"), "USD", "currency-mixed"),
    ],
)
def test_fc_16_currency_nobody_knows_is_flagged_and_nothing_is_guessed(
    lines: list[dict[str, Any]], currency: str, flag: str
) -> None:
    """How many decimals it has is unknown, so no share is made."""
    order = recorded(body_of(order_lines=lines, payment_info=paying("61.65", currency=currency)))
    assert flag in order.flags
    assert shares_of(order) == []


def test_order_without_a_discount_has_no_shares() -> None:
    """Nor one whose lines cost nothing."""
    assert shares_of(recorded(body_of())) == []
    assert shares_of(recorded(body_of(order_lines=lines_at("0.00"), payment_info=paying("0.00", "5.00")))) == []


# Cancellations


def test_cancellation_of_the_whole_order() -> None:
    """Without lines; an id of the cancellation is not needed."""
    command = parse(a_change("cancellation", cancel_status="COMPLETE", reason="no\nmore"), NOW).command
    assert command == RecordCancellation(
        order_id=ORDER, cancelled_at=datetime(2025, 11, 24, 16, 10, tzinfo=UTC), reason="no more"
    )


@pytest.mark.parametrize("status", ["PENDING", "WITHDRAWN", "COMPLETE"])
def test_cancellation_of_lines_carries_its_id_and_deadline(status: str) -> None:
    """A line that comes twice is added up; a quantity left out is one."""
    lines = [{"line_id": "L1", "quantity": "2"}, {"line_id": "L2"}, {"line_id": "L1", "quantity": 1}]
    body = a_change("cancellation", cancel_id="C1", cancel_status=status, lines=lines, deadline=CREATED + 90_000)
    command = parse(body, NOW).command
    assert isinstance(command, RecordCancellation)
    assert (command.cancel_id, command.status) == ("C1", status)
    assert command.lines == (LineQuantity(line_id="L1", quantity=3), LineQuantity(line_id="L2", quantity=1))
    assert command.deadline_at == datetime(2025, 11, 25, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"cancel_status": "PERHAPS", "cancel_id": "C1"}, "cancel_status"),
        ({"cancel_id": "C1"}, "cancel_status"),
        ({"cancel_status": "PENDING"}, "cancel_id"),
        ({"cancel_status": "COMPLETE", "lines": [{"line_id": "L1"}]}, "cancel_id"),
        ({"cancel_status": "COMPLETE", "cancel_id": "C1", "lines": []}, "lines"),
        ({"cancel_status": "COMPLETE", "cancel_id": "C1", "lines": [{"quantity": 1}]}, "lines[0].line_id"),
        ({"cancel_status": "COMPLETE", "cancel_id": "C1", "lines": [{"line_id": "L1", "quantity": -1}]}, "quantity"),
        ({"cancel_status": "COMPLETE", "cancel_id": "C1", "lines": [{"line_id": "L1"}] * 501}, "lines"),
        ({"cancel_status": "COMPLETE", "update_time": None}, "update_time"),
        ({"cancel_status": "PENDING", "cancel_id": "C1", "deadline": 0}, "deadline"),
    ],
)
def test_cancellation_that_cannot_be_read_names_its_field(fields: dict[str, Any], field: str) -> None:
    """An empty list could mean the whole order or nothing, so it means neither."""
    assert field in fault_of(a_change("cancellation", **fields))


# An address, a return


def test_address_becomes_a_command_and_a_person_apart_from_it() -> None:
    """Only the street's kind and whether it is there are told in the clear."""
    parsed = parse(a_change("address", shipping_info={**BUYER, "street1": "PO Box 44"}), NOW)
    command = parsed.command
    assert isinstance(command, RecordAddress)
    assert (command.order_id, command.address.kind, command.address.complete) == (ORDER, "box", True)
    assert command.updated_at == datetime(2025, 11, 24, 16, 10, tzinfo=UTC)
    assert parsed.person is not None
    assert (parsed.person.street1, command.address.person) == ("PO Box 44", None)


def test_return_becomes_a_command() -> None:
    """With lines, or of the whole order."""
    command = parse(a_change("return", return_id=77, return_status="REQUESTED", lines=[{"line_id": "L1"}]), NOW).command
    assert isinstance(command, RecordReturn)
    assert (command.return_id, command.status) == ("77", "REQUESTED")
    assert command.lines == (LineQuantity(line_id="L1", quantity=1),)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (a_change("address"), "shipping_info"),
        (a_change("address", shipping_info=BUYER, update_time=None), "update_time"),
        (a_change("address", shipping_info={**BUYER, "street1": 7}), "street1"),
        (a_change("return", return_status="REQUESTED"), "return_id"),
        (a_change("return", return_id="R1"), "return_status"),
    ],
)
def test_address_or_return_that_cannot_be_read_names_its_field(body: bytes, field: str) -> None:
    """As for orders."""
    assert field in fault_of(body)


# The key at the door


@pytest.mark.parametrize(
    "body",
    [
        body_of(),
        b"\xef\xbb\xbf" + body_of(),
        a_change("address", shipping_info=BUYER),
        body_of()[:-1] + b', "note": "\\ud800"}',
        b'{"order_id": 576900000000000001, "shop_id": 7490000000000000001}',
    ],
)
def test_key_is_read_where_the_ids_can_be(body: bytes) -> None:
    """All that is said of one order stands on one partition, however odd the rest."""
    assert routing_key(body) == f"{SHOP}:{NUMBER}"


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b'{"x":' * 100_000, b"[" * 100_000, b'{"order_id": "1"}', body_of(order_id=1.5)]
)
def test_key_is_none_where_the_bytes_do_not_tell(body: bytes) -> None:
    """Nothing is raised at the door, least of all for nesting that ends the decoder's stack."""
    assert routing_key(body) is None
