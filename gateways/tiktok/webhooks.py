"""
The specification's webhooks: verified over the raw bytes, then turned into commands. Pure.

Whatever is wrong with a body is a `BadInput` or `BadMessage` that names the field; the record becomes a dead letter.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from gateways.tiktok.full_order import MARKETPLACE, TEXT_CLEANED, address_of, is_clean, whole_order
from gateways.webhooks import Parsed
from schemas import inputs
from schemas.codec import BadMessage
from schemas.commands import Command, RecordAddress, RecordCancellation, RecordReturn
from schemas.inputs import DEADLINE_AHEAD, UTF8_BYTE_ORDER_MARK, BadInput
from schemas.tiktok import LineUnits, OrderKey, OrderWebhook
from schemas.values import LineQuantity, Person, order_id

__all__ = ["MARKETPLACE", "Parsed", "is_genuine", "parse", "routing_key"]

SIGNATURE_CHARACTERS = 64
MAX_LINES = 500

_decoder = msgspec.json.Decoder(OrderWebhook)
_key_decoder = msgspec.json.Decoder(OrderKey)


class Said(NamedTuple):
    """What a body says: a command without personal data, and apart from it the person."""

    command: Command
    person: Person | None = None


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
        return _key(body.removeprefix(UTF8_BYTE_ORDER_MARK))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, BadInput):
        pass
    try:
        return _key(inputs.well_formed(body))
    except (msgspec.MsgspecError, BadInput):
        return None


def _key(body: bytes | str) -> str:
    key = _key_decoder.decode(body)
    return f"{inputs.outside_id(key.shop_id, 'shop_id')}:{inputs.outside_id(key.order_id, 'order_id')}"


def parse(body: bytes, now: datetime) -> Parsed:
    """The command that a webhook stands for. Raises `BadInput` or `BadMessage` naming what is wrong."""
    try:
        webhook = _decoder.decode(inputs.well_formed(body))
    except msgspec.ValidationError as error:
        raise BadMessage(f"webhook: {error}") from None
    shop = inputs.outside_id(webhook.shop_id, "shop_id")
    number = inputs.outside_id(webhook.order_id, "order_id")
    buyer = inputs.optional_id(webhook.buyer_id, "buyer_id")
    kind = "order" if webhook.type is None else webhook.type
    if kind == "order":
        said = Said(*whole_order(webhook, order_id(MARKETPLACE, shop, number), shop, number, now))
    elif kind in CHANGES:
        said = CHANGES[kind](webhook, order_id(MARKETPLACE, shop, number), now)
    else:
        raise BadInput("type", "is not one that is handled")
    return Parsed(said.command, number, shop, buyer, said.person)


def _cancellation(webhook: OrderWebhook, order: UUID, now: datetime) -> Said:
    status: Any = webhook.cancel_status
    if status not in {"PENDING", "WITHDRAWN", "COMPLETE"}:
        raise BadInput("cancel_status", "is not PENDING, WITHDRAWN or COMPLETE")
    lines = _units(webhook.lines)
    cancel_id = inputs.optional_id(webhook.cancel_id, "cancel_id")
    if not cancel_id and (lines or status != "COMPLETE"):
        raise BadInput("cancel_id", "is missing: only a whole order is cancelled without one")
    command = RecordCancellation(
        order_id=order,
        cancelled_at=inputs.moment(webhook.update_time, "update_time", now),
        reason=inputs.text(webhook.reason, "reason"),
        cancel_id=cancel_id,
        status=status,
        lines=lines,
        deadline_at=inputs.optional_moment(webhook.deadline, "deadline", now, DEADLINE_AHEAD),
    )
    return Said(command)


def _address(webhook: OrderWebhook, order: UUID, now: datetime) -> Said:
    if webhook.shipping_info is None:
        raise BadInput("shipping_info", "is missing")
    address, person = address_of(webhook.shipping_info)
    updated_at = inputs.moment(webhook.update_time, "update_time", now)
    flags = () if is_clean(webhook.shipping_info) else (TEXT_CLEANED,)
    return Said(RecordAddress(order_id=order, updated_at=updated_at, address=address, flags=flags), person)


def _return(webhook: OrderWebhook, order: UUID, now: datetime) -> Said:
    status = inputs.text(webhook.return_status, "return_status")
    if not status:
        raise BadInput("return_status", "is missing")
    command = RecordReturn(
        order_id=order,
        return_id=inputs.outside_id(webhook.return_id, "return_id"),
        status=status,
        updated_at=inputs.moment(webhook.update_time, "update_time", now),
        lines=_units(webhook.lines),
    )
    return Said(command)


def _units(lines: Sequence[LineUnits] | None) -> tuple[LineQuantity, ...]:
    """The units of each line, added up where one comes twice. No list means the whole order, an empty one nothing."""
    if lines is None:
        return ()
    if not lines:
        raise BadInput("lines", "is empty; without it the whole order is meant")
    if len(lines) > MAX_LINES:
        raise BadInput("lines", f"has more than {MAX_LINES} lines")
    units: dict[str, int] = {}
    for index, line in enumerate(lines):
        line_id = inputs.outside_id(line.line_id, f"lines[{index}].line_id")
        units[line_id] = units.get(line_id, 0) + inputs.quantity(line.quantity, f"lines[{index}].quantity")
    return tuple(LineQuantity(line_id=line_id, quantity=quantity) for line_id, quantity in units.items())


CHANGES: dict[str, Callable[[OrderWebhook, UUID, datetime], Said]] = {
    "cancellation": _cancellation,
    "address": _address,
    "return": _return,
}
"""What a body of another type than `order` says, by its type."""
