"""
What one record costs in Python at each step, beside the same step of the library, or of the standard library.

Best of several rounds, ours and the baseline in turn, so that what else runs on the machine meets both.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from eventsourcing.persistence import (
    DatetimeAsISO,
    DecimalAsStr,
    JSONTranscoder,
    Mapper,
    UUIDAsHex,
)

from aggregates.event_store.mapper import EventMapper
from aggregates.event_store.relay_state import Logged
from aggregates.order import Known, Order, decide
from aggregates.publication import public
from bench import peer_system
from creatorflow.demo.purchases import read_purchases
from creatorflow.demo.webhooks import order_body, start_run
from gateways.tiktok import webhooks
from projections import order_board
from projections.published import Published
from schemas import codec
from schemas.values import Need, OrderLine, stock_item_id
from streams.relay import outgoing_of

ROUNDS: Final = 5
ROUND_SECONDS: Final = 0.2
CALLS_BETWEEN_LOOKS: Final = 50
YARDSTICK: Final = "json.loads of the same bytes"


class Measured(NamedTuple):
    """One step: a second's worth of calls of ours and of the baseline."""

    step: str
    ours_per_second: float
    baseline: str
    baseline_per_second: float

    @property
    def ratio(self) -> float:
        """How many times as many ours does."""
        return self.ours_per_second / self.baseline_per_second


def measure_all() -> list[Measured]:
    """Each step on the first webhook of the demo's data; the mapper on an event that the library's own can map too."""
    body, known, at = _webhook()
    command = webhooks.parse(body, at).command
    placed = _events_of(decide(None, command, known))[0]
    ours, stock = EventMapper(JSONTranscoder()), _stock_mapper()
    stored = ours.to_stored_event(placed)
    logged = Logged(placed.originator_id, 1, stored.topic, stored.state, 1, "cause", "correlation")
    message = public(placed)
    assert message is not None
    published = Published(1, message, at, "id", "cause", "correlation", codec.encode(message))
    peers = peer_system.Order("1", "00001", "sku-1", 1, "11.77").collect_events()[0]

    def both_ways(mapper: Mapper[UUID]) -> Callable[[], object]:
        return lambda: mapper.to_domain_event(mapper.to_stored_event(peers))

    def loaded(content: bytes) -> Callable[[], object]:
        return lambda: json.loads(content)

    return [
        _compared("map an event to bytes and back", both_ways(ours), "the library's mapper", both_ways(stock)),
        _compared("parse and validate a webhook", lambda: webhooks.parse(body, at), YARDSTICK, loaded(body)),
        _compared(
            "decide on a new order", lambda: _events_of(decide(None, command, known)), YARDSTICK, loaded(stored.state)
        ),
        _compared(
            "translate a stored event for the topics",
            lambda: outgoing_of(logged, ours.to_domain_event(stored)),
            YARDSTICK,
            loaded(stored.state),
        ),
        _compared(
            "fold an event into the order board",
            lambda: order_board.change(None, published),
            YARDSTICK,
            loaded(published.body),
        ),
    ]


def _webhook() -> tuple[bytes, Known, datetime]:
    purchases = read_purchases(1)
    at = datetime.now(UTC)

    def parts(marketplace: str, shop: str, line: OrderLine) -> tuple[Need, ...]:
        return (Need(stock_item_id=stock_item_id(marketplace, shop, line.sku_id), quantity=line.quantity),)

    return order_body(purchases[0], start_run(purchases, at), "AWAITING_SHIPMENT", at), Known(at, parts, 0), at


def _events_of(order: Order | None) -> Sequence[Any]:
    assert order is not None
    return order.collect_events()


def _stock_mapper() -> Mapper[UUID]:
    transcoder = JSONTranscoder()
    for transcoding in (UUIDAsHex(), DecimalAsStr(), DatetimeAsISO()):
        transcoder.register(transcoding)
    return Mapper(transcoder)


def _compared(step: str, ours: Callable[[], object], baseline: str, theirs: Callable[[], object]) -> Measured:
    rounds = [(_calls_per_second(ours), _calls_per_second(theirs)) for _ in range(ROUNDS)]
    return Measured(step, max(each[0] for each in rounds), baseline, max(each[1] for each in rounds))


def _calls_per_second(call: Callable[[], object]) -> float:
    calls = 0
    started = time.perf_counter()
    while (took := time.perf_counter() - started) < ROUND_SECONDS:
        for _ in range(CALLS_BETWEEN_LOOKS):
            call()
        calls += CALLS_BETWEEN_LOOKS
    return calls / took
