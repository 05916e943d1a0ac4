"""
A reading of a content's counters, exactly as a producer sends it, on content.metrics.v1 or over HTTP.

Counters are cumulative. Fields that arrive as text or as a number are kept raw here and read by `schemas.inputs`.
Unknown fields are ignored.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from schemas import inputs
from schemas.inputs import UTF8_BYTE_ORDER_MARK, BadInput
from schemas.values import Value, content_id

ABSENT = msgspec.Raw(b"")
MARKETPLACE = "tiktok"
"""Where content is from whose reading does not say."""

AHEAD_AT_MOST = timedelta(minutes=10)
OLD_AT_MOST = timedelta(days=30)
MAX_LINKS = 100
COUNTERS = ("views", "likes", "comments", "shares")


class RawReading(msgspec.Struct, frozen=True):
    """The body of a reading. `content_id`, `read_at` and `views` must be there."""

    reading_id: msgspec.Raw = ABSENT
    content_id: msgspec.Raw = ABSENT
    marketplace: msgspec.Raw = ABSENT
    shop_id: msgspec.Raw = ABSENT
    creator_id: msgspec.Raw = ABSENT
    creator_follower_count: msgspec.Raw = ABSENT
    published_at: msgspec.Raw = ABSENT
    read_at: msgspec.Raw = ABSENT
    views: msgspec.Raw = ABSENT
    likes: msgspec.Raw = ABSENT
    comments: msgspec.Raw = ABSENT
    shares: msgspec.Raw = ABSENT
    sku_ids: list[msgspec.Raw] | None = None


class ContentReading(Value):
    """A reading that makes sense. None: that counter was not told. `sku_ids` are listings of `shop`."""

    content: UUID
    content_id: str
    marketplace: str
    read_at: datetime
    views: int
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    reading_id: str = ""
    shop: str = ""
    creator_id: str = ""
    creator_follower_count: int | None = None
    published_at: datetime | None = None
    sku_ids: tuple[str, ...] = ()


class _Key(msgspec.Struct, frozen=True):
    content_id: msgspec.Raw = ABSENT


_decoder = msgspec.json.Decoder(RawReading)
_key_decoder = msgspec.json.Decoder(_Key)


def routing_key(body: bytes) -> str | None:
    """The content's id, or None where the bytes do not tell; nothing else is read of them."""
    try:
        return inputs.outside_id(_key_decoder.decode(body.removeprefix(UTF8_BYTE_ORDER_MARK)).content_id, "content_id")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, BadInput):
        return None


def parse(body: bytes, now: datetime) -> ContentReading:
    """The reading in a body. Raises `BadInput` naming the field and the reason."""
    try:
        raw = _decoder.decode(inputs.well_formed(body))
    except msgspec.ValidationError as error:
        raise BadInput("reading", str(error)) from None
    marketplace = inputs.optional_id(raw.marketplace, "marketplace") or MARKETPLACE
    content = inputs.outside_id(raw.content_id, "content_id")
    read_at = inputs.moment(raw.read_at, "read_at", now, AHEAD_AT_MOST)
    if read_at < now - OLD_AT_MOST:
        raise BadInput("read_at", f"is more than {OLD_AT_MOST.days} days old")
    views = inputs.counter(raw.views, "views")
    if views is None:
        raise BadInput("views", "is missing")
    return ContentReading(
        content=content_id(marketplace, content),
        content_id=content,
        marketplace=marketplace,
        read_at=read_at,
        views=views,
        likes=inputs.counter(raw.likes, "likes"),
        comments=inputs.counter(raw.comments, "comments"),
        shares=inputs.counter(raw.shares, "shares"),
        reading_id=inputs.optional_id(raw.reading_id, "reading_id"),
        shop=_shop_of(raw),
        creator_id=inputs.optional_id(raw.creator_id, "creator_id"),
        creator_follower_count=inputs.counter(raw.creator_follower_count, "creator_follower_count"),
        published_at=inputs.optional_moment(raw.published_at, "published_at", now),
        sku_ids=_links(raw),
    )


def _shop_of(raw: RawReading) -> str:
    """Whose listings `sku_ids` are; without it they name nothing."""
    shop = inputs.optional_id(raw.shop_id, "shop_id")
    if raw.sku_ids and not shop:
        raise BadInput("shop_id", "is missing where sku_ids are given")
    return shop


def _links(raw: RawReading) -> tuple[str, ...]:
    skus = raw.sku_ids or ()
    if len(skus) > MAX_LINKS:
        raise BadInput("sku_ids", f"has more than {MAX_LINKS}")
    return tuple(dict.fromkeys(inputs.outside_id(sku, "sku_ids") for sku in skus))
