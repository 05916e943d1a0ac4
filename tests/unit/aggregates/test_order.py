"""An order as the marketplace shows it: placed, updated in the marketplace's own time, cancelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace as with_fields

from aggregates import order
from aggregates.order import Order
from aggregates.policies.fulfilment import commands_after
from schemas.commands import (
    CancelOrder,
    Command,
    RecordCancellation,
    RecordDemand,
    RecordMovement,
    ReleaseStock,
    ReserveStock,
    VoidLabel,
)
from schemas.values import Deadlines, Need
from tests.builders import NOON, STREET, AnOrder, a_line, an_order, item_of, one_part_per_line
from tests.unit.aggregates.scenario import following, given_order, labelled, names, reserved, when


def _placed(command: Command) -> list[Any]:
    found = order.decide(None, command, order.Known(NOON, one_part_per_line, 0))
    assert found is not None
    return list(found.collect_events())


def test_first_sight_places_classifies_and_asks_for_stock() -> None:
    """An order at its first sight is placed and classified, and every stock item is asked once for all its lines."""
    lines = (a_line("sku-1", 2), a_line("sku-2", 1), a_line("sku-1", 3), a_line("sku-3", 0))
    events = _placed(an_order().of(*lines).record())
    assert names(events) == ["Placed", "Classified"]
    asked = [command for command in following(events) if isinstance(command, ReserveStock)]
    assert [(command.stock_item_id, command.quantity) for command in asked] == [
        (item_of("sku-1"), 5),
        (item_of("sku-2"), 1),
    ]


def test_the_same_update_twice_records_nothing() -> None:
    """The identical update, told again, records nothing."""
    assert when(given_order(an_order().record()), an_order().record()) == []


def test_a_resealed_address_is_no_other_content() -> None:
    """Sealing the same person twice gives other bytes, and is no other address."""
    assert STREET.person is not None
    sealed_again = with_fields(STREET, person=with_fields(STREET.person, data=b"other bytes"))
    assert when(given_order(an_order().record()), an_order().to(sealed_again).record()) == []


@pytest.mark.parametrize("times", [1, 3])
def test_older_update_is_superseded_once(times: int) -> None:
    """An older update changes nothing, is recorded with its reason, and recorded once however often it comes."""
    known = given_order(an_order().paid().record())
    events = [event for _ in range(times) for event in when(known, an_order().unpaid().record())]
    assert names(events) == ["UpdateSuperseded"]
    assert events[0].reason == "older than what is known"
    assert known.status == "AWAITING_SHIPMENT"


def test_a_status_never_moves_back() -> None:
    """A newer update with a status that lies behind is superseded."""
    known = given_order(an_order().awaiting_collection(after=10).record())
    events = when(known, an_order().paid(after=20).record())
    assert names(events) == ["UpdateSuperseded"]
    assert events[0].reason == "a status never moves back"


@pytest.mark.parametrize(
    ("present", "other", "expected"),
    [
        ("AWAITING_SHIPMENT", "IN_TRANSIT", "IN_TRANSIT"),
        ("IN_TRANSIT", "AWAITING_SHIPMENT", "IN_TRANSIT"),
        ("DELIVERED", "CANCELLED", "CANCELLED"),
        ("CANCELLED", "COMPLETED", "CANCELLED"),
    ],
)
def test_in_the_same_second_the_further_status_wins(present: str, other: str, expected: str) -> None:
    """Of two updates of one second the further status counts, whichever comes first; a terminal one beats all."""
    known = given_order(an_order().shown_as(present).record())
    when(known, an_order().shown_as(other).record())
    assert known.status == expected


def test_in_the_same_second_other_content_of_the_same_status_counts() -> None:
    """The later read of one second counts where it shows something else."""
    known = given_order(an_order().record())
    deadline = Deadlines(dispatch_by=NOON + timedelta(days=5))
    events = when(known, replace(an_order(), deadlines=deadline).record())
    assert names(events) == ["StatusAdvanced", "Classified"]
    assert known.deadlines.dispatch_by == deadline.dispatch_by


@pytest.mark.parametrize("arrival", list(permutations(range(3))))
def test_fc_07_the_update_arrives_before_the_creation(arrival: tuple[int, ...]) -> None:
    """
    FC-07: however three updates arrive, the status is the latest by the marketplace's time.

    `created_at` is the earliest, and stock is reserved once.
    """
    created = datetime.fromtimestamp(1_764_000_000, tz=NOON.tzinfo)
    story = [
        replace(an_order(), created_at=created).unpaid(),
        replace(an_order(), created_at=created).paid(60),
        replace(an_order(), created_at=created).awaiting_collection(300),
    ]
    shown = [replace(update, created_at=update.updated_at) for update in story]
    an_hour_later = story[-1].updated_at + timedelta(hours=1)
    known = order.Known(an_hour_later, one_part_per_line, 0)
    found: Order | None = None
    for number in arrival:
        found = order.decide(found, shown[number].record(), known)
    assert found is not None
    assert found.status == "AWAITING_COLLECTION"
    assert found.created_at == created
    asked = {
        command.order_id
        for event in found.collect_events()
        for command in commands_after(event)
        if isinstance(command, ReserveStock)
    }
    assert asked == {an_order().id}


def test_an_unknown_status_is_flagged_once_and_changes_nothing() -> None:
    """A status that we do not know leaves the order where it was and is flagged once per value."""
    known = given_order(an_order().record())
    events = when(known, an_order().shown_as("TELEPORTED").record())
    assert names(events) == ["StatusFlagged"]
    assert (known.status, known.state) == ("AWAITING_SHIPMENT", "RESERVING")
    assert when(known, an_order().shown_as("TELEPORTED", 90).record()) == []


def test_an_unknown_status_at_first_sight_waits() -> None:
    """An order first seen with a status that we do not know is placed, flagged, and waits; a known one then counts."""
    known = given_order(an_order().shown_as("TELEPORTED", 500).record())
    assert (known.status, known.state) == ("TELEPORTED", "WAITING")
    when(known, an_order().paid().record())
    assert (known.status, known.state) == ("AWAITING_SHIPMENT", "RESERVING")


@pytest.mark.parametrize("early", [an_order().unpaid(), an_order().on_hold()])
def test_what_may_not_ship_yet_reserves_and_waits(early: AnOrder) -> None:
    """UNPAID and ON_HOLD reserve, wait, and are ready as soon as the marketplace lets them go."""
    known = given_order(early.record())
    assert known.state == "WAITING"
    assert names(when(known, reserved())) == ["StockReserved"]
    assert known.state == "WAITING"
    events = when(known, an_order().paid().record())
    assert names(events) == ["StatusAdvanced", "Classified", "ReadyToShip"]
    (told,) = commands_after(events[1])
    assert isinstance(told, ReserveStock)
    assert told.may_ship


def test_a_masked_address_waits_for_the_whole_one() -> None:
    """An order whose street is withheld waits at AWAITING_SHIPMENT, and goes when it is shown."""
    known = given_order(an_order().to(with_fields(STREET, complete=False)).record(), reserved())
    assert known.state == "WAITING"
    events = when(known, an_order().paid(120).record())
    assert names(events) == ["StatusAdvanced", "Classified", "ReadyToShip"]


def test_a_masked_address_never_replaces_a_whole_one() -> None:
    """The marketplace masks an address after a while; the one it once showed stays."""
    known = given_order(an_order().record())
    when(known, an_order().paid(120).to(with_fields(STREET, complete=False, city="")).record())
    assert known.address == STREET


def test_what_was_arranged_elsewhere_is_reserved_and_gets_no_label() -> None:
    """An order first seen as arranged is reserved and ready, and no package of ours is opened for it."""
    known = given_order(an_order().awaiting_collection().record())
    assert names(when(known, reserved())) == ["StockReserved"]
    assert known.state == "READY"
    events = when(known, an_order().shown_as("IN_TRANSIT", 900).record())
    assert names(events) == ["StatusAdvanced", "ShownDispatched"]
    (left,) = following(events)
    assert isinstance(left, RecordMovement)
    assert (left.kind, left.quantity, left.reference) == ("dispatch", 1, str(known.id))


@pytest.mark.parametrize("status", ["IN_TRANSIT", "DELIVERED", "COMPLETED"])
def test_what_had_left_at_first_sight_reserves_nothing(status: str) -> None:
    """An order first seen under way takes its units off the shelf at the marketplace's time, and asks for none."""
    events = _placed(an_order().shown_as(status, 500).record())
    assert names(events)[:3] == ["Placed", "Classified", "ShownDispatched"]
    sold, moved, released = following(events)
    assert isinstance(sold, RecordDemand)
    assert (sold.quantity, sold.paid_at) == (1, NOON + timedelta(seconds=500))
    assert isinstance(moved, RecordMovement)
    assert (moved.kind, moved.occurred_at) == ("dispatch", NOON + timedelta(seconds=500))
    assert isinstance(released, ReleaseStock)
    known = given_order(an_order().shown_as(status, 500).record())
    assert known.state == "FULFILLED"
    assert names(when(known, reserved())) == ["ReservationDeclined"]


def test_platform_shipping_opens_no_package_of_ours() -> None:
    """An order that the platform ships is reserved without an address and gets no label of ours."""
    known = given_order(replace(an_order(), shipping_type="TIKTOK", address=None).record(), reserved())
    assert (known.state, known.packages) == ("READY", {})


def test_first_seen_cancelled_reserves_nothing() -> None:
    """An order first seen cancelled is placed and cancelled, and asks nothing of stock."""
    events = _placed(an_order().cancelled().record())
    assert names(events) == ["Placed", "Cancelled"]
    assert following(events) == []


@pytest.mark.parametrize("flag", ["currency-unknown", "currency-mixed"])
def test_an_odd_currency_is_held_with_its_stock_reserved(flag: str) -> None:
    """An order in an unknown or in several currencies waits for a person; its stock is reserved all the same."""
    events = _placed(an_order().flagged(flag, "total-differs").record())
    assert names(events) == ["Placed", "Held", "Classified"]
    assert len(commands_after(events[2])) == 1
    known = given_order(an_order().flagged(flag).record(), reserved())
    assert known.state == "HELD"


def test_only_zero_quantity_lines_are_shown_and_never_shipped() -> None:
    """An order of lines of quantity 0 is shown, reserves nothing, and never ships."""
    events = _placed(an_order().of(a_line("sku-1", 0)).record())
    assert names(events) == ["Placed", "Classified"]
    assert commands_after(events[1]) == ()
    assert given_order(an_order().of(a_line("sku-1", 0)).record()).state == "RECEIVED"


def test_payment_assumes_a_dispatch_deadline() -> None:
    """A paid order without a deadline of the marketplace gets two working days, marked as assumed."""
    known = given_order(an_order().unpaid().record())
    assert known.deadlines.dispatch_by is None
    when(known, an_order().paid().record())
    assert known.deadlines.dispatch_by == NOON + timedelta(days=2, seconds=60)
    assert known.deadlines.dispatch_by_assumed


def test_completed_closes_once() -> None:
    """COMPLETED is recorded once, however often it is told."""
    known = given_order(an_order().record())
    events = when(known, an_order().shown_as("COMPLETED", 900).record())
    assert names(events) == ["StatusAdvanced", "Completed", "ShownDispatched"]
    assert "Completed" not in names(when(known, an_order().shown_as("COMPLETED", 950).record()))


# Cancelling


@pytest.mark.parametrize(
    "command",
    [
        an_order().cancelled().record(),
        RecordCancellation(order_id=an_order().id, cancelled_at=NOON, reason="changed my mind"),
        CancelOrder(order_id=an_order().id, reason="out of stock", operator="ann"),
    ],
)
def test_cancelling_gives_everything_back_once(command: Command) -> None:
    """Whoever cancels, however often: the units go back, the package is closed, once."""
    known = given_order(an_order().record(), reserved())
    events = when(known, command)
    assert names(events)[-1] == "Cancelled"
    assert known.state == "CANCELLED"
    assert [type(command) for command in following(events)] == [ReleaseStock, RecordDemand, VoidLabel]
    assert when(known, command) == []
    assert when(known, CancelOrder(order_id=an_order().id, reason="again")) == []


def test_cancelling_before_the_stock_answers_releases_what_was_asked() -> None:
    """A cancelled order gives back what it asked for, answered or not."""
    known = given_order(an_order().of(a_line("sku-1"), a_line("sku-2")).record(), reserved())
    (cancelled,) = when(known, CancelOrder(order_id=an_order().id, reason="gone"))
    assert cancelled.release == (
        Need(stock_item_id=item_of("sku-1"), quantity=1),
        Need(stock_item_id=item_of("sku-2"), quantity=1),
    )


def test_a_label_that_comes_after_the_cancellation_is_voided() -> None:
    """A cancelled order declines a late label each time it is told."""
    known = given_order(an_order().record(), reserved(), CancelOrder(order_id=an_order().id, reason="gone"))
    for _ in range(2):
        (declined,) = when(known, labelled())
        assert names([declined]) == ["LabelDeclined"]
        assert [type(command) for command in commands_after(declined)] == [VoidLabel]
    assert known.state == "CANCELLED"


def test_a_reservation_that_comes_after_the_cancellation_goes_back() -> None:
    """A cancelled order gives units back each time it is told of them."""
    known = given_order(an_order().record(), CancelOrder(order_id=an_order().id, reason="gone"))
    for _ in range(2):
        (declined,) = when(known, reserved())
        assert [type(command) for command in commands_after(declined)] == [ReleaseStock]


def test_an_operator_s_cancellation_outlives_later_updates() -> None:
    """A later update of the marketplace does not bring a cancelled order back."""
    known = given_order(an_order().record(), CancelOrder(order_id=an_order().id, reason="gone"))
    assert names(when(known, an_order().paid(900).record())) == ["StatusAdvanced"]
    assert known.state == "CANCELLED"


def test_a_command_for_an_order_that_nobody_saw_does_nothing() -> None:
    """Only an order of the marketplace makes an order."""
    assert order.decide(None, reserved(), order.Known(NOON, one_part_per_line)) is None
