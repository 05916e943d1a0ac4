"""
What the outside writes as text or number, read strictly: one place for every rule about input.

Each reader takes a field's raw JSON and raises `BadInput` naming the field and the reason, never the value, which may
be personal.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil

import msgspec

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
LATEST_AHEAD = timedelta(days=1)
DEADLINE_AHEAD = timedelta(days=730)
MAX_ID_CHARACTERS = 64
MAX_QUANTITY = 1_000_000

_DIGITS = re.compile(r"[0-9]+\Z")
_WHOLE = re.compile(r"[0-9]{1,12}(\.0+)?\Z")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?\Z")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

_GRAMS = {
    "g": Decimal(1),
    "gram": Decimal(1),
    "kg": Decimal(1000),
    "kilogram": Decimal(1000),
    "lb": Decimal("453.59237"),
    "pound": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
    "ounce": Decimal("28.349523125"),
}


class BadInput(ValueError):
    """A field that cannot be taken, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def literal(raw: msgspec.Raw, field: str) -> str | None:
    """The characters of a JSON string or number; None for null or an absent field."""
    text = bytes(raw)
    if text in (b"", b"null"):
        return None
    if text[:1] == b'"':
        try:
            return msgspec.json.decode(text, type=str)
        except msgspec.DecodeError:
            raise BadInput(field, "is not text") from None
    if text[:1] in b"-0123456789":
        return text.decode()
    raise BadInput(field, "must be text or a number")


def outside_id(raw: msgspec.Raw, field: str) -> str:
    """An id, exact to the digit: text, or a bare integer taken as its digits. A float is refused."""
    text = literal(raw, field)
    if text is None or text == "":
        raise BadInput(field, "is missing")
    if bytes(raw)[:1] != b'"' and not _DIGITS.match(text):
        raise BadInput(field, "must be text or a whole number")
    if len(text) > MAX_ID_CHARACTERS or _CONTROL.search(text) or text != text.strip():
        raise BadInput(field, f"must be at most {MAX_ID_CHARACTERS} visible characters")
    return text


def quantity(raw: msgspec.Raw, field: str) -> int:
    """Units: 2, "2", 2.0 and "2.0" are 2; absent is 1. Nothing is rounded, cut or guessed."""
    text = literal(raw, field)
    if text is None:
        return 1
    if not _WHOLE.match(text):
        raise BadInput(field, "must be a whole number of units, not negative")
    units = int(text.partition(".")[0])
    if units > MAX_QUANTITY:
        raise BadInput(field, f"is more than {MAX_QUANTITY}")
    return units


def money(raw: msgspec.Raw, field: str) -> Decimal:
    """An exact amount. A bare number is taken by its digits; exponents, separators and NaN are refused."""
    text = literal(raw, field)
    if text is None:
        raise BadInput(field, "is missing")
    if not _DECIMAL.match(text):
        raise BadInput(field, "must be a decimal amount such as 19.99")
    return Decimal(text)


def optional_money(raw: msgspec.Raw, field: str) -> Decimal | None:
    """An exact amount, or None where the field is absent."""
    return None if literal(raw, field) is None else money(raw, field)


def moment(raw: msgspec.Raw, field: str, now: datetime, ahead: timedelta = LATEST_AHEAD) -> datetime:
    """A time in seconds, or in milliseconds if it has 13 digits, from 2015 to `ahead` of now."""
    text = literal(raw, field)
    if text is None:
        raise BadInput(field, "is missing")
    if not _DIGITS.match(text) or len(text) > 13:
        raise BadInput(field, "must be a time in seconds")
    number = int(text)
    at = (
        EARLIEST
        + (timedelta(milliseconds=number) if len(text) == 13 else timedelta(seconds=number))
        - timedelta(seconds=EARLIEST.timestamp())
    )
    if not EARLIEST <= at <= now + ahead:
        raise BadInput(field, "is not between 2015 and now")
    return at


def optional_moment(raw: msgspec.Raw, field: str, now: datetime, ahead: timedelta = LATEST_AHEAD) -> datetime | None:
    """A time, or None where the field is absent."""
    return None if literal(raw, field) is None else moment(raw, field, now, ahead)


def grams(value: msgspec.Raw, unit: str, field: str) -> int | None:
    """A weight in whole grams, rounded up; None where it is absent or 0, which is unknown."""
    text = literal(value, field)
    if text is None:
        return None
    factor = _GRAMS.get(unit.strip().lower())
    if factor is None:
        raise BadInput(field, "has no unit that is known")
    amount = money(value, field)
    if amount < 0:
        raise BadInput(field, "is negative")
    return ceil(amount * factor) or None


def clean(text: str) -> str:
    """Text without NUL, control characters and lone surrogates."""
    return _CONTROL.sub("", text)


def is_clean(text: str) -> bool:
    """Whether `clean` would leave the text as it is."""
    return _CONTROL.search(text) is None
