"""Which outside messages were decided."""

from __future__ import annotations

from uuid import uuid4

from aggregates.event_store import inbox
from aggregates.event_store.connection import Connection
from aggregates.event_store.inbox import Entry
from tests.effects import write

TARGET = uuid4()


def test_decided_message_is_known_by_source_id_and_target(database: str, opened: Connection) -> None:
    """The same id of another source, or for another aggregate, is another message."""
    write(database, opened, inbox=[Entry("tiktok", "E1", TARGET, b"hash")])
    asked = [
        Entry("tiktok", "E1", TARGET, b""),
        Entry("shopify", "E1", TARGET, b""),
        Entry("tiktok", "E1", uuid4(), b""),
    ]
    assert inbox.known(opened, asked) == {("tiktok", "E1", TARGET): b"hash"}


def test_same_id_with_another_body_keeps_the_later_hash(database: str, opened: Connection) -> None:
    """A reused id is no repeat; from then on the later body is the known one."""
    write(database, opened, inbox=[Entry("tiktok", "E1", TARGET, b"one")])
    write(database, opened, inbox=[Entry("tiktok", "E1", TARGET, b"two")])
    assert inbox.known(opened, [Entry("tiktok", "E1", TARGET, b"")]) == {("tiktok", "E1", TARGET): b"two"}


def test_outcome_of_a_command_is_told_by_its_id(database: str, opened: Connection) -> None:
    """An operator asks what became of a command; one that was not decided has no outcome yet."""
    write(database, opened, inbox=[Entry("operator", "C1", TARGET, b"hash")])
    found = inbox.outcome(opened, "C1")
    assert found is not None
    assert found[0] == "decided"
    assert inbox.outcome(opened, "C2") is None


def test_entries_are_forgotten_after_seven_days(database: str, opened: Connection) -> None:
    """Six days are kept, eight are not."""
    write(database, opened, inbox=[Entry("tiktok", "six", TARGET, b"h"), Entry("tiktok", "eight", TARGET, b"h")])
    for name in ("six", "eight"):
        days = {"six": 6, "eight": 8}[name]
        opened.execute(
            "UPDATE inbox SET recorded_at = now() - make_interval(days => %s) WHERE event_id = %s", (days, name)
        )
    assert inbox.forget_old(opened) == 1
    assert inbox.event_ids(opened) == {"six"}
