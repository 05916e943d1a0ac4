"""
Decide what is sent, and in which order: every purchase once, with repeats, reorderings and bad ones among them.

Pure but for the clock and the dice that are handed in; the same seed gives the same traffic.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import count
from random import Random
from typing import Literal, NamedTuple

from creatorflow.demo.purchases import Purchase
from creatorflow.demo.webhooks import Run, cancellation_body, nonsense_body, order_body

Kind = Literal["order", "cancellation", "forged", "nonsense"]
Becomes = Literal["shipped", "cancelled", "waiting", "nothing"]
Status = Literal["UNPAID", "AWAITING_SHIPMENT"]

REPEATED_WITHIN = 50
REORDERED_WITHIN = 20
FORGED_ROWS = 8_000_000
"""A forged order has a number that no real one has, so that one look at the log tells whether it got in."""


_BOTH: tuple[Status, Status] = ("UNPAID", "AWAITING_SHIPMENT")


class Mix(NamedTuple):
    """
    What shares of the orders get special treatment, 0 to 1.

    duplicates: sent again, the same bytes under the same id. reordered: an UNPAID of the same order comes shortly
    before or after. unpaid: never paid. cancelled: half of them unpaid, half in a race with the label.
    forged: signed with another secret. nonsense: signed well, but no order.
    """

    duplicates: float = 0.02
    reordered: float = 0.01
    unpaid: float = 0.005
    cancelled: float = 0.0
    forged: float = 0.002
    nonsense: float = 0.002
    seed: int = 1


class Send(NamedTuple):
    """
    One request. `number` is the order's, empty for what is none. `becomes` is what it makes of the order if nothing
    else is said of it. `after` names the event that must be acknowledged before this one is sent.
    """

    event_id: str
    kind: Kind
    body: bytes
    number: str = ""
    becomes: Becomes = "nothing"
    after: str = ""
    repeat: bool = False


def plan(purchases: Iterable[Purchase], run: Run, mix: Mix, now: Callable[[], datetime]) -> Iterator[Send]:
    """All requests of a run, made one by one as they are taken, so that each carries the time of its sending."""
    dice = Random(mix.seed)
    later: list[tuple[int, int, Send]] = []
    tie = count()
    for place, purchase in enumerate(purchases):
        while later and later[0][0] <= place:
            yield heapq.heappop(later)[2]
        for delay, send in _sends_of(purchase, run, mix, dice, now()):
            if delay:
                heapq.heappush(later, (place + delay, next(tie), send))
            else:
                yield send
    while later:
        yield heapq.heappop(later)[2]


def _sends_of(purchase: Purchase, run: Run, mix: Mix, dice: Random, at: datetime) -> Iterator[tuple[int, Send]]:
    """The requests of one purchase, each with the number of purchases to let pass before it is sent."""
    for delay, send in _order_sends(purchase, run, mix, dice, at):
        yield delay, send
        if dice.random() < mix.duplicates:
            yield delay + dice.randint(1, REPEATED_WITHIN), send._replace(repeat=True)
    number = run.order_number(purchase.row)
    if dice.random() < mix.forged:
        forged = order_body(purchase._replace(row=FORGED_ROWS + purchase.row), run, "AWAITING_SHIPMENT", at)
        yield 0, Send(f"{number}-forged", "forged", forged, run.order_number(FORGED_ROWS + purchase.row))
    if dice.random() < mix.nonsense:
        yield 0, Send(f"{number}-nonsense", "nonsense", nonsense_body(run, purchase.row))


def _order_sends(purchase: Purchase, run: Run, mix: Mix, dice: Random, at: datetime) -> list[tuple[int, Send]]:
    chance = dice.random()
    soon = dice.randint(1, REORDERED_WITHIN)
    if chance < mix.cancelled:
        first = _order(purchase, run, dice.choice(_BOTH), at)
        return [(0, first), (dice.randint(0, 3), _cancellation(purchase, run, first))]
    if chance < mix.cancelled + mix.unpaid:
        return [(0, _order(purchase, run, "UNPAID", at))]
    if chance < mix.cancelled + mix.unpaid + mix.reordered:
        unpaid, paid = (_order(purchase, run, status, at) for status in _BOTH)
        return [(0, unpaid), (soon, paid)] if dice.random() < 0.5 else [(0, paid), (soon, unpaid)]
    return [(0, _order(purchase, run, "AWAITING_SHIPMENT", at))]


def _order(purchase: Purchase, run: Run, status: Status, at: datetime) -> Send:
    number = run.order_number(purchase.row)
    becomes: Becomes = "waiting" if status == "UNPAID" else "shipped"
    return Send(f"{number}-{becomes}", "order", order_body(purchase, run, status, at), number, becomes)


def _cancellation(purchase: Purchase, run: Run, first: Send) -> Send:
    body = cancellation_body(purchase, run)
    return Send(f"{first.number}-cancelled", "cancellation", body, first.number, "cancelled", after=first.event_id)
