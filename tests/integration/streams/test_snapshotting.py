"""A long stock item is loaded from its snapshot and what came after it; one that does not fit is made again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from aggregates import stock_item
from aggregates.event_store import snapshots
from aggregates.event_store.connection import Connection
from aggregates.stock_item import Known, StockItem
from schemas.commands import RecordMovement
from streams.inventory import SNAPSHOTS
from streams.snapshotting import EVENTS_AT_LEAST, Snapshots
from tests.builders import item_of
from tests.integration.event_store.stored import Store

ITEM = item_of()
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def stored(database: str, opened: Connection) -> Iterator[Store]:
    """An empty log."""
    made = Store(database, opened)
    yield made
    made.log.close()


class Shelf:
    """One stock item that lives on, and the snapshots of its agent."""

    def __init__(self, stored: Store) -> None:
        self.stored = stored
        self.live: StockItem | None = None
        self.moves = 0
        self.snapshots = Snapshots(SNAPSHOTS, stored.log)

    def move(self, times: int) -> None:
        """Let units come in, and commit it. What the item remembers of them grows by two entries for each."""
        events: list[Any] = []
        for _ in range(times):
            self.moves += 1
            command = RecordMovement(
                stock_item_id=ITEM, kind="receipt", quantity=1, reference=f"R{self.moves}", occurred_at=NOW
            )
            self.live = stock_item.decide(self.live, command, Known(NOW))
            assert self.live is not None
            events += self.live.collect_events()
        self.stored.put(events)
        assert self.live is not None
        self.snapshots.take(self.stored.connection, [self.live])

    def forget_movements(self) -> None:
        """Leave little to remember, so that a snapshot pays early."""
        assert self.live is not None
        self.live.movements.clear()
        self.live.references.clear()

    def taken(self) -> list[snapshots.Snapshot]:
        """The snapshots that lie in the store."""
        return snapshots.latest(self.stored.connection, [ITEM])

    def loaded(self) -> StockItem:
        """The item as another process loads it."""
        found: StockItem = Snapshots(SNAPSHOTS, self.stored.log).load(self.stored.connection, [ITEM])[ITEM]
        return found


@pytest.fixture
def shelf(stored: Store) -> Shelf:
    """A shelf of which there is a snapshot, and some events after it."""
    made = Shelf(stored)
    made.move(EVENTS_AT_LEAST)
    assert made.taken() == []
    made.forget_movements()
    made.move(1)
    assert [each.originator_version for each in made.taken()] == [made.live.version if made.live else 0]
    made.move(3)
    return made


def test_a_snapshot_is_taken_when_more_events_have_come_than_the_state_is_long(shelf: Shelf) -> None:
    """It is loaded with the events after it, and is what all events say."""
    (taken,) = shelf.taken()
    assert taken.originator_version == EVENTS_AT_LEAST + 2
    again = shelf.loaded()
    assert (again.version, again.on_hand, len(again.references)) == (EVENTS_AT_LEAST + 5,) + (EVENTS_AT_LEAST + 4,) * 2


def test_the_next_one_replaces_it(shelf: Shelf) -> None:
    """There is one snapshot of an aggregate: the latest."""
    shelf.move(EVENTS_AT_LEAST)
    shelf.forget_movements()
    shelf.move(1)
    (taken,) = shelf.taken()
    assert taken.originator_version == 2 * EVENTS_AT_LEAST + 6


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        ("state = convert_to('[}', 'UTF8')", "digest"),
        ("state = state || convert_to(' ', 'UTF8')", "digest"),
        ("form = form + 1", "form"),
        ("originator_version = originator_version - 1", "digest"),
        ("originator_version = 1000000", "version"),
    ],
)
def test_a_snapshot_that_does_not_fit_is_dropped_and_made_again(shelf: Shelf, harm: str, reason: str) -> None:
    """The item is loaded from all its events with one warning, and the next commit takes a new snapshot."""
    shelf.stored.connection.execute(f"UPDATE snapshots SET {harm}")
    shelf.snapshots.forget()
    with capture_logs() as said:
        again = shelf.snapshots.load(shelf.stored.connection, [ITEM])[ITEM]
    warnings = [line for line in said if line["log_level"] == "warning"]
    assert [line["event"] for line in warnings] == ["snapshot dropped"]
    assert reason in warnings[0]["reason"]
    assert (again.version, again.on_hand) == (EVENTS_AT_LEAST + 5, EVENTS_AT_LEAST + 4)
    assert shelf.taken() == []
    shelf.forget_movements()
    shelf.move(1)
    assert [each.is_whole for each in shelf.taken()] == [True]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [(b'"reserved":0', b'"reserved":1', "sums"), (b'"on_hand":', b'"hand":', "read"), (b"{", b"[", "read")],
)
def test_a_snapshot_whose_sums_do_not_fit_is_dropped(shelf: Shelf, old: bytes, new: bytes, reason: str) -> None:
    """One that was written wrongly has a digest that fits; what it says does not."""
    (taken,) = shelf.taken()
    wrong = snapshots.snapshot(*taken[:3], taken.state.replace(old, new, 1))
    snapshots.drop(shelf.stored.connection, ITEM, taken.originator_version)
    snapshots.keep(shelf.stored.connection, wrong)
    with capture_logs() as said:
        assert shelf.loaded().on_hand == EVENTS_AT_LEAST + 4
    assert [reason in line["reason"] for line in said if line["log_level"] == "warning"] == [True]


def test_what_was_not_committed_is_in_no_snapshot(shelf: Shelf) -> None:
    """A live item that is ahead of the log, as after a failed write, leaves no trace in its snapshot."""
    for number in range(2 * EVENTS_AT_LEAST):
        lost = RecordMovement(
            stock_item_id=ITEM, kind="receipt", quantity=9_999, reference=f"lost{number}", occurred_at=NOW
        )
        shelf.live = stock_item.decide(shelf.live, lost, Known(NOW))
    assert shelf.live is not None
    assert shelf.live.on_hand > 9_999
    shelf.forget_movements()
    shelf.snapshots.take(shelf.stored.connection, [shelf.live])
    assert shelf.loaded().on_hand == EVENTS_AT_LEAST + 4
