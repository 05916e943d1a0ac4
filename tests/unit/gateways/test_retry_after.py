"""`Retry-After` as others send it (field case FC-38)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateways.retry_after import retry_after_seconds

NOON = datetime(2025, 11, 26, 12, 0, 0, tzinfo=UTC)
DATE = "Wed, 26 Nov 2025 12:00:05 GMT"


@pytest.mark.parametrize(
    ("value", "now", "seconds"),
    [
        ("5", NOON, 5.0),
        (" 5 ", NOON, 5.0),
        ("0", NOON, 0.0),
        (DATE, NOON, 5.0),
        (DATE, NOON.replace(second=9), 0.0),
        ("Wednesday, 26-Nov-25 12:00:05 GMT", NOON, 5.0),
        ("Wed Nov 26 12:00:05 2025", NOON, 5.0),
        ("86400", NOON, 86_400.0),
        ("999999999", NOON, 86_400.0),
        ("soon", NOON, None),
        ("-1", NOON, None),
        ("1e3", NOON, None),
        ("1.5", NOON, None),
        ("\u0665", NOON, None),
        ("", NOON, None),
        ("Wed, 99 Nov 2025 12:00:05 GMT", NOON, None),
        (None, NOON, None),
    ],
)
def test_seconds_and_dates_are_a_lower_bound_and_anything_else_is_ignored(
    value: str | None, now: datetime, seconds: float | None
) -> None:
    """FC-38: whole seconds and HTTP dates count, a passed date is now, a day is the cap, the rest is back-off."""
    assert retry_after_seconds(value, now) == seconds
