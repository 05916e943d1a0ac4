"""Stored events and what others learn of them."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from eventsourcing.domain import CanMutateAggregate
from eventsourcing.persistence import JSONTranscoder
from eventsourcing.utils import resolve_topic

from aggregates import order_events, replenishment_events, shipment_events, stock_item_events
from aggregates.event_store.mapper import EventMapper
from aggregates.order import Order
from aggregates.policies.clocks import TIMERS
from aggregates.policies.fulfilment import FOLLOWS
from aggregates.policies.outside_calls import CALLS
from aggregates.publication import PUBLICATION, public
from aggregates.replenishment import Replenishment
from aggregates.shipment import Shipment
from aggregates.stock_item import StockItem
from schemas import codec, events
from schemas.topics import topic_of
from tests.builders import an_order
from tests.unit.aggregates.scenario import given_order
from tests.unit.aggregates.world import World, busy_world

AGGREGATES = (Order, StockItem, Shipment, Replenishment)
MODULES = (order_events, stock_item_events, shipment_events, replenishment_events)


def stored_kinds() -> set[type[Any]]:
    """Every class of a stored event: those with a topic."""
    return {
        kind
        for module in MODULES
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, CanMutateAggregate) and "TOPIC" in vars(kind)
    }


@pytest.fixture(scope="module")
def world() -> World:
    """A world in which nearly everything happened."""
    return busy_world()


def test_every_stored_event_has_its_line() -> None:
    """The table lists every stored event, and nothing else."""
    assert set(PUBLICATION) == stored_kinds()


def test_every_stored_event_is_found_by_its_name() -> None:
    """A stored event's explicit name leads to its class, and each aggregate shows its events."""
    for kind in stored_kinds():
        assert resolve_topic(kind.TOPIC) is kind
        assert any(getattr(aggregate, kind.__name__, None) is kind for aggregate in AGGREGATES)


def test_the_tables_speak_of_stored_events_only() -> None:
    """Policies follow events that exist."""
    assert (set(FOLLOWS) | set(CALLS) | set(TIMERS)) <= stored_kinds()


def test_what_happened_in_a_busy_world_is_published(world: World) -> None:
    """Each public event carries the aggregate's id first, stands on a topic, and survives the wire."""
    for event in world.log:
        told = public(event)
        if told is None:
            continue
        assert getattr(told, told.__struct_fields__[0]) == event.originator_id
        assert topic_of(told).endswith(".events.v1")
        assert codec.decode(type(told).__name__, told.VERSION, codec.encode(told)) == told


def test_what_happened_in_a_busy_world_is_stored(world: World) -> None:
    """Each stored event survives the store, typed, and the aggregates replay from it."""
    mapper = EventMapper(JSONTranscoder())
    again: dict[Any, Any] = {}
    for event in world.log:
        found: Any = mapper.to_domain_event(mapper.to_stored_event(event))
        assert found == event
        again[event.originator_id] = found.mutate(again.get(event.originator_id))
    for aggregate_id, aggregate in again.items():
        live = dict(vars(world.aggregate(type(aggregate), aggregate_id)))
        replayed = dict(vars(aggregate))
        assert live.pop("queue", None) is None or replayed.pop("queue") is not None
        assert replayed == live


def test_a_busy_world_shows_nearly_every_event(world: World) -> None:
    """What the busy world leaves out is known by name, so that the proofs above are about the rest."""
    assert {kind.TOPIC for kind in stored_kinds() - {type(event) for event in world.log}} <= {
        "shipment.refused",
        "shipment.tracking-number-shared",
        "replenishment.reorder-parked",
        "replenishment.rates-changed",
        "replenishment.risk-calming",
        "replenishment.risk-escalated",
        "replenishment.reorder-asked",
        "replenishment.reorder-pressed",
        "replenishment.reorder-lapsed",
        "replenishment.reorder-approved",
        "replenishment.reorder-declined",
        "replenishment.reorder-delayed",
        "replenishment.reorder-overdue",
        "replenishment.reorder-cancelled",
        "replenishment.speed-up-asked",
        "replenishment.speed-up-refused",
        "order.reservation-declined",
        "order.label-declined",
    }


def test_an_order_s_price_is_exact_on_the_wire() -> None:
    """Money is decimal text."""
    known = given_order(an_order().record())
    assert known.total is not None
    told = events.OrderPlaced(
        order_id=known.id,
        marketplace="",
        shop="",
        number="",
        marketplace_status="",
        fulfilment_state="",
        created_at=known.created_at,
        updated_at=known.updated_at,
        lines=(),
        needs=(),
        total=known.total,
    )
    assert b'"amount":"12.50"' in codec.encode(told)
