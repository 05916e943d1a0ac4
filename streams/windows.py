"""
Keep the windows: how much content is watched, and how much of each stock item is sold.

Reads: content.metrics.v1, keyed by content; inventory.events.v1, keyed by stock item.    Writes: readings, links of
content to stock items, what paid orders ask, and hours, in the transaction that moves the offset.
Repeated: a reading counts once per moment, an event is ignored by log position.    Bad: dead letter with field and
reason; what follows goes on.

Whoever moves a window asks for its stock items to be looked at; `reviewing.py` does that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prometheus_client import Counter

from aggregates.event_store import listings, readings, stock_windows, window_buckets
from aggregates.event_store.application import EventLog
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.connection import Connection
from aggregates.event_store.dead_letters import DeadLetter
from aggregates.event_store.listings import ListingKey
from aggregates.event_store.readings import Link, reading_of
from aggregates.event_store.recorder import Effects
from aggregates.event_store.window_buckets import Increment, Measure
from aggregates.policies.content_windows import Reading, by_hour, changes, interactions_of, merged, views_of
from aggregates.policies.demand_rates import Span
from aggregates.policies.shelf_windows import Demand, demand_after, shelf_after, sold
from projections.published import Published
from schemas import content, topics
from schemas.content import ContentReading
from schemas.events import DemandRecorded, Event, StockReserved, StockShortageRecorded
from schemas.inputs import BadInput
from schemas.values import Need, stock_item_id
from streams.consuming import Slice, advances, gathering, with_value
from streams.letters import dead_letter
from streams.read_models import Reader

CONTENT_AGENT = "windows.content"
DEMAND_AGENT = "windows.demand"
GATHER_SECONDS = 0.06

LOOK_AFTER_READING = timedelta(milliseconds=500)
LOOK_AFTER_SALE = timedelta(seconds=5)
"""How long after the last look a stock item is looked at again, because of a reading or of what happened to it."""

LATE_AFTER = timedelta(hours=2)
_LATE = Counter("creatorflow_late_readings_total", "Readings too late for the present; they correct their own hours")

Take = Callable[[Connection, Sequence[ContentReading], datetime], None]

ASKING = (StockReserved, StockShortageRecorded, DemandRecorded)


class ContentWindows:
    """A `Work` that takes readings in. Used from its agent's thread alone."""

    name = CONTENT_AGENT
    topic = topics.CONTENT_METRICS

    def __init__(self, log: EventLog, keys: BuyerKeys, take: Take | None = None) -> None:
        self._log = log
        self._keys = keys
        self._take = take or take_readings

    def forget(self) -> None:
        """There is nothing in memory."""

    def pause_after(self, records: int) -> float:
        """Readings wait for each other a little."""
        return gathering(records, GATHER_SECONDS)

    def process(
        self, connection: Connection, slices: Sequence[Slice], dead: Mapping[tuple[int, int], DeadLetter]
    ) -> str:
        """Take in the readings of these slices, in the transaction that moves the offsets."""
        now = datetime.now(UTC)
        letters = list(dead.values())
        told: list[ContentReading] = []
        for record in (record for part in slices for record in with_value(self.name, part.records)):
            if (record.partition, record.offset) in dead:
                continue
            try:
                told.append(content.parse(record.value or b"", now))
            except BadInput as error:
                letters.append(
                    dead_letter(self.name, record, "bad", str(error), keys=self._keys, connection=connection)
                )
        _LATE.inc(sum(now - each.read_at > LATE_AFTER for each in told))
        effects = Effects(
            self.name,
            self.topic,
            advances(slices),
            dead_letters=letters,
            rows=(lambda inside: self._take(inside, told, now)) if told else None,
        )
        self._log.events.put([], connection=connection, effects=effects, origins=[])
        return f"{len(told)} readings, {len(letters)} dead letters"


def works(log: EventLog, keys: BuyerKeys) -> tuple[ContentWindows, Reader]:
    """What the two agents of the windows do."""
    demand = Reader(DEMAND_AGENT, topics.INVENTORY_EVENTS, take_stock_events, log, keys)
    return ContentWindows(log, keys), demand


def take_readings(connection: Connection, told: Sequence[ContentReading], at: datetime) -> None:
    """Keep readings, move the hours that they change, link their content, and have what it sells looked at."""
    readings.note_contents(connection, told)
    by_content: dict[UUID, list[Reading]] = defaultdict(list)
    for each in told:
        by_content[each.content].append(reading_of(each))
    moments = {key: [reading.read_at for reading in each] for key, each in by_content.items()}
    spans = {key: (min(each), max(each)) for key, each in moments.items()}
    known = readings.around(connection, spans)
    after = {key: merged(known[key], by_content[key]) for key in known}
    window_buckets.add(connection, [each for key in known for each in moved_hours(key, known[key], after[key])])
    readings.keep(connection, told, after)
    _link(connection, told)
    items = readings.items_of(connection, by_content)
    if items:
        stock_windows.ask_for(connection, items, at, LOOK_AFTER_READING)


def moved_hours(subject: UUID, before: Sequence[Reading], after: Sequence[Reading]) -> Iterable[Increment]:
    """What has to be added to a content's hours once its readings are these."""
    counted: tuple[tuple[Measure, list[list[tuple[int, int]]], list[list[tuple[int, int]]]], ...] = (
        ("views", [views_of(before)], [views_of(after)]),
        ("interactions", [*interactions_of(before)], [*interactions_of(after)]),
    )
    for measure, were, are in counted:
        for was, now in zip(were, are, strict=True):
            for hour, amount in changes(by_hour(was), by_hour(now)).items():
                yield Increment(subject, measure, hour, amount)


def _link(connection: Connection, told: Sequence[ContentReading]) -> None:
    """Link content to the parts of the listings that it names, as they are mapped now."""
    naming = [each for each in told if each.sku_ids]
    if not naming:
        return
    keys = {ListingKey(each.marketplace, each.shop, sku) for each in naming for sku in each.sku_ids}
    parts = listings.parts_of(connection, keys)
    links = [link for each in naming for sku in each.sku_ids for link in links_of(each, sku, parts)]
    readings.unlink_others(connection, [each for each in links if _listing_of(each) in parts])
    readings.link(connection, links)


def _listing_of(link: Link) -> ListingKey:
    return ListingKey(link.marketplace, link.shop, link.sku_id)


def links_of(told: ContentReading, sku: str, parts: Mapping[ListingKey, tuple[Need, ...]]) -> list[Link]:
    """The stock items behind one listing that a content names. What a seller calls the SKU plays no part."""
    own = (Need(stock_item_id=stock_item_id(told.marketplace, told.shop, sku), quantity=1),)
    return [
        Link(told.content, told.marketplace, told.content_id, told.shop, sku, part.stock_item_id)
        for part in parts.get(ListingKey(told.marketplace, told.shop, sku), own)
    ]


def take_stock_events(connection: Connection, _topic: str, published: Sequence[Published]) -> None:
    """Follow what happened to stock items: what is there, and what paid orders ask; and have them looked at."""
    if not published:
        return
    at = datetime.now(UTC)
    items = {_item_of(each.event) for each in published}
    shelves = stock_windows.lock(connection, items, at)
    asked = [(_item_of(each.event), each.event.order_id) for each in published if isinstance(each.event, ASKING)]
    demands = stock_windows.demands_of(connection, asked) if asked else {}
    ended: list[tuple[UUID, Span]] = []
    changed: dict[tuple[UUID, UUID], Demand] = {}
    increments: list[Increment] = []
    for each in published:
        item = _item_of(each.event)
        shelves[item], span = shelf_after(shelves[item], each.event, each.occurred_at)
        if span is not None:
            ended.append((item, span))
        demand = demand_after(demands.get((item, getattr(each.event, "order_id", item))), each.event)
        if demand is not None:
            before = demands.get(demand[:2])
            demands[demand[:2]] = changed[demand[:2]] = demand
            increments += _moved_demand(before, demand)
    stock_windows.put(connection, shelves.values(), at, LOOK_AFTER_SALE)
    if changed:
        stock_windows.put_demands(connection, changed.values())
        window_buckets.add(connection, increments)
    if ended:
        stock_windows.leave_out(connection, "empty", ended)


def _moved_demand(before: Demand | None, after: Demand) -> Iterable[Increment]:
    for each in sold(before, after):
        yield Increment(after.stock_item_id, "orders", each.hour, each.orders)
        yield Increment(after.stock_item_id, "units", each.hour, each.units)


def _item_of(event: Event) -> UUID:
    item: UUID = getattr(event, type(event).__struct_fields__[0])
    return item
