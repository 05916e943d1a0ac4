"""What a listing is made of: (stock item, units) parts. One that nobody mapped is one unit of its own stock item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from aggregates.event_store.connection import Connection
from schemas.values import Need

_parts_decoder = msgspec.json.Decoder(tuple[Need, ...])
_encoder = msgspec.json.Encoder()


class ListingKey(NamedTuple):
    """A listing's name in its shop."""

    marketplace: str
    shop: str
    sku_id: str


class Listing(NamedTuple):
    """A listing and its parts, units per unit sold."""

    key: ListingKey
    parts: tuple[Need, ...]
    mapped_at: datetime


def insert(connection: Connection, listings: Sequence[Listing]) -> None:
    """Map listings. Repeated, or raced by another stock item's mapping: the later one counts."""
    latest = {each.key: each for each in sorted(listings, key=lambda each: each.mapped_at)}
    ordered = [latest[key] for key in sorted(latest)]
    connection.execute(
        "INSERT INTO listings (marketplace, shop, sku_id, parts, mapped_at)"
        " SELECT m, s, k, p::jsonb, at FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::timestamptz[])"
        " AS v (m, s, k, p, at) ON CONFLICT (marketplace, shop, sku_id)"
        " DO UPDATE SET parts = excluded.parts, mapped_at = excluded.mapped_at"
        " WHERE listings.mapped_at <= excluded.mapped_at",
        (
            [each.key.marketplace for each in ordered],
            [each.key.shop for each in ordered],
            [each.key.sku_id for each in ordered],
            [_encoder.encode(each.parts).decode() for each in ordered],
            [each.mapped_at for each in ordered],
        ),
    )


def parts_of(connection: Connection, keys: Iterable[ListingKey]) -> dict[ListingKey, tuple[Need, ...]]:
    """The parts of those of these listings that somebody mapped."""
    wanted = sorted(set(keys))
    rows = connection.execute(
        "SELECT marketplace, shop, sku_id, parts::text FROM listings"
        " JOIN unnest(%b::text[], %b::text[], %b::text[]) AS v (marketplace, shop, sku_id) USING"
        " (marketplace, shop, sku_id)",
        tuple([key[number] for key in wanted] for number in range(3)),
        prepare=True,
    )
    return {ListingKey(marketplace, shop, sku): _parts_decoder.decode(parts) for marketplace, shop, sku, parts in rows}
