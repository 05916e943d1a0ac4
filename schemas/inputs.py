"""
What the outside writes as text or number, read strictly: one place for every rule about input.

`well_formed` judges a body as a whole. Each reader after it takes a field's raw JSON and raises `BadInput` naming the
field and the reason, never the value, which may be personal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Any, NoReturn

import msgspec

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
LATEST_AHEAD = timedelta(days=1)
DEADLINE_AHEAD = timedelta(days=730)
MAX_ID_CHARACTERS = 64
MAX_QUANTITY = 1_000_000
MAX_TEXT_CHARACTERS = 1_000
MAX_DEPTH = 32
UTF8_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_DIGITS = re.compile(r"[0-9]+\Z")
_WHOLE = re.compile(r"[0-9]{1,12}(\.0+)?\Z")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?\Z")
_BREAK = re.compile(r"[\t\n\r]+")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
_LONE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}\Z")
_FIELD_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}\Z")

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


def well_formed(body: bytes) -> str:
    """
    One JSON text in UTF-8, with no key twice in one object and at most 32 levels deep; a byte order mark is skipped.

    Decoders differ in all of these: the last of two keys wins in silence, unknown fields are not looked into, deep
    nesting ends in a `RecursionError`. The escape of a lone surrogate, which is no text, becomes that of a NUL, which
    `clean` removes. Raises `BadInput`.
    """
    try:
        text = body.removeprefix(UTF8_BYTE_ORDER_MARK).decode()
    except UnicodeDecodeError:
        raise BadInput("body", "is not UTF-8") from None
    if "\\u" in text:
        text = _ESCAPE.sub(_mended, text)
    try:
        tree = _scan(text)
    except json.JSONDecodeError:
        raise BadInput("body", "is not JSON") from None
    except RecursionError:
        raise _too_deep() from None
    if text.count("{") + text.count("[") > MAX_DEPTH and _is_deeper(tree, MAX_DEPTH):
        raise _too_deep()
    return text


def _mended(escape: re.Match[str]) -> str:
    return "\\u0000" if _LONE_SURROGATE.match(escape[0]) else escape[0]


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs, each key once."""
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadInput(twice if _FIELD_NAME.match(twice) else "a key", "is there twice in one object")
    return found


def _no_constant(_name: str) -> NoReturn:
    raise BadInput("body", "is not JSON")


_scan = json.JSONDecoder(
    object_pairs_hook=_each_once, parse_int=len, parse_float=len, parse_constant=_no_constant
).decode
"""Only the structure is looked at: a number is never made of digits, of which there may be a million."""


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(child, levels - 1) for child in children)


def _too_deep() -> BadInput:
    return BadInput("body", f"is nested deeper than {MAX_DEPTH} levels")


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
    if len(text) > MAX_ID_CHARACTERS or not text.isprintable() or text != text.strip():
        raise BadInput(field, f"must be at most {MAX_ID_CHARACTERS} visible characters")
    return text


def optional_id(raw: msgspec.Raw, field: str) -> str:
    """An id as `outside_id` takes it, empty where the field is absent, null or empty."""
    return outside_id(raw, field) if literal(raw, field) else ""


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


def counter(raw: msgspec.Raw, field: str) -> int | None:
    """A cumulative count of up to twelve digits, read as units are; None where it is absent, which is not 0."""
    text = literal(raw, field)
    if text is None:
        return None
    if not _WHOLE.match(text):
        raise BadInput(field, "must be a whole count, not negative, of at most 12 digits")
    return int(text.partition(".")[0])


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


def text(value: str | None, field: str) -> str:
    """Free text as it may be stored, empty where it is absent. Nothing is cut: text that is too long is refused."""
    if not value:
        return ""
    if len(value) > MAX_TEXT_CHARACTERS:
        raise BadInput(field, f"has more than {MAX_TEXT_CHARACTERS} characters")
    return clean(value)


def clean(text: str) -> str:
    """Text on one line, without NUL, control characters and lone surrogates; a tab or a new line becomes a blank."""
    return text if text.isprintable() else _CONTROL.sub("", _BREAK.sub(" ", text))


def is_clean(text: str) -> bool:
    """Whether `clean` would take nothing away."""
    return text.isprintable() or _CONTROL.search(text) is None
