"""Who gets units first."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from aggregates.policies.filling import Ask, Queue, Waiting, fill, rank
from schemas.values import Deadlines
from tests.builders import NOON

HOUR = timedelta(hours=1)


def an_ask(
    number: int = 1,
    quantity: int = 1,
    *,
    dispatch: float | None = None,
    cancel: float | None = None,
    priority: int = 50,
    may_ship: bool = True,
) -> Ask:
    """What an order asks; deadlines in hours from noon."""
    return Ask(
        quantity=quantity,
        priority=priority,
        created_at=NOON + timedelta(seconds=number),
        number=f"{number:04}",
        deadlines=Deadlines(dispatch_by=_moment(dispatch), cancel_by=_moment(cancel)),
        may_ship=may_ship,
    )


def _moment(hours: float | None) -> datetime | None:
    return None if hours is None else NOON + hours * HOUR


def a_queue(*asks: Ask) -> Queue:
    """A queue of orders numbered from 0."""
    queue = Queue()
    for number, ask in enumerate(asks):
        queue.put(UUID(int=number), Waiting(ask, ask.quantity))
    return queue


def order_of(queue: Queue, at: datetime = NOON) -> list[int]:
    """The orders' numbers in filling order."""
    return [order_id.int for order_id, _ in queue.in_order(at)]


def test_the_order_of_filling() -> None:
    """Soon cancelled first, then in time by deadline, then late by their cancellation, then priority, then age."""
    queue = a_queue(
        an_ask(9, dispatch=-5, cancel=200),
        an_ask(8, dispatch=-9, cancel=100),
        an_ask(7, dispatch=30),
        an_ask(6, dispatch=10),
        an_ask(5, dispatch=50, cancel=20),
        an_ask(4),
        an_ask(3, priority=90),
        an_ask(2),
        an_ask(1, dispatch=-1),
    )
    assert order_of(queue) == [4, 3, 2, 6, 7, 5, 1, 0, 8]


def test_who_is_past_cancelling_or_may_not_ship_is_not_filled() -> None:
    """An order past `cancel_by`, or one that may not ship yet, is not in the order at all."""
    assert order_of(a_queue(an_ask(cancel=0), an_ask(may_ship=False), an_ask())) == [2]


def test_who_was_passed_over_is_first() -> None:
    """An order that was passed over is first next time, whatever its deadline."""
    queue = a_queue(an_ask(dispatch=1), an_ask(9, 5, dispatch=90))
    queue.pass_over(UUID(int=1))
    assert order_of(queue) == [1, 0]


def test_a_fill_passes_over_what_is_too_large_and_names_it_once() -> None:
    """What does not fit is named with the first one that overtakes it, and not named again."""
    queue = a_queue(an_ask(1, 5), an_ask(2, 1), an_ask(3, 6), an_ask(4, 1))
    fills, more = fill(queue, 2, NOON, 10)
    assert [(chosen.order_id.int, [passed.int for passed in chosen.passed_over]) for chosen in fills] == [
        (1, [0]),
        (3, [2]),
    ]
    assert not more
    queue.pass_over(UUID(int=0))
    fills, _ = fill(queue, 2, NOON, 10)
    assert fills[0].passed_over == ()


def test_a_fill_stops_at_its_limit() -> None:
    """At the limit the fill says that there is more, and only if there is."""
    queue = a_queue(an_ask(1), an_ask(2), an_ask(3, 9))
    assert fill(queue, 5, NOON, 1)[1]
    assert not fill(queue, 5, NOON, 2)[1]


def test_time_moves_orders_between_groups() -> None:
    """As time passes an order becomes late, or soon to be cancelled, or is filled no more."""
    queue = a_queue(an_ask(1, dispatch=1), an_ask(2, dispatch=5), an_ask(3, dispatch=9, cancel=30))
    assert order_of(queue) == [0, 1, 2]
    assert order_of(queue, NOON + 2 * HOUR) == [1, 2, 0]
    assert order_of(queue, NOON + 7 * HOUR) == [2, 0, 1]
    assert order_of(queue, NOON + 31 * HOUR) == [0, 1]


def test_a_kept_order_is_the_one_that_sorting_gives() -> None:
    """However orders join, leave, change and wait, the kept order is that of sorting all at that moment."""
    random = Random(7)
    queue, at = Queue(), NOON
    asks: dict[UUID, Ask] = {}
    for step in range(3_000):
        order_id = UUID(int=random.randrange(60))
        if random.random() < 0.3:
            queue.drop(order_id)
            asks.pop(order_id, None)
        else:
            ask = an_ask(
                random.randrange(5),
                random.randint(1, 5),
                dispatch=random.choice([None, random.randint(-10, 300)]),
                cancel=random.choice([None, random.randint(-10, 400)]),
                priority=random.choice([20, 50]),
                may_ship=random.random() < 0.8,
            )
            asks[order_id] = ask
            queue.put(order_id, Waiting(ask, 1))
        if step % 10 == 0:
            at += timedelta(minutes=random.randrange(90))
            ranked = sorted(place for key, ask in asks.items() if (place := rank(key, Waiting(ask, 1), at)) is not None)
            assert [order_id for order_id, _ in queue.in_order(at)] == [place[-1] for place in ranked]
            assert queue.units == sum(ask.quantity for ask in asks.values())
