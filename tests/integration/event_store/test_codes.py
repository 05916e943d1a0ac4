"""Which code may work on a store: newer code takes it over, older code stays away."""

from __future__ import annotations

import threading

import pytest

from aggregates.event_store import codes
from aggregates.event_store.codes import CodeTooOld
from aggregates.event_store.connection import Connection, connect


def test_any_code_may_work_on_a_new_store(opened: Connection) -> None:
    """The tables alone keep nobody away: a migration comes before the first worker of a release."""
    assert codes.min_code(opened) == 1
    codes.check(opened, 1)


def test_newer_code_takes_over(opened: Connection) -> None:
    """From then on older code is refused, with both numbers in the reason, and the same code is not."""
    assert codes.take_over(opened, 3) == 1
    codes.check(opened, 3)
    with pytest.raises(CodeTooOld, match="code 3 or newer, and this is code 2"):
        codes.check(opened, 2)


def test_older_code_does_not_take_over(opened: Connection) -> None:
    """Refused: the number stays where it is."""
    codes.take_over(opened, 3)
    with pytest.raises(CodeTooOld):
        codes.take_over(opened, 2)
    assert codes.min_code(opened) == 3


def test_taking_over_again_changes_nothing(opened: Connection) -> None:
    """Repeated by each worker of a release, the number is raised once."""
    assert [codes.take_over(opened, 3) for _ in range(3)] == [1, 3, 3]
    assert codes.min_code(opened) == 3


def test_two_releases_race_for_a_store(database: str, opened: Connection) -> None:
    """Whoever comes first, the newer one has it."""
    refused: list[CodeTooOld] = []

    def take_over(code: int) -> None:
        with connect(database, "test") as connection:
            try:
                codes.take_over(connection, code)
            except CodeTooOld as error:
                refused.append(error)

    racing = [threading.Thread(target=take_over, args=(code,)) for code in (4, 3, 5, 2)]
    for each in racing:
        each.start()
    for each in racing:
        each.join()
    assert codes.min_code(opened) == 5
    assert len(refused) <= 3


def test_new_epoch_lets_no_older_code_in(opened: Connection) -> None:
    """The number outlives a restore that starts a new epoch."""
    codes.take_over(opened, 3)
    opened.execute("INSERT INTO store_epoch (epoch, first_position) VALUES (2, 9)")
    try:
        with pytest.raises(CodeTooOld):
            codes.check(opened, 2)
        assert codes.take_over(opened, 4) == 3
    finally:
        opened.execute("DELETE FROM store_epoch WHERE epoch = 2")
