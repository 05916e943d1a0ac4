"""Rebuilds and comparisons on a real PostgreSQL."""

from __future__ import annotations

import threading

import pytest

from projections import rebuild as rebuilding
from projections import store
from projections.catalogue import READ_MODELS
from projections.rebuild import compare, rebuild
from projections.store import Connection
from schemas.topics import ORDERS_EVENTS
from tests.integration.projections.databases import Connect
from tests.integration.projections.standing import agents_stand, apply_all, relay_stands, seen
from tests.unit.projections.histories import Log, Numbered, by_topic, fulfilled, hats, placed, published, short

pytestmark = pytest.mark.integration

STORY = published(
    [
        *hats(),
        *(event for number in ("1001", "1002", "1003") for event in fulfilled(Numbered(number))),
        short(Numbered("1004")),
        placed(Numbered("1004")),
    ]
)
END = STORY[-1].position

each_model = pytest.mark.parametrize("name", READ_MODELS)


def rows(connection: Connection, name: str) -> list[str]:
    """Every row of a read model as text."""
    assert name in READ_MODELS
    return [row for (row,) in connection.execute(f"SELECT t::text FROM {name} AS t ORDER BY 1")]


@pytest.fixture
def live(connection: Connection) -> Connection:
    """Read models that their agents brought to the end of the log."""
    apply_all(connection, STORY)
    relay_stands(connection, END)
    agents_stand(connection, END)
    return connection


@each_model
def test_rebuilt_read_model_equals_the_live_one(
    live: Connection, connect: Connect, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row by row, whatever the size of the pages."""
    monkeypatch.setattr(rebuilding, "PAGE_EVENTS", 7)
    before = rows(live, name)
    rebuilt = rebuild(connect, name, Log(STORY).read, Log.public)
    assert rows(live, name) == before
    assert rebuilt.position == END


@each_model
def test_live_read_model_has_no_differences(live: Connection, connect: Connect, name: str) -> None:
    """What the agents made equals what the log gives."""
    found = compare(connect, name, Log(STORY).read, Log.public)
    assert (found.different, found.differences, found.position) == (0, (), END)
    assert found.rows == len(rows(live, name))


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("order_board", "UPDATE order_board SET score = 56 WHERE number = '1002'"),
        ("order_board", "DELETE FROM order_board WHERE number = '1002'"),
        ("timeline", "DELETE FROM timeline WHERE position = 9"),
        ("stock_levels", "UPDATE stock_levels SET reserved = reserved + 1"),
        ("alerts", "UPDATE alerts SET state = 'closed'"),
        ("shipment_tracking", "UPDATE shipment_tracking SET options = '[{}]' WHERE order_number = '1001'"),
    ],
)
def test_planted_difference_is_found(live: Connection, connect: Connect, name: str, damage: str) -> None:
    """A row that was changed or lost is named, on the side where it stands."""
    live.execute(damage)
    found = compare(connect, name, Log(STORY).read, Log.public)
    sides = ["expected"] if damage.startswith("DELETE") else ["expected", "shown"]
    assert sorted(each.side for each in found.differences) == sides
    assert found.different == 1


def test_comparison_forgives_what_agents_did_not_see_yet(connection: Connection, connect: Connect) -> None:
    """An agent that is behind is behind, not wrong."""
    topics = by_topic(STORY)
    for topic, said in topics.items():
        store.apply(connection, topic, [each for each in said if each.position <= 20])
    relay_stands(connection, END, last_offset=99)
    agents_stand(connection, 20)
    assert compare(connect, "order_board", Log(STORY).read, Log.public).different == 0
    assert compare(connect, "timeline", Log(STORY).read, Log.public).different == 0
    assert len(rows(connection, "timeline")) == 20


@each_model
def test_rebuild_brings_its_agents_other_read_models_along(connection: Connection, connect: Connect, name: str) -> None:
    """The agents drop everything up to the rebuild's position, so nothing may be missing anywhere up to there."""
    relay_stands(connection, END, last_offset=99)
    agents_stand(connection, 0, next_offset=0)
    rebuild(connect, name, Log(STORY).read, Log.public)
    topics = READ_MODELS[name].topics
    applied = [each for topic, said in by_topic(STORY).items() if topic in topics for each in said]
    assert len(rows(connection, "timeline")) == len(applied)
    assert seen(connection) == ({END} if len(topics) == 4 else {0, END})


def test_rebuild_mends_a_read_model(live: Connection, connect: Connect) -> None:
    """Whatever happened to a table, a rebuild makes it right."""
    before = rows(live, "order_board")
    live.execute("DELETE FROM order_board WHERE number <> '1001'")
    live.execute("UPDATE order_board SET position = 999999, fulfilment_state = 'RECEIVED'")
    rebuild(connect, "order_board", Log(STORY).read, Log.public)
    assert rows(live, "order_board") == before


def test_events_after_a_rebuild_are_applied_and_older_ones_are_not(live: Connection, connect: Connect) -> None:
    """The rebuilt table goes on where the log went on."""
    rebuild(connect, "order_board", Log(STORY).read, Log.public)
    more = published(fulfilled(Numbered("1005")), after=END)
    apply_all(live, [*STORY[-4:], *more])
    log = Log([*STORY, *more])
    relay_stands(live, more[-1].position)
    agents_stand(live, more[-1].position)
    assert compare(connect, "order_board", log.read, Log.public).different == 0


def test_rebuild_records_what_it_made(live: Connection, connect: Connect) -> None:
    """The position and version of a rebuilt read model are known, and it needs no other rebuild."""
    live.execute("UPDATE read_models SET version = 0 WHERE name = 'order_board'")
    assert store.to_rebuild(live) == ["order_board"]
    rebuild(connect, "order_board", Log(STORY).read, Log.public)
    assert store.to_rebuild(live) == []
    assert live.execute("SELECT position FROM read_models WHERE name = 'order_board'").fetchall() == [(END,)]


def test_rebuild_twice_is_a_rebuild(live: Connection, connect: Connect) -> None:
    """Repeated, a rebuild makes the same table with the same indexes."""

    def indexes() -> int:
        found = live.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 'order_board'").fetchone()
        assert found is not None
        return int(found[0])

    before, had = rows(live, "order_board"), indexes()
    for _ in range(2):
        rebuild(connect, "order_board", Log(STORY).read, Log.public)
    assert (rows(live, "order_board"), indexes()) == (before, had)


def test_private_events_are_passed(connection: Connection, connect: Connect) -> None:
    """An event that is not published moves the position and makes no row."""
    log = Log(published([placed(Numbered("1001"))]))
    position, stored, cause, correlation = log.entries[0]
    log.entries.append((position + 1, stored._replace(event=None), cause, correlation))
    rebuilt = rebuild(connect, "order_board", log.read, Log.public)
    assert (rebuilt.position, rebuilt.events) == (2, 1)


def test_agent_that_works_during_a_rebuild_loses_nothing(live: Connection, connect: Connect) -> None:
    """While a rebuild runs, its agent goes on applying events; afterwards both agree with the log."""
    more = published([event for number in range(2001, 2101) for event in fulfilled(Numbered(str(number)))], after=END)
    log = Log([*STORY, *more])
    mine = by_topic(more)[ORDERS_EVENTS]

    def work() -> None:
        with connect() as agent:
            for offset, start in enumerate(range(0, len(mine), 20), 10):
                part = mine[start : start + 20]
                with agent.transaction():
                    moved = agent.execute(
                        "UPDATE consumer_offsets SET next_offset = %s, seen_position = greatest(seen_position, %s)"
                        " WHERE agent = 'read-models.orders' AND next_offset = %s RETURNING seen_position",
                        (offset + 1, part[-1].position, offset),
                    )
                    assert moved.rowcount == 1
                    store.apply(agent, ORDERS_EVENTS, part)

    relay_stands(live, log.entries[-1][0], last_offset=9 + -(-len(mine) // 20))
    agents_stand(live, END, topic=ORDERS_EVENTS)
    thread = threading.Thread(target=work)
    thread.start()
    for _ in range(5):
        rebuild(connect, "order_board", log.read, Log.public)
    thread.join()
    assert compare(connect, "order_board", log.read, Log.public).different == 0
    timeline = {each.position for each in [*by_topic(STORY)[ORDERS_EVENTS], *mine]}
    shown = {position for (position,) in live.execute("SELECT position FROM timeline WHERE event LIKE 'Order%'")}
    assert shown == timeline
