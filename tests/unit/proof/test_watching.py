"""What a fault cost is read from what was seen around it."""

from __future__ import annotations

from proof.nemesis import Fault
from proof.watching import Look, Unavailability, unavailability

FAULT = Fault("kill worker", 1, at=10.0)


def test_first_event_and_every_partition_are_two_times() -> None:
    """Something new may be written long before each partition has moved again."""
    looks = [Look(9.9, 100, (5, 7)), Look(11.5, 103, (6, 7)), Look(19.0, 140, (9, 8))]
    assert unavailability(FAULT, looks) == Unavailability("kill worker", 1.5, 9.0)


def test_what_was_on_its_way_does_not_count() -> None:
    """An event that is seen at the moment of the fault was written before it."""
    looks = [Look(9.9, 100, (5,)), Look(10.02, 101, (6,)), Look(12.0, 102, (7,))]
    assert unavailability(FAULT, looks) == Unavailability("kill worker", 2.0, 2.0)


def test_nothing_new_is_no_time() -> None:
    """Where nothing moved until the watch ended, there is no figure to be taken for a short one."""
    assert unavailability(FAULT, [Look(9.9, 100, (5,)), Look(60.0, 100, (5,))]) == Unavailability(
        "kill worker", None, None
    )
