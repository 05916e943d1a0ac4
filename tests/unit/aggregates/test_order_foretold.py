"""What the marketplace tells of an order before it shows it: kept, and taken in once the order is placed."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from aggregates import order
from aggregates.order import Order
from aggregates.policies.clocks import ORDER_PATIENCE, scheduled_after
from aggregates.publication import public
from schemas import events
from schemas.commands import Command, HoldOrder, RecordAddress, RecordCancellation, RecordReturn
from schemas.timers import ExpectOrder
from tests.builders import NOON, an_order, one_part_per_line
from tests.unit.aggregates.scenario import given_order, names, when

ORDER = an_order()
KNOWN = order.Known(NOON, one_part_per_line, 0)
CANCELLED = RecordCancellation(order_id=ORDER.id, cancelled_at=NOON + timedelta(minutes=4), cancel_id="C1")
RETURNED = RecordReturn(order_id=ORDER.id, return_id="R1", status="REQUESTED", updated_at=NOON + timedelta(minutes=5))
EXPECTED = ExpectOrder(order_id=ORDER.id)


def moved() -> Command:
    """Another address, written after the order was placed."""
    record = ORDER.record()
    assert record.address is not None
    elsewhere = type(record.address)(country="US", city="Dayton", state="OH", postal_code="45402")
    return RecordAddress(order_id=ORDER.id, updated_at=NOON + timedelta(minutes=2), address=elsewhere)


def test_cancellation_that_comes_first_cancels_the_order_once_it_is_seen() -> None:
    """Nothing is lost: the order is placed and cancelled, and asks for no label."""
    foretold = given_order(CANCELLED)
    assert names(when(foretold, ORDER.record())) == ["Placed", "Classified", "StatusAdvanced", "Cancelled"]
    assert foretold.state == "CANCELLED"


def test_address_and_return_that_come_first_are_taken_in() -> None:
    """The order goes to the later address, and its return is opened."""
    foretold = given_order(moved(), RETURNED)
    assert names(when(foretold, ORDER.record())) == ["Placed", "Classified", "AddressChanged", "ReturnOpened"]
    assert foretold.address is not None
    assert foretold.address.city == "Dayton"


@pytest.mark.parametrize("messages", list(permutations([ORDER.record(), CANCELLED, moved(), RETURNED])))
def test_any_order_of_arrival_gives_the_same_end(messages: tuple[Command, ...]) -> None:
    """However four messages of one order arrive, it is cancelled, and its return is known."""
    found = given_order(*messages)
    assert (found.state, found.status, set(found.coming_back.returns)) == ("CANCELLED", "CANCELLED", {"R1"})


def test_same_message_again_is_kept_once() -> None:
    """Repeated: nothing."""
    assert when(given_order(CANCELLED), CANCELLED) == []


def test_what_a_person_asks_of_an_order_that_nobody_saw_does_nothing() -> None:
    """There is nothing to hold, foretold or not."""
    hold = HoldOrder(order_id=ORDER.id, reason="look")
    assert order.decide(None, hold, KNOWN) is None
    assert when(given_order(CANCELLED), hold) == []


def test_order_that_does_not_come_is_told_of() -> None:
    """A quarter of an hour after it was foretold somebody is told what waits; once it came, nobody is."""
    foretold = order.decide(None, CANCELLED, KNOWN)
    assert isinstance(foretold, Order)
    (event,) = foretold.collect_events()
    (timer,) = scheduled_after(event)
    assert (timer.command, timer.due_at) == (EXPECTED, NOON + ORDER_PATIENCE)
    (missing,) = when(foretold, EXPECTED)
    kept = (f"cancellation {CANCELLED.cancel_id} COMPLETE",)
    assert public(missing) == events.OrderMissing(order_id=ORDER.id, what="cancellation", since=NOON, kept=kept)
    when(foretold, ORDER.record())
    assert when(foretold, EXPECTED) == []


def test_all_that_was_told_of_an_order_is_named_without_anything_personal() -> None:
    """What waits for the order is told in the order in which it came."""
    foretold = given_order(moved(), RETURNED, CANCELLED)
    (missing,) = when(foretold, EXPECTED)
    assert missing.kept == ("address", f"return R1 {RETURNED.status}", f"cancellation {CANCELLED.cancel_id} COMPLETE")


def test_order_that_was_foretold_refolds_to_itself() -> None:
    """The log alone gives the same order: what begins it may be either event."""
    live = order.decide(order.decide(None, CANCELLED, KNOWN), ORDER.record(), KNOWN)
    assert live is not None
    refolded: Order | None = None
    for event in live.collect_events():
        refolded = event.mutate(refolded)
    assert refolded is not None
    assert refolded.__dict__ == live.__dict__
