"""
The specification's webhooks: verified over the raw bytes, then turned into commands. Pure.

Whatever is wrong with a body is a `BadInput` or `BadMessage` that names the field; the record becomes a dead letter.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from schemas import inputs
from schemas.addresses import address_kind, is_complete
from schemas.codec import BadMessage
from schemas.commands import Command, RecordCancellation, RecordOrder
from schemas.currencies import CURRENCIES
from schemas.inputs import DEADLINE_AHEAD, BadInput
from schemas.tiktok import OrderKey, OrderWebhook, PaymentInfo, ShippingInfo
from schemas.tiktok import OrderLine as RawLine
from schemas.values import Address, Deadlines, Money, OrderLine, Person, SubItem, order_id

MARKETPLACE = "tiktok"
SIGNATURE_CHARACTERS = 64
UTF8_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_decoder = msgspec.json.Decoder(OrderWebhook)
_key_decoder = msgspec.json.Decoder(OrderKey)


class Parsed(NamedTuple):
    """
    What a webhook says: a command without personal data, and apart from it the person and the buyer's outside id,
    for whoever holds the keys to seal them.
    """

    command: Command
    order_number: str
    shop: str
    buyer_id: str
    person: Person | None


def is_genuine(body: bytes, signature: str, secrets: Sequence[bytes]) -> bool:
    """
    Whether the signature is the lower-case hex HMAC-SHA256 of the raw bytes under one of the secrets.

    Any odd header is simply not genuine; nothing is raised. Compared in constant time.
    """
    given = signature.encode("utf-8", "surrogatepass")
    if len(given) != SIGNATURE_CHARACTERS:
        return False
    expected = [hmac.new(secret, body, hashlib.sha256).hexdigest().encode() for secret in secrets]
    return any(hmac.compare_digest(given, each) for each in expected)


def routing_key(body: bytes) -> str | None:
    """`shop:order` of a webhook, or None where the bytes do not tell; nothing else is read of them."""
    try:
        key = _key_decoder.decode(body.removeprefix(UTF8_BYTE_ORDER_MARK))
        return f"{inputs.outside_id(key.shop_id, 'shop_id')}:{inputs.outside_id(key.order_id, 'order_id')}"
    except (msgspec.MsgspecError, UnicodeDecodeError, BadInput):
        return None


def parse(body: bytes, now: datetime) -> Parsed:
    """The command that a webhook stands for. Raises `BadInput` or `BadMessage` naming what is wrong."""
    try:
        webhook = _decoder.decode(body.removeprefix(UTF8_BYTE_ORDER_MARK))
    except msgspec.ValidationError as error:
        raise BadMessage(f"webhook: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadMessage("webhook: the body is not JSON in UTF-8") from None
    shop = inputs.outside_id(webhook.shop_id, "shop_id")
    number = inputs.outside_id(webhook.order_id, "order_id")
    if webhook.type == "cancellation":
        return Parsed(_cancellation(webhook, shop, number, now), number, shop, "", None)
    if webhook.type != "order":
        raise BadInput("type", "is not one that is handled")
    buyer = (
        "" if inputs.literal(webhook.buyer_id, "buyer_id") is None else inputs.outside_id(webhook.buyer_id, "buyer_id")
    )
    order, person = _order(webhook, shop, number, now)
    return Parsed(order, number, shop, buyer, person)


def _cancellation(webhook: OrderWebhook, shop: str, number: str, now: datetime) -> RecordCancellation:
    if webhook.cancel_status != "COMPLETE" or webhook.lines:
        raise BadInput("cancel_status", "only a complete cancellation of a whole order is handled")
    return RecordCancellation(
        order_id=order_id(MARKETPLACE, shop, number),
        cancelled_at=inputs.moment(webhook.update_time, "update_time", now),
        reason=inputs.clean(webhook.reason or ""),
    )


def _order(webhook: OrderWebhook, shop: str, number: str, now: datetime) -> tuple[RecordOrder, Person | None]:
    if not webhook.order_status:
        raise BadInput("order_status", "is missing")
    if not webhook.order_lines:
        raise BadInput("order_lines", "an order needs at least one line")
    if webhook.payment_info is None:
        raise BadInput("payment_info", "is missing")
    payment = webhook.payment_info
    lines = tuple(_line(line, index, payment) for index, line in enumerate(webhook.order_lines))
    address, person, cleaned = _address(webhook.shipping_info)
    currency = payment.currency or ""
    total = inputs.money(payment.total, "payment_info.total")
    fee = inputs.optional_money(payment.shipping_fee, "payment_info.shipping_fee")
    discount = inputs.optional_money(payment.platform_discount, "payment_info.platform_discount")
    order = RecordOrder(
        order_id=order_id(MARKETPLACE, shop, number),
        marketplace=MARKETPLACE,
        shop=shop,
        number=number,
        status=inputs.clean(webhook.order_status),
        created_at=inputs.moment(webhook.create_time, "create_time", now),
        updated_at=inputs.moment(webhook.update_time, "update_time", now),
        lines=lines,
        total=Money(amount=total, currency=currency),
        paid_at=inputs.optional_moment(webhook.paid_time, "paid_time", now),
        shipping_fee=None if fee is None else Money(amount=fee, currency=currency),
        discount=None if discount is None else Money(amount=discount, currency=currency),
        address=address,
        deadlines=Deadlines(
            dispatch_by=inputs.optional_moment(webhook.dispatch_by, "dispatch_by", now, DEADLINE_AHEAD),
            cancel_by=inputs.optional_moment(webhook.cancel_by, "cancel_by", now, DEADLINE_AHEAD),
            deliver_by=inputs.optional_moment(webhook.deliver_by, "deliver_by", now, DEADLINE_AHEAD),
        ),
        shipping_type="TIKTOK" if webhook.shipping_type == "TIKTOK" else "SELLER",
        content_id=inputs.literal(webhook.content_id, "content_id") or "",
        flags=_flags(lines, currency, total, fee, discount, cleaned=cleaned),
    )
    return order, person


def _line(line: RawLine, index: int, payment: PaymentInfo) -> OrderLine:
    field = f"order_lines[{index}]"
    price = inputs.optional_money(line.sale_price, f"{field}.sale_price")
    line_id = inputs.literal(line.line_id, f"{field}.line_id")
    return OrderLine(
        line_id=line_id or str(index + 1),
        sku_id=inputs.outside_id(line.sku_id, f"{field}.sku_id"),
        seller_sku=inputs.clean(line.seller_sku or ""),
        quantity=inputs.quantity(line.quantity, f"{field}.quantity"),
        unit_price=None if price is None else Money(amount=price, currency=line.currency or payment.currency or ""),
        is_gift=bool(line.is_gift),
        weight_grams=None
        if line.weight is None
        else inputs.grams(line.weight.value, line.weight.unit, f"{field}.weight"),
        sub_items=tuple(
            SubItem(
                sku_id=inputs.outside_id(part.sku_id, f"{field}.sub_items.sku_id"),
                quantity=inputs.quantity(part.quantity, f"{field}.sub_items.quantity"),
            )
            for part in line.sub_items or ()
        ),
    )


def _address(shipping: ShippingInfo | None) -> tuple[Address | None, Person | None, bool]:
    """The address without the person, the person, and whether any text had to be cleaned."""
    if shipping is None:
        return None, None, False
    given = {name: getattr(shipping, name) or "" for name in shipping.__struct_fields__}
    text = {name: inputs.clean(value).strip() for name, value in given.items()}
    country = text["country"].upper() or "US"
    address = Address(
        country=country,
        state=text["state"],
        city=text["city"],
        postal_code=text["postal_code"],
        kind=address_kind(text["street1"], text["street2"], text["city"], text["state"], country),
        complete=is_complete(text["name"], text["street1"]),
    )
    person = Person(
        name=text["name"], phone=text["phone"], email=text["email"], street1=text["street1"], street2=text["street2"]
    )
    return address, person, not all(inputs.is_clean(value) for value in given.values())


def _flags(
    lines: Sequence[OrderLine],
    currency: str,
    total: Decimal,
    fee: Decimal | None,
    discount: Decimal | None,
    *,
    cleaned: bool,
) -> tuple[str, ...]:
    """What a person may want to know of a body that was taken nevertheless."""
    flags = []
    currencies = {currency, *(line.unit_price.currency for line in lines if line.unit_price is not None)}
    if len(currencies) > 1:
        flags.append("currency-mixed")
    elif currency not in CURRENCIES:
        flags.append("currency-unknown")
    priced = [line for line in lines if line.unit_price is not None]
    sums = sum((line.unit_price.amount * line.quantity for line in priced if line.unit_price is not None), Decimal(0))
    difference = total - (sums + (fee or 0) - (discount or 0))
    if priced and difference:
        flags.append(f"total-differs:{difference}")
    if cleaned:
        flags.append("text-cleaned")
    return tuple(flags)
