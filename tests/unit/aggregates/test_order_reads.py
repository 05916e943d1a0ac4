"""What is overdue is read at the marketplace before it counts, where the marketplace can be read."""

from __future__ import annotations

from msgspec.structs import replace

from aggregates.order import Order
from aggregates.policies.clocks import ADDRESS_PATIENCE, UNPAID_HOLD, scheduled_after
from aggregates.policies.outside_calls import calls_of
from schemas.calls import ReadOrderCall
from schemas.commands import RecordOrder, ReleaseStock
from schemas.timers import CheckAddress, ExpireHold
from tests.builders import MARKETPLACE, NOON, SHOP, STREET, AnOrder, an_order
from tests.unit.aggregates.scenario import following, given_order, names, reserved, when

LATE = NOON + UNPAID_HOLD
EXPIRE = ExpireHold(order_id=an_order().id, set_for=NOON)
CHECK = CheckAddress(order_id=an_order().id)
NOWHERE = an_order().to(replace(STREET, complete=False))


def read(shown: AnOrder) -> RecordOrder:
    """The order as reading it shows it."""
    return replace(shown.record(), read=True)


def overdue() -> Order:
    """An unpaid order that was read, whose hold is at its end: it is read again."""
    order = given_order(read(an_order().unpaid()), reserved())
    events = when(order, EXPIRE, at=LATE)
    assert names(events) == ["ReadAsked"]
    (asked,) = calls_of(events[0])
    assert asked.call == ReadOrderCall(marketplace=MARKETPLACE, shop=SHOP, order_number=an_order().number)
    return order


def test_fc_29_hold_ends_once_the_order_was_read_and_is_not_paid() -> None:
    """FC-29: unpaid when read, its units go back, once."""
    order = overdue()
    assert not order.hold_expired
    events = when(order, read(an_order().unpaid()), at=LATE)
    assert names(events) == ["HoldExpired"]
    assert [type(command) for command in following(events)] == [ReleaseStock]
    assert when(order, read(an_order().unpaid()), at=LATE) == []


def test_fc_29_order_that_was_paid_meanwhile_keeps_its_units() -> None:
    """FC-29: paid when read, whatever message was lost, it goes on."""
    order = overdue()
    events = when(order, read(an_order().paid(90)), at=LATE)
    assert "HoldExpired" not in names(events)
    assert not order.hold_expired
    assert order.reserved


def test_order_that_was_cancelled_meanwhile_is_cancelled() -> None:
    """Cancelled when read, its units go back by the cancellation, and no more than that."""
    events = when(overdue(), read(an_order().cancelled()), at=LATE)
    assert names(events) == ["StatusAdvanced", "Cancelled"]


def test_order_without_an_answer_waits() -> None:
    """No answer: nothing is concluded; a repeat of the timer asks nothing again, and a mere webhook is no answer."""
    order = overdue()
    assert when(order, EXPIRE, at=LATE) == []
    assert when(order, an_order().unpaid().record(), at=LATE) == []
    assert not order.hold_expired


def test_order_that_cannot_be_read_expires_at_once() -> None:
    """The specification's format offers no order to read."""
    assert names(when(given_order(an_order().unpaid().record(), reserved()), EXPIRE, at=LATE)) == ["HoldExpired"]


def test_fc_17_missing_address_is_read_again_and_then_told() -> None:
    """FC-17: masked for too long, the order is read; still masked after that, somebody is told, once."""
    order = given_order(read(NOWHERE), reserved())
    asked = when(order, CHECK)
    assert names(asked) == ["ReadAsked"]
    assert [type(each.call) for each in calls_of(asked[0])] == [ReadOrderCall]
    (again,) = scheduled_after(asked[0])
    assert again.due_at == NOON + ADDRESS_PATIENCE
    assert when(order, read(NOWHERE)) == []
    assert names(when(order, again.command)) == ["AddressMissing"]
    assert when(order, again.command) == []


def test_fc_17_address_that_the_read_brings_is_used() -> None:
    """FC-17: the read shows where it goes: it is ready, and nobody is told anything."""
    order = given_order(read(NOWHERE), reserved())
    when(order, CHECK)
    events = when(order, read(an_order().paid(1)))
    assert "ReadyToShip" in names(events)
    assert when(order, CHECK) == []
