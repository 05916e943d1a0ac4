"""
Whatever the function of an agent raises, nothing is passed that was not written or dead-lettered.

The batch has five records on one partition and three on another; the third of the first meets the fault.
"""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from aggregates.event_store.connection import StoreUnavailable, connect
from schemas.codec import BadMessage
from schemas.commands import CancelOrder, HoldOrder
from schemas.topics import ORDERS_COMMANDS
from streams.publishing import BrokerUnavailable
from tests.builders import an_order
from tests.integration.streams.agents import READERS, Fitted, batch_for
from tests.records import carrying

THIRD = 2
WHOLE = {0: 5, 1: 3}
BEGINNING = {0: 0, 1: 0}


class Killed(BaseException):
    """What no handler of exceptions should stop."""


OF_THE_RECORD = [
    ValueError("bad"),
    KeyError("absent"),
    MemoryError(),
    RuntimeError("broken"),
    RecursionError(),
    AssertionError("never"),
    BadMessage("bad"),
    psycopg.DataError("cannot be stored"),
    psycopg.errors.UniqueViolation("there already"),
]
OF_THE_SURROUNDINGS = [
    psycopg.OperationalError("away"),
    psycopg.InterfaceError("closed"),
    StoreUnavailable("away"),
    BrokerUnavailable("away"),
]
OF_THE_PROCESS = [Killed(), SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError()]


@pytest.fixture(params=READERS, ids=lambda reader: reader[1])
def fitted(request: pytest.FixtureRequest, database: str, loop: asyncio.AbstractEventLoop) -> Fitted:
    """Each agent of the catalogue."""
    topic, name = request.param
    return Fitted(name, topic, database, loop)


def name_of(error: BaseException) -> str:
    """How an exception is called in a test's name."""
    return type(error).__name__


def test_batch_is_written_whole(fitted: Fitted) -> None:
    """Without a fault every record has its effect, in the order of its partition, and the rows move past all."""
    records, targets = batch_for(fitted.name, fitted.topic)
    fitted.take(records)
    assert (fitted.next_offsets(), fitted.dead()) == (WHOLE, [])
    assert fitted.written() == targets


@pytest.mark.parametrize("error", OF_THE_RECORD, ids=name_of)
def test_record_that_raises_is_dead_lettered_and_its_neighbours_are_written(fitted: Fitted, error: Exception) -> None:
    """One record of a batch raises: it alone becomes a dead letter of kind bug, all others have their effect."""
    records, targets = batch_for(fitted.name, fitted.topic)
    fitted.raise_on(targets[THIRD], error)
    fitted.take(records)
    assert fitted.dead() == [(0, THIRD, "bug", type(error).__name__)]
    assert fitted.next_offsets() == WHOLE
    written = fitted.written()
    assert sorted(written) == sorted(set(targets) - {targets[THIRD]})
    for part in (targets[:5], targets[5:]):
        assert [each for each in written if each in part] == [each for each in part if each != targets[THIRD]]


@pytest.mark.parametrize("error", OF_THE_SURROUNDINGS, ids=name_of)
def test_outage_passes_nothing_and_loses_nothing(fitted: Fitted, error: Exception) -> None:
    """While the store or the broker is away nothing moves and nothing is dead-lettered; after it all is written."""
    records, targets = batch_for(fitted.name, fitted.topic)
    fitted.raise_on(targets[THIRD], error)
    with pytest.raises(type(error)):
        fitted.take(records)
    assert (fitted.next_offsets(), fitted.dead(), fitted.written()) == (BEGINNING, [], [])
    fitted.raising = None
    fitted.take(records)
    assert (fitted.next_offsets(), fitted.dead()) == (WHOLE, [])
    assert fitted.written() == targets


@pytest.mark.parametrize("error", OF_THE_PROCESS, ids=name_of)
def test_what_ends_the_process_acknowledges_nothing(fitted: Fitted, error: BaseException) -> None:
    """An exception that is no error passes through, and no row has moved."""
    records, targets = batch_for(fitted.name, fitted.topic)
    fitted.raise_on(targets[THIRD], error)
    with pytest.raises(type(error)):
        fitted.take(records)
    assert (fitted.next_offsets(), fitted.dead(), fitted.written()) == (BEGINNING, [], [])


def test_lone_record_is_decided_again_when_its_aggregate_was_changed_elsewhere(
    database: str, loop: asyncio.AbstractEventLoop
) -> None:
    """What this agent had in memory was old: the command is decided on what is stored, and is no bug."""
    here, elsewhere = (Fitted("orders.decide", ORDERS_COMMANDS, database, loop) for _ in range(2))
    order = an_order()
    here.take([carrying(order.record(), 0)])
    elsewhere.take([carrying(HoldOrder(order_id=order.id, reason="look at it"), 0, 1, id="hold")])
    here.take([carrying(CancelOrder(order_id=order.id, reason="asked"), 1, id="cancel")])
    assert here.dead() == []
    with connect(database, "test") as connection:
        names = [name for (name,) in connection.execute("SELECT topic FROM events ORDER BY notification_id")]
    assert (names.count("order.held"), names.count("order.cancelled")) == (1, 1)
