"""Whatever happens to a stock item, in whatever order and however often: its sums add up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from aggregates import stock_item
from aggregates.policies.fulfilment import commands_after
from aggregates.stock_item import StockItem
from schemas.commands import Command, FillBackorders, RecordReservation
from schemas.values import Deadlines
from tests.builders import NOON
from tests.unit.aggregates.test_stock_item import buyer, count, move, release, reserve, supply

BUYERS = st.integers(0, 12)
UNITS = st.integers(1, 6)
HOURS = st.integers(-30, 60)


class StockItemMachine(RuleBasedStateMachine):
    """A stock item, and a model of who holds what."""

    def __init__(self) -> None:
        super().__init__()
        self.item: StockItem | None = None
        self.log: list[Any] = []
        self.hours = 0
        self.movements = 0
        self.told: dict[Any, int] = {}

    def _do(self, command: Command) -> None:
        at = NOON + timedelta(hours=self.hours)
        self.item = stock_item.decide(self.item, command, stock_item.Known(at))
        if self.item is None:
            return
        events = list(self.item.collect_events())
        self.log += events
        for event in events:
            for follow in commands_after(event):
                if isinstance(follow, RecordReservation):
                    self.told[follow.order_id] = follow.quantity
                elif isinstance(follow, FillBackorders):
                    self._do(follow)

    @rule(number=BUYERS, quantity=UNITS, may_ship=st.booleans(), dispatch=HOURS, cancel=st.none() | HOURS)
    def reserve(self, number: int, quantity: int, may_ship: bool, dispatch: int, cancel: int | None) -> None:
        deadlines = Deadlines(
            dispatch_by=NOON + timedelta(hours=dispatch),
            cancel_by=None if cancel is None else NOON + timedelta(hours=cancel),
        )
        command = reserve(number, quantity, may_ship=may_ship, deadlines=deadlines)
        self._do(command)
        before = len(self.log)
        self._do(command)
        assert len(self.log) == before

    @rule(number=BUYERS)
    def release(self, number: int) -> None:
        self._do(release(number))
        before = len(self.log)
        self._do(release(number))
        assert len(self.log) == before

    @rule(quantity=st.integers(1, 15))
    def receive(self, quantity: int) -> None:
        self.movements += 1
        at = NOON + timedelta(hours=self.hours)
        self._do(move("receipt", quantity, f"m{self.movements}", at=at))
        assert self.item is not None
        first = next(iter(self.item.queue.in_order(at)), None)
        assert first is None or first[1].ask.quantity > self.item.available

    @rule(quantity=st.integers(-5, 5))
    def correct(self, quantity: int) -> None:
        self.movements += 1
        self._do(move("correction", quantity, f"m{self.movements}", at=NOON + timedelta(hours=self.hours)))

    @rule(number=BUYERS, quantity=UNITS)
    def hand_over(self, number: int, quantity: int) -> None:
        self.movements += 1
        self._do(move("dispatch", quantity, f"m{self.movements}", at=NOON + timedelta(hours=self.hours), order=number))

    @rule(quantity=st.integers(0, 20), ago=st.integers(0, 5))
    def count(self, quantity: int, ago: int) -> None:
        self._do(count(quantity, NOON + timedelta(hours=self.hours - ago)))

    @rule(quantity=st.integers(0, 20), due=st.none() | HOURS, number=st.integers(0, 3))
    def expect(self, quantity: int, due: int | None, number: int) -> None:
        self._do(supply(quantity, None if due is None else NOON + timedelta(hours=due), f"ro-{number}"))

    @rule(hours=st.integers(1, 10))
    def wait(self, hours: int) -> None:
        self.hours += hours

    @invariant()
    def sums_add_up(self) -> None:
        item = self.item
        if item is None:
            return
        waiting = {buyer(number): entry for number in range(13) if (entry := item.queue.get(buyer(number)))}
        assert item.reserved == sum(ask.quantity for ask in item.reservations.values())
        assert item.queue.units == sum(entry.ask.quantity for entry in waiting.values())
        assert item.queue.may_ship_orders == sum(entry.ask.may_ship for entry in waiting.values())
        assert len(item.queue) == len(waiting)
        assert not waiting.keys() & item.reservations.keys()
        assert item.available >= 0

    @invariant()
    def the_last_event_shows_the_figures(self) -> None:
        item = self.item
        shown = [event for event in self.log if hasattr(event, "on_hand")]
        if item is not None and shown:
            last = shown[-1]
            assert (last.on_hand, last.reserved, last.backordered) == (item.on_hand, item.reserved, item.queue.units)

    @invariant()
    def nothing_is_promised_that_is_not_there(self) -> None:
        before = 0
        for event in self.log:
            if isinstance(event, StockItem.Reserved | StockItem.BackorderFilled) and event.reserved > before:
                assert event.on_hand >= event.reserved
            before = getattr(event, "reserved", before)

    @invariant()
    def replayed_it_is_the_same(self) -> None:
        if self.item is None:
            return
        again: StockItem | None = None
        for event in self.log:
            again = event.mutate(again)
        assert again is not None
        at = NOON + timedelta(hours=self.hours)
        assert (again.on_hand, again.reserved, again.reservations) == (
            self.item.on_hand,
            self.item.reserved,
            self.item.reservations,
        )
        assert list(again.queue.in_order(at)) == list(self.item.queue.in_order(at))
        assert (again.supplies, again.filling, again.promising, again.known) == (
            self.item.supplies,
            self.item.filling,
            self.item.promising,
            self.item.known,
        )


TestStockItemMachine = StockItemMachine.TestCase
TestStockItemMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
