"""
What comes of reading orders from a marketplace: the order as a command, or the read again later. Part of the callers.

The person is sealed under the buyer's key, which was committed before, when the answer is written down; until then it
is in memory alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from aggregates.event_store.buyer_keys import BuyerKeys, order_subject
from aggregates.event_store.calls import Claimed, Closed
from aggregates.event_store.connection import Connection
from aggregates.event_store.scheduled_commands import scheduled
from gateways.dialects import DIALECTS
from gateways.marketplaces import OrderRead
from gateways.webhooks import Shown
from schemas.calls import ReadOrderCall
from schemas.codec import BadMessage
from schemas.commands import RecordOrder
from schemas.inputs import BadInput

MISSING_TRIES = 5
"""An order that was just placed may not be there yet; after these tries a person looks."""


class Seen(NamedTuple):
    """A read that showed its order."""

    claimed: Claimed
    shown: Shown


class NotSeen(NamedTuple):
    """A read that showed nothing that can be taken: why, and whether it is worth another try."""

    reason: str
    again: bool
    retry_after: float | None = None
    attempted: bool = True


def outcome(claimed: Claimed, call: ReadOrderCall, read: OrderRead, now: datetime) -> Seen | NotSeen:
    """What came of one read. One whose answer makes no sense is not tried again until something else asks for it."""
    if read.outcome == "done":
        try:
            shown = DIALECTS[call.marketplace].show(read.order, call.shop, now)
        except (BadInput, BadMessage) as error:
            return NotSeen(f"order makes no sense: {error}", again=False)
        if shown.order.number != call.order_number:
            return NotSeen("another order was shown", again=False)
        return Seen(claimed, shown)
    if read.outcome == "missing":
        return NotSeen("the marketplace knows no such order", again=claimed.failures + 1 < MISSING_TRIES)
    return NotSeen(read.reason, read.outcome != "refused", read.retry_after, read.attempted)


def closed(connection: Connection, keys: BuyerKeys, seen: Sequence[Seen]) -> list[Closed]:
    """The calls closed with their orders, each person sealed under its buyer's key."""
    subjects = [_subject(keys, each.shown) for each in seen]
    keys.make_ready(connection, subjects)
    return [_closed(each, _sealed(keys, each.shown, subject)) for each, subject in zip(seen, subjects, strict=True)]


def _subject(keys: BuyerKeys, shown: Shown) -> str:
    order = shown.order
    return (
        keys.subject_of(order.marketplace, order.shop, shown.buyer_id)
        if shown.buyer_id
        else order_subject(str(order.order_id))
    )


def _sealed(keys: BuyerKeys, shown: Shown, subject: str) -> RecordOrder:
    order = msgspec.structs.replace(shown.order, buyer=subject) if shown.buyer_id else shown.order
    if shown.person is None or order.address is None:
        return order
    address = msgspec.structs.replace(order.address, person=keys.seal_person(subject, shown.person))
    return msgspec.structs.replace(order, address=address)


def _closed(seen: Seen, order: RecordOrder) -> Closed:
    """The key names the row too: the same order is read again and again under the same call's key."""
    claimed = seen.claimed
    key = f"call:{claimed.key}:{claimed.id}.{claimed.attempt}"
    answer = scheduled(order, key, datetime.now(UTC), claimed.cause, claimed.correlation)
    return Closed(claimed.id, claimed.attempt, answer)
