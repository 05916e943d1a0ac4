"""Which update of an order counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aggregates.policies.status_order import (
    CARRIER_IS_FURTHER,
    OLDER,
    RANKS,
    REPEAT,
    STEP_BACK,
    has_left,
    known_status,
    why_old_news,
    why_superseded,
)
from tests.builders import NOON

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("present", "status", "later", "same_content", "expected"),
    [
        ("AWAITING_SHIPMENT", "IN_TRANSIT", -1, False, OLDER),
        ("AWAITING_SHIPMENT", "CANCELLED", -1, False, OLDER),
        ("AWAITING_SHIPMENT", "UNPAID", 1, False, STEP_BACK),
        ("AWAITING_SHIPMENT", "UNPAID", 0, False, STEP_BACK),
        ("AWAITING_SHIPMENT", "AWAITING_SHIPMENT", 0, True, REPEAT),
        ("AWAITING_SHIPMENT", "AWAITING_SHIPMENT", 0, False, None),
        ("AWAITING_SHIPMENT", "AWAITING_SHIPMENT", 1, True, None),
        ("AWAITING_SHIPMENT", "IN_TRANSIT", 0, True, None),
        ("CANCELLED", "COMPLETED", 1, False, STEP_BACK),
        ("TELEPORTED", "UNPAID", -1, False, None),
    ],
)
def test_time_first_then_rank(present: str, status: str, later: int, same_content: bool, expected: str | None) -> None:
    """Marketplace time decides, in the same second the rank; a status never moves back; a repeat is one."""
    assert why_superseded(present, NOON, status, NOON + later * SECOND, same_content=same_content) == expected


def test_cancel_is_cancelled() -> None:
    """The webhook's CANCEL is CANCELLED, and a word that we do not know is none of ours."""
    assert known_status("CANCEL") == "CANCELLED"
    assert known_status("TELEPORTED") is None
    assert max(RANKS, key=RANKS.__getitem__) == "CANCELLED"


@pytest.mark.parametrize("status", ["IN_TRANSIT", "DELIVERED", "COMPLETED"])
def test_what_our_carrier_delivered_is_not_in_transit(status: str) -> None:
    """Our carrier's delivery outranks the marketplace's IN_TRANSIT, and nothing further."""
    reason = why_superseded("AWAITING_COLLECTION", NOON, status, NOON + SECOND, same_content=False, delivered=True)
    assert reason == (CARRIER_IS_FURTHER if status == "IN_TRANSIT" else None)


@pytest.mark.parametrize(
    ("told", "expected"),
    [((1, 0), None), ((0, 1), None), ((0, 0), REPEAT), ((-1, 2), OLDER), ((0, -1), STEP_BACK)],
)
def test_a_step_counts_by_its_moment_then_by_how_far_it_is(told: tuple[int, int], expected: str | None) -> None:
    """The same rule for what has steps of its own: later counts, in the same second the further one."""
    assert why_old_news((NOON, 0), (NOON + told[0] * SECOND, told[1])) == expected
    assert why_old_news(None, (NOON, told[1])) is None


def test_goods_have_left_from_in_transit_on() -> None:
    """IN_TRANSIT, DELIVERED and COMPLETED say that the goods are gone; CANCELLED does not."""
    assert [status for status in RANKS if has_left(status)] == ["IN_TRANSIT", "DELIVERED", "COMPLETED"]
