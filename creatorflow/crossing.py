"""
What the api needs beside the read models: raw webhooks, opened names, label files, dead letters, outcomes of
commands.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from aggregates.event_store import (
    dead_letters,
    inbox,
    raw_webhooks,
    readings,
    relay_state,
    stock_windows,
    window_buckets,
)
from aggregates.event_store.application import EventLog
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.connection import STORE_AWAY, Connection, StoreUnavailable, connect
from aggregates.policies.fulfilment import commands_after
from aggregates.shipment import Shipment
from aggregates.shipment_labels import sold_label
from gateways.carriers.protocol import Carrier
from projections import answers
from projections.queries import Crossing
from projections.store import Unavailable
from schemas.shipping import Label, LabelFile, LabelRequest
from schemas.values import Person, Sealed

Answer = TypeVar("Answer")

PAST_SPIKES_SHOWN = 20


class Beside:
    """One connection of its own, used by one thread at a time; broken, it is opened again."""

    def __init__(self, dsn: str, event_log: EventLog, keys: BuyerKeys, carriers: Mapping[str, Carrier]) -> None:
        self._dsn = dsn
        self._event_log = event_log
        self._keys = keys
        self._carriers = carriers
        self._connection: Connection | None = None
        self._lock = threading.Lock()

    def crossing(self) -> Crossing:
        """All of it as the functions that the api is given."""
        return Crossing(
            raw_webhooks=self._raw_webhooks,
            reveal=self._reveal,
            label=self._label,
            dead_letters=self._dead_letters,
            dead_letter=self._dead_letter,
            command_outcome=self._command_outcome,
            command_names=self._command_names,
            spikes=self._spikes,
            curves=self._curves,
            clock=lambda: datetime.now(UTC),
        )

    async def _asked(self, ask: Callable[[Connection], Answer]) -> Answer:
        return await asyncio.to_thread(self._ask, ask)

    def _ask(self, ask: Callable[[Connection], Answer]) -> Answer:
        with self._lock:
            if self._connection is None or self._connection.closed:
                self._connection = self._connected()
            try:
                return ask(self._connection)
            except STORE_AWAY as error:
                self._connection.close()
                raise Unavailable(str(error)) from error

    def _connected(self) -> Connection:
        try:
            return connect(self._dsn, "api beside")
        except StoreUnavailable as error:
            raise Unavailable(str(error)) from error

    async def _raw_webhooks(self, order: UUID) -> Sequence[answers.RawWebhook]:
        found = await self._asked(lambda connection: raw_webhooks.of_order(connection, order))
        return [
            answers.RawWebhook(
                topic=each.topic,
                partition=each.partition,
                offset=each.offset,
                event_id=each.event_id,
                received_at=each.received_at,
                signature_format=each.signature_format,
            )
            for each in found
        ]

    async def _reveal(self, sealed: Sealed) -> Person | None:
        return await self._asked(lambda connection: self._keys.open_person(connection, sealed))

    async def _dead_letters(self, limit: int) -> Sequence[answers.DeadLetter]:
        found = await self._asked(lambda connection: dead_letters.recent(connection, limit))
        return [_told(each) for each in found]

    async def _dead_letter(self, letter: UUID) -> answers.WholeDeadLetter | None:
        return await self._asked(lambda connection: whole_dead_letter(connection, self._keys, letter))

    async def _command_outcome(self, command: str) -> answers.CommandOutcome | None:
        found = await self._asked(lambda connection: inbox.outcome(connection, command))
        return None if found is None else answers.CommandOutcome(id=command, outcome=found[0], recorded_at=found[1])

    async def _command_names(self, causes: Sequence[str]) -> Mapping[str, str]:
        return await self._asked(lambda connection: command_names(connection, self._event_log, causes))

    async def _spikes(self, limit: int) -> Sequence[answers.ItemRates]:
        found = await self._asked(lambda connection: stock_windows.shown(connection, None, limit))
        return [item_rates(each) for each in found]

    async def _curves(self, item: UUID, hours: int) -> answers.Curves | None:
        return await self._asked(lambda connection: curves_of(connection, item, hours, datetime.now(UTC)))

    async def _label(self, shipment: UUID, media_type: str) -> LabelFile | None:
        bought = await self._asked(lambda connection: live_label(connection, self._event_log, shipment))
        if bought is None:
            return None
        request, label = bought
        sealed = request.parcel.address.person
        person = None if sealed is None else await self._reveal(sealed)
        carrier = self._carriers[label.carrier]
        return await carrier.label_file(
            label, request.parcel, person or Person(name="erased"), media_type, order_number=request.order_number
        )


def item_rates(shown: stock_windows.Shown) -> answers.ItemRates:
    """A stock item's rates as they are answered."""
    return answers.ItemRates(**shown._asdict())


def curves_of(connection: Connection, item: UUID, hours: int, at: datetime) -> answers.Curves | None:
    """A stock item's rates and curves, None while nobody looked at it."""
    shown = stock_windows.shown(connection, [item], 1)
    if not shown:
        return None
    since = at - timedelta(hours=hours)
    contents = readings.read_since(connection, [item], since).get(item, [])
    units = window_buckets.by_hour(connection, [item], "units", since, at)
    views = window_buckets.by_hour(connection, [each.content for each in contents], "views", since, at)
    past = stock_windows.spikes_of(connection, item, PAST_SPIKES_SHOWN)
    return answers.Curves(
        now=item_rates(shown[0]),
        past_spikes=[answers.PastSpike(since=each.since, until=each.until) for each in past if each.until],
        units_per_hour=_counted(units[item]),
        contents=[
            answers.ContentCurve(
                content_id=each.content_id,
                marketplace=each.marketplace,
                creator_id=each.creator_id,
                published_at=each.published_at,
                last_read_at=each.last_read_at,
                views_per_hour=_counted(views[each.content]),
            )
            for each in contents
        ],
    )


def _counted(amounts: Mapping[datetime, int]) -> list[answers.Counted]:
    return [answers.Counted(starts_at=hour, amount=amount) for hour, amount in amounts.items()]


def whole_dead_letter(connection: Connection, keys: BuyerKeys, letter: UUID) -> answers.WholeDeadLetter | None:
    """One dead letter with its headers and its decrypted body, None where there is none."""
    found = dead_letters.one(connection, letter)
    if found is None:
        return None
    listed, headers, sealed = found
    body = keys.open(connection, sealed, dead_letters.context_of(listed.topic, listed.partition, listed.offset))
    text = None if body is None else body.decode("utf-8", "backslashreplace")
    return answers.WholeDeadLetter(letter=_told(listed), headers=headers, body=text)


def _told(letter: dead_letters.Listed) -> answers.DeadLetter:
    return msgspec.convert(letter, answers.DeadLetter, from_attributes=True)


def command_names(connection: Connection, event_log: EventLog, causes: Sequence[str]) -> dict[str, str]:
    """The commands behind causes of the form `position.number`: what the policy makes of the event at that position."""
    wanted = {cause: cause.split(".") for cause in causes if cause.replace(".", "", 1).isdigit() and "." in cause}
    rows = relay_state.at(connection, sorted({int(position) for position, _ in wanted.values()}))
    following = {row.position: commands_after(event_log.event_of(row)) for row in rows}
    return {
        cause: type(following[int(position)][int(number) - 1]).__name__
        for cause, (position, number) in wanted.items()
        if 0 < int(number) <= len(following.get(int(position), ()))
    }


def live_label(connection: Connection, event_log: EventLog, shipment: UUID) -> tuple[LabelRequest, Label] | None:
    """The request and the label of a package whose label may be printed: not void, not kept back."""
    package: Shipment | None = None
    for row in relay_state.stream(connection, shipment):
        event: Any = event_log.event_of(row)
        package = event.mutate(package)
    if package is None or package.request is None or package.sold is None or package.kept_back:
        return None
    return package.request, sold_label(package)
