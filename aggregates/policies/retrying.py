"""When a failed outside call is tried again (the specification's delays, then every minute, then a person)."""

from __future__ import annotations

from datetime import datetime, timedelta

DELAYS = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 4, 8))
AFTERWARDS = timedelta(seconds=60)
DEADLINE = timedelta(hours=24)
JITTER = 0.25


def next_attempt(
    *,
    failures: int,
    now: datetime,
    created_at: datetime,
    deadline_at: datetime | None,
    retry_after: timedelta | None,
    jitter: float,
) -> datetime | None:
    """
    The time of the next attempt after so many failures, or None when the call's deadline comes first.

    `retry_after` is the lower bound. `jitter` from 0 to 1 adds up to a quarter, so that callers who were refused
    together do not come back together. No failure (quota, open breaker): after a second, or `retry_after`.
    """
    delay = DELAYS[0] if failures == 0 else DELAYS[failures - 1] if failures <= len(DELAYS) else AFTERWARDS
    if retry_after is not None:
        delay = max(delay, retry_after)
    due_at = now + delay * (1 + JITTER * jitter)
    deadline = deadline_at or created_at + DEADLINE
    return due_at if due_at < deadline else None
