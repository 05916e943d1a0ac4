"""How units of a stock item come and go: movements, packages and counts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from aggregates.policies.filling import Ask
from aggregates.stock_item_events import kind_of
from aggregates.stock_item_holding import settle
from aggregates.stock_item_state import Count, StockItem
from aggregates.stock_packages import Package, PackageKey, Sent
from schemas import commands

MOVEMENTS = {
    "receipt": StockItem.Received,
    "return_good": StockItem.Returned,
    "return_damaged": StockItem.WrittenOff,
    "correction": StockItem.Corrected,
}
"""What each kind of movement is. A dispatch that names no order is a correction."""

RETURNS = frozenset({"return_good", "return_damaged"})


def record_movement(item: StockItem, command: commands.RecordMovement, at: datetime) -> None:
    """
    Take over that units came or went, then shorten what is not there and fill the queue with what is free.

    A receipt onto an unknown item makes it known at that quantity; other movements leave it unknown. What is
    dated before the last count was counted, so it moves no figure but the reservation that leaves with it.
    Refused: nothing for a quantity of 0, a negative one that is no correction, a put back of what no package holds.
    Repeated: nothing for the same reference, kind and order.
    """
    kind, quantity = command.kind, command.quantity
    if quantity == 0 or (quantity < 0 and kind != "correction"):
        return
    if kind == "put_back":
        _put_back(item, command, at)
    elif kind == "dispatch" and command.order_id is not None:
        _hand_over(item, command, command.order_id, at)
    elif kind == "dispatch":
        _move(item, command, "correction", -quantity, at)
    else:
        _move(item, command, kind, quantity, at)
    settle(item, at)


def _move(item: StockItem, command: commands.RecordMovement, kind: str, quantity: int, at: datetime) -> None:
    of_order = command.order_id if kind in RETURNS else None
    if (kind_of(kind, of_order), command.reference) in item.references:
        return
    event_class = MOVEMENTS[kind]
    item.trigger_event(
        event_class,
        timestamp=at,
        quantity=quantity,
        reference=command.reference,
        occurred_at=command.occurred_at,
        on_hand=item.on_hand + _effect(item, command, 0 if kind == "return_damaged" else quantity),
        reserved=item.reserved,
        backordered=item.queue.units,
        **({"stock_unknown": not item.known} if kind == "correction" else {}),
        **({"order_id": of_order, "about": command.about} if kind in RETURNS else {}),
    )


def _effect(item: StockItem, command: commands.RecordMovement, units: int) -> int:
    """What a movement does to `on_hand`: nothing if it is in the last count, or if nothing is known to take it from."""
    if item.counted is not None and command.occurred_at < item.counted.counted_at:
        return 0
    return units if item.known or command.kind == "receipt" else 0


def _hand_over(item: StockItem, command: commands.RecordMovement, order_id: UUID, at: datetime) -> None:
    if (f"dispatch:{order_id}", command.reference) in item.references:
        return
    package = item.packages.held.get((command.reference, order_id))
    gone = -command.quantity
    uncounted = package is not None and package.uncounted
    from_reservation, from_given_back = _taken_along(item, order_id, package, command.quantity)
    item.trigger_event(
        StockItem.HandedOver,
        timestamp=at,
        order_id=order_id,
        quantity=command.quantity,
        from_reservation=from_reservation,
        from_given_back=from_given_back,
        reference=command.reference,
        occurred_at=command.occurred_at,
        on_hand=item.on_hand + (gone if uncounted else _effect(item, command, gone)),
        reserved=item.reserved - from_reservation - from_given_back,
        backordered=item.queue.units,
        **_in_packages_without(item, package),
    )


def _taken_along(item: StockItem, order_id: UUID, package: Package | None, quantity: int) -> tuple[int, int]:
    """
    Units that leave the order's reservation, and those that it had given back.

    What the order wants leaves first, and nothing that another printed package of it holds. No more stays given back
    than the other packages hold.
    """
    ask = item.reservations.get(order_id)
    held = 0 if ask is None else ask.quantity
    given_back = item.given_back.get(order_id, 0)
    others = item.packages.holds(order_id) - (0 if package is None else package.holds)
    from_given_back = max(given_back - others, 0)
    elsewhere = others - (given_back - from_given_back)
    return max(min(held - elsewhere, quantity - from_given_back), 0), from_given_back


def _in_packages_without(item: StockItem, package: Package | None) -> dict[str, int]:
    """The item's units in packages of either stage, once this one is gone."""
    printed, packed = item.packages.printed, item.packages.packed
    if package is None:
        return {"printed": printed, "packed": packed}
    if package.packed_at is None:
        return {"printed": printed - package.quantity, "packed": packed}
    return {"printed": printed, "packed": packed - package.quantity}


def _put_back(item: StockItem, command: commands.RecordMovement, at: datetime) -> None:
    """Empty a package, or undo its hand-over. Refused and repeated: nothing, as nothing is in it."""
    if command.order_id is None:
        return
    key = (command.reference, command.order_id)
    package, sent = item.packages.held.get(key), item.sent.get(key)
    if package is not None:
        _unpack(item, command, key, package, at)
    elif sent is not None:
        _take_back(item, command, key, sent, at)


def _unpack(item: StockItem, command: commands.RecordMovement, key: PackageKey, package: Package, at: datetime) -> None:
    freed = min(item.given_back.get(key[1], 0), package.holds)
    item.trigger_event(
        StockItem.PutBack,
        timestamp=at,
        order_id=key[1],
        quantity=package.quantity,
        reference=key[0],
        occurred_at=command.occurred_at,
        was_sent=False,
        ask=item.reservations.get(key[1]),
        freed=freed,
        on_hand=item.on_hand,
        reserved=item.reserved - freed,
        backordered=item.queue.units,
        **_in_packages_without(item, package),
    )


def _take_back(item: StockItem, command: commands.RecordMovement, key: PackageKey, sent: Sent, at: datetime) -> None:
    """The reservation returns with the units, unless the order queues again: then they go where the queue says."""
    returned = 0 if item.queue.get(key[1]) is not None else sent.from_reservation
    item.trigger_event(
        StockItem.PutBack,
        timestamp=at,
        order_id=key[1],
        quantity=sent.quantity,
        reference=key[0],
        occurred_at=command.occurred_at,
        was_sent=True,
        ask=_with_returned(item.reservations.get(key[1]), sent.ask, returned),
        returned=returned,
        on_hand=item.on_hand + _effect(item, command, sent.quantity),
        reserved=item.reserved + returned,
        backordered=item.queue.units,
        printed=item.packages.printed,
        packed=item.packages.packed,
    )


def _with_returned(held: Ask | None, asked: Ask | None, returned: int) -> Ask | None:
    if held is not None:
        return msgspec.structs.replace(held, quantity=held.quantity + returned)
    if asked is None or not returned:
        return None
    return msgspec.structs.replace(asked, quantity=returned)


def record_package(item: StockItem, command: commands.RecordPackage, at: datetime) -> None:
    """
    Note that units of an order are in a package: its label is printed, then they left the shelf.

    They stay reserved with it; units that the order had given back already are taken from what is free, if they are
    there. Refused: nothing for a package that has left, or for no units. Repeated: nothing; packed is further.
    """
    key = (str(command.shipment_id), command.order_id)
    present = item.packages.held.get(key)
    packs = command.stage == "packed"
    if command.quantity < 1 or key in item.sent or (present is not None and (present.packed_at or not packs)):
        return
    quantity, holds, taken = _packed_units(item, command, present)
    unseen = packs and item.counted is not None and _unseen_by(item.counted, command.occurred_at)
    printed, packed = _in_packages_without(item, present).values()
    item.trigger_event(
        StockItem.Packaged,
        timestamp=at,
        order_id=key[1],
        reference=key[0],
        stage=command.stage,
        quantity=quantity,
        holds=holds,
        taken=taken,
        added=quantity if unseen else 0,
        occurred_at=command.occurred_at,
        on_hand=item.on_hand + (quantity if unseen else 0),
        reserved=item.reserved + taken,
        backordered=item.queue.units,
        printed=printed + (0 if packs else quantity),
        packed=packed + (quantity if packs else 0),
    )
    settle(item, at)


def _packed_units(item: StockItem, command: commands.RecordPackage, present: Package | None) -> tuple[int, int, int]:
    """How many units are in the package, how many it holds, and how many of these it takes from what is free."""
    if present is not None:
        return present.quantity, present.holds, 0
    ask = item.reservations.get(command.order_id)
    of_order = 0 if ask is None else max(ask.quantity - item.in_packages(command.order_id), 0)
    from_order = min(command.quantity, of_order)
    taken = min(command.quantity - from_order, item.available)
    return command.quantity, from_order + taken, taken


def _unseen_by(count: Count, packed_at: datetime) -> bool:
    """Whether a count of the shelf alone missed units that had been packed at this moment."""
    return not count.packed_included and packed_at < count.counted_at


def record_count(item: StockItem, command: commands.RecordCount, at: datetime) -> None:
    """
    Take over what somebody counted, with what moved since the count on top, and fill the queue.

    A count of the shelf alone lacks the packed parcels that nobody knows to have left: they are added, and leave when
    their hand-over or scan comes, whatever its date.
    Refused: nothing for a count older than the last one. Repeated: nothing.
    """
    counted_at, included = command.counted_at, command.packed_included
    told = Count(counted_at, command.quantity, included)
    if item.counted is not None and (counted_at < item.counted.counted_at or told == item.counted):
        return
    moved_since = sum(moved.since(counted_at, packed_included=included) for moved in item.movements)
    uncounted = 0 if included else item.packages.uncounted_at(counted_at)
    item.trigger_event(
        StockItem.Counted,
        timestamp=at,
        quantity=command.quantity,
        counted_at=counted_at,
        packed_included=included,
        reference=command.reference,
        on_hand=command.quantity + moved_since + uncounted,
        reserved=item.reserved,
        backordered=item.queue.units,
    )
    settle(item, at)
