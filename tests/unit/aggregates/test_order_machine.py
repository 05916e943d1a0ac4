"""Whatever happens to an order, in whatever order and however often: it ends once, and counts every unit once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from aggregates import order
from aggregates.order import Order
from aggregates.policies.fulfilment import commands_after
from aggregates.policies.order_lines import units_of
from aggregates.publication import public
from projections import order_board
from projections.order_board import OrderRow
from projections.published import Published
from schemas.commands import (
    AddToPackage,
    AnswerCancellation,
    CancelOrder,
    CombineOrders,
    Command,
    HoldOrder,
    JoinPackage,
    OpenShipment,
    OverridePriority,
    RecordAddress,
    RecordCancellation,
    RecordFulfilmentPushed,
    RecordInspection,
    RecordLabel,
    RecordLeftOut,
    RecordReservation,
    RecordReturn,
    RecordShortage,
    RecordTracking,
    ReleaseOrder,
    ReleaseStock,
    SplitOrder,
)
from schemas.timers import CheckAddress, ExpireHold, ReclassifyOrder, RemindOfCancellation
from schemas.values import Address, LineQuantity, Need
from tests.builders import DOOR, MARKETPLACE, NOON, SHOP, AnOrder, a_line, an_order, item_of, one_part_per_line
from tests.unit.aggregates.order_days import package

SKUS = ("sku-1", "sku-2")
LINES = (a_line("sku-1", 3), a_line("sku-2", 2), a_line("sku-3", 0))
ORDER = an_order().of(*LINES).to(DOOR)
OTHER = an_order().numbered(7)
CANCEL_BY = NOON + timedelta(hours=40)
STATUSES = (
    "UNPAID",
    "ON_HOLD",
    "AWAITING_SHIPMENT",
    "PARTIALLY_SHIPPING",
    "AWAITING_COLLECTION",
    "IN_TRANSIT",
    "DELIVERED",
    "COMPLETED",
    "CANCELLED",
    "REFUNDED",
    "TELEPORTED",
)
STREETS = (DOOR, replace(DOOR, city="Oakland"), replace(DOOR, complete=False))
SECONDS = st.integers(0, 900)
SHARED = [package(OTHER, number) for number in (1, 2)]
PACKAGES = st.sampled_from([*(package(ORDER, number) for number in range(1, 6)), *SHARED])
SKU = st.sampled_from(SKUS)
UNITS = st.lists(st.tuples(SKU, st.integers(1, 3)), min_size=1, max_size=2)

SAID_EACH_TIME = (
    Order.ReservationDeclined,
    Order.LabelDeclined,
    Order.RequestRefused,
    Order.CancellationDue,
    Order.PackageOffered,
)
"""What is recorded again when the same command is decided again: refusals, a reminder and an offer."""


def line_units(units: list[tuple[str, int]]) -> tuple[LineQuantity, ...]:
    """Units of lines, named as the marketplace names them."""
    return tuple(LineQuantity(line_id=f"line-{sku}", quantity=quantity) for sku, quantity in units)


class OrderMachine(RuleBasedStateMachine):
    """An order, its log, its row on the board, and what stock was asked to give back."""

    def __init__(self) -> None:
        super().__init__()
        self.order: Order | None = None
        self.log: list[Any] = []
        self.row: OrderRow | None = None
        self.asked_back: Counter[UUID] = Counter()
        self.seconds = 0

    def _do(self, command: Command, *, repeat: bool = True) -> None:
        before = self._decide(command)
        if before is not None and repeat:
            again = self._decide(command)
            assert all(isinstance(event, SAID_EACH_TIME) for event in again or ()), (command, again)

    def _decide(self, command: Command) -> list[Any] | None:
        at = NOON + timedelta(seconds=self.seconds)
        self.order = order.decide(self.order, command, order.Known(at, one_part_per_line, 0))
        if self.order is None:
            return None
        events = list(self.order.collect_events())
        for event in events:
            self._take_in(event)
        return events

    def _take_in(self, event: Any) -> None:
        self.log.append(event)
        for follow in commands_after(event):
            if isinstance(follow, ReleaseStock) and follow.quantity is not None:
                self.asked_back[follow.stock_item_id] += follow.quantity
            if isinstance(follow, OpenShipment):
                assert self.order is not None
                assert follow.contents
            if isinstance(follow, AddToPackage):
                assert self.order is not None
                assert follow.contents == self.order.packages[follow.shipment_id].contents
        told = public(event)
        if told is not None:
            position = len(self.log)
            self.row = order_board.change(
                self.row, Published(position, told, event.timestamp, f"e:{position}", "c", "c", b"")
            )

    @initialize(status=st.sampled_from(STATUSES), seconds=SECONDS, due=st.booleans())
    def place(self, status: str, seconds: int, due: bool) -> None:
        shown = ORDER.shown_as(status, seconds)
        self._do((shown.due(cancel_by=CANCEL_BY) if due else shown).record())

    @rule(seconds=st.integers(1, 90_000))
    def wait(self, seconds: int) -> None:
        self.seconds += seconds

    @rule(
        status=st.sampled_from(STATUSES),
        seconds=SECONDS,
        street=st.sampled_from(STREETS) | st.none(),
        left=st.none() | st.integers(0, 1),
    )
    def show(self, status: str, seconds: int, street: Address | None, left: int | None) -> None:
        shown: AnOrder = ORDER.shown_as(status, seconds).to(street)
        self._do((shown if left is None else shown.of(LINES[0], replace(LINES[1], quantity=left))).record())

    @rule(sku=SKU, quantity=st.integers(1, 3))
    def reserve(self, sku: str, quantity: int) -> None:
        assert self.order is not None
        wanted = self.order.needs.get(item_of(sku), quantity)
        self._do(RecordReservation(order_id=ORDER.id, stock_item_id=item_of(sku), quantity=wanted))

    @rule(sku=SKU, hours=st.none() | st.integers(1, 80), unknown=st.booleans())
    def be_short(self, sku: str, hours: int | None, unknown: bool) -> None:
        self._do(
            RecordShortage(
                order_id=ORDER.id,
                stock_item_id=item_of(sku),
                quantity=3,
                short_by=1,
                promised_at=None if hours is None else NOON + timedelta(hours=hours),
                stock_unknown=unknown,
            )
        )

    @rule(shipment=PACKAGES, label=st.integers(1, 2), refused=st.booleans())
    def label(self, shipment: UUID, label: int, refused: bool) -> None:
        self._do(
            RecordLabel(
                order_id=ORDER.id,
                shipment_id=shipment,
                carrier="" if refused else "local",
                tracking_number="" if refused else f"T{shipment}-{label}",
                refused="no carrier" if refused else "",
            )
        )

    @rule(shipment=PACKAGES, label=st.integers(1, 2))
    def push(self, shipment: UUID, label: int) -> None:
        told = RecordFulfilmentPushed(
            order_id=ORDER.id,
            shipment_id=shipment,
            pushed_at=NOON,
            tracking_number=f"T{shipment}-{label}",
        )
        known = set() if self.order is None else set(self.order.pushed)
        self._do(told)
        if self.order is not None and self.order.pushed - known:
            assert self.order.labels[told.shipment_id].tracking_number == told.tracking_number

    @rule(
        shipment=PACKAGES,
        status=st.sampled_from(("PRINTED", "HANDED_OVER", "IN_TRANSIT", "DELIVERED", "RETURNED", "PUT_BACK")),
    )
    def track(self, shipment: UUID, status: Any) -> None:
        self._do(RecordTracking(order_id=ORDER.id, shipment_id=shipment, status=status, occurred_at=NOON))

    @rule()
    def combine(self) -> None:
        self._do(CombineOrders(order_id=ORDER.id, others=(OTHER.id,)))

    @rule(number=st.integers(0, 1), street=st.sampled_from((DOOR, *STREETS)))
    def join(self, number: int, street: Address) -> None:
        self._do(
            JoinPackage(
                order_id=ORDER.id,
                shipment_id=SHARED[number],
                package=f"{OTHER.number}-{number + 1}",
                marketplace=MARKETPLACE,
                shop=SHOP,
                address=street,
            )
        )

    @rule(number=st.integers(0, 1), late=st.booleans())
    def leave_out(self, number: int, late: bool) -> None:
        """The other package says no: to what was asked last, or to something before it."""
        assert self.order is not None
        parcel = self.order.packages.get(SHARED[number])
        joined = 1 if parcel is None else parcel.joined - late
        self._do(RecordLeftOut(order_id=ORDER.id, shipment_id=SHARED[number], joined=joined, reason="it is on paper"))

    @rule(wishes=st.lists(UNITS, min_size=1, max_size=3))
    def split(self, wishes: list[list[tuple[str, int]]]) -> None:
        self._do(SplitOrder(order_id=ORDER.id, packages=tuple(line_units(wish) for wish in wishes)))

    @rule(units=st.just([]) | UNITS, reference=st.integers(1, 3))
    def cancel(self, units: list[tuple[str, int]], reference: int) -> None:
        self._do(
            CancelOrder(order_id=ORDER.id, reason="no", lines=line_units(units), reference=str(reference)),
        )

    @rule(
        number=st.integers(1, 3),
        status=st.sampled_from(("PENDING", "WITHDRAWN", "COMPLETE")),
        units=st.just([]) | UNITS,
        seconds=SECONDS,
    )
    def cancellation(self, number: int, status: Any, units: list[tuple[str, int]], seconds: int) -> None:
        self._do(
            RecordCancellation(
                order_id=ORDER.id,
                cancel_id=f"C{number}",
                status=status,
                cancelled_at=NOON + timedelta(seconds=seconds),
                lines=line_units(units),
                deadline_at=NOON + timedelta(days=1),
            )
        )

    @rule(number=st.integers(1, 3), approve=st.booleans())
    def answer(self, number: int, approve: bool) -> None:
        self._do(AnswerCancellation(order_id=ORDER.id, cancel_id=f"C{number}", approve=approve))

    @rule(street=st.sampled_from(STREETS), seconds=SECONDS)
    def readdress(self, street: Address, seconds: int) -> None:
        self._do(RecordAddress(order_id=ORDER.id, address=street, updated_at=NOON + timedelta(seconds=seconds)))

    @rule(number=st.integers(1, 2), status=st.sampled_from(("OPEN", "RECEIVED", "CANCELLED")), seconds=SECONDS)
    def send_back(self, number: int, status: str, seconds: int) -> None:
        self._do(
            RecordReturn(
                order_id=ORDER.id,
                return_id=f"R{number}",
                status=status,
                updated_at=NOON + timedelta(seconds=seconds),
            )
        )

    @rule(sku=SKU, quantity=st.integers(1, 4), good=st.booleans(), about=st.sampled_from(("", "return R1")))
    def inspect(self, sku: str, quantity: int, good: bool, about: str) -> None:
        self._do(
            RecordInspection(
                order_id=ORDER.id,
                stock_item_id=item_of(sku),
                quantity=quantity,
                condition="good" if good else "damaged",
                reference=f"B{quantity}",
                occurred_at=NOON,
                about=about,
            )
        )

    @rule(
        command=st.sampled_from(
            (
                HoldOrder(order_id=ORDER.id, reason="odd"),
                ReleaseOrder(order_id=ORDER.id),
                OverridePriority(order_id=ORDER.id, score=70, reason="friend"),
                ReclassifyOrder(order_id=ORDER.id, set_for="24h"),
                ExpireHold(order_id=ORDER.id, set_for=NOON),
                CheckAddress(order_id=ORDER.id),
                RemindOfCancellation(order_id=ORDER.id, cancel_id="C1"),
            )
        )
    )
    def operate(self, command: Command) -> None:
        self._do(command)

    @invariant()
    def cancelled_is_final_and_happens_once(self) -> None:
        names = [type(event).__name__ for event in self.log]
        assert names.count("Cancelled") <= 1
        if "Cancelled" in names and self.order is not None:
            assert (self.order.state, self.order.may_ship() and bool(self.order.reserved)) == ("CANCELLED", False)
            after = set(names[names.index("Cancelled") + 1 :])
            assert not after & {"ReadyToShip", "StockReserved", "LabelBought", "LineCancelled", "Fulfilled", "Held"}

    @invariant()
    def nothing_is_opened_while_somebody_must_act(self) -> None:
        if self.order is None or self.order.cancelled:
            return
        must_act = self.order.hold is not None or bool(self.order.asked)
        assert (self.order.state == "HELD") == must_act

    @invariant()
    def every_unit_is_counted_once(self) -> None:
        known = self.order
        if known is None or not self.log:
            return
        placed: dict[UUID, int] = {need.stock_item_id: need.quantity for need in self.log[0].needs}
        cancelled: Counter[UUID] = Counter()
        for event in self.log:
            if isinstance(event, Order.LineCancelled):
                cancelled.update({need.stock_item_id: need.quantity for need in event.release})
        for item, quantity in placed.items():
            if not any(isinstance(event, Order.HoldExpired) for event in self.log):
                assert known.needs.get(item, 0) + cancelled[item] == quantity
        assert self.asked_back == cancelled
        assert all(known.reserved[item] <= known.needs[item] for item in known.reserved)
        assert not known.reserved.keys() & (known.short.keys() | known.given_back)

    @invariant()
    def no_unit_is_in_two_packages(self) -> None:
        known = self.order
        if known is None:
            return
        packed: Counter[str] = Counter()
        for parcel in known.packages.values():
            if parcel.stage != "handed over" and not parcel.withdrawn:
                packed.update({unit.line_id: unit.quantity for unit in units_of(parcel.lines)})
        asked = {line.line_id: line.quantity for line in known.lines}
        assert all(quantity <= asked.get(line_id, 0) for line_id, quantity in packed.items())
        assert known.labels.keys() <= known.packages.keys()
        if known.fulfilled:
            assert known.packages
            assert not known.unpacked()

    @invariant()
    def every_unit_that_came_back_is_counted_once(self) -> None:
        """What was booked has settled something, or is ahead of what the marketplace tells."""
        if self.order is None:
            return
        booked = sum(event.quantity for event in self.log if isinstance(event, Order.GoodsInspected))
        settled = sum(event.quantity for event in self.log if isinstance(event, Order.GoodsInspected) and event.about)
        opened = (event for event in self.log if isinstance(event, Order.ReturnOpened | Order.PackageMoved))
        taken = sum(need.quantity for event in opened for need in event.ahead)
        ahead = self.order.coming_back.ahead
        assert sum(ahead.values()) == booked - settled - taken
        assert all(units >= 0 for units in ahead.values())

    @invariant()
    def the_board_agrees(self) -> None:
        known, row = self.order, self.row
        if known is None or row is None:
            return
        assert row.fulfilment_state == known.state
        assert {each.shipment_id for each in row.packages} == known.packages.keys()
        assert {each.line_id: each.quantity for each in row.lines if each.quantity} == {
            line.line_id: line.quantity for line in known.lines if line.quantity
        }
        assert {need.stock_item_id: need.quantity for need in row.needs} == known.needs

    @invariant()
    def replayed_it_is_the_same(self) -> None:
        if self.order is None:
            return
        again: Order | None = None
        for event in self.log:
            again = event.mutate(again)
        assert again is not None
        assert vars(again) == vars(self.order)


def test_needs_are_sums() -> None:
    """The order that the machine plays with asks two stock items for three and two units."""
    known = order.decide(None, ORDER.record(), order.Known(NOON, one_part_per_line, 0))
    assert known is not None
    placed: Any = known.collect_events()[0]
    assert placed.needs == (
        Need(stock_item_id=item_of("sku-1"), quantity=3),
        Need(stock_item_id=item_of("sku-2"), quantity=2),
    )


TestOrderMachine = OrderMachine.TestCase
TestOrderMachine.settings = settings(max_examples=250, stateful_step_count=40, deadline=None)
