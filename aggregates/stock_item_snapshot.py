"""
A stock item's state as bytes and back, so that it is loaded without all of its events.

There is nothing in it that the events do not say. `FORM` rises when the state changes; one of another form is made
again.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from aggregates.policies.filling import Ask, Waiting
from aggregates.stock_item_state import Count, Description, StockItem
from aggregates.stock_packages import Moved, Package, Packages, Sent
from schemas.values import Value

FORM = 2


class Unfit(ValueError):
    """A snapshot that cannot be read, or whose sums do not fit."""


class _State(Value):
    created_on: datetime
    modified_on: datetime
    known: bool
    on_hand: int
    reserved: int
    reservations: tuple[tuple[UUID, Ask], ...]
    given_back: tuple[tuple[UUID, int], ...]
    packages: tuple[tuple[str, UUID, Package], ...]
    sent: tuple[tuple[str, UUID, Sent], ...]
    queue: tuple[tuple[UUID, Waiting], ...]
    queue_units: int
    description: Description
    listings: tuple[tuple[str, str, str, datetime], ...]
    counted: Count | None
    movements: tuple[Moved, ...]
    references: tuple[tuple[str, str], ...]
    supplies: tuple[tuple[str, int, datetime | None], ...]
    filling: int
    shortening: int
    promising: tuple[int, str] | None
    missing_told: int
    acknowledged: dict[str, int]


_decoder = msgspec.json.Decoder(_State)


def size(item: StockItem) -> int:
    """How long the state is, in entries: what an event is worth to a load."""
    parts = (item.reservations, item.queue, item.references, item.movements, item.sent, item.packages.held)
    return sum(len(part) for part in parts)


def to_bytes(item: StockItem) -> bytes:
    """The state of a stock item that was folded from committed events."""
    return msgspec.json.encode(
        _State(
            created_on=item.created_on,
            modified_on=item.modified_on,
            known=item.known,
            on_hand=item.on_hand,
            reserved=item.reserved,
            reservations=tuple(item.reservations.items()),
            given_back=tuple(item.given_back.items()),
            packages=tuple((*key, package) for key, package in item.packages.held.items()),
            sent=tuple((*key, sent) for key, sent in item.sent.items()),
            queue=tuple(item.queue.entries()),
            queue_units=item.queue.units,
            description=item.description,
            listings=tuple((*name, mapped_at) for name, mapped_at in item.listings.items()),
            counted=item.counted,
            movements=tuple(item.movements),
            references=tuple(item.references),
            supplies=tuple((reorder_id, *supply) for reorder_id, supply in item.supplies.items()),
            filling=item.filling,
            shortening=item.shortening,
            promising=item.promising,
            missing_told=item.missing_told,
            acknowledged=item.acknowledged,
        )
    )


def from_bytes(item_id: UUID, version: int, state: bytes) -> StockItem:
    """The stock item at that version. Raises `Unfit` where the bytes cannot be read or do not add up."""
    try:
        read = _decoder.decode(state)
    except msgspec.MsgspecError as error:
        raise Unfit(f"cannot be read: {error}") from None
    item: StockItem = object.__new__(StockItem)
    item.__base_init__(item_id, version, read.created_on)
    item.__init__()  # type: ignore[misc]
    item.modified_on = read.modified_on
    _restore(item, read)
    held = sum(ask.quantity for ask in item.reservations.values()) + sum(item.given_back.values())
    if (held, item.queue.units) != (read.reserved, read.queue_units):
        raise Unfit(
            f"its sums do not fit: {held} of {read.reserved} reserved, {item.queue.units} of {read.queue_units} queued"
        )
    return item


def _restore(item: StockItem, read: _State) -> None:
    item.known, item.on_hand, item.reserved = read.known, read.on_hand, read.reserved
    for order_id, ask in read.reservations:
        item.hold(order_id, ask)
    item.given_back.update(read.given_back)
    item.packages = Packages()
    for reference, order_id, package in read.packages:
        item.packages.put((reference, order_id), package)
    item.sent.update({(reference, order_id): sent for reference, order_id, sent in read.sent})
    for order_id, waiting in read.queue:
        item.queue.put(order_id, waiting)
    item.description, item.counted = read.description, read.counted
    item.listings.update({(market, shop, sku): mapped_at for market, shop, sku, mapped_at in read.listings})
    item.movements.extend(read.movements)
    item.references.update(dict.fromkeys(read.references))
    item.supplies.update({reorder_id: (units, due_at) for reorder_id, units, due_at in read.supplies})
    item.filling, item.shortening, item.promising = read.filling, read.shortening, read.promising
    item.missing_told = read.missing_told
    item.acknowledged = dict(read.acknowledged)
