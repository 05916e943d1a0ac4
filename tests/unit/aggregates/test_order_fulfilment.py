"""An order on its way: reserved, short, held, labelled, pushed, gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aggregates import order
from aggregates.policies.clocks import Scheduled, scheduled_after
from aggregates.policies.outside_calls import calls_of
from schemas.calls import PushDelayCall, PushFulfilmentCall
from schemas.commands import (
    BuyLabel,
    HoldOrder,
    OpenShipment,
    OverridePriority,
    RecordDemand,
    RecordFulfilmentPushed,
    RecordLabel,
    RecordTracking,
    ReleaseOrder,
    ReleaseStock,
    ReserveStock,
    ResumeShipment,
)
from schemas.timers import ExpireHold, ReclassifyOrder
from tests.builders import NOON, a_line, an_order, item_of, one_part_per_line
from tests.unit.aggregates.scenario import (
    PACKAGE,
    following,
    given_order,
    labelled,
    names,
    reserved,
    short,
    when,
)

ORDER = an_order().id
TWO_ITEMS = an_order().of(a_line("sku-1"), a_line("sku-2"))
TOMORROW = NOON + timedelta(days=1)


def test_the_last_reservation_makes_ready() -> None:
    """Only when every stock item holds its units is the order ready, and its package opened with all it needs."""
    known = given_order(TWO_ITEMS.record())
    assert names(when(known, reserved("sku-1"))) == ["StockReserved"]
    assert known.state == "RESERVING"
    events = when(known, reserved("sku-2"))
    assert names(events) == ["StockReserved", "ReadyToShip"]
    (opened,) = following(events)
    assert isinstance(opened, OpenShipment)
    assert (opened.shipment_id, opened.package) == (PACKAGE, f"{an_order().number}-1")
    assert {need.stock_item_id for need in opened.contents} == {item_of("sku-1"), item_of("sku-2")}
    assert known.state == "READY"


def test_a_repeated_reservation_records_nothing() -> None:
    """The same reservation told again records nothing."""
    assert when(given_order(an_order().record(), reserved()), reserved()) == []


def test_units_that_nobody_asked_for_go_back() -> None:
    """A reservation of a stock item that the order does not need is declined."""
    (declined,) = when(given_order(an_order().record()), reserved("sku-9"))
    assert [type(command) for command in following([declined])] == [ReleaseStock]


def test_a_short_item_backorders_the_order() -> None:
    """One short item is enough to wait; the same shortage again records nothing; units end it."""
    known = given_order(TWO_ITEMS.record(), reserved("sku-1"))
    assert names(when(known, short("sku-2", promised_at=TOMORROW))) == ["Backordered", "Delayed"]
    assert known.state == "BACKORDERED"
    assert when(known, short("sku-2", promised_at=TOMORROW)) == []
    assert names(when(known, reserved("sku-2"))) == ["StockReserved", "ReadyToShip"]


def test_a_promised_date_delays_once() -> None:
    """A promised date delays the order and tells the marketplace, and again only when it is another date."""
    known = given_order(an_order().record(), short())
    events = when(known, short(promised_at=TOMORROW))
    assert names(events) == ["Delayed"]
    (request,) = calls_of(events[0])
    assert isinstance(request.call, PushDelayCall)
    assert request.call.promised_at == TOMORROW
    assert when(known, short(promised_at=TOMORROW)) == []
    assert when(known, short()) == []
    assert names(when(known, short(promised_at=TOMORROW + timedelta(days=1)))) == ["Delayed"]


def test_an_order_is_promised_when_its_last_short_item_is() -> None:
    """With two short items the order's date is the later one, told when both are known."""
    known = given_order(TWO_ITEMS.record(), short("sku-1"), short("sku-2"))
    assert names(when(known, short("sku-1", promised_at=TOMORROW + timedelta(days=2)))) == ["Backordered"]
    (delayed,) = when(known, short("sku-2", promised_at=TOMORROW))
    assert delayed.promised_at == TOMORROW + timedelta(days=2)


def test_a_shortage_with_its_date_is_backordered_and_delayed() -> None:
    """A shortage that comes with a date does both at once."""
    assert names(when(given_order(an_order().record()), short(promised_at=TOMORROW))) == ["Backordered", "Delayed"]


def test_the_label_fulfils_and_the_marketplace_is_told() -> None:
    """With the last label the order is fulfilled and pushed, once."""
    known = given_order(an_order().record(), reserved())
    events = when(known, labelled())
    assert names(events) == ["LabelBought", "Fulfilled"]
    (request,) = [request for event in events for request in calls_of(event)]
    assert isinstance(request.call, PushFulfilmentCall)
    assert (request.call.shipment_id, request.call.tracking_number) == (PACKAGE, "T1")
    assert known.state == "FULFILLED"
    assert when(known, labelled()) == []


def test_the_push_is_noted_once() -> None:
    """That the marketplace knows is recorded once, and only of a package with a label."""
    pushed = RecordFulfilmentPushed(order_id=ORDER, shipment_id=PACKAGE, pushed_at=NOON)
    known = given_order(an_order().record(), reserved())
    assert when(known, pushed) == []
    when(known, labelled())
    assert names(when(known, pushed)) == ["FulfilmentPushed"]
    assert when(known, pushed) == []


def test_a_label_of_no_package_of_ours_is_declined() -> None:
    """A label for a package that the order never opened is to be voided."""
    assert names(when(given_order(an_order().record()), labelled())) == ["LabelDeclined"]


def test_a_refused_label_holds_until_a_person_lets_it_be_bought_again() -> None:
    """A refusal holds the order, once; releasing it asks for the label again."""
    refused = RecordLabel(order_id=ORDER, shipment_id=PACKAGE, refused="no carrier goes there")
    known = given_order(an_order().record(), reserved())
    assert names(when(known, refused)) == ["Held"]
    assert when(known, refused) == []
    assert known.state == "HELD"
    events = when(known, ReleaseOrder(order_id=ORDER, operator="ann"))
    assert names(events) == ["Released"]
    assert following(events) == [BuyLabel(shipment_id=PACKAGE, operator="ann")]
    assert known.state == "READY"


def test_a_label_that_comes_after_all_ends_its_own_hold() -> None:
    """A label bought by a person's hand ends the hold that its refusal made, and no other one."""
    refused = RecordLabel(order_id=ORDER, shipment_id=PACKAGE, refused="address")
    known = given_order(an_order().record(), reserved(), refused)
    assert names(when(known, labelled())) == ["Released", "LabelBought", "Fulfilled"]
    held = given_order(an_order().record(), reserved(), HoldOrder(order_id=ORDER, reason="fraud"))
    assert names(when(held, labelled())) == ["LabelBought"]
    assert held.state == "HELD"
    assert names(when(held, ReleaseOrder(order_id=ORDER))) == ["Released", "Fulfilled"]


def test_a_held_order_learns_of_the_refused_label() -> None:
    """An operator's hold that meets a refused label keeps its kind and asks for the label on release."""
    known = given_order(an_order().record(), reserved(), HoldOrder(order_id=ORDER, reason="fraud"))
    refused = RecordLabel(order_id=ORDER, shipment_id=PACKAGE, refused="address")
    (held,) = when(known, refused)
    assert (held.kind, held.reason) == ("operator", "fraud; address")
    released = following(when(known, ReleaseOrder(order_id=ORDER)))
    assert [type(command) for command in released] == [ResumeShipment, BuyLabel]


def test_a_hold_stops_and_a_release_goes_on() -> None:
    """A held order tells stock that it may not ship, is not made ready by its units, and goes on when released."""
    known = given_order(an_order().record())
    events = when(known, HoldOrder(order_id=ORDER, reason="fraud?", operator="ann"))
    assert names(events) == ["Held", "Classified"]
    (told,) = following(events)
    assert isinstance(told, ReserveStock)
    assert not told.may_ship
    assert when(known, HoldOrder(order_id=ORDER, reason="fraud?")) == []
    assert names(when(known, reserved())) == ["StockReserved"]
    assert names(when(known, ReleaseOrder(order_id=ORDER))) == ["Released", "Classified", "ReadyToShip"]
    assert when(known, ReleaseOrder(order_id=ORDER)) == []


def test_an_unpaid_hold_expires_and_a_late_payment_reserves_again() -> None:
    """After 48 hours unpaid the stock goes back, once; a payment that comes late asks for it again."""
    (timer,) = _timers_of_unpaid()
    assert timer.due_at == NOON + timedelta(hours=48)
    known = given_order(an_order().unpaid().record(), reserved())
    events = when(known, timer.command)
    assert names(events) == ["HoldExpired"]
    assert [type(command) for command in following(events)] == [ReleaseStock]
    assert when(known, timer.command) == []
    assert names(when(known, reserved())) == ["ReservationDeclined"]
    late = when(known, an_order().paid(after=60 * 3600).record())
    assert [type(command) for command in following(late)] == [RecordDemand, ReserveStock]
    assert known.state == "RESERVING"
    assert names(when(known, reserved())) == ["StockReserved", "ReadyToShip"]


def _timers_of_unpaid() -> tuple[Scheduled, ...]:
    found = order.decide(None, an_order().unpaid().record(), order.Known(NOON, one_part_per_line))
    assert found is not None
    return tuple(timer for event in found.collect_events() for timer in scheduled_after(event))


def test_a_paid_order_does_not_expire() -> None:
    """The timer of a hold finds a paid order and does nothing; nor does a timer set for another moment."""
    expiry = ExpireHold(order_id=ORDER, set_for=NOON)
    assert when(given_order(an_order().unpaid().record(), an_order().paid().record()), expiry) == []
    other = ExpireHold(order_id=ORDER, set_for=NOON + timedelta(hours=1))
    assert when(given_order(an_order().unpaid().record()), other) == []


def test_priority_is_worked_out_again_before_the_deadline() -> None:
    """Six hours before dispatch a waiting order is classified again, stock learns of it, and a repeat is nothing."""
    dispatch_by = NOON + timedelta(days=3)
    known = given_order(an_order().due(dispatch_by=dispatch_by).record(), short())
    command = ReclassifyOrder(order_id=ORDER, set_for="6h")
    at = dispatch_by - timedelta(hours=6)
    events = when(known, command, at=at)
    assert names(events) == ["Classified"]
    assert events[0].score >= 85
    (told,) = following(events)
    assert isinstance(told, ReserveStock)
    assert told.priority == events[0].score
    assert when(known, command, at=at) == []


def test_a_timer_that_knows_no_buyer_keeps_the_tier() -> None:
    """A later classification that is not told of the buyer's earlier orders takes those it was told of first."""
    known = given_order(an_order().record(), kept_orders=12)
    decided = order.decide(known, ReclassifyOrder(order_id=ORDER, set_for="24h"), order.Known(NOON, one_part_per_line))
    assert decided is not None
    assert decided.collect_events() == []


def test_an_override_stands() -> None:
    """An operator's priority is kept by later classifications, clamped, and recorded once."""
    known = given_order(an_order().record())
    override = OverridePriority(order_id=ORDER, score=250, reason="the creator's mother", operator="ann")
    events = when(known, override)
    assert names(events) == ["PriorityOverridden", "Classified"]
    assert (events[1].score, events[1].level, events[1].overridden_by) == (100, "HIGH", "ann")
    assert when(known, override) == []
    assert when(known, ReclassifyOrder(order_id=ORDER, set_for="24h")) == []


@pytest.mark.parametrize(
    "command", [OverridePriority(order_id=ORDER, score=9, reason="r"), HoldOrder(order_id=ORDER, reason="r")]
)
def test_a_cancelled_order_takes_no_orders(command: OverridePriority | HoldOrder) -> None:
    """What an operator asks of a cancelled order does nothing."""
    assert when(given_order(an_order().cancelled().record()), command) == []


def test_the_first_movement_dispatches_and_the_arrival_delivers() -> None:
    """A package that leaves dispatches the order once, and its arrival delivers it once."""
    known = given_order(an_order().record(), reserved(), labelled())
    left = RecordTracking(order_id=ORDER, shipment_id=PACKAGE, status="HANDED_OVER", occurred_at=NOON)
    arrived = RecordTracking(order_id=ORDER, shipment_id=PACKAGE, status="DELIVERED", occurred_at=TOMORROW)
    assert names(when(known, left)) == ["Dispatched"]
    assert when(known, left) == []
    assert names(when(known, arrived)) == ["Delivered"]
    assert when(known, arrived) == []
    assert when(known, left) == []


def test_an_arrival_without_a_departure_tells_both() -> None:
    """A parcel that is delivered without having been seen to leave has left."""
    known = given_order(an_order().record(), reserved(), labelled())
    arrived = RecordTracking(order_id=ORDER, shipment_id=PACKAGE, status="DELIVERED", occurred_at=TOMORROW)
    assert names(when(known, arrived)) == ["Dispatched", "Delivered"]
