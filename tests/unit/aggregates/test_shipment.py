"""A package: one carrier, one label, one way to the buyer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import pytest
from msgspec.structs import replace as with_fields

from aggregates import shipment
from aggregates.policies.outside_calls import calls_of
from aggregates.shipment import Shipment
from schemas.calls import BuyLabelCall, VoidLabelCall
from schemas.commands import (
    BuyLabel,
    Command,
    HandOver,
    OpenShipment,
    RecordLabel,
    RecordLabelOutcome,
    RecordMovement,
    RecordScan,
    RecordTracking,
    RecordVoidOutcome,
    ReplaceLabel,
    VoidLabel,
)
from schemas.values import Address, Deadlines, Need, OrderLine, shipment_id
from tests.builders import MARKETPLACE, NOON, SHOP, STREET, TARIFFS, a_line, an_order, item_of, usd
from tests.unit.aggregates.scenario import PACKAGE, following, given_shipment, names, when

HOUR = timedelta(hours=1)
ScanStatus = Literal["ACCEPTED", "IN_TRANSIT", "DELIVERED", "RETURNED", "EXCEPTION"]


def open_package(
    *, address: Address = STREET, lines: tuple[OrderLine, ...] = (a_line(),), deadlines: Deadlines | None = None
) -> OpenShipment:
    """The order is ready: send this."""
    return OpenShipment(
        shipment_id=PACKAGE,
        order_id=an_order().id,
        marketplace=MARKETPLACE,
        shop=SHOP,
        order_number=an_order().number,
        package=f"{an_order().number}-1",
        contents=(Need(stock_item_id=item_of(), quantity=1), Need(stock_item_id=item_of("sku-2"), quantity=2)),
        lines=lines,
        address=address,
        deadlines=deadlines or Deadlines(),
        priority=60,
        value=usd("12.50"),
    )


Outcome = Literal["bought", "refused", "parked", "withheld"]


def outcome(kind: Outcome = "bought", *, attempt: int = 1) -> RecordLabelOutcome:
    """What came of asking for the label."""
    return RecordLabelOutcome(
        shipment_id=PACKAGE,
        attempt=attempt,
        outcome=kind,
        carrier="local",
        service="ground",
        tracking_number=f"T{attempt}",
        cost=usd("4.10"),
        reason="" if kind == "bought" else "the carrier says no",
    )


def scan(scan_id: str, status: ScanStatus = "IN_TRANSIT", hours: int = 1) -> RecordScan:
    """A carrier scanned the parcel."""
    return RecordScan(shipment_id=PACKAGE, scan_id=scan_id, status=status, occurred_at=NOON + hours * HOUR)


def void_outcome(kind: Literal["voided", "refused", "parked"] = "voided", *, attempt: int = 1) -> RecordVoidOutcome:
    """What came of asking for the label back."""
    reason = "" if kind == "voided" else "the carrier says no"
    return RecordVoidOutcome(shipment_id=PACKAGE, attempt=attempt, outcome=kind, reason=reason)


VOID = VoidLabel(shipment_id=PACKAGE, reason="cancelled", order_id=an_order().id)
HAND_OVER = HandOver(shipment_id=PACKAGE, occurred_at=NOON + HOUR)
REPLACE = ReplaceLabel(shipment_id=PACKAGE, reason="wrong service", operator="ann")
BUY = BuyLabel(shipment_id=PACKAGE, operator="ann")


# Opening


def test_opening_chooses_the_carrier_and_asks_for_one_label() -> None:
    """A package is opened, the cheapest carrier chosen, and one label asked for with its idempotency key."""
    found = shipment.decide(None, open_package(), shipment.Known(NOON, TARIFFS))
    assert found is not None
    events = list(found.collect_events())
    assert names(events) == ["Opened", "CarrierChosen", "LabelRequested"]
    (request,) = [request for event in events for request in calls_of(event)]
    assert isinstance(request.call, BuyLabelCall)
    assert request.call.request.reference == f"{PACKAGE}:1"
    assert (request.call.request.carrier, request.call.request.parcel.weight_grams) == ("local", 400)
    assert request.priority == 60


def test_opened_twice_is_opened_once() -> None:
    """A package that was opened is not opened again, whatever became of it."""
    assert when(given_shipment(open_package()), open_package()) == []
    assert when(given_shipment(open_package(), outcome()), open_package()) == []


def test_no_carrier_holds_the_package_and_the_order() -> None:
    """Where no carrier goes the package is held with each one's reason, and the order is told."""
    abroad = with_fields(STREET, kind="military", country="DE")
    item = given_shipment(open_package(address=abroad))
    assert item.label == "held"
    found = shipment.decide(None, open_package(address=abroad), shipment.Known(NOON, TARIFFS))
    assert found is not None
    (told,) = following(list(found.collect_events()))
    assert isinstance(told, RecordLabel)
    assert "local ground: does not serve military addresses" in told.refused
    assert "post parcel: does not go to DE" in told.refused


def test_an_unknown_weight_takes_the_tariff_s_default() -> None:
    """A line that does not say what it weighs makes the parcel's weight the tariff's default, marked as assumed."""
    found = shipment.decide(
        None, open_package(lines=(a_line(), a_line("sku-2", weight_grams=None))), shipment.Known(NOON, TARIFFS)
    )
    assert found is not None
    chosen = next(event for event in found.collect_events() if isinstance(event, Shipment.CarrierChosen))
    assert (chosen.weight_grams, chosen.weight_assumed) == (500, True)


@pytest.mark.parametrize(
    ("weights", "grams", "assumed"),
    [
        ({"sku-1": 300, "sku-2": 50}, 400, False),
        ({"sku-1": 300}, 500, True),
        ({"sku-1": 300, "sku-2": 0}, 500, True),
    ],
)
def test_units_weigh_what_their_stock_items_do_where_lines_do_not_say(
    weights: dict[str, int], grams: int, assumed: bool
) -> None:
    """One unit of one item and two of another; where one of them is unknown, the parcel is."""
    known = shipment.Known(NOON, TARIFFS, weights={item_of(sku): each for sku, each in weights.items()})
    silent = open_package(lines=(a_line(weight_grams=None), a_line("sku-2", weight_grams=None)))
    found = shipment.decide(None, silent, known)
    assert found is not None
    chosen = next(event for event in found.collect_events() if isinstance(event, Shipment.CarrierChosen))
    assert (chosen.weight_grams, chosen.weight_assumed) == (grams, assumed)


def test_what_the_lines_say_counts_before_what_their_items_do() -> None:
    """The order's own word is about these very units."""
    known = shipment.Known(NOON, TARIFFS, weights={item_of("sku-1"): 9000, item_of("sku-2"): 9000})
    found = shipment.decide(None, open_package(), known)
    assert found is not None
    assert found.weight_grams == 400


# The label


def test_a_bought_label_is_told_once() -> None:
    """The label is recorded and the order told, once."""
    item = given_shipment(open_package())
    events = when(item, outcome())
    assert names(events) == ["LabelBought"]
    (told,) = following(events)
    assert isinstance(told, RecordLabel)
    assert (told.carrier, told.tracking_number) == ("local", "T1")
    assert when(item, outcome()) == []


@pytest.mark.parametrize("kind", ["refused", "parked"])
def test_no_label_holds_the_order_until_a_person_asks_again(kind: Literal["refused", "parked"]) -> None:
    """A refused or parked request tells the order; a person's word makes a new attempt, and one only."""
    item = given_shipment(open_package())
    (told,) = following(when(item, outcome(kind)))
    assert isinstance(told, RecordLabel)
    assert told.refused == "the carrier says no"
    assert when(item, outcome(kind)) == []
    events = when(item, BUY)
    assert names(events) == ["CarrierChosen", "LabelRequested"]
    assert events[1].request.reference == f"{PACKAGE}:2"
    assert when(item, BUY) == []


def test_the_answer_to_another_attempt_is_ignored() -> None:
    """A late answer to the first request changes nothing about the second."""
    item = given_shipment(open_package(), outcome("refused"), BUY)
    assert when(item, outcome(attempt=1)) == []
    assert names(when(item, outcome(attempt=2))) == ["LabelBought"]


def test_a_withheld_label_holds_nothing_and_is_bought_when_a_person_asks() -> None:
    """A shop that observes asks no carrier: the order is not held, and a person may ask once it is live."""
    observed = given_shipment(open_package())
    events = when(observed, outcome("withheld"))
    assert (names(events), following(events)) == (["LabelWithheld"], [])
    assert when(observed, outcome("withheld")) == []
    again = when(observed, BuyLabel(shipment_id=PACKAGE, operator="ann"))
    assert names(again) == ["CarrierChosen", "LabelRequested"]
    assert again[-1].attempt == 2
    assert when(observed, outcome("withheld", attempt=1)) == []
    assert names(when(observed, outcome(attempt=2))) == ["LabelBought"]


def test_a_withheld_label_of_a_cancelled_package_asks_nobody() -> None:
    """Raced: the cancellation came first; there is no label to take back, and none is asked for again."""
    cancelled = given_shipment(open_package(), VOID)
    assert names(when(cancelled, outcome("withheld"))) == ["LabelWithheld"]
    assert when(cancelled, BuyLabel(shipment_id=PACKAGE)) == []


@pytest.mark.parametrize(("kind", "name"), [("refused", "LabelRefused"), ("parked", "Parked")])
def test_no_label_of_a_cancelled_package_is_told_as_not_wanted(kind: Outcome, name: str) -> None:
    """So that nobody is alarmed for a label that is not to be."""
    (event,) = when(given_shipment(open_package(), VOID), outcome(kind))
    assert (type(event).__name__, event.wanted) == (name, False)
    (event,) = when(given_shipment(open_package()), outcome(kind))
    assert event.wanted


def test_what_was_parked_may_turn_out_bought() -> None:
    """A parked request that turns out to have been served is a label like any other."""
    assert names(when(given_shipment(open_package(), outcome("parked")), outcome())) == ["LabelBought"]


def test_a_bought_label_is_not_bought_again() -> None:
    """A person cannot buy a second label beside a live one."""
    assert when(given_shipment(open_package(), outcome()), BUY) == []


# Giving up


def test_a_package_without_label_is_closed() -> None:
    """A package that nobody wants any more is closed, once, and no label is bought for it."""
    item = given_shipment(open_package(), outcome("refused"))
    (cancelled,) = when(item, VOID)
    assert not cancelled.label_live
    assert when(item, VOID) == []
    assert when(item, BUY) == []


def test_a_label_that_may_be_live_is_listed() -> None:
    """A package that is given up while nobody knows whether its label was bought is listed for a person."""
    (cancelled,) = when(given_shipment(open_package(), outcome("parked")), VOID)
    assert (cancelled.label_live, cancelled.stage) == (True, "parked")


def test_a_package_that_is_given_up_before_it_is_opened_is_never_bought() -> None:
    """A cancel for a package not yet known refuses its purchase."""
    found = shipment.decide(None, VOID, shipment.Known(NOON, TARIFFS))
    assert found is not None
    assert names(list(found.collect_events())) == ["Refused"]
    assert when(found, open_package()) == []
    assert when(found, outcome()) == []


def test_a_label_that_was_not_printed_goes_back_with_its_package() -> None:
    """Cancelling a labelled package asks the carrier once for exactly that label, before all other calls."""
    item = given_shipment(open_package(), outcome())
    events = when(item, VOID)
    assert names(events) == ["Cancelled", "VoidRequested"]
    assert (events[0].label_live, events[0].stage) == (True, "labelled")
    (request,) = [request for event in events for request in calls_of(event)]
    assert isinstance(request.call, VoidLabelCall)
    assert (request.call.label.reference, request.call.attempt, request.priority) == (f"{PACKAGE}:1", 1, 100)
    assert when(item, VOID) == []


def test_a_label_that_comes_for_a_closed_package_goes_back() -> None:
    """A purchase that was under way when the package was closed is undone, and the order told of it."""
    item = given_shipment(open_package(), VOID)
    events = when(item, outcome())
    assert names(events) == ["LabelBought", "VoidRequested"]
    assert [type(command) for command in following(events)] == [RecordLabel]
    assert when(item, VOID) == []


def test_a_voided_label_is_recorded_once_and_no_other_is_bought() -> None:
    """A cancelled package whose label was taken back is at its end."""
    item = given_shipment(open_package(), outcome(), VOID)
    assert names(when(item, void_outcome())) == ["LabelVoided"]
    assert when(item, void_outcome()) == []
    assert when(item, void_outcome("refused")) == []
    assert when(item, BUY) == []


def test_a_refused_void_books_the_cost_as_lost() -> None:
    """The carrier keeps the money: the label is written off, and nobody asks again."""
    item = given_shipment(open_package(), outcome(), VOID)
    (refused,) = when(item, void_outcome("refused"))
    assert (type(refused), refused.lost, refused.reason) == (Shipment.VoidRefused, usd("4.10"), "the carrier says no")
    assert when(item, void_outcome("refused")) == []
    assert calls_of(refused) == ()


def test_a_label_of_unknown_price_loses_what_the_tariff_says() -> None:
    """Where the carrier did not tell its price, the loss is the one that it was chosen for."""
    item = given_shipment(open_package(), with_fields(outcome(), cost=None), VOID)
    (refused,) = when(item, void_outcome("refused"))
    assert refused.lost == usd("4.10")


def test_a_void_that_nobody_knows_of_may_turn_out_done() -> None:
    """A parked void is a person's question, who may ask again; a late answer still counts."""
    item = given_shipment(open_package(), outcome(), VOID, void_outcome("parked"))
    assert item.label == "void parked"
    assert when(item, void_outcome("parked")) == []
    assert names(when(item, REPLACE)) == ["VoidRequested"]
    assert names(when(item, void_outcome())) == ["LabelVoided"]


def test_the_void_of_another_attempt_is_ignored() -> None:
    """A late answer about an earlier label changes nothing about the present one."""
    item = given_shipment(open_package(), outcome(), REPLACE, void_outcome(), outcome(attempt=2), VOID)
    assert when(item, void_outcome(attempt=1)) == []
    assert names(when(item, void_outcome(attempt=2))) == ["LabelVoided"]


@pytest.mark.parametrize("kind", ["voided", "refused"])
def test_a_label_is_replaced_one_after_the_other(kind: Literal["voided", "refused"]) -> None:
    """On a person's word the label goes back, and only when it is gone the next one is asked for."""
    item = given_shipment(open_package(), outcome())
    assert names(when(item, REPLACE)) == ["VoidRequested"]
    assert when(item, REPLACE) == []
    assert when(item, BUY) == []
    events = when(item, void_outcome(kind))
    assert names(events)[1:] == ["CarrierChosen", "LabelRequested"]
    assert events[-1].request.reference == f"{PACKAGE}:2"
    assert names(when(item, outcome(attempt=2))) == ["LabelBought"]


@pytest.mark.parametrize("before", [[], [VOID], [outcome(), HandOver(shipment_id=PACKAGE, occurred_at=NOON)]])
def test_only_a_label_in_the_house_is_replaced(before: list[Command]) -> None:
    """Without a label, when cancelled or handed over there is nothing to replace."""
    assert when(given_shipment(open_package(), *before), REPLACE) == []


def test_a_number_that_other_packages_have_is_flagged() -> None:
    """The carrier gives a number twice: the label is taken, and the others are named."""
    item = given_shipment(open_package())
    other = shipment_id(MARKETPLACE, SHOP, "another")
    shipment.decide(item, outcome(), shipment.Known(NOON, TARIFFS, (other,)))
    events: list[Any] = list(item.collect_events())
    assert names(events) == ["LabelBought", "TrackingNumberShared"]
    assert (events[1].tracking_number, events[1].others) == ("T1", (other,))


# On its way


def test_a_hand_over_takes_the_contents_out_of_the_house() -> None:
    """Handing over tells the order and takes each stock item's units out, once."""
    item = given_shipment(open_package(), outcome())
    events = when(item, HAND_OVER)
    assert names(events) == ["HandedOver"]
    tracking, *left = following(events)
    assert isinstance(tracking, RecordTracking)
    assert [(move.stock_item_id, move.quantity) for move in left if isinstance(move, RecordMovement)] == [
        (item_of(), 1),
        (item_of("sku-2"), 2),
    ]
    assert when(item, HAND_OVER) == []


@pytest.mark.parametrize("command", [HAND_OVER, scan("1")])
def test_without_a_label_nothing_leaves(command: HandOver | RecordScan) -> None:
    """A package without a label is neither handed over nor scanned."""
    assert when(given_shipment(open_package()), command) == []


def test_the_first_scan_is_the_hand_over_if_nobody_told() -> None:
    """The first scan hands the parcel over, at its own time; the same scan counts once."""
    item = given_shipment(open_package(), outcome())
    events = when(item, scan("1", hours=5))
    assert names(events) == ["HandedOver", "Scanned"]
    assert events[0].occurred_at == NOON + 5 * HOUR
    assert when(item, scan("1", hours=5)) == []
    assert names(when(item, scan("2"))) == ["Scanned"]


def test_an_exception_is_no_hand_over() -> None:
    """A carrier's exception before any scan says nothing of where the parcel is."""
    assert names(when(given_shipment(open_package(), outcome()), scan("1", "EXCEPTION"))) == ["Scanned"]


def test_tracking_never_moves_back() -> None:
    """A parcel is delivered once, and a scan that comes late does not undo it."""
    item = given_shipment(open_package(), outcome())
    assert names(when(item, scan("3", "DELIVERED", 30))) == ["HandedOver", "Scanned", "Delivered"]
    assert names(when(item, scan("2", "IN_TRANSIT", 20))) == ["Scanned"]
    assert names(when(item, scan("4", "DELIVERED", 31))) == ["Scanned"]
    assert item.delivered


def test_a_journey_back_is_no_second_delivery() -> None:
    """A parcel that goes back and arrives at the sender was returned once and never delivered."""
    item = given_shipment(open_package(), outcome(), scan("1"))
    assert names(when(item, scan("2", "RETURNED", 40))) == ["Scanned", "Returned"]
    assert names(when(item, scan("3", "DELIVERED", 60))) == ["Scanned"]
    assert not item.delivered


@pytest.mark.parametrize("command", [BUY, HAND_OVER, scan("1"), outcome()])
def test_a_package_that_nobody_opened_does_nothing(
    command: BuyLabel | HandOver | RecordScan | RecordLabelOutcome,
) -> None:
    """Only opening, or refusing to, makes a package."""
    assert shipment.decide(None, command, shipment.Known(NOON, TARIFFS)) is None
