"""A reading is taken as it was meant, or refused with the field and the reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from schemas.content import ContentReading, parse, routing_key
from schemas.inputs import BadInput
from schemas.values import content_id

NOW = datetime(2025, 11, 24, 16, 30, tzinfo=UTC)
SECONDS = 1764000000
READ_AT = datetime(2025, 11, 24, 16, tzinfo=UTC)


def body(**fields: Any) -> bytes:
    """A reading's body; what is None is left out."""
    told = {"content_id": "v1", "read_at": SECONDS, "views": 10, **fields}
    return msgspec.json.encode({name: value for name, value in told.items() if value is not None})


def test_the_least_reading() -> None:
    """Content, moment and views are enough; the rest is unknown, not 0."""
    assert parse(body(), NOW) == ContentReading(
        content=content_id("tiktok", "v1"), content_id="v1", marketplace="tiktok", read_at=READ_AT, views=10
    )


def test_the_whole_reading() -> None:
    """Every field of the contract."""
    told = parse(
        body(
            reading_id=7,
            marketplace="shopify",
            shop_id="s1",
            creator_id="c1",
            creator_follower_count="1200",
            published_at=str(SECONDS - 3600),
            likes=1,
            comments=2.0,
            shares="3",
            sku_ids=["A", 17, "A"],
            more={"unknown": True},
        ),
        NOW,
    )
    assert (told.reading_id, told.marketplace, told.shop, told.creator_id) == ("7", "shopify", "s1", "c1")
    assert (told.creator_follower_count, told.published_at) == (1200, READ_AT - timedelta(hours=1))
    assert (told.likes, told.comments, told.shares, told.sku_ids) == (1, 2, 3, ("A", "17"))


@pytest.mark.parametrize("read_at", [SECONDS, SECONDS * 1000 + 123, str(SECONDS)])
def test_fc_35_seconds_and_milliseconds(read_at: Any) -> None:
    """FC-35: seconds as a number or as text, and 13 digits as milliseconds, mean the same moment."""
    assert parse(body(read_at=read_at), NOW).read_at - READ_AT in (timedelta(0), timedelta(milliseconds=123))


@pytest.mark.parametrize("read_at", [0, -1, 99999999999999999, SECONDS + 3 * 86400, None, SECONDS + 1800 + 601])
def test_fc_35_a_time_that_cannot_be_is_refused(read_at: Any) -> None:
    """FC-35: absent, negative, far away, or more than ten minutes ahead: no window opens for it."""
    with pytest.raises(BadInput, match="read_at"):
        parse(body(read_at=read_at), NOW)


def test_fc_54_ten_minutes_ahead_are_taken_two_hours_are_not() -> None:
    """FC-54: clocks differ a little."""
    assert parse(body(read_at=SECONDS + 1800 + 600), NOW).views == 10
    with pytest.raises(BadInput, match="read_at"):
        parse(body(read_at=SECONDS + 1800 + 7200), NOW)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"content_id": None}, "content_id"),
        ({"content_id": 1.5}, "content_id"),
        ({"views": None}, "views"),
        ({"views": -1}, "views"),
        ({"views": 1.5}, "views"),
        ({"views": "NaN"}, "views"),
        ({"views": "Infinity"}, "views"),
        ({"views": "1e9"}, "views"),
        ({"views": True}, "views"),
        ({"views": 10**12}, "views"),
        ({"likes": "many"}, "likes"),
        ({"read_at": SECONDS - 31 * 86400}, "read_at"),
        ({"published_at": SECONDS + 3 * 86400}, "published_at"),
        ({"sku_ids": ["A"]}, "shop_id"),
        ({"sku_ids": [None], "shop_id": "s"}, "sku_ids"),
        ({"sku_ids": ["A"] * 101, "shop_id": "s"}, "sku_ids"),
    ],
)
def test_what_makes_no_sense_names_its_field(fields: dict[str, Any], field: str) -> None:
    """Nothing is guessed and nothing is cut."""
    whole = {"content_id": "v1", "read_at": SECONDS, "views": 10, **fields}
    with pytest.raises(BadInput, match=f"^{field}"):
        parse(msgspec.json.encode({name: value for name, value in whole.items() if value is not None}), NOW)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"content_id": "v1", "content_id": "v2"}', b'"text"', b"\xff"])
def test_bytes_that_are_no_reading_are_refused(raw: bytes) -> None:
    """They are a dead letter, and the door still finds a key or none."""
    with pytest.raises(BadInput):
        parse(raw, NOW)


def test_a_reading_goes_by_its_content() -> None:
    """All readings of one content share a partition; what tells no content goes anywhere."""
    assert routing_key(body(content_id=730)) == "730"
    assert routing_key(b"\xef\xbb\xbf" + body()) == "v1"
    assert routing_key(b"{") is None
