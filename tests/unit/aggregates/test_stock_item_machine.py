"""Whatever happens to a stock item, in whatever order and however often: its sums add up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from aggregates import stock_item, stock_item_snapshot
from aggregates.policies.fulfilment import commands_after
from aggregates.publication import public
from aggregates.stock_item import StockItem
from creatorflow.ledger import Ledger
from creatorflow.ledger_facts import Findings
from creatorflow.log import Logged
from schemas.commands import Command, FillBackorders, RecordReservation
from schemas.values import Deadlines
from tests.builders import NOON
from tests.unit.aggregates.test_stock_item import buyer, move, release, reserve, supply
from tests.unit.aggregates.test_stock_packages import all_of_it, hand_over, package, part, put_back, shelf

BUYERS = st.integers(0, 12)
UNITS = st.integers(1, 6)
HOURS = st.integers(-30, 60)
BOXES = st.integers(1, 2)


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

    @rule(number=BUYERS, quantity=UNITS, stage=st.sampled_from(["printed", "packed"]), box=BOXES, ago=st.integers(0, 5))
    def package(self, number: int, quantity: int, stage: Any, box: int, ago: int) -> None:
        at = NOON + timedelta(hours=self.hours - ago)
        self._twice(package(number, quantity, stage, name=f"{number}-{box}", at=at))

    @rule(number=BUYERS, quantity=UNITS, box=BOXES, ago=st.integers(0, 5))
    def send(self, number: int, quantity: int, box: int, ago: int) -> None:
        key = (str(package(number, 1, name=f"{number}-{box}").shipment_id), buyer(number))
        held = None if self.item is None else self.item.packages.held.get(key)
        units = quantity if held is None else held.quantity
        at = NOON + timedelta(hours=self.hours - ago)
        self._twice(hand_over(number, units, name=f"{number}-{box}", at=at))

    @rule(number=BUYERS, box=BOXES, ago=st.integers(0, 5))
    def put_back(self, number: int, box: int, ago: int) -> None:
        self._twice(put_back(number, 1, name=f"{number}-{box}", at=NOON + timedelta(hours=self.hours - ago)))

    @rule(number=BUYERS, quantity=UNITS, reference=st.integers(0, 3))
    def release_part(self, number: int, quantity: int, reference: int) -> None:
        held = self._held_by(number)
        before = len(self.log)
        self._do(part(number, quantity, f"c{reference}"))
        if len(self.log) > before:
            released = self.log[before]
            assert released.quantity + released.kept <= quantity
            assert self.item is not None
            if held and not released.was_queued:
                assert released.quantity + released.kept + released.left == held
            again = len(self.log)
            self._do(part(number, quantity, f"c{reference}"))
            assert len(self.log) == again

    def _held_by(self, number: int) -> int:
        ask = None if self.item is None else self.item.reservations.get(buyer(number))
        return 0 if ask is None else ask.quantity

    @rule(quantity=st.integers(0, 20), ago=st.integers(0, 5), packed=st.booleans())
    def count(self, quantity: int, ago: int, packed: bool) -> None:
        counted = all_of_it if packed else shelf
        self._twice(counted(quantity, NOON + timedelta(hours=self.hours - ago)))

    def _twice(self, command: Command) -> None:
        self._do(command)
        before = len(self.log)
        self._do(command)
        assert len(self.log) == before

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
        held = sum(ask.quantity for ask in item.reservations.values())
        assert item.reserved == held + sum(item.given_back.values())
        assert item.unpaid_units == sum(ask.quantity for ask in item.reservations.values() if not ask.may_ship)
        assert item.queue.units == sum(entry.ask.quantity for entry in waiting.values())
        assert item.queue.may_ship_orders == sum(entry.ask.may_ship for entry in waiting.values())
        assert len(item.queue) == len(waiting)
        assert not waiting.keys() & item.reservations.keys()
        assert item.available >= 0

    @invariant()
    def packages_keep_their_units(self) -> None:
        item = self.item
        if item is None:
            return
        packages = item.packages.held.values()
        assert item.packages.printed == sum(each.quantity for each in packages if each.packed_at is None)
        assert item.packages.packed == sum(each.quantity for each in packages if each.packed_at is not None)
        for number in range(13):
            order = buyer(number)
            inside = sum(each.holds for key, each in item.packages.held.items() if key[1] == order)
            given_back = item.given_back.get(order, 0)
            assert item.packages.holds(order) == inside
            assert 0 <= given_back <= inside
            assert inside - given_back <= self._held_by(number)

    @invariant()
    def what_is_missing_is_in_printed_packages(self) -> None:
        item = self.item
        if item is not None and item.missing:
            assert all(item.in_packages(order) for order in item.reservations)
            assert item.missing_told == item.missing

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
        self._is_the_same(again)

    @invariant()
    def from_a_snapshot_it_is_the_same(self) -> None:
        if self.item is not None:
            state = stock_item_snapshot.to_bytes(self.item)
            again = stock_item_snapshot.from_bytes(self.item.id, self.item.version, state)
            assert (again.version, again.created_on, again.modified_on, again.listings, again.description) == (
                self.item.version,
                self.item.created_on,
                self.item.modified_on,
                self.item.listings,
                self.item.description,
            )
            self._is_the_same(again)

    def _is_the_same(self, again: StockItem) -> None:
        assert self.item is not None
        at = NOON + timedelta(hours=self.hours)
        assert (again.on_hand, again.reserved, again.reservations) == (
            self.item.on_hand,
            self.item.reserved,
            self.item.reservations,
        )
        assert list(again.queue.in_order(at)) == list(self.item.queue.in_order(at))
        assert (again.packages, again.sent, again.given_back, again.references, again.counted, again.movements) == (
            self.item.packages,
            self.item.sent,
            self.item.given_back,
            self.item.references,
            self.item.counted,
            self.item.movements,
        )
        assert (again.supplies, again.filling, again.promising, again.known) == (
            self.item.supplies,
            self.item.filling,
            self.item.promising,
            self.item.known,
        )

    def teardown(self) -> None:
        findings = Findings()
        ledger = Ledger(findings, lambda event: ())
        for position, event in enumerate(self.log, start=1):
            ledger.add(Logged(position, "operator-1", "operator-1", event, public(event)))
        assert not [fault for fault in findings.kept if fault.invariant in {"stock-adds-up", "stock-never-negative"}]


TestStockItemMachine = StockItemMachine.TestCase
TestStockItemMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
