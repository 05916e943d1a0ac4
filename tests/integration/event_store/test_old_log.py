"""
FC-49: a log that an earlier version wrote is read, goes on, and stays as it was written.

`data/log_before_0_1.json` holds the rows: an order in its first form (`OrderCreated` under the path of its class,
amounts as floats, no currency, a field that nobody knows today), an event whose type is gone, and the rest as today;
and what was recorded as its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from aggregates import order
from aggregates.event_store import relay_state
from aggregates.event_store.application import open_event_log
from aggregates.event_store.connection import Connection, connect
from aggregates.event_store.mapper import NewerEvent
from aggregates.order import Order
from aggregates.order_events import Placed
from aggregates.publication import public
from aggregates.upcasters import Skipped
from creatorflow import bootstrap
from creatorflow.audit import check
from creatorflow.log_reader import StoreLog
from creatorflow.order_history import order_history
from projections import rebuild as rebuilding
from schemas.values import Money
from tests.builders import NOON, an_order, one_part_per_line
from tests.integration.event_store.stored import Store

CONTENT = msgspec.json.decode((Path(__file__).parent / "data" / "log_before_0_1.json").read_bytes())
ROWS: list[dict[str, Any]] = CONTENT["rows"]
OLD = an_order().id


def write(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Put rows into the log as they are."""
    for row in rows:
        connection.execute(
            "INSERT INTO events (originator_id, originator_version, topic, state, cause, correlation)"
            " VALUES (%s, %s, %s, %s, %s, 'old')",
            (
                row["originator_id"],
                row["originator_version"],
                row["topic"],
                msgspec.json.encode(row["state"]),
                row["cause"],
            ),
        )


def stored_rows(connection: Connection) -> list[tuple[Any, ...]]:
    """Every row of the log, byte by byte."""
    return connection.execute("SELECT * FROM events ORDER BY notification_id").fetchall()


@pytest.fixture
def old(stored: Store) -> Store:
    """A store with the old log in it."""
    write(stored.connection, ROWS)
    return stored


@pytest.fixture
def log(database: str, old: Store) -> Iterator[StoreLog]:
    """The old log, opened for an audit."""
    opened = StoreLog(connect(database, "audit"), open_event_log(database))
    yield opened
    opened.close()


def load(store: Store, aggregate: UUID) -> Any:
    """An aggregate, folded from all its rows."""
    folded: Any = None
    for row in relay_state.stream(store.connection, aggregate):
        event: Any = store.log.event_of(row)
        folded = event.mutate(folded)
    return folded


def test_fc_49_old_order_loads_changes_and_is_saved(old: Store) -> None:
    """The old order takes an update like any other; its old rows are not rewritten."""
    before = stored_rows(old.connection)
    loaded = load(old, OLD)
    assert isinstance(loaded, Order)
    assert (loaded.state, loaded.version, loaded.total) == (
        "FULFILLED",
        8,
        Money(amount=Decimal("12.5"), currency=""),
    )
    update = an_order().paid().shown_as("DELIVERED", after=900).record()
    changed = order.decide(loaded, update, order.Known(NOON + timedelta(hours=1), one_part_per_line, 0))
    assert changed is loaded
    saved = list(changed.collect_events())
    assert saved
    old.put(saved)
    assert stored_rows(old.connection)[: len(before)] == before
    again = load(old, OLD)
    assert (again.version, again.status) == (8 + len(saved), "DELIVERED")


def test_fc_49_first_form_is_lifted_with_an_unknown_currency(old: Store) -> None:
    """No currency is guessed: it is unknown and flagged. Amounts are the decimals that the floats were meant as."""
    placed = old.log.event_of(relay_state.stream(old.connection, OLD)[0])
    assert isinstance(placed, Placed)
    assert placed.total == Money(amount=Decimal("12.5"), currency="")
    assert [line.unit_price for line in placed.lines] == [Money(amount=Decimal("12.5"), currency="")]
    assert placed.flags == ("currency-unknown",)


def test_fc_49_type_that_is_gone_is_passed_by_rule(old: Store) -> None:
    """It counts as a version of its aggregate, changes nothing, and is published to nobody."""
    gone: Any = old.log.event_of(relay_state.stream(old.connection, OLD)[1])
    assert isinstance(gone, Skipped)
    assert (gone.stored_as, gone.originator_version, public(gone)) == ("creatorflow.orders:OrderViewed", 2, None)


def test_fc_49_type_without_a_rule_is_named(old: Store) -> None:
    """A type that no table lists stops the reader, with its name, its aggregate and its place in the error."""
    write(old.connection, [{**ROWS[-1], "originator_version": 9, "topic": "os:system"}])
    with pytest.raises(NewerEvent, match=f"os:system of {OLD} at version 9"):
        load(old, OLD)


def test_fc_49_audit_replays_to_the_recorded_end(log: StoreLog) -> None:
    """Every invariant holds over the old log, and its orders are where they were recorded to be."""
    causes = {row["cause"] for row in ROWS}
    report = check(log.read(), None, None, None, outside_ids=lambda: causes, follow_ups=bootstrap.follow_ups)
    assert report.counts == {}
    assert {"events": report.events, "orders": report.orders, "states": report.states} == CONTENT["recorded"]


def test_fc_49_history_of_an_old_order_is_told(log: StoreLog) -> None:
    """From its first form to the marketplace's answer, what was passed included."""
    told = [step.what for step in order_history(log, OLD)]
    assert told[0] == "OrderPlaced"
    assert {"Skipped", "LabelBought", "OrderFulfilmentPushed"} <= set(told)


def test_fc_49_read_models_are_made_from_an_old_log(old: Store, database: str) -> None:
    """A rebuild shows the old order like any other, with no currency beside its total."""

    def read(after: int, limit: int) -> list[rebuilding.Logged]:
        page = relay_state.page(old.connection, after, limit)
        return [(row.position, old.log.event_of(row), row.cause, row.correlation) for row in page]

    rebuilding.rebuild(lambda: connect(database, "rebuild"), "order_board", read, public)
    shown = old.connection.execute("SELECT number, fulfilment_state, total, currency FROM order_board").fetchall()
    assert shown == [(an_order().number, "FULFILLED", Decimal("12.5"), "")]
