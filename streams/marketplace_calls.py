"""What a marketplace is told and asked: packages, delays, orders. Part of the callers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from aggregates.event_store.calls import Postponed
from gateways.marketplaces import OrderRead
from schemas.calls import PushDelayCall, PushFulfilmentCall
from schemas.commands import RecordFulfilmentPushed
from streams import order_reads
from streams.call_outcomes import Gateways, Outcome, Taken, again, pushed
from streams.order_reads import Seen

log = structlog.get_logger()


async def push_fulfilments(gateways: Gateways, group: Sequence[Taken]) -> list[Outcome]:
    """Tell the tracking numbers of packages of one shop. Repeated: done."""
    marketplace = gateways.marketplaces[group[0].call.marketplace]
    results = await marketplace.push_fulfilment([each.call for each in group])
    return [pushed(each, result, _fulfilment_pushed(each)) for each, result in zip(group, results, strict=True)]


async def read_orders(gateways: Gateways, group: Sequence[Taken]) -> list[Outcome]:
    """Read orders of one shop. Reading again is harmless, so nothing is looked up before it is repeated."""
    marketplace = gateways.marketplaces[group[0].call.marketplace]
    results = await marketplace.read_orders([each.call for each in group])
    now = datetime.now(UTC)
    return [_shown(each, result, now) for each, result in zip(group, results, strict=True)]


async def push_delay(gateways: Gateways, taken: Taken) -> Outcome:
    """Tell that an order is late. Repeated: the same date again, harmlessly."""
    call: PushDelayCall = taken.call
    return pushed(taken, await gateways.marketplaces[call.marketplace].push_delay(call), None)


def _shown(taken: Taken, read: OrderRead, now: datetime) -> Outcome:
    """The outcome of one read; what is not worth another try waits for a person, or until it is asked for again."""
    came = order_reads.outcome(taken.claimed, taken.call, read, now)
    if isinstance(came, Seen):
        return came
    if not came.again:
        log.warning("order not read", call=taken.claimed.key, reason=came.reason)
        return Postponed(taken.claimed.id, taken.claimed.attempt, now, came.reason, parked=True)
    return again(taken, came.reason, came.retry_after, attempted=came.attempted, unknown=False)


def _fulfilment_pushed(taken: Taken) -> RecordFulfilmentPushed:
    call: PushFulfilmentCall = taken.call
    return RecordFulfilmentPushed(
        order_id=call.order_id,
        shipment_id=call.shipment_id,
        pushed_at=datetime.now(UTC),
        tracking_number=call.tracking_number,
    )
