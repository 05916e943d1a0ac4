"""One transaction for events, offset and effects: all of it or nothing."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import ProgrammingError, StoredEvent, Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresProcessRecorder
from psycopg.conninfo import conninfo_to_dict

from aggregates.event_store.application import open_event_log
from aggregates.event_store.calls import CallRow
from aggregates.event_store.connection import Connection, connect
from aggregates.event_store.consumer_offsets import Advance, is_offset_moved
from aggregates.event_store.inbox import Entry
from aggregates.event_store.migrate import LOG_LOCK
from aggregates.event_store.readings import Link, link
from aggregates.event_store.recorder import Effects, EventRecorder, Origin
from aggregates.event_store.relay_state import page
from aggregates.event_store.scheduled_commands import scheduled
from schemas.commands import FillBackorders
from schemas.topics import INVENTORY_COMMANDS
from tests.integration.event_store.stored import AGENT, Store, a_receipt

NOW = datetime.now(UTC)
ORIGIN = Origin("cause", "outside")


class NoBytes:
    """A state that the client cannot send."""


def unsendable(item: UUID | None = None) -> StoredEvent:
    """A stored event on which psycopg raises before anything reaches the server."""
    state: Any = NoBytes()
    return StoredEvent(item or uuid4(), 1, "stock-item.opened", state)


def datastore(dsn: str) -> PostgresDatastore:
    """The library's way to a database."""
    place = conninfo_to_dict(dsn)
    return PostgresDatastore(
        str(place["dbname"]), str(place["host"]), str(place["port"]), str(place["user"]), str(place["password"])
    )


# Why the library's insert_events is overridden


def test_stock_recorder_moves_its_tracking_row_without_the_events(empty_database: str) -> None:
    """The library commits what it wrote before, although an event could not be sent: silent loss."""
    with datastore(empty_database) as opened:
        recorder = PostgresProcessRecorder(opened)
        recorder.create_table()
        with pytest.raises(ProgrammingError, match="NoBytes"):
            recorder.insert_events([unsendable()], tracking=Tracking("agent", 7))
        assert recorder.max_tracking_id("agent") == 7
        assert recorder.max_notification_id() is None


def test_our_recorder_moves_nothing_without_the_events(stored: Store, database: str) -> None:
    """The same fault in ours: the offset stays where it was, and so does everything else."""
    with connect(database, "writer") as writer, pytest.raises(psycopg.ProgrammingError):
        stored.log.recorder.insert_events(
            [unsendable()],
            connection=writer,
            effects=Effects(AGENT, INVENTORY_COMMANDS, [Advance(0, 0, 1)], inbox=[Entry("s", "e", uuid4(), b"h")]),
            origins=[ORIGIN],
        )
    assert stored.place().next_offset == 0
    assert (stored.count("events"), stored.count("inbox")) == (0, 0)


def test_stock_tracking_accepts_a_gap(empty_database: str) -> None:
    """The library takes any greater position, so that what was skipped would be refused as seen for ever."""
    with datastore(empty_database) as opened:
        recorder = PostgresProcessRecorder(opened)
        recorder.create_table()
        recorder.insert_events([], tracking=Tracking("agent", 100))
        recorder.insert_events([], tracking=Tracking("agent", 120))
        assert recorder.max_tracking_id("agent") == 120


def test_database_functions_are_refused(database: str) -> None:
    """That path of the library writes no offsets and takes no lock."""
    place = conninfo_to_dict(database)
    with (
        PostgresDatastore(
            str(place["dbname"]),
            str(place["host"]),
            str(place["port"]),
            str(place["user"]),
            str(place["password"]),
            enable_db_functions=True,
        ) as opened,
        pytest.raises(ProgrammingError, match="must be off"),
    ):
        EventRecorder(opened)


def test_recorder_makes_no_tables(database: str) -> None:
    """Tables come from migrations, which ten processes may run at once."""
    with datastore(database) as opened, pytest.raises(ProgrammingError, match="creatorflow migrate"):
        EventRecorder(opened).create_table()


# All or nothing


def test_events_and_effects_are_there_together(stored: Store) -> None:
    """One call writes events, offset, inbox, timer and call."""
    stored.put(a_receipt(), effects=everything(stored))
    assert stored.place().next_offset == 1
    counts = {table: stored.count(table) for table in ("events", "inbox", "scheduled_commands", "calls")}
    assert counts == {"events": 2, "inbox": 1, "scheduled_commands": 1, "calls": 1}


def test_version_conflict_writes_nothing(stored: Store, database: str) -> None:
    """Two decisions over the same history: the second one fails whole, its offset and effects with it."""
    item = uuid4()
    stored.put(a_receipt(item))
    with connect(database, "writer") as writer, pytest.raises(psycopg.errors.UniqueViolation):
        stored.put(a_receipt(item), effects=everything(stored), connection=writer)
    assert stored.place().next_offset == 0
    assert (stored.count("events"), stored.count("inbox"), stored.count("calls")) == (2, 0, 0)


def test_batch_without_events_moves_its_offset(stored: Store) -> None:
    """Records that lead to nothing are passed."""
    stored.put([], Advance(0, 0, 5, 12))
    assert stored.place()[:2] == (5, 12)


def test_failing_rows_move_nothing(stored: Store, database: str) -> None:
    """A read model that cannot be written keeps the offset where it was."""

    def fail(connection: Connection) -> None:
        connection.execute("SELECT 1")
        raise KeyError("row")

    effects = Effects(AGENT, INVENTORY_COMMANDS, [Advance(0, 0, 1)], rows=fail)
    with connect(database, "writer") as writer, pytest.raises(KeyError):
        stored.put([], effects=effects, connection=writer)
    assert stored.place().next_offset == 0


def everything(stored: Store) -> Effects:
    """One of each effect."""
    timer = scheduled(FillBackorders(stock_item_id=uuid4(), set_for=1), "timer", NOW, "cause", "outside")
    call = CallRow("call", "BuyLabelCall", "carrier", "shop", 50, NOW, None, b"{}", "cause", "outside")
    return Effects(
        AGENT,
        INVENTORY_COMMANDS,
        [Advance(0, 0, 1)],
        inbox=[Entry("operator", "e", uuid4(), b"h")],
        scheduled=[timer],
        calls=[call],
    )


def test_a_content_link_is_waited_for_without_the_log_s_lock(stored: Store, database: str) -> None:
    """Another writer has the same link and the log's lock: the batch waits for the link first, and stops nobody."""
    same = [Link(uuid4(), "tiktok", "video", "shop", "TEA-30", uuid4())]
    with connect(database, "first") as first, connect(database, "second") as second:
        second.execute("SET lock_timeout = 100")
        with first.transaction():
            link(first, same)
            first.execute("SELECT pg_advisory_xact_lock(%s)", (LOG_LOCK,))
            with pytest.raises(psycopg.errors.LockNotAvailable) as caught:
                stored.put(a_receipt(), effects=Effects("", "", content_links=same), connection=second)
    assert "content_links" in (caught.value.diag.context or "")


# Offsets


def test_repeat_is_refused(stored: Store, database: str) -> None:
    """A batch that was written is not written again."""
    stored.put(a_receipt(), Advance(0, 0, 2))
    with connect(database, "second") as second, pytest.raises(psycopg.Error) as caught:
        stored.put(a_receipt(), Advance(0, 0, 2), connection=second)
    assert is_offset_moved(caught.value)
    assert (stored.place().next_offset, stored.count("events")) == (2, 2)


def test_gap_is_refused(stored: Store, database: str) -> None:
    """A batch that starts behind the row would skip what lies between."""
    with connect(database, "second") as second, pytest.raises(psycopg.Error) as caught:
        stored.put(a_receipt(), Advance(0, 3, 5), connection=second)
    assert is_offset_moved(caught.value)
    assert (stored.place().next_offset, stored.count("events")) == (0, 0)


def test_one_moved_partition_refuses_the_whole_batch(stored: Store, database: str) -> None:
    """A batch over two partitions, one of which somebody else has, is written for neither."""
    stored.put([], Advance(1, 0, 4))
    with connect(database, "second") as second, pytest.raises(psycopg.Error) as caught:
        stored.put(a_receipt(), Advance(0, 0, 1), Advance(1, 0, 4), connection=second)
    assert is_offset_moved(caught.value)
    assert stored.place(0).next_offset == 0


def test_row_that_nobody_began_is_refused(stored: Store, database: str) -> None:
    """An agent without a row stands nowhere, so it moves nowhere."""
    with connect(database, "second") as second, pytest.raises(psycopg.Error) as caught:
        stored.put([], Advance(9, 0, 1), connection=second)
    assert is_offset_moved(caught.value)


def test_second_owner_waits_and_then_finds_the_row_moved(stored: Store, database: str) -> None:
    """Two processes hold the same batch: the row's lock lets one through, and the other learns that it lost."""
    outcomes: list[BaseException | None] = []

    def write(first: Connection, start: threading.Barrier) -> None:
        start.wait()
        try:
            stored.put(a_receipt(), Advance(0, 0, 3), connection=first)
        except psycopg.Error as error:
            outcomes.append(error)
        else:
            outcomes.append(None)

    barrier = threading.Barrier(2)
    with connect(database, "one") as one, connect(database, "two") as two:
        threads = [threading.Thread(target=write, args=(each, barrier)) for each in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lost = [error for error in outcomes if error is not None]
    assert len(outcomes) == 2
    assert [is_offset_moved(error) for error in lost] == [True]
    assert (stored.place().next_offset, stored.count("events")) == (3, 2)


def test_seen_position_never_goes_back(stored: Store) -> None:
    """A later batch without positions keeps the highest one that was seen."""
    stored.put([], Advance(0, 0, 1, 40))
    stored.put([], Advance(0, 1, 2, 0))
    assert stored.place().seen_position == 40


# The order of the log


def test_log_positions_commit_in_order_under_eight_writers(stored: Store, database: str) -> None:
    """A reader that goes on from the last position it saw meets every event, whoever writes beside whom."""
    each, writers = 25, 8
    seen: list[int] = []
    done = threading.Event()

    def write() -> None:
        with connect(database, "writer") as connection:
            log = open_event_log(database)
            for _ in range(each):
                events = a_receipt()
                log.events.put(events, connection=connection, effects=Effects("", ""), origins=[ORIGIN] * len(events))
            log.close()

    def read() -> None:
        with connect(database, "reader") as connection:
            finished = False
            while True:
                rows = page(connection, seen[-1] if seen else 0, 100)
                seen.extend(row.position for row in rows)
                if finished and not rows:
                    return
                finished = done.is_set()

    reader = threading.Thread(target=read)
    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in (reader, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    reader.join()
    total = 2 * each * writers
    assert stored.count("events") == total
    assert len(seen) == total
    assert all(earlier < later for earlier, later in itertools.pairwise(seen))
