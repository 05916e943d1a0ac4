"""What one stored event becomes on the topics."""

from __future__ import annotations

from typing import Any

import pytest
from eventsourcing.persistence import JSONTranscoder

from aggregates import order as orders
from aggregates.event_store.mapper import EventMapper
from aggregates.event_store.relay_state import Logged
from aggregates.order import Order
from schemas import codec, topics
from schemas.commands import ReserveStock
from schemas.events import OrderPlaced
from streams.relay import Outgoing, envelope_of, outgoing_of
from tests.builders import NOON, a_line, an_order, one_part_per_line

MAPPER = EventMapper(JSONTranscoder())


def placed() -> list[Any]:
    """The events of an order of two listings."""
    order = orders.decide(
        None,
        an_order().of(a_line("a"), a_line("b")).record(),
        orders.Known(NOON, one_part_per_line, 0),
    )
    assert isinstance(order, Order)
    return list(order.collect_events())


def logged(event: Any, position: int = 7) -> Logged:
    """An event as it stands in the log."""
    stored = MAPPER.to_stored_event(event)
    return Logged(
        str(event.originator_id), stored.originator_version, stored.topic, stored.state, position, "E1", "outside"
    )


def sent(kind: type[Any]) -> list[Outgoing]:
    """What the first event of this kind becomes."""
    event = next(each for each in placed() if type(each) is kind)
    return outgoing_of(logged(event), event)


def test_public_form_is_named_by_aggregate_and_version() -> None:
    """Its id tells which event it is, its cause is the command's id, and it carries its place in the log."""
    (out,) = [each for each in sent(Order.Placed) if each.topic == topics.ORDERS_EVENTS]
    envelope = envelope_of(out, logged(placed()[0]), epoch=3, previous_position=5)
    assert isinstance(codec.decode(envelope.type, envelope.version, out.value), OrderPlaced)
    assert (envelope.id, envelope.causation_id) == (f"{an_order().id}:1", "E1")
    assert (envelope.correlation_id, envelope.epoch, envelope.log_position, envelope.previous_position) == (
        "outside",
        3,
        7,
        5,
    )
    assert out.key == str(an_order().id)


def test_commands_that_follow_are_numbered_after_the_position() -> None:
    """Each names the event it follows as its cause."""
    commands = [each for each in sent(Order.Classified) if each.topic == topics.INVENTORY_COMMANDS]
    assert [each.id for each in commands] == ["7.1", "7.2"]
    assert {each.type for each in commands} == {ReserveStock.__name__}
    assert len({each.causation_id for each in commands}) == 1
    assert commands[0].causation_id.startswith(f"{an_order().id}:")


def test_public_event_goes_before_the_commands_that_follow() -> None:
    """Nobody acts on what was not told yet, as far as one partition can say."""
    out = sent(Order.Classified)
    assert [each.topic for each in out] == [
        topics.ORDERS_EVENTS,
        topics.INVENTORY_COMMANDS,
        topics.INVENTORY_COMMANDS,
    ]


@pytest.mark.parametrize("event", placed(), ids=lambda event: type(event).__name__)
def test_same_event_always_becomes_the_same_records(event: Any) -> None:
    """A relay that sends again after a crash sends the same bytes under the same ids."""
    assert outgoing_of(logged(event), event) == outgoing_of(logged(event), event)
