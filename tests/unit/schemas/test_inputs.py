"""What the outside writes is read exactly or refused by name; nothing is rounded, cut or guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import inputs
from schemas.inputs import MAX_DEPTH, BadInput

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def raw(text: str) -> msgspec.Raw:
    """A field as it stands in a body; nothing at all is an absent one."""
    return msgspec.Raw(text.encode())


def nested(levels: int) -> bytes:
    """A body of so many levels, objects and lists in turn."""
    pairs = [('{"a":', "}") if level % 2 == 0 else ("[", "]") for level in range(levels)]
    return ("".join(start for start, _ in pairs) + "1" + "".join(end for _, end in reversed(pairs))).encode()


# A body as a whole


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"a":1,"a":2}', "a: is there twice in one object"),
        (b'{"a":1,"\\u0061":1}', "a: is there twice in one object"),
        (b'{"x":[{"b":{"order_id":1,"c":2,"order_id":1}}]}', "order_id: is there twice in one object"),
        (b'{"77 Marker Street":1,"77 Marker Street":2}', "a key: is there twice in one object"),
        (nested(MAX_DEPTH + 1), "body: is nested deeper than 32 levels"),
        (b"[" * 100_000, "body: is nested deeper than 32 levels"),
        (b'{"x":' * 100_000, "body: is nested deeper than 32 levels"),
        (b'{"a":"\xff"}', "body: is not UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "body: is not UTF-8"),
        ('{"a":1}'.encode("utf-16"), "body: is not UTF-8"),
        (b"", "body: is not JSON"),
        (b"not json", "body: is not JSON"),
        (b'{"a":NaN}', "body: is not JSON"),
        (b'{"a":-Infinity}', "body: is not JSON"),
        (b'{"a":01}', "body: is not JSON"),
        (b'{"a":"a\x00b"}', "body: is not JSON"),
        (b'{"a":1}{"a":1}', "body: is not JSON"),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", "body: is not JSON"),
    ],
)
def test_body_that_decoders_would_take_differently_is_refused_by_name(body: bytes, fault: str) -> None:
    """What is wrong is named; a key that does not look like a field's name is not quoted."""
    with pytest.raises(BadInput) as refused:
        inputs.well_formed(body)
    assert str(refused.value) == fault


@pytest.mark.parametrize(
    "body", [nested(MAX_DEPTH), b'{"a":' + b"9" * 10_000 + b"}", b'{"a":[' + b"{}," * 500 + b"1]}"]
)
def test_what_only_looks_odd_is_left_as_it_is(body: bytes) -> None:
    """Exactly 32 levels, a number of ten thousand digits, many brackets side by side."""
    assert inputs.well_formed(body) == body.decode()


def test_byte_order_mark_is_skipped() -> None:
    """Some producers put one in front."""
    assert inputs.well_formed(b'\xef\xbb\xbf{"a":1}') == '{"a":1}'


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"a\ud800b", "a\x00b"),
        (r"a\uDFFFb", "a\x00b"),
        (r"\ud800\ud83c\udf75", "\x00🍵"),
        (r"\ud83c\udf75\udf75", "🍵\x00"),
        (r"\ud83c\uDF75", "🍵"),
        (r"\\ud800", r"\ud800"),
        (r"\\\ud800", "\\\x00"),
        (r"\u0000\u001b\u00e9\/", "\x00\x1bé/"),
    ],
)
def test_escape_of_a_lone_surrogate_becomes_one_that_is_removed_later(escaped: str, text: str) -> None:
    """Pairs, other escapes and escaped backslashes stay what they are."""
    body = inputs.well_formed(f'{{"a":"{escaped}"}}'.encode())
    assert msgspec.json.decode(body) == {"a": text}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_every_json_text_is_either_taken_unchanged_in_meaning_or_refused(value: object) -> None:
    """Whatever value was encoded, what comes out decodes to the same."""
    body = msgspec.json.encode({"value": value})
    assert msgspec.json.decode(inputs.well_formed(body)) == {"value": value}


@given(st.binary(max_size=200))
def test_any_bytes_are_judged_and_nothing_else_is_raised(body: bytes) -> None:
    """Bytes without any sense are taken or refused by name; no other exception leaves."""
    try:
        text = inputs.well_formed(body)
    except BadInput:
        return
    msgspec.json.decode(text)


# Quantities and prices


@pytest.mark.parametrize(
    ("given_", "units"), [("2", 2), ('"2"', 2), ("2.0", 2), ('"2.0"', 2), ("0", 0), ("", 1), ("null", 1)]
)
def test_fc_14_quantities_that_are_whole_are_taken(given_: str, units: int) -> None:
    """As a number or as text, with a fraction of nothing; absent is one."""
    assert inputs.quantity(raw(given_), "quantity") == units


@pytest.mark.parametrize(
    "given_",
    ["1.5", "-1", '"1_0"', '"\uff11\uff12"', "true", '""', '" 2"', '"1,000"', "1e1", '"2.01"', "[]", "{}", "1000001"],
)
def test_fc_14_quantities_that_are_not_whole_are_refused(given_: str) -> None:
    """Python's own int and float would take some of them, as 10 or 12."""
    with pytest.raises(BadInput, match="quantity"):
        inputs.quantity(raw(given_), "quantity")


@pytest.mark.parametrize("given_", ["19.99", '"19.99"'])
def test_fc_14_prices_are_exact(given_: str) -> None:
    """A bare number is taken by its digits, never through a float."""
    assert str(inputs.money(raw(given_), "price")) == "19.99"


def test_fc_14_price_of_many_digits_keeps_them() -> None:
    """More digits than a float holds."""
    assert inputs.money(raw("123456789012345.0123456789"), "price") == Decimal("123456789012345.0123456789")


@pytest.mark.parametrize(
    "given_", ['"1,234.50"', '"1e3"', "1e3", '"NaN"', "NaN", '""', "", "null", "true", '"١٩"', '"1."']
)
def test_fc_14_prices_in_any_other_form_are_refused(given_: str) -> None:
    """Separators, exponents, other digits, nothing at all."""
    with pytest.raises(BadInput, match="price"):
        inputs.money(raw(given_), "price")


# Ids


@pytest.mark.parametrize(
    ("given_", "text"),
    [('"576900000000000001"', "576900000000000001"), ("576900000000000001", "576900000000000001"), ('"007"', "007")],
)
def test_id_is_exact_to_the_digit(given_: str, text: str) -> None:
    """Text stays text, and a bare integer is its digits, however many."""
    assert inputs.outside_id(raw(given_), "order_id") == text


@pytest.mark.parametrize(
    "given_",
    [
        "5.769e17",
        "576900000000000001.0",
        "-5",
        '""',
        "null",
        "",
        "true",
        '" 5"',
        '"a\\u0000"',
        '"a\\nb"',
        f'"{"5" * 65}"',
    ],
)
def test_id_that_is_not_exact_is_refused(given_: str) -> None:
    """A float has lost digits already; blanks and control characters would make two of one."""
    with pytest.raises(BadInput, match="order_id"):
        inputs.outside_id(raw(given_), "order_id")


# Times, of which some are milliseconds

SHARED = datetime(2025, 11, 24, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given_", "moment"),
    [
        ("1764000000", SHARED),
        ("1764000000123", SHARED + timedelta(milliseconds=123)),
        ('"1764000000"', SHARED),
        ('"1764000000123"', SHARED + timedelta(milliseconds=123)),
        ("1420070400", datetime(2015, 1, 1, tzinfo=UTC)),
    ],
)
def test_fc_35_seconds_and_milliseconds_are_told_apart(given_: str, moment: datetime) -> None:
    """Thirteen digits are milliseconds."""
    assert inputs.moment(raw(given_), "update_time", NOW) == moment


@pytest.mark.parametrize(
    "given_",
    [
        "0",
        "-1",
        "99999999999999999",
        "",
        "null",
        '""',
        "1764000000.5",
        "1.764e9",
        '"soon"',
        "1420070399",
        "176400000012",
        "true",
        str(int((NOW + timedelta(days=3)).timestamp())),
    ],
)
def test_fc_35_times_that_cannot_be_are_refused(given_: str) -> None:
    """A time in the far future would win over every later update."""
    with pytest.raises(BadInput, match="update_time"):
        inputs.moment(raw(given_), "update_time", NOW)


def test_deadline_may_lie_further_ahead() -> None:
    """Two years for what is due, a day for what happened."""
    ahead = str(int((NOW + timedelta(days=700)).timestamp()))
    assert inputs.optional_moment(raw(ahead), "deadline", NOW, inputs.DEADLINE_AHEAD) == NOW + timedelta(days=700)
    assert inputs.optional_moment(raw(""), "deadline", NOW) is None


# Text


@pytest.mark.parametrize(
    ("given_", "kept", "clean"),
    [
        ("plain é 漢 🍵", "plain é 漢 🍵", True),
        ("a\x00b", "ab", False),
        ("\x1b[0m\x7f\x85", "[0m", False),
        ("12 Main\r\nApt\t4", "12 Main Apt 4", True),
        ("no\u00a0break", "no\u00a0break", True),
    ],
)
def test_text_loses_control_characters_and_breaks(given_: str, kept: str, clean: bool) -> None:
    """Whether something was taken away can be told."""
    assert inputs.text(given_, "name") == kept
    assert inputs.is_clean(given_) is clean


def test_text_is_never_cut() -> None:
    """Too long is refused, with the field and without the text."""
    assert inputs.text("a" * 1000, "name") == "a" * 1000
    with pytest.raises(BadInput, match=r"^name: has more than 1000 characters$"):
        inputs.text("a" * 1001, "name")


@pytest.mark.parametrize(("given_", "text"), [("", ""), ("null", ""), ('""', ""), ("7", "7"), ('"c"', "c")])
def test_optional_id_may_be_left_out(given_: str, text: str) -> None:
    """Absent, null and empty are the same."""
    assert inputs.optional_id(raw(given_), "buyer_id") == text
