"""Which update of an order counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aggregates.policies.status_order import OLDER, RANKS, REPEAT, STEP_BACK, known_status, why_superseded
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
