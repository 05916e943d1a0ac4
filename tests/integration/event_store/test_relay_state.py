"""Who leads the relay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aggregates.event_store import relay_state
from aggregates.event_store.connection import Connection, connect
from aggregates.event_store.relay_state import Leadership, LeadershipLost, Sent


@pytest.fixture
def other(database: str) -> Iterator[Connection]:
    """The connection of another process."""
    with connect(database, "other") as connection:
        yield connection


def lead(connection: Connection, name: str) -> Leadership:
    """Take the lead, which must work."""
    leadership = relay_state.take_lead(connection, name)
    assert leadership is not None
    return leadership


def expire(connection: Connection) -> None:
    """Let the lease run out."""
    connection.execute("UPDATE relay SET lease_until = now() - interval '1 second'")


def test_one_process_leads(opened: Connection, other: Connection) -> None:
    """While the lease runs nobody else gets the lead."""
    lead(opened, "one")
    assert relay_state.take_lead(other, "two") is None


def test_leader_that_asks_again_keeps_its_term(opened: Connection) -> None:
    """Leading is no new term for who leads."""
    assert lead(opened, "one") == lead(opened, "one")


def test_lease_that_ran_out_starts_a_new_term(opened: Connection, other: Connection) -> None:
    """Another process leads on from the stored position, in a term of its own."""
    first = relay_state.move(opened, lead(opened, "one"), 17, [])
    expire(opened)
    assert lead(other, "two") == Leadership(first.term + 1, 17)


def test_deposed_leader_moves_nothing(opened: Connection, other: Connection) -> None:
    """A leader that was stopped and wakes up learns at its next step that it lost."""
    old = lead(opened, "one")
    expire(opened)
    new = lead(other, "two")
    for act in (lambda: relay_state.renew(opened, old), lambda: relay_state.move(opened, old, 5, [])):
        with pytest.raises(LeadershipLost):
            act()
    assert relay_state.move(other, new, 9, []).position == 9


def test_own_lease_that_ran_out_is_a_new_term(opened: Connection) -> None:
    """A process of the same name after a pause cannot tell what was sent meanwhile, so its old term is over."""
    old = lead(opened, "one")
    expire(opened)
    lead(opened, "one")
    with pytest.raises(LeadershipLost):
        relay_state.renew(opened, old)


def test_position_is_part_of_the_compare_and_set(opened: Connection) -> None:
    """The same move twice works once."""
    leadership = lead(opened, "one")
    relay_state.move(opened, leadership, 5, [])
    with pytest.raises(LeadershipLost):
        relay_state.move(opened, leadership, 5, [])


def test_what_was_sent_last_is_kept_with_the_position(opened: Connection) -> None:
    """The next leader learns the last position of every partition, and a failed move tells it nothing."""
    leadership = relay_state.move(opened, lead(opened, "one"), 5, [Sent("t", 0, 11, 4), Sent("t", 1, 3, 5)])
    relay_state.move(opened, leadership, 8, [Sent("t", 0, 12, 8)])
    with pytest.raises(LeadershipLost):
        relay_state.move(opened, leadership, 9, [Sent("t", 1, 99, 9)])
    assert relay_state.sent(opened) == {("t", 0): 8, ("t", 1): 5}


def test_leader_that_steps_down_is_followed_at_once(opened: Connection, other: Connection) -> None:
    """A process that stops in order costs no lease time."""
    relay_state.step_down(opened, lead(opened, "one"))
    lead(other, "two")


def test_deposed_leader_steps_down_from_nothing(opened: Connection, other: Connection) -> None:
    """A late step down does not end somebody else's term."""
    old = lead(opened, "one")
    expire(opened)
    new = lead(other, "two")
    relay_state.step_down(opened, old)
    relay_state.renew(other, new)
