"""The specification's full-order webhook as one command, and apart from it the person, who is yet to be sealed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import msgspec

from schemas import inputs
from schemas.addresses import address_kind, is_complete
from schemas.commands import RecordOrder
from schemas.currencies import CURRENCIES, minor_digits
from schemas.inputs import DEADLINE_AHEAD, BadInput
from schemas.shares import spread
from schemas.tiktok import OrderLine as RawLine
from schemas.tiktok import OrderWebhook, PaymentInfo, ShippingInfo
from schemas.values import Address, Deadlines, Money, OrderLine, Person, SubItem

MARKETPLACE = "tiktok"
MAX_LINES = 500
MAX_PARTS = 100
TEXT_CLEANED = "text-cleaned"
"""The flag of a body from whose texts something had to be removed."""

_SHIPPING_FIELDS = [(name, f"shipping_info.{name}") for name in ShippingInfo.__struct_fields__]


class Paid(NamedTuple):
    """What the buyer pays, read exactly."""

    currency: str
    total: Decimal
    shipping_fee: Decimal | None
    discount: Decimal | None

    def money(self, amount: Decimal | None) -> Money | None:
        """An amount in the order's currency."""
        return None if amount is None else Money(amount=amount, currency=self.currency)


def whole_order(
    webhook: OrderWebhook, order_id: UUID, shop: str, number: str, now: datetime
) -> tuple[RecordOrder, Person | None]:
    """The order as the body shows it. Raises `BadInput` naming the field."""
    if not webhook.order_status:
        raise BadInput("order_status", "is missing")
    if not webhook.order_lines:
        raise BadInput("order_lines", "an order needs at least one line")
    paid = _paid(webhook.payment_info)
    lines = _lines(webhook.order_lines, paid)
    flags = _flags(lines, paid, _texts(webhook))
    address, person = (None, None) if webhook.shipping_info is None else address_of(webhook.shipping_info)
    order = RecordOrder(
        order_id=order_id,
        marketplace=MARKETPLACE,
        shop=shop,
        number=number,
        status=inputs.text(webhook.order_status, "order_status"),
        created_at=inputs.moment(webhook.create_time, "create_time", now),
        updated_at=inputs.moment(webhook.update_time, "update_time", now),
        lines=lines if currency_faults([paid.currency, *_currencies(lines)]) else _with_discount(lines, paid),
        total=Money(amount=paid.total, currency=paid.currency),
        paid_at=inputs.optional_moment(webhook.paid_time, "paid_time", now),
        shipping_fee=paid.money(paid.shipping_fee),
        discount=paid.money(paid.discount),
        address=address,
        deadlines=Deadlines(
            dispatch_by=inputs.optional_moment(webhook.dispatch_by, "dispatch_by", now, DEADLINE_AHEAD),
            cancel_by=inputs.optional_moment(webhook.cancel_by, "cancel_by", now, DEADLINE_AHEAD),
            deliver_by=inputs.optional_moment(webhook.deliver_by, "deliver_by", now, DEADLINE_AHEAD),
        ),
        shipping_type="TIKTOK" if webhook.shipping_type == "TIKTOK" else "SELLER",
        content_id=inputs.optional_id(webhook.content_id, "content_id"),
        flags=flags,
    )
    return order, person


def address_of(shipping: ShippingInfo) -> tuple[Address, Person]:
    """The address without the person, and the person."""
    text = {name: inputs.text(getattr(shipping, name), field).strip() for name, field in _SHIPPING_FIELDS}
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
    return address, person


def _paid(payment: PaymentInfo | None) -> Paid:
    if payment is None:
        raise BadInput("payment_info", "is missing")
    return Paid(
        currency=inputs.text(payment.currency, "payment_info.currency"),
        total=inputs.money(payment.total, "payment_info.total"),
        shipping_fee=inputs.optional_money(payment.shipping_fee, "payment_info.shipping_fee"),
        discount=inputs.optional_money(payment.platform_discount, "payment_info.platform_discount"),
    )


def _lines(lines: Sequence[RawLine], paid: Paid) -> tuple[OrderLine, ...]:
    if len(lines) > MAX_LINES:
        raise BadInput("order_lines", f"has more than {MAX_LINES} lines")
    return tuple(_line(line, index, paid) for index, line in enumerate(lines))


def _line(line: RawLine, index: int, paid: Paid) -> OrderLine:
    field = f"order_lines[{index}]"
    price = inputs.optional_money(line.sale_price, f"{field}.sale_price")
    currency = inputs.text(line.currency, f"{field}.currency") or paid.currency
    return OrderLine(
        line_id=inputs.optional_id(line.line_id, f"{field}.line_id") or str(index + 1),
        sku_id=inputs.outside_id(line.sku_id, f"{field}.sku_id"),
        seller_sku=inputs.text(line.seller_sku, f"{field}.seller_sku"),
        quantity=inputs.quantity(line.quantity, f"{field}.quantity"),
        unit_price=None if price is None else Money(amount=price, currency=currency),
        is_gift=bool(line.is_gift),
        weight_grams=None
        if line.weight is None
        else inputs.grams(line.weight.value, line.weight.unit, f"{field}.weight"),
        sub_items=_sub_items(line, field),
    )


def _sub_items(line: RawLine, field: str) -> tuple[SubItem, ...]:
    parts = line.sub_items or ()
    if len(parts) > MAX_PARTS:
        raise BadInput(f"{field}.sub_items", f"has more than {MAX_PARTS} parts")
    return tuple(
        SubItem(
            sku_id=inputs.outside_id(part.sku_id, f"{field}.sub_items.sku_id"),
            quantity=inputs.quantity(part.quantity, f"{field}.sub_items.quantity"),
        )
        for part in parts
    )


def _with_discount(lines: tuple[OrderLine, ...], paid: Paid) -> tuple[OrderLine, ...]:
    """The lines with what each bears of the discount, by what it costs; as they are where nothing can be spread."""
    if paid.discount is None or paid.discount <= 0:
        return lines
    costs = [Decimal(0) if line.unit_price is None else line.unit_price.amount * line.quantity for line in lines]
    shares = spread(paid.discount, costs, minor_digits(paid.currency))
    if not shares:
        return lines
    return tuple(
        msgspec.structs.replace(line, discount=paid.money(share)) for line, share in zip(lines, shares, strict=True)
    )


def _flags(lines: Sequence[OrderLine], paid: Paid, texts: Iterator[str]) -> tuple[str, ...]:
    """What a person may want to know of a body that was taken nevertheless."""
    flags = currency_faults([paid.currency, *_currencies(lines)])
    prices = [line.unit_price.amount * line.quantity for line in lines if line.unit_price is not None]
    difference = paid.total - (sum(prices, Decimal(0)) + (paid.shipping_fee or 0) - (paid.discount or 0))
    if prices and difference:
        flags.append(f"total-differs:{difference}")
    if not inputs.is_clean("".join(texts)):
        flags.append(TEXT_CLEANED)
    return tuple(flags)


def currency_faults(currencies: Iterable[str]) -> list[str]:
    """Why nothing is known of the amounts' decimals: then nothing is guessed, and a person looks."""
    named = set(currencies)
    if len(named) > 1:
        return ["currency-mixed"]
    return [] if named <= CURRENCIES else ["currency-unknown"]


def _currencies(lines: Sequence[OrderLine]) -> list[str]:
    return [line.unit_price.currency for line in lines if line.unit_price is not None]


def _texts(webhook: OrderWebhook) -> Iterator[str]:
    """Every free text that is taken of the body, as it came."""
    shipping, payment = webhook.shipping_info, webhook.payment_info
    yield webhook.order_status or ""
    if payment is not None:
        yield payment.currency or ""
    for line in webhook.order_lines or ():
        yield line.seller_sku or ""
        yield line.currency or ""
    if shipping is not None:
        yield from _shipping_texts(shipping)


def _shipping_texts(shipping: ShippingInfo) -> Iterator[str]:
    return (getattr(shipping, name) or "" for name, _ in _SHIPPING_FIELDS)


def is_clean(shipping: ShippingInfo) -> bool:
    """Whether nothing had to be removed from an address."""
    return inputs.is_clean("".join(_shipping_texts(shipping)))
