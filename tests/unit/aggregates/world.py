"""The whole flow in memory: commands are decided, and what follows from each event is routed until all is quiet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import timedelta
from random import Random
from typing import Any, Literal, TypeVar
from uuid import UUID

from eventsourcing.domain import Aggregate
from msgspec import structs

from aggregates import order, replenishment, shipment, stock_item
from aggregates.policies.clocks import Scheduled, scheduled_after
from aggregates.policies.fulfilment import commands_after
from aggregates.policies.outside_calls import calls_of
from aggregates.publication import public
from schemas import events
from schemas.calls import BuyLabelCall, PlaceReorderCall, PushFulfilmentCall, VoidLabelCall
from schemas.commands import (
    Command,
    DescribeStockItem,
    HandOver,
    HoldOrder,
    MapListing,
    MarkPacked,
    OpenShipment,
    OverridePriority,
    PutBack,
    ReaddressShipment,
    RecordCancellation,
    RecordCount,
    RecordFulfilmentPushed,
    RecordLabelOutcome,
    RecordMovement,
    RecordPackage,
    RecordScan,
    RecordSupplierAnswer,
    RecordVoidOutcome,
    ReleaseOrder,
    ResumeShipment,
    StopShipment,
    VoidLabel,
)
from schemas.shipping import LabelTiming
from schemas.topics import (
    INVENTORY_COMMANDS,
    ORDERS_COMMANDS,
    REPLENISHMENT_COMMANDS,
    SHIPPING_COMMANDS,
    topic_of,
)
from schemas.values import Need, replenishment_id, shipment_id
from tests.builders import MARKETPLACE, NOON, SHOP, STREET, TARIFFS, a_line, an_order, item_of, one_part_per_line, usd
from tests.unit.aggregates.order_days import live_in_one_package, live_through_bad_days
from tests.unit.aggregates.scenario import may_buy

STEPS_MAX = 1_000_000
EVENTS_MAX = 500

A = TypeVar("A", bound=Aggregate)


class World:
    """
    One log, four kinds of aggregate, a carrier that sells, a marketplace that listens, a supplier that confirms.

    With a seed, commands of different aggregates overtake each other and are sent twice; those of one aggregate
    keep their order, as a partition does.
    """

    def __init__(self, *, seed: int | None = None, carrier_sells: bool = True, supplier_confirms: bool = True) -> None:
        self.at = NOON
        self.log: list[Any] = []
        self.public: list[events.Event] = []
        self.timers: dict[str, Scheduled] = {}
        self.labels: dict[str, str] = {}
        self.pushed: list[PushFulfilmentCall] = []
        self.calls: dict[str, Any] = {}
        self.largest_decision = 0
        self._random = None if seed is None else Random(seed)
        self.carrier_sells = carrier_sells
        self.supplier_confirms = supplier_confirms
        self.voids: Literal["voided", "parked"] = "voided"
        self.timing = LabelTiming()
        self._aggregates: dict[UUID, Aggregate] = {}
        self._waiting: dict[UUID, deque[Command]] = {}

    def aggregate(self, kind: type[A], aggregate_id: UUID) -> A:
        """The live aggregate."""
        found = self._aggregates[aggregate_id]
        assert isinstance(found, kind)
        return found

    def of_kind(self, kind: type[A]) -> list[A]:
        """All live aggregates of a kind."""
        return [found for found in self._aggregates.values() if isinstance(found, kind)]

    def send(self, *commands: Command) -> None:
        """Put commands behind those that wait for the same aggregate."""
        for command in commands:
            self._waiting.setdefault(getattr(command, command.__struct_fields__[0]), deque()).append(command)

    def run(self, *commands: Command) -> None:
        """Send commands and decide all that follows."""
        self.send(*commands)
        for _ in range(STEPS_MAX):
            if not self._waiting:
                return
            self._step()
        raise AssertionError("the flow never comes to rest")

    def pass_time(self, span: timedelta) -> None:
        """Let time pass and the timers in it go off."""
        self.at += span
        due = [timer for timer in self.timers.values() if timer.due_at <= self.at]
        for timer in due:
            del self.timers[timer.key]
        self.run(*(timer.command for timer in due))

    def names(self, aggregate_id: UUID) -> list[str]:
        """The names of an aggregate's events, in order."""
        return [type(event).__name__ for event in self.log if event.originator_id == aggregate_id]

    def _step(self) -> None:
        keys = list(self._waiting) if self._random is not None else [next(iter(self._waiting))]
        key = keys[0] if self._random is None else self._random.choice(keys)
        waiting = self._waiting[key]
        command = waiting.popleft()
        if not waiting:
            del self._waiting[key]
        decided = self._decide(key, command)
        if self._random is not None and self._random.random() < 0.2:
            again = self._decide(key, command)
            assert not any(isinstance(event, REPEAT_PROOF) for event in again), (command, again)
            decided += again
        self._follow(decided)

    def _decide(self, key: UUID, command: Command) -> list[Any]:
        present = self._aggregates.get(key)
        after = DECIDES[topic_of(command)](self, present, command)
        if after is None:
            return []
        self._aggregates[key] = after
        decided = list(after.collect_events())
        self.largest_decision = max(self.largest_decision, len(decided))
        return decided

    def _follow(self, decided: Iterable[Any]) -> None:
        for event in decided:
            self.log.append(event)
            told = public(event)
            if told is not None:
                self.public.append(told)
            self.send(*commands_after(event))
            for timer in scheduled_after(event):
                self.timers.setdefault(timer.key, timer)
            for request in calls_of(event):
                if request.key not in self.calls:
                    self.calls[request.key] = request
                    self._call(request.call)

    def _call(self, call: Any) -> None:
        if isinstance(call, BuyLabelCall) and self.carrier_sells:
            self.sell(call)
        elif isinstance(call, VoidLabelCall):
            self.send(RecordVoidOutcome(shipment_id=call.shipment_id, attempt=call.attempt, outcome=self.voids))
        elif isinstance(call, PushFulfilmentCall):
            self.pushed.append(call)
            self.send(
                RecordFulfilmentPushed(
                    order_id=call.order_id,
                    shipment_id=call.shipment_id,
                    pushed_at=self.at,
                    tracking_number=call.tracking_number,
                )
            )
        elif isinstance(call, PlaceReorderCall) and self.supplier_confirms:
            self.send(
                RecordSupplierAnswer(
                    replenishment_id=call.replenishment_id,
                    reorder_id=call.reorder_id,
                    outcome="confirmed",
                    due_at=self.at + timedelta(days=2),
                )
            )

    def sell(self, call: BuyLabelCall) -> None:
        """Let the carrier sell a label; the same reference gets the same one."""
        request = call.request
        number = self.labels.setdefault(request.reference, f"T{len(self.labels):08}")
        self.send(
            RecordLabelOutcome(
                shipment_id=request.shipment_id,
                attempt=request.attempt,
                outcome="bought",
                carrier=request.carrier,
                service=request.service,
                tracking_number=number,
                cost=usd("4.10"),
            )
        )


def _order(world: World, present: Any, command: Command) -> Aggregate | None:
    return order.decide(present, command, order.Known(world.at, one_part_per_line, 0))


def _stock_item(world: World, present: Any, command: Command) -> Aggregate | None:
    return stock_item.decide(present, command, stock_item.Known(world.at))


def _shipment(world: World, present: Any, command: Command) -> Aggregate | None:
    return shipment.decide(present, command, shipment.Known(world.at, TARIFFS, timing=world.timing))


def _replenishment(world: World, present: Any, command: Command) -> Aggregate | None:
    return replenishment.decide(present, command, may_buy(world.at))


DECIDES: dict[str, Callable[[World, Any, Command], Aggregate | None]] = {
    ORDERS_COMMANDS: _order,
    INVENTORY_COMMANDS: _stock_item,
    SHIPPING_COMMANDS: _shipment,
    REPLENISHMENT_COMMANDS: _replenishment,
}

REPEAT_PROOF = (
    order.Order.Placed,
    order.Order.StockReserved,
    order.Order.ReadyToShip,
    order.Order.LabelBought,
    order.Order.Cancelled,
    stock_item.StockItem.Reserved,
    stock_item.StockItem.Received,
    stock_item.StockItem.ReservationReleased,
    stock_item.StockItem.BackorderFilled,
    stock_item.StockItem.HandedOver,
    shipment.Shipment.LabelRequested,
    shipment.Shipment.LabelBought,
    shipment.Shipment.VoidRequested,
    shipment.Shipment.HandedOver,
    shipment.Shipment.PutBack,
    replenishment.Replenishment.ReorderPrepared,
)
"""Events that the same command, sent twice in a row, must never make twice."""


def busy_world(seed: int | None = 3) -> World:
    """A world in which nearly everything happened once: shortages, holds, cancellations, refusals, returns."""
    world = World(seed=seed)
    first = item_of()
    hour = timedelta(hours=1)

    def move(kind: Any, quantity: int, reference: str, item: UUID = first) -> RecordMovement:
        return RecordMovement(
            stock_item_id=item, kind=kind, quantity=quantity, reference=reference, occurred_at=world.at
        )

    world.run(
        DescribeStockItem(stock_item_id=first, marketplace=MARKETPLACE, shop=SHOP, sku_id="sku-1"),
        RecordCount(stock_item_id=first, quantity=6, counted_at=NOON),
    )
    orders = [an_order().numbered(number) for number in range(12)]
    world.run(*(order.record() for order in orders[:8]))
    world.run(orders[0].cancelled().record(), orders[7].cancelled().record(), orders[1].shown_as("ODD", 70).record())
    world.run(orders[2].paid(-5).record(), orders[2].shown_as("COMPLETED", 9).record())
    world.run(orders[8].unpaid().record(), orders[9].unpaid().of(a_line("sku-1", 9)).record())
    world.run(
        HoldOrder(order_id=orders[6].id, reason="fraud?"),
        OverridePriority(order_id=orders[9].id, score=99, reason="friend"),
    )
    world.run(ReleaseOrder(order_id=orders[6].id))
    world.run(orders[9].paid(30).of(a_line("sku-1", 9)).record())
    world.pass_time(49 * hour)
    world.run(move("receipt", 2, "r1"), move("return_good", 1, "r2"), move("return_damaged", 1, "r3"))
    world.run(orders[10].unpaid().record(), move("correction", 20, "c1"), orders[10].paid().record())
    boxed = orders[11].to(structs.replace(STREET, country="DE", kind="military"))
    world.run(boxed.record())
    world.run(boxed.cancelled().record())
    for shipment_ in world.of_kind(shipment.Shipment):
        world.run(HandOver(shipment_id=shipment_.id, occurred_at=world.at))
        world.run(
            RecordScan(shipment_id=shipment_.id, scan_id="1", status="IN_TRANSIT", occurred_at=world.at),
            RecordScan(shipment_id=shipment_.id, scan_id="2", status="DELIVERED", occurred_at=world.at),
            RecordScan(shipment_id=shipment_.id, scan_id="3", status="RETURNED", occurred_at=world.at),
        )
    _unlucky_package(world)
    live_through_bad_days(world)
    _handled_packages(world)
    _busy_shelf(world)
    _foretold_order(world)
    live_in_one_package(world)
    return world


def _foretold_order(world: World) -> None:
    """An order that is cancelled a good while before anybody sees it."""
    late = an_order().numbered(98)
    world.run(RecordCancellation(order_id=late.id, cancelled_at=world.at, cancel_id="early"))
    world.pass_time(timedelta(minutes=20))
    world.run(late.record())


def _handled_packages(world: World) -> None:
    """Three packages without contents, of an order that is not here: all that people and carriers do to packages."""
    world.carrier_sells = True
    first, second, third = (shipment_id(MARKETPLACE, SHOP, f"handled-{number}") for number in (1, 2, 3))
    elsewhere = [structs.replace(STREET, city=city) for city in ("Salinas", "Modesto", "Merced")]

    def moved(shipment_: UUID, place: int) -> ReaddressShipment:
        updated_at = world.at + timedelta(seconds=place)
        return ReaddressShipment(shipment_id=shipment_, address=elsewhere[place], updated_at=updated_at)

    for each in (first, second, third):
        world.carrier_sells = each is not third
        world.run(
            OpenShipment(
                shipment_id=each,
                order_id=an_order().numbered(99).id,
                marketplace=MARKETPLACE,
                shop=SHOP,
                order_number="handled",
                package=str(each),
                contents=(),
                lines=(a_line(),),
                address=STREET,
            )
        )
    world.carrier_sells = True
    world.run(RecordLabelOutcome(shipment_id=third, attempt=1, outcome="withheld", reason="observes"))
    world.run(moved(first, 0))
    world.run(StopShipment(shipment_id=first, reason="asked"), HandOver(shipment_id=first, occurred_at=world.at))
    world.run(ResumeShipment(shipment_id=first))
    world.run(MarkPacked(shipment_id=first, occurred_at=world.at), moved(first, 1))
    world.run(PutBack(shipment_id=first, occurred_at=world.at))
    world.run(HandOver(shipment_id=first, occurred_at=world.at))
    world.run(moved(first, 2), VoidLabel(shipment_id=first, reason="too late"))
    world.voids = "parked"
    world.run(VoidLabel(shipment_id=second, reason="in time"))
    world.run(RecordVoidOutcome(shipment_id=second, attempt=1, outcome="refused", reason="too old"))


def _busy_shelf(world: World) -> None:
    """A listing that is mapped, and packages that are printed, packed, put back, and found short."""
    shelf = item_of("shelf")
    shown = [an_order().numbered(number).of(a_line("shelf", 2)) for number in (60, 61)]
    world.run(
        MapListing(
            stock_item_id=shelf,
            marketplace=MARKETPLACE,
            shop=SHOP,
            sku_id="second-listing",
            parts=(Need(stock_item_id=shelf, quantity=1),),
            mapped_at=world.at,
        ),
        RecordCount(stock_item_id=shelf, quantity=4, counted_at=world.at),
        *(order.record() for order in shown),
    )
    package = RecordPackage(
        stock_item_id=shelf,
        order_id=shown[0].id,
        shipment_id=shipment_id(MARKETPLACE, SHOP, f"{shown[0].number}-1"),
        quantity=2,
        stage="printed",
        occurred_at=world.at,
    )
    world.run(package)
    world.run(structs.replace(package, stage="packed"))
    world.run(
        RecordMovement(stock_item_id=shelf, kind="correction", quantity=-3, reference="lost", occurred_at=world.at)
    )
    world.run(
        RecordMovement(
            stock_item_id=shelf,
            kind="put_back",
            quantity=2,
            reference=str(package.shipment_id),
            occurred_at=world.at,
            order_id=shown[0].id,
        )
    )


def _unlucky_package(world: World) -> None:
    """An order whose carrier refuses, then parks, and whose supplier refuses."""
    world.carrier_sells = world.supplier_confirms = False
    scarce = item_of("scarce")
    unlucky = an_order().numbered(50).of(a_line("scarce"))
    world.run(RecordCount(stock_item_id=scarce, quantity=1, counted_at=world.at), unlucky.record())
    package = shipment_id(MARKETPLACE, SHOP, f"{unlucky.number}-1")
    for attempt, outcome in enumerate(("refused", "parked"), start=1):
        world.run(
            RecordLabelOutcome(shipment_id=package, attempt=attempt, outcome=outcome, reason="no")  # type: ignore[arg-type]
        )
        world.run(ReleaseOrder(order_id=unlucky.id))
    world.run(an_order().numbered(51).of(a_line("scarce")).record())
    buying = replenishment_id(scarce)
    world.run(
        RecordSupplierAnswer(replenishment_id=buying, reorder_id=f"{buying}-1", outcome="refused", reason="sold out")
    )
