"""
An order as TikTok Shop's order call shows it, as one command, and apart from it the person, who is yet to be sealed.

Pure. One line item is one unit there; here a line is all units of a SKU, named after the SKU. So units that were
cancelled make the line smaller, whoever cancelled them, and a line of none is one of quantity 0. Which cancellation or
return it was the order does not tell; `hints` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from gateways.tiktok.full_order import MARKETPLACE, MAX_LINES, MAX_PARTS, currency_faults
from gateways.tiktok.hints import CANCELLED_WORDS
from gateways.webhooks import Shown
from schemas import inputs
from schemas.addresses import address_kind, is_complete, us_state
from schemas.codec import BadMessage
from schemas.commands import RecordOrder
from schemas.inputs import DEADLINE_AHEAD, BadInput
from schemas.tiktok_orders import LineItem, OrderDetail, Payment, RecipientAddress
from schemas.values import Address, Deadlines, Money, OrderLine, Person, ShippingType, SubItem, order_id

__all__ = ["MARKETPLACE", "Shown", "parse"]

MAX_UNITS: Final = 5_000
NOT_ARRANGED: Final = frozenset({"UNPAID", "ON_HOLD", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"})
SHIPPED_BY: Final[dict[str, ShippingType]] = {"SELLER": "SELLER", "TIKTOK": "TIKTOK", "TIKTOK_DIGITAL": "TIKTOK"}
BY_TIKTOK: Final = "FULFILLMENT_BY_TIKTOK"

_decoder = msgspec.json.Decoder(OrderDetail)


class Unit(NamedTuple):
    """One line item, read."""

    sku_id: str
    price: Money | None
    cancelled: bool
    item: LineItem


def parse(order: bytes, shop: str, now: datetime) -> Shown:
    """The order as it stands. Raises `BadInput` or `BadMessage` naming the field, never its value."""
    try:
        detail = _decoder.decode(inputs.well_formed(order))
    except msgspec.ValidationError as error:
        raise BadMessage(f"order: {error}") from None
    number = inputs.outside_id(detail.id, "id")
    if not detail.status:
        raise BadInput("status", "is missing")
    status = inputs.text(detail.status, "status")
    payment = detail.payment or Payment()
    currency = inputs.text(payment.currency, "payment.currency")
    units = _units(detail.line_items or (), currency, whole=status in CANCELLED_WORDS)
    address, person = (None, None) if detail.recipient_address is None else _address(detail.recipient_address, detail)
    fee = inputs.optional_money(payment.shipping_fee, "payment.shipping_fee")
    command = RecordOrder(
        order_id=order_id(MARKETPLACE, shop, number),
        marketplace=MARKETPLACE,
        shop=shop,
        number=number,
        status=status,
        created_at=inputs.moment(detail.create_time, "create_time", now),
        updated_at=inputs.moment(detail.update_time, "update_time", now),
        lines=_lines(units),
        total=Money(amount=inputs.money(payment.total_amount, "payment.total_amount"), currency=currency),
        paid_at=_time(detail.paid_time, "paid_time", now),
        shipping_fee=None if fee is None else Money(amount=fee, currency=currency),
        address=address,
        deadlines=_deadlines(detail, status, now),
        shipping_type=_shipped_by(detail),
        content_id=_live_session(units),
        flags=tuple(_flags(detail, payment, units, currency)),
        read=True,
    )
    return Shown(command, person, inputs.optional_id(detail.user_id, "user_id"))


# Lines


def _units(items: Sequence[LineItem], currency: str, *, whole: bool) -> list[Unit]:
    """Every unit; `whole`: the order is cancelled, and shows what was ordered."""
    if not items:
        raise BadInput("line_items", "an order needs at least one line")
    if len(items) > MAX_UNITS:
        raise BadInput("line_items", f"has more than {MAX_UNITS} units")
    return [_unit(item, f"line_items[{index}]", currency, whole=whole) for index, item in enumerate(items)]


def _unit(item: LineItem, field: str, currency: str, *, whole: bool) -> Unit:
    price = inputs.optional_money(item.sale_price, f"{field}.sale_price")
    named = inputs.text(item.currency, f"{field}.currency") or currency
    return Unit(
        inputs.outside_id(item.sku_id, f"{field}.sku_id"),
        None if price is None else Money(amount=price, currency=named),
        not whole and item.display_status in CANCELLED_WORDS,
        item,
    )


def _lines(units: Sequence[Unit]) -> tuple[OrderLine, ...]:
    by_sku: dict[str, list[Unit]] = {}
    for unit in units:
        by_sku.setdefault(unit.sku_id, []).append(unit)
    if len(by_sku) > MAX_LINES:
        raise BadInput("line_items", f"has more than {MAX_LINES} SKUs")
    return tuple(_line(sku, of_sku) for sku, of_sku in by_sku.items())


def _line(sku: str, units: Sequence[Unit]) -> OrderLine:
    """The line of a SKU. Units that cost differently have no price of one: it is unknown, as the total is not."""
    prices = {unit.price for unit in units}
    first = units[0].item
    return OrderLine(
        line_id=sku,
        sku_id=sku,
        seller_sku=inputs.text(first.seller_sku, "line_items.seller_sku"),
        quantity=sum(not unit.cancelled for unit in units),
        unit_price=prices.pop() if len(prices) == 1 else None,
        is_gift=all(bool(unit.item.is_gift) for unit in units),
        sub_items=_parts(first),
    )


def _parts(item: LineItem) -> tuple[SubItem, ...]:
    """What one unit of a bundle holds."""
    counts = Counter[str]()
    for part in item.combined_listing_skus or ():
        sku = inputs.outside_id(part.sku_id, "line_items.combined_listing_skus.sku_id")
        counts[sku] += inputs.quantity(part.sku_count, "line_items.combined_listing_skus.sku_count")
    if not counts:
        counts.update(
            inputs.outside_id(sub.sku_id, "line_items.sub_item_info.sku_id") for sub in item.sub_item_info or ()
        )
    if len(counts) > MAX_PARTS:
        raise BadInput("line_items.combined_listing_skus", f"has more than {MAX_PARTS} parts")
    return tuple(SubItem(sku_id=sku, quantity=quantity) for sku, quantity in counts.items())


def _live_session(units: Sequence[Unit]) -> str:
    """The LIVE session that the order came from, the first where there are several."""
    sessions = (inputs.optional_id(unit.item.room_id, "line_items.room_id") for unit in units)
    return next((session for session in sessions if session not in {"", "0"}), "")


# Where and when


def _address(told: RecipientAddress, detail: OrderDetail) -> tuple[Address, Person]:
    """The address without the person, and the person. What is masked is not complete."""
    country = _text(told.region_code, "region_code").upper()
    levels = {each.address_level: _text(each.address_name, "district_info") for each in told.district_info or ()}
    city = _text(told.post_town, "post_town") or levels.get("L3") or levels.get("L2") or ""
    state = us_state(levels.get("L1", "")) if country == "US" else levels.get("L1", "")
    further = (told.address_line2, told.address_line3, told.address_line4)
    street1 = _text(told.address_line1, "address_line1") or _text(told.address_detail, "address_detail")
    street2 = ", ".join(text for line in further if (text := _text(line, "address_line2")))
    name = _text(told.name, "name")
    address = Address(
        country=country,
        state=state,
        city=city,
        postal_code=_text(told.postal_code, "postal_code"),
        kind=address_kind(street1, street2, city, state, country),
        complete=is_complete(name, street1),
    )
    person = Person(
        name=name,
        phone=_text(told.phone_number, "phone_number"),
        email=inputs.text(detail.buyer_email, "buyer_email").strip(),
        street1=street1,
        street2=street2,
    )
    return address, person


def _text(value: str | None, field: str) -> str:
    return inputs.text(value, f"recipient_address.{field}").strip()


def _deadlines(detail: OrderDetail, status: str, now: datetime) -> Deadlines:
    """The order's clocks. What TikTok cancels by moves on once the shipment is arranged."""

    def deadline(name: str) -> datetime | None:
        return _time(getattr(detail, name), name, now, ahead=True)

    return Deadlines(
        dispatch_by=deadline("tts_sla_time") or deadline("rts_sla_time"),
        cancel_by=deadline("shipping_due_time" if status in NOT_ARRANGED else "collection_due_time"),
        deliver_by=deadline("delivery_sla_time") or deadline("delivery_due_time"),
    )


def _time(raw: msgspec.Raw, field: str, now: datetime, *, ahead: bool = False) -> datetime | None:
    """A time that may be there; TikTok writes 0 where there is none."""
    if inputs.literal(raw, field) in {None, "", "0"}:
        return None
    return inputs.moment(raw, field, now, DEADLINE_AHEAD if ahead else inputs.LATEST_AHEAD)


def _shipped_by(detail: OrderDetail) -> ShippingType:
    """Who ships it; a word that nobody knows leaves it to the seller, where nothing is sent without an address."""
    return "FBT" if detail.fulfillment_type == BY_TIKTOK else SHIPPED_BY.get(detail.shipping_type or "", "SELLER")


# What a person may want to know


def _flags(detail: OrderDetail, payment: Payment, units: Sequence[Unit], currency: str) -> Iterator[str]:
    prices = [unit.price for unit in units if unit.price is not None]
    yield from currency_faults([currency, *(price.currency for price in prices)])
    if prices and (difference := _difference(payment, units)):
        yield f"total-differs:{difference}"
    if not inputs.is_clean("".join(_texts(detail))):
        yield "text-cleaned"
    if detail.is_sample_order:
        yield "sample"
    if detail.is_replacement_order:
        yield f"replaces:{inputs.optional_id(detail.replaced_order_id, 'replaced_order_id')}"
    if detail.is_exchange_order:
        yield f"exchanges:{inputs.optional_id(detail.exchange_source_order_id, 'exchange_source_order_id')}"


def _difference(payment: Payment, units: Sequence[Unit]) -> Decimal:
    """What the units cost less or more than they should; it is not said whether cancelled ones count."""
    told = inputs.optional_money(payment.sub_total, "payment.sub_total")
    every, live = (
        sum((unit.price.amount for unit in counted if unit.price is not None), Decimal(0))
        for counted in (units, [unit for unit in units if not unit.cancelled])
    )
    return Decimal(0) if told is None or told == live else told - every


def _texts(detail: OrderDetail) -> Iterator[str]:
    """Every free text that is taken of the order, as it came."""
    yield detail.status or ""
    for item in detail.line_items or ():
        yield item.seller_sku or ""
    address = detail.recipient_address
    if address is not None:
        texts = msgspec.structs.asdict(address).values()
        yield from (text for text in texts if isinstance(text, str))
        yield from (each.address_name or "" for each in address.district_info or ())
