"""
TikTok Shop's own webhooks: verified over app key and raw bytes, then read for what they hint at. Pure.

A webhook tells that something changed, hardly what: the orders that it names are read again. What it alone knows, the
ids of cancellations and returns, becomes a command. Topics that nothing here can take are kept raw.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from gateways.tiktok.full_order import MARKETPLACE
from gateways.webhooks import Hint
from schemas import inputs
from schemas.codec import BadMessage
from schemas.commands import RecordCancellation, RecordReturn
from schemas.inputs import DEADLINE_AHEAD, UTF8_BYTE_ORDER_MARK, BadInput
from schemas.tiktok_shop import (
    AuthorizationExpiration,
    CancellationStatusChange,
    Deauthorization,
    Envelope,
    FbtInventoryUpdate,
    InventoryChanged,
    InventoryStatusChange,
    OrderStatusChange,
    PackageUpdate,
    ProductStatusChange,
    RecipientAddressUpdate,
    ReturnStatusChange,
    RoutingFields,
)
from schemas.values import order_id

__all__ = ["MARKETPLACE", "Hint", "Noted", "delivery_of", "message_of", "parse"]

MAX_ORDERS: Final = 500
CANCELLED_WORDS: Final = frozenset({"CANCEL", "CANCELLED"})
WISH: Final = {
    "CANCELLATION_REQUEST_PENDING": "PENDING",
    "CANCELLATION_REQUEST_CANCELLED": "WITHDRAWN",
    "CANCELLATION_REQUEST_CANCEL": "WITHDRAWN",
}
"""A buyer's wish to cancel, in either spelling. Once it is settled the order itself shows what came of it."""

WITHOUT_GOODS: Final = frozenset({"REFUND"})
"""Kinds of return that send no goods back."""

_envelopes = msgspec.json.Decoder(Envelope)
_routing = msgspec.json.Decoder(RoutingFields)


class Noted(NamedTuple):
    """What the door reads of a webhook: under which id it is known, where it belongs, what it is about."""

    event_id: str
    key: str | None
    topic: str


class Told(NamedTuple):
    """The envelope as far as it matters to what it holds."""

    shop: str
    topic: int
    data: msgspec.Raw


def message_of(app_key: str, body: bytes) -> bytes:
    """What TikTok Shop signs with the app's secret."""
    return app_key.encode() + body


def delivery_of(body: bytes) -> Noted:
    """
    The id of a webhook (its own, else a hash of topic, shop and body), its key `shop:order` where it names both, and
    its topic number as it came. Raises nothing, whatever the bytes are.
    """
    fields = _routing_fields(body)
    topic = _or_empty(fields.type, "type")
    shop = _or_empty(fields.shop_id, "shop_id")
    order = "" if fields.data is None else _or_empty(fields.data.order_id, "order_id")
    digest = hashlib.sha256(b"|".join((topic.encode(), shop.encode(), body))).hexdigest()
    return Noted(
        _or_empty(fields.tts_notification_id, "tts_notification_id") or digest,
        f"{shop}:{order}" if shop and order else None,
        topic,
    )


def parse(body: bytes, now: datetime) -> Hint:
    """What a webhook hints at. Raises `BadInput` or `BadMessage` naming what is wrong with one that is handled."""
    try:
        envelope = _envelopes.decode(inputs.well_formed(body))
    except msgspec.ValidationError as error:
        raise BadMessage(f"webhook: {error}") from None
    number = inputs.outside_id(envelope.type, "type")
    if not (number.isascii() and number.isdigit()):
        raise BadInput("type", "is no topic number")
    topic = int(number)
    if topic not in TOPICS:
        return Hint(inputs.optional_id(envelope.shop_id, "shop_id"), topic, only_kept=True)
    told = Told(inputs.outside_id(envelope.shop_id, "shop_id"), topic, envelope.data)
    try:
        hint = TOPICS[topic](told, now)
        return hint._replace(at=inputs.optional_moment(envelope.timestamp, "timestamp", now) or now)
    except msgspec.DecodeError as error:
        raise BadMessage(f"data: {error}") from None


def _routing_fields(body: bytes) -> RoutingFields:
    try:
        return _routing.decode(body.removeprefix(UTF8_BYTE_ORDER_MARK))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return RoutingFields()


def _or_empty(raw: msgspec.Raw, field: str) -> str:
    try:
        return inputs.optional_id(raw, field)
    except BadInput:
        return ""


def _status_change(told: Told, now: datetime) -> Hint:
    data = msgspec.json.decode(told.data, type=OrderStatusChange)
    inputs.moment(data.update_time, "data.update_time", now)
    return _read(told, data.order_id, urgent=data.order_status in CANCELLED_WORDS)


def _address_update(told: Told, now: datetime) -> Hint:
    data = msgspec.json.decode(told.data, type=RecipientAddressUpdate)
    inputs.moment(data.update_time, "data.update_time", now)
    return _read(told, data.order_id, urgent=True)


def _package_update(told: Told, now: datetime) -> Hint:
    data = msgspec.json.decode(told.data, type=PackageUpdate)
    inputs.moment(data.update_time, "data.update_time", now)
    named = [raw for package in data.package_list for raw in package.order_id_list]
    if len(named) > MAX_ORDERS:
        raise BadInput("data.package_list", f"names more than {MAX_ORDERS} orders")
    orders = dict.fromkeys(inputs.outside_id(raw, "data.package_list.order_id_list") for raw in named)
    return Hint(told.shop, told.topic, tuple(orders))


def _cancellation(told: Told, now: datetime) -> Hint:
    """
    A buyer's wish, and its withdrawal, are told with their ids at once, for the label must stop; whose lines it is
    about only the order shows. What was cancelled by somebody else, or is settled, the order shows too.
    """
    data = msgspec.json.decode(told.data, type=CancellationStatusChange)
    hint = _read(told, data.order_id, urgent=True)
    status = WISH.get(data.cancel_status)
    if status is None or data.cancellations_role != "BUYER":
        return hint
    command = RecordCancellation(
        order_id=order_id(MARKETPLACE, told.shop, hint.orders[0]),
        cancelled_at=inputs.moment(data.create_time, "data.create_time", now),
        cancel_id=inputs.outside_id(data.cancel_id, "data.cancel_id"),
        status="PENDING" if status == "PENDING" else "WITHDRAWN",
        lines_told=False,
    )
    return hint._replace(commands=(command,))


def _return(told: Told, now: datetime) -> Hint:
    """A return of goods is told with its id; a refund alone the order shows."""
    data = msgspec.json.decode(told.data, type=ReturnStatusChange)
    hint = _read(told, data.order_id, urgent=False)
    if data.return_type in WITHOUT_GOODS:
        return hint
    status = inputs.text(data.return_status, "data.return_status")
    if not status:
        raise BadInput("data.return_status", "is missing")
    command = RecordReturn(
        order_id=order_id(MARKETPLACE, told.shop, hint.orders[0]),
        return_id=inputs.outside_id(data.return_id, "data.return_id"),
        status=status,
        updated_at=inputs.moment(data.update_time, "data.update_time", now),
        lines_told=False,
    )
    return hint._replace(commands=(command,))


def _deauthorization(told: Told, now: datetime) -> Hint:
    msgspec.json.decode(told.data, type=Deauthorization)
    return Hint(told.shop, told.topic, access_ended=True)


def _expiration(told: Told, now: datetime) -> Hint:
    data = msgspec.json.decode(told.data, type=AuthorizationExpiration)
    ends_at = inputs.moment(data.expiration_time, "data.expiration_time", now, DEADLINE_AHEAD)
    return Hint(told.shop, told.topic, access_ends_at=ends_at)


def _product_status(told: Told, now: datetime) -> Hint:
    data = msgspec.json.decode(told.data, type=ProductStatusChange)
    inputs.outside_id(data.product_id, "data.product_id")
    inputs.moment(data.update_time, "data.update_time", now)
    return Hint(told.shop, told.topic)


def _fbt_inventory(told: Told, now: datetime) -> Hint:
    data = msgspec.json.decode(told.data, type=FbtInventoryUpdate)
    inputs.outside_id(data.sku_id, "data.sku_id")
    inputs.moment(data.update_time, "data.update_time", now)
    return Hint(told.shop, told.topic)


def _inventory_status(told: Told, now: datetime) -> Hint:
    data = msgspec.json.decode(told.data, type=InventoryStatusChange)
    inputs.outside_id(data.sku_id, "data.sku_id")
    inputs.moment(data.update_time, "data.update_time", now)
    return Hint(told.shop, told.topic)


def _inventory_changed(told: Told, now: datetime) -> Hint:
    data = msgspec.json.decode(told.data, type=InventoryChanged)
    inputs.outside_id(data.sku_id, "data.sku_id")
    try:
        at = datetime.fromisoformat(data.occurred_at).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput("data.occurred_at", "is not a time in ISO 8601") from None
    if not inputs.EARLIEST <= at <= now + inputs.LATEST_AHEAD:
        raise BadInput("data.occurred_at", "is not between 2015 and now")
    return Hint(told.shop, told.topic)


def _read(told: Told, order: msgspec.Raw, *, urgent: bool) -> Hint:
    return Hint(told.shop, told.topic, (inputs.outside_id(order, "data.order_id"),), urgent)


TOPICS: dict[int, Callable[[Told, datetime], Hint]] = {
    1: _status_change,
    3: _address_update,
    4: _package_update,
    5: _product_status,
    6: _deauthorization,
    7: _expiration,
    11: _cancellation,
    12: _return,
    24: _fbt_inventory,
    27: _inventory_status,
    71: _inventory_changed,
}
"""What each topic means. Any other number is kept raw: TikTok adds topics, and tells nobody before."""
