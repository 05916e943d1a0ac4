"""
Turn raw webhooks into commands.

Reads: tiktok.webhooks.v1, keyed by shop and order.    Writes: orders.commands.v1, and the raw bytes, encrypted, for
the audit.
Repeated: the command carries the webhook's own id, and the inbox of the order drops it.    Bad: dead letter with
field and
reason; what follows goes on.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
import structlog
from cachetools import LRUCache

from aggregates.event_store import shops
from aggregates.event_store.buyer_keys import BuyerKeys, buyer_subject, day_subject, order_subject
from aggregates.event_store.connection import Connection
from aggregates.event_store.raw_webhooks import RawWebhook
from aggregates.policies.status_order import known_status
from gateways.tiktok import webhooks
from gateways.tiktok.webhooks import Parsed
from schemas import codec, topics
from schemas.codec import BadMessage
from schemas.commands import Command, RecordAddress, RecordOrder
from schemas.envelope import Envelope, to_headers
from schemas.inputs import BadInput
from streams.consuming import Raw
from streams.forwarding import Forwarded
from streams.publishing import Record

SHOPS_KNOWN_FOR_SECONDS = 10.0
MAX_HEADER_CHARACTERS = 200
STATUSES_WARNED_OF = 1000
UNREGISTERED = "shop_id: is no registered shop"

_STATUS = re.compile(r"[A-Z_]{1,40}\Z")

log = structlog.get_logger()


class Arrived(NamedTuple):
    """A webhook that makes sense, with what its record says about it."""

    record: Raw
    parsed: Parsed
    event_id: str
    signature_format: str
    received_at: datetime
    subject: str


class Intake:
    """The transformation of one process, with the keys and the shop registry that it needs."""

    def __init__(self, keys: BuyerKeys, master_key: bytes) -> None:
        self._keys = keys
        self._master_key = master_key
        self._shops: frozenset[str] = frozenset()
        self._shops_read_at = float("-inf")
        self._warned: LRUCache[str, bool] = LRUCache(STATUSES_WARNED_OF)

    def transform(self, connection: Connection, records: Sequence[Raw]) -> Forwarded:
        """The commands behind these webhooks, what is kept of them, and what is wrong with the rest."""
        now = datetime.now(UTC)
        arrived: list[Arrived] = []
        refused: list[tuple[Raw, str]] = []
        for record in records:
            try:
                arrived.append(self._arrived(record, now))
            except (BadInput, BadMessage) as error:
                refused.append((record, str(error)))
        registered = self._registered(connection, {each.parsed.shop for each in arrived})
        refused += [(each.record, UNREGISTERED) for each in arrived if each.parsed.shop not in registered]
        arrived = [each for each in arrived if each.parsed.shop in registered]
        self._warn_of_statuses(arrived)
        today = day_subject(now.date())
        self._keys.make_ready(connection, [today, *(each.subject for each in arrived)])
        return Forwarded([self._command(each) for each in arrived], [self._raw(each) for each in arrived], refused)

    def _arrived(self, record: Raw, now: datetime) -> Arrived:
        value = record.value or b""
        headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
        parsed = webhooks.parse(value, now)
        return Arrived(
            record,
            parsed,
            _short(headers.get("event-id", ""), "event-id") or hashlib.sha256(value).hexdigest(),
            _short(headers.get("signature-format", ""), "signature-format"),
            _received_at(headers.get("received-at"), record.timestamp),
            self._subject(parsed),
        )

    def _warn_of_statuses(self, arrived: Sequence[Arrived]) -> None:
        """Warn once of each status that nobody knows; one that does not look like a status is not quoted."""
        for each in arrived:
            order = each.parsed.command
            if not isinstance(order, RecordOrder) or known_status(order.status) is not None:
                continue
            if order.status not in self._warned:
                self._warned[order.status] = True
                shown = order.status if _STATUS.match(order.status) else "not shown"
                log.warning("status is unknown", status=shown, order_id=str(order.order_id))

    def _subject(self, parsed: Parsed) -> str:
        if parsed.buyer_id:
            return buyer_subject(self._master_key, parsed.shop, parsed.buyer_id)
        return order_subject(str(getattr(parsed.command, type(parsed.command).__struct_fields__[0])))

    def _command(self, arrived: Arrived) -> Record:
        record = arrived.record
        command = self._sealed(arrived)
        key = topics.key_of(command)
        envelope = Envelope(
            id=arrived.event_id,
            type=type(command).__name__,
            source=f"{record.topic}:{arrived.parsed.shop}",
            time=arrived.received_at,
            subject=key,
            correlation_id=arrived.event_id,
            causation_id=f"{record.topic}/{record.partition}/{record.offset}",
            payload_hash=hashlib.sha256(record.value or b"").digest(),
        )
        return Record(topics.topic_of(command), key.encode(), codec.encode(command), to_headers(envelope))

    def _sealed(self, arrived: Arrived) -> Command:
        """The command with its person encrypted under the buyer's key, which was committed before."""
        command, parsed = arrived.parsed.command, arrived.parsed
        if isinstance(command, RecordOrder) and parsed.buyer_id:
            command = msgspec.structs.replace(command, buyer=arrived.subject)
        if not isinstance(command, RecordOrder | RecordAddress) or parsed.person is None or command.address is None:
            return command
        sealed = self._keys.seal_person(arrived.subject, parsed.person)
        return msgspec.structs.replace(command, address=msgspec.structs.replace(command.address, person=sealed))

    def _raw(self, arrived: Arrived) -> RawWebhook:
        record = arrived.record
        order: UUID = getattr(arrived.parsed.command, type(arrived.parsed.command).__struct_fields__[0])
        return RawWebhook(
            record.topic,
            record.partition,
            record.offset,
            arrived.event_id,
            arrived.parsed.shop,
            order,
            arrived.received_at,
            arrived.signature_format,
            self._keys.seal(
                arrived.subject, record.value or b"", raw_context(record.topic, record.partition, record.offset)
            ),
        )

    def _registered(self, connection: Connection, asked: set[str]) -> frozenset[str]:
        """The registered shops, read again where one is asked for that is not among them: it may be new."""
        if time.monotonic() - self._shops_read_at > SHOPS_KNOWN_FOR_SECONDS or not asked <= self._shops:
            every = shops.every(connection)
            self._shops = frozenset(shop.shop for shop in every if shop.marketplace == webhooks.MARKETPLACE)
            self._shops_read_at = time.monotonic()
        return self._shops


def raw_context(topic: str, partition: int, offset: int) -> bytes:
    """What a raw webhook's ciphertext is bound to: its place on its topic."""
    return f"raw|{topic}|{partition}|{offset}".encode()


def _short(header: str, name: str) -> str:
    """A header that can be stored and indexed."""
    if len(header) > MAX_HEADER_CHARACTERS or "\x00" in header:
        raise BadInput(f"header {name}", f"must have at most {MAX_HEADER_CHARACTERS} characters, none of them NUL")
    return header


def _received_at(header: str | None, timestamp_milliseconds: int) -> datetime:
    """When the door took it; a producer that does not say is dated by its record."""
    if header is not None:
        try:
            return datetime.fromisoformat(header).astimezone(UTC)
        except ValueError:
            raise BadInput("header received-at", "is not a time in ISO 8601") from None
    return datetime.fromtimestamp(timestamp_milliseconds / 1000, UTC)
