"""What a `Retry-After` header asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_WAIT_SECONDS: Final = 24 * 60 * 60.0


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """
    The seconds to wait at least: whole seconds or an HTTP date, at most a day.

    A date that has passed is 0. Anything else (a word, a sign, a decimal, an exponent) is None: back off as without it.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT_SECONDS)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), LONGEST_WAIT_SECONDS)
