"""A purchase becomes the webhook that the specification describes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from creatorflow.demo.purchases import Purchase
from creatorflow.demo.webhooks import (
    Run,
    cancellation_body,
    nonsense_body,
    order_body,
    price_of,
    sign,
    sku_of,
    start_run,
)

NOW = datetime(2025, 11, 24, 16, 0, tzinfo=UTC)
PURCHASE = Purchase(7, "00004", date(1998, 6, 28), 2, Decimal("29.33"))
RUN = Run(NOW, date(1998, 6, 30))
DAY = 86_400


def decoded(body: bytes) -> dict[str, Any]:
    """A body as its receiver reads it."""
    content: dict[str, Any] = json.loads(body)
    return content


def test_order_has_the_fields_of_the_specification() -> None:
    """Number, shop, buyer, line, sums and times follow from purchase and run."""
    order = decoded(order_body(PURCHASE, RUN, "AWAITING_SHIPMENT", NOW))
    assert order["order_id"] == "1764000000000007"
    assert order["shop_id"] == "7490000000000000001"
    assert order["buyer_id"] == "00004"
    assert order["order_status"] == "AWAITING_SHIPMENT"
    assert order["create_time"] == 1764000000 - 2 * DAY
    assert order["dispatch_by"] == 1764000000 + 2 * DAY
    assert order["payment_info"]["total"] == "29.33"
    (line,) = order["order_lines"]
    assert (line["quantity"], line["sale_price"], line["currency"]) == (2, "14.67", "USD")
    assert line["sku_id"] == "1729000000000000014"
    assert set(order["shipping_info"]) >= {"name", "phone", "street1", "city", "state", "postal_code", "country"}


def test_paid_order_is_newer_than_unpaid() -> None:
    """Marketplace time tells the two apart, whichever arrives first; only the later one was paid."""
    unpaid = decoded(order_body(PURCHASE, RUN, "UNPAID", NOW))
    paid = decoded(order_body(PURCHASE, RUN, "AWAITING_SHIPMENT", NOW))
    assert unpaid["update_time"] < paid["update_time"]
    assert paid["paid_time"] == paid["update_time"]
    assert "paid_time" not in unpaid


def test_last_purchase_is_now() -> None:
    """A run shifts its purchases so that the last of them happens at its start."""
    earlier = PURCHASE._replace(row=1, bought_on=date(1997, 1, 1))
    run = start_run([earlier, PURCHASE], NOW)
    assert run.bought_at(PURCHASE) == 1764000000
    assert run.bought_at(earlier) == 1764000000 - timedelta(days=543).days * DAY


@pytest.mark.parametrize(
    ("quantity", "amount", "price", "band"),
    [(1, "11.77", "11.77", 11), (3, "0.00", "0.00", 0), (99, "1286.01", "12.99", 12), (2, "29.99", "15.00", 15)],
)
def test_price_is_rounded_and_gives_the_sku(quantity: int, amount: str, price: str, band: int) -> None:
    """Price is amount by quantity to the cent, half up; its whole dollars are the SKU, also of what was free."""
    purchase = PURCHASE._replace(quantity=quantity, amount=Decimal(amount))
    assert price_of(purchase) == Decimal(price)
    assert sku_of(purchase) == f"1729{band:015d}"


def test_signature_is_over_the_raw_body() -> None:
    """The published example of the field cases gets the signature published with it."""
    body = (
        b'{"update_time": 1764000000,\n "order_id":"576900000000000101", "buyer_note":"caf\\u00E9 \\ud83c\\udf75 '
        b'\\u001B[0m \\/ 1.0", "w":1.0,"shop_id":"7490000000000000001"}'
    )
    signature = "e63e5c49e2023cb69e4fd48034c3ec82ba9e870ffbf2110cdb249318a9156550"
    assert sign(b"field-case-secret", body) == signature


def test_cancellation_is_newer_than_its_order() -> None:
    """A cancellation names its order, is complete, without lines so of all of it, and is dated after the payment."""
    order = decoded(order_body(PURCHASE, RUN, "AWAITING_SHIPMENT", NOW))
    cancellation = decoded(cancellation_body(PURCHASE, RUN))
    assert cancellation["type"] == "cancellation"
    assert cancellation["order_id"] == order["order_id"]
    assert cancellation["cancel_status"] == "COMPLETE"
    assert "lines" not in cancellation
    assert cancellation["update_time"] > order["update_time"]


def test_nonsense_is_no_order() -> None:
    """Every second one is no JSON at all, the others have no line; their numbers are no purchase's."""
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(nonsense_body(RUN, 1))
    order = decoded(nonsense_body(RUN, 2))
    assert order["order_lines"] == []
    assert len(order["order_id"]) > len(RUN.order_number(999_999))
