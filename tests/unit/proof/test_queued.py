"""The filling rule as the proofs write it down agrees with the one that fills, and is told from plain deadlines."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from uuid import UUID

from aggregates.policies.filling import Ask, Queue, Waiting
from proof.queued import by_plain_deadline, by_rule, outcome, wrongly_filled
from schemas.values import Deadlines
from tests.builders import NOON, an_order

HOUR = timedelta(hours=1)


def some_asks(seed: int) -> dict[UUID, Ask]:
    """Orders with deadlines of every kind."""
    dice = Random(seed)
    asks = {}
    for number in range(200):
        deadlines = Deadlines(
            dispatch_by=NOON + dice.randint(-40, 40) * HOUR if dice.random() < 0.9 else None,
            cancel_by=NOON + dice.randint(-5, 90) * HOUR if dice.random() < 0.9 else None,
        )
        asks[an_order().numbered(number).id] = Ask(
            quantity=1,
            priority=dice.randint(1, 100),
            created_at=NOON - dice.randint(0, 50) * HOUR,
            number=str(number),
            deadlines=deadlines,
        )
    return asks


def test_both_ways_to_write_the_rule_agree() -> None:
    """Over many mixes the queue's order is the one that the proof expects."""
    for seed in range(20):
        asks, queue = some_asks(seed), Queue()
        for order_id, ask in asks.items():
            queue.put(order_id, Waiting(ask, 1))
        assert [order_id for order_id, _ in queue.in_order(NOON)] == by_rule(asks, NOON)


def test_a_fill_out_of_order_is_counted() -> None:
    """Two orders that are exchanged are two wrong fills; the plain deadline is found out."""
    asks = some_asks(1)
    rightly = [(NOON, order_id) for order_id in by_rule(asks, NOON)[:30]]
    assert wrongly_filled(asks, rightly) == 0
    assert wrongly_filled(asks, [rightly[1], rightly[0], *rightly[2:]]) == 2
    assert wrongly_filled(asks, [(NOON, order_id) for order_id in by_plain_deadline(asks)[:30]]) > 0


def test_what_becomes_of_orders() -> None:
    """An order that is saved from cancellation ships late; one whose time has lapsed ships never."""
    deadlines = {
        "lapsed": Deadlines(dispatch_by=NOON - 9 * HOUR, cancel_by=NOON - HOUR),
        "soon": Deadlines(dispatch_by=NOON - 8 * HOUR, cancel_by=NOON + 3 * HOUR),
        "in time": Deadlines(dispatch_by=NOON + 3 * HOUR, cancel_by=NOON + 50 * HOUR),
        "later": Deadlines(dispatch_by=NOON + 60 * HOUR, cancel_by=NOON + 90 * HOUR),
    }
    asks = {
        an_order().numbered(number).id: Ask(
            quantity=1, priority=1, created_at=NOON, number=str(number), deadlines=deadline
        )
        for number, deadline in enumerate(deadlines.values())
    }
    assert outcome(asks, by_rule(asks, NOON)[:2], NOON) == (50.0, 25.0, 50.0)
    assert outcome(asks, by_plain_deadline(asks)[:2], NOON) == (75.0, 25.0, 25.0)
