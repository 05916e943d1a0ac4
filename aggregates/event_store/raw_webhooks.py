"""What the outside sent, byte for byte and encrypted, for the audit: the first link of every order's history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from aggregates.event_store.connection import Connection
from schemas.values import Sealed


class RawWebhook(NamedTuple):
    """
    One webhook as it stands on its topic. `body` is sealed under the buyer's key, or a key per day without a
    buyer.
    """

    topic: str
    partition: int
    offset: int
    event_id: str
    shop: str
    order_id: UUID | None
    received_at: datetime
    signature_format: str
    body: Sealed


def insert(connection: Connection, webhooks: Sequence[RawWebhook]) -> None:
    """Keep raw webhooks. Repeated: a record is kept once."""
    ordered = sorted(webhooks, key=lambda each: each[:3])
    connection.execute(
        'INSERT INTO raw_webhooks (topic, partition, "offset", event_id, shop, order_id, received_at, signature_format,'
        " subject, key_version, body) SELECT * FROM unnest(%b::text[], %b::integer[], %b::bigint[],"
        " %b::text[], %b::text[],"
        " %b::uuid[], %b::timestamptz[], %b::text[], %b::text[], %b::integer[], %b::bytea[]) ON CONFLICT DO NOTHING",
        (
            *(list(column) for column in zip(*(each[:8] for each in ordered), strict=True)),
            [each.body.subject for each in ordered],
            [each.body.key_version for each in ordered],
            [each.body.data for each in ordered],
        ),
        prepare=True,
    )


def one(connection: Connection, topic: str, partition: int, offset: int) -> RawWebhook | None:
    """The webhook at a place in its topic."""
    row = connection.execute(
        'SELECT topic, partition, "offset", event_id, shop, order_id, received_at, signature_format,'
        " subject, key_version, body"
        ' FROM raw_webhooks WHERE topic = %s AND partition = %s AND "offset" = %s',
        (topic, partition, offset),
    ).fetchone()
    if row is None:
        return None
    body = Sealed(subject=row[8], key_version=row[9], data=bytes(row[10]))
    return RawWebhook._make((*row[:8], body))


def event_ids(connection: Connection) -> set[str]:
    """The ids of all webhooks that are kept."""
    return {event_id for (event_id,) in connection.execute("SELECT event_id FROM raw_webhooks")}


def by_event_id(connection: Connection, event_id: str) -> RawWebhook | None:
    """The first webhook with this id."""
    row = connection.execute(
        'SELECT topic, partition, "offset" FROM raw_webhooks WHERE event_id = %s ORDER BY received_at LIMIT 1',
        (event_id,),
    ).fetchone()
    return None if row is None else one(connection, *row)


def of_order(connection: Connection, order: UUID) -> list[RawWebhook]:
    """Every webhook that spoke of an order, in the order in which they came."""
    rows = connection.execute(
        'SELECT topic, partition, "offset" FROM raw_webhooks WHERE order_id = %s ORDER BY received_at', (order,)
    ).fetchall()
    return [found for row in rows if (found := one(connection, *row)) is not None]
