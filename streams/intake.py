"""
Turn raw webhooks into commands, and hints into order reads.

Reads: tiktok.webhooks.v1 and those of other marketplaces, keyed by shop and order.    Writes: orders.commands.v1, calls
that read orders, and the raw bytes, encrypted, for the audit.
Repeated: the command carries the webhook's own id, and the inbox of the order drops it; of a read one at a time is
enough.    Bad: dead letter with field and reason; what follows goes on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from aggregates.event_store import shops
from aggregates.event_store.buyer_keys import BuyerKeys, day_subject, order_subject
from aggregates.event_store.connection import Connection
from aggregates.event_store.raw_webhooks import RawWebhook
from gateways.webhooks import Dialect, Hint, Parsed
from schemas.codec import BadMessage
from schemas.commands import Command, RecordAddress, RecordOrder
from schemas.inputs import BadInput
from streams import hints
from streams.arrivals import Arrival, arrival_of, raw_context, record_of
from streams.consuming import Raw
from streams.forwarding import Forwarded
from streams.hints import Hinted
from streams.publishing import Record
from streams.unknown_statuses import UnknownStatuses

SHOPS_KNOWN_FOR_SECONDS = 10.0
UNREGISTERED = "shop_id: is no registered shop"


class Arrived(NamedTuple):
    """A full order that makes sense, with what its record says about it."""

    record: Raw
    arrival: Arrival
    parsed: Parsed
    subject: str


class Intake:
    """The transformation of one marketplace's webhooks in one process, with the keys and shops that it needs."""

    def __init__(self, dialect: Dialect, keys: BuyerKeys) -> None:
        self._dialect = dialect
        self._keys = keys
        self._shops: frozenset[str] = frozenset()
        self._shops_read_at = float("-inf")
        self._statuses = UnknownStatuses()

    def transform(self, connection: Connection, records: Sequence[Raw]) -> Forwarded:
        """What is behind these webhooks, what is kept of them, and what is wrong with the rest."""
        now = datetime.now(UTC)
        arrived, hinted, refused = self._read(records, now)
        asked = {each.parsed.shop for each in arrived} | {each.hint.shop for each in hinted if not each.hint.only_kept}
        registered = self._registered(connection, asked)
        refused += [(each.record, UNREGISTERED) for each in arrived if each.parsed.shop not in registered]
        arrived = [each for each in arrived if each.parsed.shop in registered]
        known = [each for each in hinted if each.hint.only_kept or each.hint.shop in registered]
        unknown = [each for each in hinted if not each.hint.only_kept and each.hint.shop not in registered]
        refused += [(each.record, UNREGISTERED) for each in unknown]
        self._statuses.warn(each.parsed.command for each in arrived)
        self._keys.make_ready(connection, [day_subject(now.date()), *(each.subject for each in arrived)])
        forwarded = hints.forwarded(self._dialect.marketplace, known, self._keys, now)
        return Forwarded(
            [*(self._command(each) for each in arrived), *forwarded.records],
            [*(self._raw(each) for each in arrived), *forwarded.raw_webhooks],
            refused,
            forwarded.asked,
            forwarded.access,
        )

    def _read(self, records: Sequence[Raw], now: datetime) -> tuple[list[Arrived], list[Hinted], list[tuple[Raw, str]]]:
        """The orders and the hints among these webhooks, and why each of the rest is refused."""
        arrived: list[Arrived] = []
        hinted: list[Hinted] = []
        refused: list[tuple[Raw, str]] = []
        for record in records:
            try:
                said = self._dialect.parse(record.value or b"", record.headers, now)
                if isinstance(said, Hint):
                    hinted.append(Hinted(record, arrival_of(record), said))
                else:
                    arrived.append(Arrived(record, arrival_of(record), said, self._subject(said)))
            except (BadInput, BadMessage) as error:
                refused.append((record, str(error)))
        return arrived, hinted, refused

    def _subject(self, parsed: Parsed) -> str:
        if parsed.buyer_id:
            return self._keys.subject_of(self._dialect.marketplace, parsed.shop, parsed.buyer_id)
        return order_subject(str(getattr(parsed.command, type(parsed.command).__struct_fields__[0])))

    def _command(self, arrived: Arrived) -> Record:
        return record_of(self._sealed(arrived), arrived.record, arrived.arrival, arrived.parsed.shop)

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
        record, arrival = arrived.record, arrived.arrival
        order: UUID = getattr(arrived.parsed.command, type(arrived.parsed.command).__struct_fields__[0])
        context = raw_context(record.topic, record.partition, record.offset)
        return RawWebhook(
            record.topic,
            record.partition,
            record.offset,
            arrival.event_id,
            arrived.parsed.shop,
            order,
            arrival.received_at,
            arrival.signature_format,
            self._keys.seal(arrived.subject, record.value or b"", context),
        )

    def _registered(self, connection: Connection, asked: set[str]) -> frozenset[str]:
        """The registered shops, read again where one is asked for that is not among them: it may be new."""
        if time.monotonic() - self._shops_read_at > SHOPS_KNOWN_FOR_SECONDS or not asked <= self._shops:
            every = shops.every(connection)
            self._shops = frozenset(shop.shop for shop in every if shop.marketplace == self._dialect.marketplace)
            self._shops_read_at = time.monotonic()
        return self._shops
