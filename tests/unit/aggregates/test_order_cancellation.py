"""An order that ends, whole or in part: asked, answered, withdrawn, cancelled by line, refunded."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest
from msgspec.structs import replace as with_fields

from aggregates.order import Order
from aggregates.policies.clocks import scheduled_after
from schemas.commands import (
    AnswerCancellation,
    CancelOrder,
    Command,
    OpenShipment,
    RecordCancellation,
    RecordDemand,
    RecordLabel,
    RecordTracking,
    ReleaseStock,
    ResumeShipment,
    SplitOrder,
    StopShipment,
    VoidLabel,
)
from schemas.timers import RemindOfCancellation
from schemas.values import Need
from tests.builders import NOON, a_line, an_order, item_of
from tests.unit.aggregates.order_days import package, units
from tests.unit.aggregates.scenario import PACKAGE, following, given_order, labelled, names, reserved, when

ORDER = an_order().id
LATER = NOON + timedelta(minutes=10)
TEN = an_order().of(a_line("sku-1", 10), a_line("sku-2", 10))

Step = Literal["PENDING", "WITHDRAWN", "COMPLETE"]


def wish(status: Step, *, cancel_id: str = "C1", lines: tuple[tuple[str, int], ...] = (), after: int = 60) -> Command:
    """A step of a cancellation, as the marketplace tells it."""
    return RecordCancellation(
        order_id=ORDER,
        cancel_id=cancel_id,
        status=status,
        cancelled_at=NOON + timedelta(seconds=after),
        lines=tuple(unit for sku, quantity in lines for unit in units(sku, quantity)),
        deadline_at=NOON + timedelta(hours=24),
        reason="changed mind",
    )


def moved(status: Literal["PRINTED", "HANDED_OVER", "PUT_BACK", "DELIVERED"], number: int = 1) -> RecordTracking:
    """A package tells how far it is."""
    return RecordTracking(order_id=ORDER, shipment_id=package(an_order(), number), status=status, occurred_at=LATER)


def ten_of_each() -> Order:
    """An order of ten of two items that has all of them and its package open."""
    return given_order(TEN.record(), reserved("sku-1", 10), reserved("sku-2", 10))


def kinds(commands: list[Command]) -> list[str]:
    """What commands are called."""
    return [type(command).__name__ for command in commands]


# Whole


@pytest.mark.parametrize("command", [an_order().cancelled().record(), wish("COMPLETE")])
@pytest.mark.parametrize("stage", ["labelled", "printed", "handed over"])
def test_fc_22_the_marketplace_s_word_cancels_whatever_the_package_s_stage(stage: str, command: Command) -> None:
    """FC-22: the order is cancelled, stock is asked for its units and the package told; gone, it is marked so."""
    known = given_order(an_order().record(), reserved(), labelled())
    if stage != "labelled":
        when(known, moved("PRINTED" if stage == "printed" else "HANDED_OVER"))
    events = when(known, command)
    assert names(events) == ["StatusAdvanced", "Cancelled"]
    assert events[1].handed_over == (stage == "handed over")
    assert following(events) == [
        ReleaseStock(stock_item_id=item_of(), order_id=ORDER, reason=events[1].reason),
        RecordDemand(
            stock_item_id=item_of(), order_id=ORDER, quantity=0, reference=f"{ORDER}:{events[1].originator_version}"
        ),
        VoidLabel(shipment_id=PACKAGE, reason=events[1].reason, order_id=ORDER),
    ]
    assert (known.status, known.state) == ("CANCELLED", "CANCELLED")
    assert when(known, command) == []


def test_an_operator_cannot_cancel_what_has_left() -> None:
    """With every unit gone an operator's cancellation is refused, and the reason recorded."""
    known = given_order(an_order().record(), reserved(), labelled(), moved("HANDED_OVER"))
    (refused,) = when(known, CancelOrder(order_id=ORDER, reason="too late", operator="ann"))
    assert (refused.request, refused.operator) == ("cancel", "ann")
    assert following([refused]) == []
    assert not known.cancelled


# Asked


def test_a_wish_is_approved_where_nothing_is_printed() -> None:
    """Before the label is on paper a buyer's wish is approved by rule and the order cancelled, once."""
    known = given_order(an_order().record(), reserved(), labelled())
    events = when(known, wish("PENDING"))
    assert names(events) == ["CancellationRequested", "CancellationAnswered", "Cancelled"]
    assert (events[1].approved, events[1].by) == (True, "rule")
    assert kinds(following(events)) == ["ReleaseStock", "RecordDemand", "VoidLabel"]
    assert when(known, wish("PENDING")) == []
    assert names(when(known, wish("COMPLETE", after=90))) == ["StatusAdvanced"]


def asked() -> Order:
    """An order with its label printed, whose buyer asks to cancel."""
    return given_order(an_order().record(), reserved(), labelled(), moved("PRINTED"), wish("PENDING"))


def test_a_wish_that_meets_a_printed_label_stops_it_and_waits_for_a_person() -> None:
    """The package stays in the house, the order is HELD, and a reminder is set four hours before the deadline."""
    known = given_order(an_order().record(), reserved(), labelled(), moved("PRINTED"))
    events = when(known, wish("PENDING"))
    assert names(events) == ["CancellationRequested"]
    assert known.state == "HELD"
    assert following(events) == [
        StopShipment(shipment_id=PACKAGE, reason="the buyer asks to cancel", order_id=an_order().id)
    ]
    (timer,) = scheduled_after(events[0])
    assert timer.due_at == NOON + timedelta(hours=20)
    assert names(when(known, timer.command)) == ["CancellationDue"]
    assert when(known, wish("PENDING")) == []


def test_a_person_approves() -> None:
    """Approved, the order is cancelled as any other."""
    known = asked()
    events = when(known, AnswerCancellation(order_id=ORDER, cancel_id="C1", approve=True, operator="ann"))
    assert names(events) == ["CancellationAnswered", "Cancelled"]
    assert known.state == "CANCELLED"


def test_a_person_refuses() -> None:
    """Refused, the package goes on; answering again is refused, and the reminder says nothing."""
    known = asked()
    answer = AnswerCancellation(order_id=ORDER, cancel_id="C1", approve=False, reason="on its way", operator="ann")
    events = when(known, answer)
    assert names(events) == ["CancellationAnswered"]
    assert following(events) == [ResumeShipment(shipment_id=PACKAGE, order_id=an_order().id)]
    assert known.state == "FULFILLED"
    assert names(when(known, answer)) == ["RequestRefused"]
    assert when(known, RemindOfCancellation(order_id=ORDER, cancel_id="C1")) == []


def test_a_withdrawn_wish_lets_it_go_on() -> None:
    """Withdrawn, the package goes on; the older wish, told late, is superseded once."""
    known = asked()
    events = when(known, wish("WITHDRAWN", after=90))
    assert names(events) == ["CancellationWithdrawn"]
    assert following(events) == [ResumeShipment(shipment_id=PACKAGE, order_id=an_order().id)]
    assert known.state == "FULFILLED"
    assert when(known, wish("WITHDRAWN", after=90)) == []
    assert names(when(known, wish("PENDING", after=70))) == ["UpdateSuperseded"]
    assert when(known, wish("PENDING", after=70)) == []


def test_a_withdrawal_that_comes_first_supersedes_its_wish() -> None:
    """Told in the wrong order, the wish changes nothing."""
    known = given_order(an_order().record(), reserved(), labelled(), moved("PRINTED"), wish("WITHDRAWN", after=90))
    assert names(when(known, wish("PENDING"))) == ["UpdateSuperseded"]
    assert known.state == "FULFILLED"


def test_a_wish_that_names_no_lines_is_for_a_person_where_there_are_several_units() -> None:
    """TikTok does not say which lines are meant: one unit is cancelled at once, of several a person decides."""
    unclear = with_fields(wish("PENDING"), lines_told=False)
    single = given_order(an_order().record(), reserved())
    assert names(when(single, unclear)) == ["CancellationRequested", "CancellationAnswered", "Cancelled"]
    several = ten_of_each()
    assert names(when(several, unclear)) == ["CancellationRequested"]
    assert several.state == "HELD"
    assert names(when(several, with_fields(wish("WITHDRAWN", after=90), lines_told=False))) == ["CancellationWithdrawn"]
    assert several.state != "HELD"


# By line


def test_a_cancelled_line_gives_its_units_back_and_packs_the_rest_anew() -> None:
    """Units in an open package: stock gets them back, the package is voided, and the next one holds the rest."""
    known = ten_of_each()
    events = when(known, wish("COMPLETE", lines=(("sku-1", 4),)))
    assert names(events) == ["LineCancelled", "ReadyToShip"]
    released, demand, voided, opened = following(events)
    assert released == ReleaseStock(
        stock_item_id=item_of("sku-1"),
        order_id=ORDER,
        reason="changed mind",
        quantity=4,
        reference=f"{ORDER}:{events[0].originator_version}",
    )
    assert isinstance(demand, RecordDemand)
    assert (demand.stock_item_id, demand.quantity) == (item_of("sku-1"), 6)
    assert isinstance(voided, VoidLabel)
    assert voided.shipment_id == PACKAGE
    assert isinstance(opened, OpenShipment)
    assert opened.package == f"{an_order().number}-2"
    assert opened.contents == (
        Need(stock_item_id=item_of("sku-1"), quantity=6),
        Need(stock_item_id=item_of("sku-2"), quantity=10),
    )
    assert when(known, wish("COMPLETE", lines=(("sku-1", 4),))) == []
    assert names(when(known, labelled())) == ["LabelDeclined"]


def test_fc_23_cancelling_the_rest_releases_what_has_not_left() -> None:
    """FC-23: of ten and ten, seven and six left; cancelling what remains gives back three and four, once."""
    known = given_order(TEN.record(), reserved("sku-1", 10), reserved("sku-2", 10))
    seven_and_six = (*units("sku-1", 7), *units("sku-2", 6))
    when(known, SplitOrder(order_id=ORDER, packages=(seven_and_six,)))
    when(known, moved("HANDED_OVER", 2))
    cancel = wish("COMPLETE", lines=(("sku-1", 10), ("sku-2", 10)))
    events = when(known, cancel)
    released = [command for command in following(events) if isinstance(command, ReleaseStock)]
    assert [(each.stock_item_id, each.quantity) for each in released] == [(item_of("sku-1"), 3), (item_of("sku-2"), 4)]
    assert when(known, cancel) == []
    again = CancelOrder(order_id=ORDER, reason="the rest", operator="ann")
    assert names(when(known, again)) == ["RequestRefused"]
    assert not known.cancelled


def test_a_printed_package_is_replaced_once_it_is_put_back() -> None:
    """Units in a printed package: it is stopped, and the rest is packed anew when it was put back."""
    known = ten_of_each()
    when(known, moved("PRINTED"))
    events = when(known, CancelOrder(order_id=ORDER, reason="one less", lines=units("sku-2"), reference="K1"))
    assert names(events) == ["LineCancelled"]
    assert kinds(following(events)) == ["ReleaseStock", "RecordDemand", "VoidLabel"]
    events = when(known, moved("PUT_BACK"))
    assert names(events) == ["PackageMoved", "ReadyToShip"]
    assert events[1].contents[1].quantity == 9


def test_cancelling_the_last_unit_cancels_the_order() -> None:
    """Whoever cancels line by line ends with a cancelled order and everything given back."""
    known = ten_of_each()
    when(known, CancelOrder(order_id=ORDER, reason="a", lines=units("sku-1", 10), reference="K1"))
    events = when(known, CancelOrder(order_id=ORDER, reason="b", lines=units("sku-2", 10), reference="K2"))
    assert names(events) == ["Cancelled"]
    assert events[0].release == (Need(stock_item_id=item_of("sku-2"), quantity=10),)


def test_cancelling_the_line_that_lacks_stock_lets_the_rest_go() -> None:
    """A short line is cancelled: the order asks no more for it and is ready with what it holds."""
    known = given_order(TEN.record(), reserved("sku-1", 10))
    when(known, CancelOrder(order_id=ORDER, reason="none left", lines=units("sku-2", 10), reference="K1"))
    assert (known.state, list(known.needs)) == ("READY", [item_of("sku-1")])
    assert names(when(known, reserved("sku-2", 10))) == ["ReservationDeclined"]


def test_a_reservation_that_was_under_way_counts_what_is_still_needed() -> None:
    """Stock answers with ten while four were cancelled: six are counted, as stock was asked for four back."""
    known = given_order(TEN.record())
    when(known, wish("COMPLETE", lines=(("sku-1", 4),)))
    (noted,) = when(known, reserved("sku-1", 10))
    assert noted.quantity == 6


def test_fc_32_a_line_set_to_quantity_zero_is_cancelled() -> None:
    """FC-32: an edit to quantity 0 takes the line out of the order, whether told again or not."""
    known = ten_of_each()
    edited = TEN.paid(120).of(a_line("sku-1", 10), a_line("sku-2", 0))
    events = when(known, edited.record())
    assert names(events) == ["StatusAdvanced", "LineCancelled", "ReadyToShip"]
    assert events[1].lines == units("sku-2", 10)
    assert when(known, edited.record()) == []


def test_a_line_whose_quantity_is_lowered_needs_less() -> None:
    """An edit from ten to seven cancels three, told again nothing, and lower once more the rest of it."""
    known = ten_of_each()
    events = when(known, TEN.paid(120).of(a_line("sku-1", 10), a_line("sku-2", 7)).record())
    assert names(events) == ["StatusAdvanced", "LineCancelled", "ReadyToShip"]
    assert events[1].release == (Need(stock_item_id=item_of("sku-2"), quantity=3),)
    assert when(known, TEN.paid(120).of(a_line("sku-1", 10), a_line("sku-2", 7)).record()) == []
    lower = when(known, TEN.paid(120).of(a_line("sku-1", 10), a_line("sku-2", 6)).record())
    assert lower[1].release == (Need(stock_item_id=item_of("sku-2"), quantity=1),)
    assert known.needs == {item_of("sku-1"): 10, item_of("sku-2"): 6}


def test_a_line_that_is_shown_with_more_or_not_at_all_stays() -> None:
    """What a person or the buyer cancelled is not asked for again, and a body may leave lines out."""
    known = ten_of_each()
    when(known, wish("COMPLETE", lines=(("sku-1", 4),)))
    assert names(when(known, TEN.paid(120).of(a_line("sku-1", 10)).record())) == ["StatusAdvanced"]
    assert known.needs == {item_of("sku-1"): 6, item_of("sku-2"): 10}


def test_what_left_is_not_taken_back_by_a_lower_quantity() -> None:
    """Refused: of a line that has left nothing can be cancelled."""
    known = ten_of_each()
    when(known, RecordLabel(order_id=ORDER, shipment_id=PACKAGE, carrier="local", tracking_number="T1"))
    when(known, moved("HANDED_OVER"))
    assert names(when(known, TEN.paid(120).of(a_line("sku-1", 10), a_line("sku-2", 7)).record())) == ["StatusAdvanced"]


def test_a_wish_for_some_lines_is_approved_for_these() -> None:
    """A buyer may ask for part of an order; approved, the rest goes on."""
    known = ten_of_each()
    events = when(known, wish("PENDING", lines=(("sku-1", 10),)))
    assert names(events) == ["CancellationRequested", "CancellationAnswered", "LineCancelled", "ReadyToShip"]
    assert not known.cancelled
    assert when(known, wish("COMPLETE", lines=(("sku-1", 10),), after=90)) == []


def test_an_order_placed_before_lines_had_parts_cancels_by_line() -> None:
    """An old order that names no parts of its lines takes those of its listings."""
    known = ten_of_each()
    known.parts.clear()
    events = when(known, wish("COMPLETE", lines=(("sku-1", 4),)))
    assert events[0].release == (Need(stock_item_id=item_of("sku-1"), quantity=4),)


# After the sale


def test_a_refund_cancels_what_is_in_the_house() -> None:
    """REFUNDED is a mark: it cancels what has not left, once, and is no status."""
    known = given_order(an_order().record(), reserved())
    events = when(known, an_order().shown_as("REFUNDED", 90).record())
    assert names(events) == ["Refunded", "Cancelled"]
    assert (known.status, known.state) == ("AWAITING_SHIPMENT", "CANCELLED")
    assert when(known, an_order().shown_as("REFUNDED", 90).record()) == []


def test_a_refund_of_what_has_left_moves_nothing() -> None:
    """The money goes back, the goods do not."""
    known = given_order(an_order().record(), reserved(), labelled(), moved("HANDED_OVER"))
    events = when(known, an_order().shown_as("REFUNDED", 900).record())
    assert names(events) == ["Refunded"]
    assert following(events) == []
    assert not known.cancelled
