"""Read rows on a real PostgreSQL."""

from __future__ import annotations

from decimal import Decimal

import pytest

from projections import store
from projections.catalogue import READ_MODELS
from projections.published import HistoryMissing
from projections.store import Connection
from schemas.topics import ORDERS_EVENTS
from tests.integration.projections.databases import Connect
from tests.integration.projections.standing import agents_stand, apply_all, relay_stands
from tests.unit.projections.histories import Numbered, by_topic, classified, fulfilled, hats, placed, published

pytestmark = pytest.mark.integration

ORDER = Numbered("1001")


def rows(connection: Connection, name: str) -> list[str]:
    """Every row of a read model as text."""
    assert name in READ_MODELS
    return [row for (row,) in connection.execute(f"SELECT t::text FROM {name} AS t ORDER BY 1")]


def everything(connection: Connection) -> dict[str, list[str]]:
    """Every row of every read model."""
    return {name: rows(connection, name) for name in READ_MODELS}


def test_batch_makes_the_rows_of_every_read_model(connection: Connection) -> None:
    """One order's events make its row, its package's row, its stock's row and a timeline entry each."""
    said = published([*hats(), *fulfilled(ORDER)])
    apply_all(connection, said)
    found = connection.execute("SELECT fulfilment_state, total, skus, tracking_number FROM order_board").fetchall()
    assert found == [("FULFILLED", Decimal("19.90"), ["hat", "sku-hat"], "T1001")]
    assert connection.execute("SELECT state, label_live FROM shipment_tracking").fetchall() == [("LABELLED", True)]
    assert connection.execute("SELECT on_hand, available FROM stock_levels").fetchall() == [(9, 8)]
    assert len(rows(connection, "timeline")) == len(said)


def test_rows_are_the_same_however_the_events_are_cut_into_batches(connect: Connect) -> None:
    """Event by event or all at once, the rows are equal to the digit."""
    said = published([*hats(), *(event for number in "123" for event in fulfilled(Numbered(number)))])
    with connect() as connection:
        apply_all(connection, said, size=1)
        one_by_one = everything(connection)
        for name in READ_MODELS:
            connection.execute(f"TRUNCATE {name}")
        apply_all(connection, said)
        assert everything(connection) == one_by_one


def test_events_that_come_again_change_nothing(connection: Connection) -> None:
    """A batch that is applied twice leaves the rows of once."""
    said = published([*hats(), *fulfilled(ORDER)])
    apply_all(connection, said)
    once = everything(connection)
    apply_all(connection, said)
    apply_all(connection, said[4:9])
    assert everything(connection) == once


def test_topics_may_come_in_any_order(connect: Connect) -> None:
    """No read model's row depends on which topic's agent is ahead of the others."""
    topics = by_topic(published([*hats(), *fulfilled(ORDER)]))
    with connect() as connection:
        for topic in sorted(topics):
            store.apply(connection, topic, topics[topic])
        forwards = everything(connection)
        for name in READ_MODELS:
            connection.execute(f"TRUNCATE {name}")
        for topic in sorted(topics, reverse=True):
            store.apply(connection, topic, topics[topic])
        assert everything(connection) == forwards


def test_rows_go_with_the_transaction_that_was_handed_in(connection: Connection) -> None:
    """A transaction that is rolled back after the rows were written leaves none of them."""
    with connection.transaction(force_rollback=True):
        store.apply(connection, ORDERS_EVENTS, published([placed(ORDER)]))
    assert everything(connection) == {name: [] for name in READ_MODELS}


def test_rows_may_be_written_inside_a_pipeline(connection: Connection) -> None:
    """The caller may have a pipeline and a transaction under way."""
    with connection.pipeline(), connection.transaction():
        connection.execute("SELECT 1")
        store.apply(connection, ORDERS_EVENTS, published([placed(ORDER), classified(ORDER)]))
    assert connection.execute("SELECT score FROM order_board").fetchall() == [(55,)]


def test_event_without_its_history_stops_before_anything_is_written(connection: Connection) -> None:
    """An order that was never placed here raises, and the batch leaves no row."""
    with pytest.raises(HistoryMissing), connection.transaction():
        store.apply(connection, ORDERS_EVENTS, published([classified(ORDER)]))
    assert everything(connection) == {name: [] for name in READ_MODELS}


def test_tables_are_made_once(connection: Connection) -> None:
    """Making the tables again leaves what is in them, and what is built by this code needs no rebuild."""
    apply_all(connection, published([placed(ORDER)]))
    store.create_tables(connection)
    assert len(rows(connection, "order_board")) == 1
    assert store.to_rebuild(connection) == []


def test_read_model_that_is_born_late_asks_for_a_rebuild(connection: Connection) -> None:
    """A table that is made when the log has events already is never filled from Kafka alone."""
    connection.execute("DROP TABLE reorders")
    connection.execute(
        "INSERT INTO events (originator_id, originator_version, topic, state, cause, correlation)"
        " VALUES (gen_random_uuid(), 1, 'x', '', '', '')"
    )
    store.create_tables(connection)
    assert store.to_rebuild(connection) == ["reorders"]


@pytest.mark.parametrize(
    ("next_offset", "seen_position", "reflects"),
    [(10, 70, 100), (9, 70, 70), (10, 0, 100), (0, 0, 0), (0, 120, 120)],
)
def test_agent_reflects_what_it_took(
    connection: Connection, next_offset: int, seen_position: int, reflects: int
) -> None:
    """Past the last record that was sent it reflects all that the relay sent, else what it saw last."""
    relay_stands(connection, 100, last_offset=9)
    agents_stand(connection, seen_position, next_offset, ORDERS_EVENTS)
    assert store.reflected(connection, [ORDERS_EVENTS]) == reflects


def test_slowest_agent_counts(connection: Connection) -> None:
    """What several topics feed reflects the least of what their agents reflect."""
    relay_stands(connection, 100)
    agents_stand(connection, 90)
    agents_stand(connection, 40, next_offset=3, topic=ORDERS_EVENTS)
    assert store.reflected(connection, READ_MODELS["timeline"].topics) == 40
    assert store.reflected(connection, READ_MODELS["stock_levels"].topics) == 100


def test_topic_on_which_nothing_was_sent_holds_nobody_up(connection: Connection) -> None:
    """A topic that never had a record has nothing that a read model could lack."""
    connection.execute("UPDATE relay SET position = 100")
    assert store.reflected(connection, READ_MODELS["timeline"].topics) == 100
