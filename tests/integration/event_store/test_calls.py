"""Outside calls under leases: each held by one runner at a time, closed by whoever holds it last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from aggregates.event_store import calls, scheduled_commands
from aggregates.event_store.calls import CallRow, Closed, Postponed, Recall
from aggregates.event_store.connection import Connection, connect
from aggregates.event_store.scheduled_commands import Scheduled, scheduled
from schemas.commands import BuyLabel, RecordLabelOutcome
from tests.effects import write

KINDS = ["BuyLabelCall"]
SHIPMENT = uuid4()


def a_call(key: str, priority: int = 50, due_in: float = 0.0) -> CallRow:
    """A call that is due now, or in some seconds."""
    due_at = datetime.now(UTC) + timedelta(seconds=due_in)
    return CallRow(key, "BuyLabelCall", "carrier", "shop", priority, due_at, None, b"{}", "cause", "outside")


def an_answer(key: str) -> Scheduled:
    """What a call's outcome becomes."""
    return scheduled(BuyLabel(shipment_id=uuid4()), key, datetime.now(UTC), "cause", "outside")


@pytest.fixture
def other(database: str) -> Iterator[Connection]:
    """The connection of another runner."""
    with connect(database, "other") as connection:
        yield connection


def expire(connection: Connection) -> None:
    """Let every lease run out."""
    connection.execute("UPDATE calls SET lease_until = now() - interval '1 second'")


def test_call_is_made_once_per_key(database: str, opened: Connection) -> None:
    """The same key again, in one batch or a later one, is the same call."""
    write(database, opened, calls=[a_call("A")])
    write(database, opened, calls=[a_call("A"), a_call("B")])
    assert sorted(each.key for each in calls.claim(opened, 10, KINDS)) == ["A", "B"]


def test_most_urgent_call_is_claimed_first(database: str, opened: Connection) -> None:
    """Priority decides, then the due time."""
    write(database, opened, calls=[a_call("low", 1), a_call("late", 90, -1), a_call("early", 90, -5)])
    order = [calls.claim(opened, 1, KINDS)[0].key for _ in range(3)]
    assert order == ["early", "late", "low"]


def test_call_that_is_not_due_waits(database: str, opened: Connection) -> None:
    """Nobody claims a call before its time."""
    write(database, opened, calls=[a_call("later", due_in=60)])
    assert calls.claim(opened, 10, KINDS) == []


def test_two_runners_never_hold_the_same_call(database: str, opened: Connection, other: Connection) -> None:
    """While one runner's claim is under way, another takes the rest and does not wait."""
    write(database, opened, calls=[a_call(f"call-{number}") for number in range(10)])
    with opened.transaction():
        first = calls.claim(opened, 6, KINDS)
        second = calls.claim(other, 10, KINDS)
    assert (len(first), len(second)) == (6, 4)
    assert {each.key for each in first}.isdisjoint(each.key for each in second)


def test_lease_that_ran_out_is_claimed_once_and_marked(database: str, opened: Connection, other: Connection) -> None:
    """A call whose runner never reported goes to one other runner, which must look before it repeats."""
    write(database, opened, calls=[a_call("A")])
    calls.claim(opened, 1, KINDS)
    assert calls.claim_expired(other, 1, KINDS) == []
    expire(opened)
    with other.transaction():
        again = calls.claim_expired(other, 1, KINDS)
        assert calls.claim_expired(opened, 1, KINDS) == []
    assert [(each.attempt, each.unknown) for each in again] == [(2, True)]


def test_late_answer_of_a_lost_lease_is_dropped(database: str, opened: Connection, other: Connection) -> None:
    """Who was slow reports after somebody else took over: its answer closes nothing and schedules nothing."""
    write(database, opened, calls=[a_call("A")])
    slow = calls.claim(opened, 1, KINDS)[0]
    expire(opened)
    quick = calls.claim_expired(other, 1, KINDS)[0]
    assert calls.close(opened, [Closed(slow.id, slow.attempt, an_answer("slow"))]) == 0
    assert calls.close(other, [Closed(quick.id, quick.attempt, an_answer("quick"))]) == 1
    assert [each.key for each in scheduled_commands.due(opened, 10)] == ["quick"]


def test_call_is_closed_once(database: str, opened: Connection) -> None:
    """A second report of the same attempt finds nothing to close."""
    write(database, opened, calls=[a_call("A")])
    held = calls.claim(opened, 1, KINDS)[0]
    closed = [Closed(held.id, held.attempt, an_answer("answer"))]
    assert (calls.close(opened, closed), calls.close(opened, closed)) == (1, 0)
    assert len(scheduled_commands.due(opened, 10)) == 1


def test_answer_and_closing_are_one(opened: Connection, database: str) -> None:
    """An answer that cannot be written leaves the call open."""
    write(database, opened, calls=[a_call("A")])
    held = calls.claim(opened, 1, KINDS)[0]
    broken = an_answer("answer")._replace(key="a\x00b")
    with connect(database, "broken") as connection, pytest.raises(psycopg.DataError):
        calls.close(connection, [Closed(held.id, held.attempt, broken)])
    assert calls.waiting(opened) == {"BuyLabelCall running": 1}


def test_failed_call_is_tried_again_when_it_is_due(database: str, opened: Connection) -> None:
    """A failure counts once, and the call comes back at its time."""
    write(database, opened, calls=[a_call("A")])
    held = calls.claim(opened, 1, KINDS)[0]
    calls.postpone(opened, [Postponed(held.id, held.attempt, datetime.now(UTC), "timed out", unknown=True)])
    again = calls.claim(opened, 1, KINDS)[0]
    assert (again.attempt, again.failures, again.unknown) == (2, 1, True)


def test_call_that_was_never_sent_has_not_failed(database: str, opened: Connection) -> None:
    """An open breaker is no failure of the call."""
    write(database, opened, calls=[a_call("A")])
    held = calls.claim(opened, 1, KINDS)[0]
    calls.postpone(opened, [Postponed(held.id, held.attempt, datetime.now(UTC), "breaker open", attempted=False)])
    assert calls.claim(opened, 1, KINDS)[0].failures == 0


def test_parked_call_waits_for_a_person(database: str, opened: Connection) -> None:
    """Nobody claims it, now or when a lease would have run out."""
    write(database, opened, calls=[a_call("A")])
    held = calls.claim(opened, 1, KINDS)[0]
    calls.postpone(opened, [Postponed(held.id, held.attempt, datetime.now(UTC), "unclear", parked=True)])
    expire(opened)
    assert calls.claim(opened, 1, KINDS) + calls.claim_expired(opened, 1, KINDS) == []
    assert calls.waiting(opened) == {"BuyLabelCall parked": 1}


def test_parked_calls_of_a_shop_go_on_as_if_they_were_new(database: str, opened: Connection) -> None:
    """Those of these shops and kinds, due now and without their failures; asked again, nothing."""
    asked = [a_call("A"), a_call("B")._replace(shop="another"), a_call("C")._replace(kind="VoidLabelCall")]
    write(database, opened, calls=asked)
    for held in calls.claim(opened, 3, [*KINDS, "VoidLabelCall"]):
        calls.postpone(opened, [Postponed(held.id, held.attempt, datetime.now(UTC), "no access", parked=True)])
    opened.execute("UPDATE calls SET created_at = now() - interval '2 days', due_at = now() + interval '1 day'")
    assert [calls.resume_parked(opened, "tiktok", ["shop"], KINDS) for _ in range(2)] == [1, 0]
    (again,) = calls.claim(opened, 3, [*KINDS, "VoidLabelCall"])
    assert (again.key, again.attempt, again.failures) == ("A", 2, 0)
    assert datetime.now(UTC) - again.created_at < timedelta(hours=1)


def test_late_failure_of_a_lost_lease_changes_nothing(database: str, opened: Connection, other: Connection) -> None:
    """Who lost the lease cannot put the call back under whoever holds it now."""
    write(database, opened, calls=[a_call("A")])
    slow = calls.claim(opened, 1, KINDS)[0]
    expire(opened)
    calls.claim_expired(other, 1, KINDS)
    calls.postpone(opened, [Postponed(slow.id, slow.attempt, datetime.now(UTC), "timed out")])
    assert calls.waiting(opened) == {"BuyLabelCall running": 1}


def test_kind_that_this_code_does_not_know_is_left_alone(database: str, opened: Connection) -> None:
    """A call that newer code wrote waits for newer code."""
    write(database, opened, calls=[a_call("A")._replace(kind="TeleportCall")])
    assert calls.claim(opened, 10, KINDS) == []


def a_recall(key: str) -> Recall:
    """A purchase that is not wanted any more."""
    return Recall(key, RecordLabelOutcome(shipment_id=SHIPMENT, attempt=1, outcome="recalled"))


def test_call_that_nobody_began_is_recalled_once(database: str, opened: Connection) -> None:
    """It is gone and its answer goes back under the call's own cause; written in one batch, or recalled again: once."""
    write(database, opened, calls=[a_call("A"), a_call("B")], recalls=[a_recall("A"), a_recall("A"), a_recall("none")])
    write(database, opened, recalls=[a_recall("A")])
    assert [each.key for each in calls.claim(opened, 10, KINDS)] == ["B"]
    (answer,) = scheduled_commands.due(opened, 10)
    assert (answer.key, answer.type, answer.cause) == ("call:A:0", "RecordLabelOutcome", "cause")


def test_call_that_may_have_been_made_is_not_recalled(database: str, opened: Connection, other: Connection) -> None:
    """One that a runner holds, even in a transaction that is under way, and one whose outcome nobody knows."""
    write(database, opened, calls=[a_call("held"), a_call("unknown")])
    for each in calls.claim(opened, 2, KINDS):
        if each.key == "unknown":
            calls.postpone(opened, [Postponed(each.id, each.attempt, datetime.now(UTC), "cut", unknown=True)])
    write(database, opened, calls=[a_call("claimed now", due_in=-60)])
    with other.transaction():
        assert [each.key for each in calls.claim(other, 1, KINDS)] == ["claimed now"]
        write(database, opened, recalls=[a_recall(key) for key in ("held", "unknown", "claimed now")])
    assert scheduled_commands.due(opened, 10) == []
    assert sum(calls.waiting(opened).values()) == 3
