"""
What becomes of webhooks that show no order: order reads, commands, what is known of a shop's access. Part of intake.

A webhook that asks for nothing is kept raw all the same, encrypted under the key of its day: it names no buyer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import structlog

from aggregates.event_store.buyer_keys import BuyerKeys, day_subject
from aggregates.event_store.calls import CallRow
from aggregates.event_store.raw_webhooks import RawWebhook
from aggregates.event_store.shops import Access
from aggregates.policies.outside_calls import read_order
from gateways.webhooks import Hint
from schemas import codec
from schemas.values import order_id
from streams.arrivals import Arrival, place_of, raw_context, record_of
from streams.consuming import Raw
from streams.forwarding import Forwarded

log = structlog.get_logger()


class Hinted(NamedTuple):
    """A webhook that makes sense, with what its record says about it."""

    record: Raw
    arrival: Arrival
    hint: Hint


def forwarded(marketplace: str, hinted: Sequence[Hinted], keys: BuyerKeys, now: datetime) -> Forwarded:
    """What these webhooks become. The key of today was made ready before."""
    for each in hinted:
        _tell_of_access(each)
    return Forwarded(
        [
            record_of(command, each.record, each.arrival, each.hint.shop)
            for each in hinted
            for command in each.hint.commands
        ],
        [_raw(marketplace, each, keys, now) for each in hinted],
        [],
        [_call(marketplace, each, number, now) for each in hinted for number in each.hint.orders],
        latest_access([_access(marketplace, each) for each in hinted if each.hint.at is not None]),
    )


def _call(marketplace: str, hinted: Hinted, number: str, now: datetime) -> CallRow:
    hint = hinted.hint
    asked = read_order(marketplace, hint.shop, number, now, urgent=hint.urgent)
    return CallRow(
        asked.key,
        type(asked.call).__name__,
        asked.call.SERVICE,
        asked.shop,
        asked.priority,
        asked.due_at,
        asked.deadline_at,
        codec.encode(asked.call),
        place_of(hinted.record),
        hinted.arrival.event_id,
    )


def _access(marketplace: str, hinted: Hinted) -> Access:
    """A webhook shows that the shop lets us in, unless it says the opposite."""
    hint = hinted.hint
    assert hint.at is not None
    return Access(marketplace, hint.shop, hint.at, hint.access_ended)


def latest_access(shown: Sequence[Access]) -> list[Access]:
    """The latest end of access and the latest use of it of each shop, as one row is written for each."""
    latest = {(each.marketplace, each.shop, each.ended): each for each in sorted(shown, key=lambda each: each.at)}
    return sorted(latest.values(), key=lambda each: (each.marketplace, each.shop, each.at))


def _tell_of_access(hinted: Hinted) -> None:
    hint = hinted.hint
    if hint.access_ended:
        log.critical("shop took our access away; its calls wait", shop=hint.shop)
    elif hint.access_ends_at is not None:
        log.warning("access to a shop ends", shop=hint.shop, at=hint.access_ends_at.isoformat())


def _raw(marketplace: str, hinted: Hinted, keys: BuyerKeys, now: datetime) -> RawWebhook:
    record, hint, arrival = hinted.record, hinted.hint, hinted.arrival
    context = raw_context(record.topic, record.partition, record.offset)
    return RawWebhook(
        record.topic,
        record.partition,
        record.offset,
        arrival.event_id,
        hint.shop,
        order_id(marketplace, hint.shop, hint.orders[0]) if len(hint.orders) == 1 else None,
        arrival.received_at,
        arrival.signature_format,
        keys.seal(day_subject(now.date()), record.value or b"", context),
    )
