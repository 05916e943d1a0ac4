"""Turn purchases into signed webhooks in the specification's full-order format. Pure: the run's moments are given."""

from __future__ import annotations

import hmac
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

import msgspec

from creatorflow.demo.people import invent_buyer
from creatorflow.demo.purchases import Purchase

MARKETPLACE = "tiktok"
SHOP = "7490000000000000001"
DISPATCH_WITHIN = timedelta(days=2)
GRAMS_PER_CD = 110
PAID_AFTER_SECONDS = 60

_CENT = Decimal("0.01")
_encoder = msgspec.json.Encoder()


class Run(NamedTuple):
    """The moments of one run: when it started, and the day of the data that becomes its today."""

    started_at: datetime
    last_day: date

    def order_number(self, row: int) -> str:
        """Start of the run in seconds, then the row in six digits."""
        return f"{int(self.started_at.timestamp())}{row:06d}"

    def bought_at(self, purchase: Purchase) -> int:
        """The moment of a purchase in seconds, shifted so that the last one is the start of the run."""
        return int((self.started_at - (self.last_day - purchase.bought_on)).timestamp())


def price_of(purchase: Purchase) -> Decimal:
    """The price of one unit: amount by quantity, rounded to the cent."""
    return (purchase.amount / purchase.quantity).quantize(_CENT, ROUND_HALF_UP)


def sku_of(purchase: Purchase) -> str:
    """One SKU for each whole-dollar band of the unit price."""
    return f"1729{int(price_of(purchase)):015d}"


def order_body(purchase: Purchase, run: Run, status: str, sent_at: datetime) -> bytes:
    """
    The webhook of one order as it stands at `status`.

    UNPAID is dated at the purchase, every later status a minute after it, so that the marketplace's time says which
    of two is newer, in whatever order they arrive. Line sums that miss the total by a cent of rounding are left so.
    """
    created = run.bought_at(purchase)
    paid = created + PAID_AFTER_SECONDS
    body: dict[str, Any] = {
        "order_id": run.order_number(purchase.row),
        "shop_id": SHOP,
        "order_status": status,
        "create_time": created,
        "update_time": created if status == "UNPAID" else paid,
        "order_lines": [_line(purchase)],
        "shipping_info": invent_buyer(purchase.customer)._asdict(),
        "payment_info": {
            "currency": "USD",
            "total": str(purchase.amount),
            "shipping_fee": "0.00",
            "platform_discount": "0.00",
        },
        "buyer_id": purchase.customer,
        "dispatch_by": int((sent_at + DISPATCH_WITHIN).timestamp()),
    }
    if status != "UNPAID":
        body["paid_time"] = paid
    return _encoder.encode(body)


def cancellation_body(purchase: Purchase, run: Run) -> bytes:
    """The webhook that says that the buyer cancelled the whole order, two minutes after buying."""
    number = run.order_number(purchase.row)
    return _encoder.encode(
        {
            "type": "cancellation",
            "order_id": number,
            "shop_id": SHOP,
            "update_time": run.bought_at(purchase) + 2 * PAID_AFTER_SECONDS,
            "cancel_id": f"C{number}",
            "cancel_status": "COMPLETE",
        }
    )


def nonsense_body(run: Run, number: int) -> bytes:
    """Bytes that are signed properly and mean nothing: half of them are no JSON, half an order without lines."""
    if number % 2:
        return b'{"order_id": "%d' % number
    return _encoder.encode(
        {
            "order_id": f"{int(run.started_at.timestamp())}9{number:06d}",
            "shop_id": SHOP,
            "order_status": "AWAITING_SHIPMENT",
            "create_time": int(run.started_at.timestamp()),
            "update_time": int(run.started_at.timestamp()),
            "order_lines": [],
        }
    )


def sign(secret: bytes, body: bytes) -> str:
    """The signature header: hex HMAC-SHA256 over the raw body."""
    return hmac.digest(secret, body, "sha256").hex()


def start_run(purchases: list[Purchase], now: datetime) -> Run:
    """The run that makes the last of these purchases happen now."""
    return Run(now.astimezone(UTC), max(purchase.bought_on for purchase in purchases))


def _line(purchase: Purchase) -> dict[str, Any]:
    return {
        "line_id": "1",
        "sku_id": sku_of(purchase),
        "seller_sku": f"CD-{int(price_of(purchase)):03d}",
        "quantity": purchase.quantity,
        "sale_price": str(price_of(purchase)),
        "currency": "USD",
        "is_gift": False,
        "weight": {"value": GRAMS_PER_CD, "unit": "GRAM"},
    }
