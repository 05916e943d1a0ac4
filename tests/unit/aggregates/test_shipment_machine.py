"""Whatever happens to a package, in whatever order and however often: one live label at most, gone once at most."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace as with_fields

from aggregates import shipment
from aggregates.policies.outside_calls import calls_of
from aggregates.shipment import Shipment
from schemas.calls import BuyLabelCall, VoidLabelCall
from schemas.commands import (
    Command,
    HandOver,
    MarkPacked,
    MarkPrinted,
    PutBack,
    ReaddressShipment,
    RecordLabelOutcome,
    RecordScan,
    RecordVoidOutcome,
    ResumeShipment,
    StopShipment,
)
from tests.builders import NOON, STREET, TARIFFS, an_order, usd
from tests.unit.aggregates.scenario import PACKAGE, add
from tests.unit.aggregates.test_shipment import BUY, REPLACE, VOID, open_package, outcome

MOMENTS = st.integers(0, 40)
BEGUN = (open_package(), outcome(), MarkPrinted(shipment_id=PACKAGE, occurred_at=NOON))
OTHERS = [an_order().numbered(number) for number in (7, 8)]
ORDERS = [an_order(), *OTHERS]
RESUMES = [ResumeShipment(shipment_id=PACKAGE, order_id=order) for order in (None, *(order.id for order in ORDERS))]
BACK = st.sampled_from([0, 0, 0, 1])
"""Mostly about the latest label, now and then about the one before it."""

STREETS = [STREET, *(with_fields(STREET, city=city) for city in ("Salinas", "Merced"))]
OUTCOMES = st.sampled_from(["bought", "bought", "bought", "bought", "refused", "parked"])
SCANS = st.sampled_from(["ACCEPTED", "IN_TRANSIT", "DELIVERED", "RETURNED", "EXCEPTION"])


class ShipmentMachine(RuleBasedStateMachine):
    """A package, a carrier that answers when and as it likes, and a model of which labels are live."""

    def __init__(self) -> None:
        super().__init__()
        self.package: Shipment | None = None
        self.log: list[Any] = []
        self.commands: list[Command] = []
        self.purchases: dict[int, BuyLabelCall] = {}
        self.voids: dict[int, VoidLabelCall] = {}
        self.live: set[int] = set()

    def _do(self, command: Command) -> None:
        self.commands.append(command)
        self._decide(command)

    def _decide(self, command: Command) -> None:
        self.package = shipment.decide(self.package, command, shipment.Known(NOON, TARIFFS))
        for event in [] if self.package is None else list(self.package.collect_events()):
            self.log.append(event)
            self._follow(event)

    def _follow(self, event: Any) -> None:
        for request in calls_of(event):
            match request.call:
                case BuyLabelCall() as purchase:
                    self.purchases[purchase.request.attempt] = purchase
                case VoidLabelCall() as void:
                    self.voids[void.attempt] = void
        if isinstance(event, Shipment.LabelBought):
            self.live.add(max(self.purchases))
        elif isinstance(event, Shipment.VoidRequested):
            self.live.discard(event.attempt)

    @initialize(commands=st.sampled_from([BEGUN[:1], *(4 * [BEGUN[:2]]), *(3 * [BEGUN]), (VOID,)]))
    def begin(self, commands: tuple[Command, ...]) -> None:
        """Opened, mostly labelled, perhaps printed; now and then nobody saw it when it is cancelled."""
        for command in commands:
            self._do(command)

    @rule()
    def open(self) -> None:
        self._do(open_package())

    @rule(back=BACK, came=OUTCOMES)
    def answer_purchase(self, back: int, came: Literal["bought", "refused", "parked"]) -> None:
        attempt = len(self.purchases) - back
        if attempt in self.purchases:
            self._do(
                RecordLabelOutcome(
                    shipment_id=PACKAGE,
                    attempt=attempt,
                    outcome=came,
                    carrier="local",
                    service="ground",
                    tracking_number=f"T{attempt}",
                    cost=usd("4.10"),
                )
            )

    @precondition(lambda self: self.voids)
    @rule(back=BACK, came=st.sampled_from(["voided", "refused", "parked"]))
    def answer_void(self, back: int, came: Literal["voided", "refused", "parked"]) -> None:
        attempt = max(self.voids) - back
        if attempt in self.voids:
            self._do(RecordVoidOutcome(shipment_id=PACKAGE, attempt=attempt, outcome=came))

    @precondition(lambda self: self.purchases)
    @rule()
    def recall_purchase(self) -> None:
        """The latest call is not made, if the carrier was not asked: then it sells nothing."""
        attempt = max(self.purchases)
        self._do(RecordLabelOutcome(shipment_id=PACKAGE, attempt=attempt, outcome="recalled"))

    @rule(command=st.sampled_from([BUY, REPLACE, *RESUMES]))
    def ask(self, command: Command) -> None:
        self._do(command)

    @rule(order=st.sampled_from(OTHERS), joined=st.integers(1, 3))
    def add(self, order: Any, joined: int) -> None:
        self._do(add(order, joined=joined))

    @precondition(lambda self: len(self.commands) > 5)
    @rule(order=st.sampled_from(ORDERS))
    def cancel(self, order: Any) -> None:
        self._do(with_fields(VOID, order_id=order.id))

    @rule(order=st.sampled_from([None, *ORDERS]))
    def stop(self, order: Any) -> None:
        self._do(StopShipment(shipment_id=PACKAGE, reason="asked", order_id=None if order is None else order.id))

    @rule(address=st.sampled_from(STREETS), hours=MOMENTS)
    def readdress(self, address: Any, hours: int) -> None:
        at = NOON + timedelta(hours=hours)
        self._do(ReaddressShipment(shipment_id=PACKAGE, address=address, updated_at=at))

    @rule(step=st.sampled_from([MarkPrinted, MarkPacked, HandOver, PutBack]), hours=MOMENTS)
    def handle(self, step: Any, hours: int) -> None:
        self._do(step(shipment_id=PACKAGE, occurred_at=NOON + timedelta(hours=hours)))

    @precondition(lambda self: len(self.commands) > 8)
    @rule(scan=st.integers(1, 5), status=SCANS, back=BACK, hours=MOMENTS)
    def scan(self, scan: int, status: Any, back: int, hours: int) -> None:
        self._do(
            RecordScan(
                shipment_id=PACKAGE,
                scan_id=str(scan),
                status=status,
                occurred_at=NOON + timedelta(hours=hours),
                carrier="local",
                tracking_number=f"T{len(self.purchases) - back}",
            )
        )

    @rule()
    def repeat_the_last_command(self) -> None:
        """What the same command decides twice in a row happens once."""
        if self.commands:
            self._decide(self.commands[-1])
            before = len(self.log)
            self._decide(self.commands[-1])
            assert len(self.log) == before

    @rule(place=st.integers(0, 30))
    def repeat_an_old_command(self, place: int) -> None:
        """A command that comes again late may be decided anew, and breaks nothing."""
        if place < len(self.commands):
            self._decide(self.commands[place])

    @invariant()
    def at_most_one_label_is_live(self) -> None:
        assert len(self.live) <= 1
        if self.package is not None:
            assert bool(self.live) == (self.package.label == "bought")

    @invariant()
    def a_cancelled_label_lives_on_paper_alone(self) -> None:
        package = self.package
        if package is not None and package.cancelled and package.label == "bought":
            assert package.printed or package.handed_over

    @invariant()
    def a_live_label_is_for_what_is_in_the_package(self) -> None:
        package = self.package
        if package is not None and package.label == "bought" and not (package.printed or package.handed_over):
            assert package.cancelled or not package.outdated

    @invariant()
    def each_order_is_told_of_what_left_with_its_own_units(self) -> None:
        for event in self.log:
            if isinstance(event, Shipment.HandedOver):
                told = [event.order_id, *(part.order_id for part in event.others)]
                assert len(told) == len(set(told))

    @invariant()
    def units_leave_once_net_of_put_backs(self) -> None:
        gone = 0
        for event in self.log:
            if isinstance(event, Shipment.HandedOver):
                gone += 1
            elif isinstance(event, Shipment.PutBack) and event.was_handed_over:
                gone -= 1
            assert gone in {0, 1}
        if self.package is not None:
            assert gone == self.package.handed_over

    @invariant()
    def nothing_is_bought_for_a_cancelled_package(self) -> None:
        cancelled = False
        for event in self.log:
            cancelled = cancelled or isinstance(event, (Shipment.Cancelled, Shipment.Refused))
            assert not (cancelled and isinstance(event, Shipment.LabelRequested))

    @invariant()
    def replayed_it_is_the_same(self) -> None:
        again: Shipment | None = None
        for event in self.log:
            again = event.mutate(again)
        if self.package is not None:
            assert vars(again) == vars(self.package)


TestShipmentMachine = ShipmentMachine.TestCase
TestShipmentMachine.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
