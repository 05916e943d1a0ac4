"""Tell the history of one order from the log: every event that concerns it, in order, each with what led to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from creatorflow.log import Logged, LogReader, RawWebhook
from schemas.events import Event, OrderLabelled, OrderPackageJoined, OrderPlaced, SupplyExpected
from schemas.values import Money, order_id, shipment_id

PACKAGES_MOST = 100
_NOT_TOLD = frozenset({"address", "lines", "needs", "contents", "points", "options", "deadlines", "buyer"})
"""Fields that are long, sealed or told by other steps."""


class UnknownOrder(Exception):
    """No order with this id is in the log, or the id is not one."""


class Step(NamedTuple):
    """One step of the history. `position` 0 is a webhook, which stands before the log."""

    position: int
    at: datetime
    of: str
    what: str
    facts: dict[str, str]
    because: str


def parse_order(text: str) -> UUID:
    """The id of an order, given as a uuid or as `marketplace:shop:number`. Raises `UnknownOrder` for anything else."""
    parts = text.split(":")
    if len(parts) == 3 and all(parts):
        return order_id(*parts)
    try:
        return UUID(text)
    except ValueError:
        raise UnknownOrder(f"{text!r} is neither a uuid nor marketplace:shop:number") from None


def order_history(log: LogReader, order: UUID) -> list[Step]:
    """
    Every step of one order across order, stock items and packages, from the raw webhook to the last event.

    Raises `UnknownOrder` where the log has none of it.
    """
    rows = list(log.read_aggregate(order))
    placed = next((row.public for row in rows if isinstance(row.public, OrderPlaced)), None)
    if placed is None:
        raise UnknownOrder(f"the log has no order {order}")
    named: list[tuple[str, Logged]] = [("order", row) for row in rows]
    for need in placed.needs:
        named += [("stock item", row) for row in log.read_aggregate(need.stock_item_id) if _concerns(row.public, order)]
    named += [("package", row) for row in _package_rows(log, placed, rows)]
    named.sort(key=lambda each: each[1].position)
    names = {row.position: f"{of} {_name(row)}" for of, row in named}
    webhooks = list(_webhooks(log, (row for _, row in named)))
    known = {webhook.event_id for webhook in webhooks}
    steps = [_webhook_step(webhook) for webhook in webhooks]
    steps += [
        Step(row.position, row.event.timestamp, of, _name(row), _facts(row.public), _because(row.cause, names, known))
        for of, row in named
    ]
    return steps


def as_text(steps: Iterable[Step]) -> str:
    """The history, one step in two lines: what happened, and why."""
    lines = []
    for step in steps:
        facts = ", ".join(f"{name} {value}" for name, value in step.facts.items())
        place = f"{step.position:>9}" if step.position else " " * 9
        lines.append(f"{place}  {step.at:%Y-%m-%d %H:%M:%S.%f}"[:-3] + f"  {step.of:<11}{step.what}  {facts}".rstrip())
        lines.append(" " * 36 + f"because: {step.because}")
    return "\n".join(lines)


def _concerns(public: Event | None, order: UUID) -> bool:
    if isinstance(public, SupplyExpected):
        return any(promise.order_id == order for promise in public.promises)
    return getattr(public, "order_id", None) == order


def _package_rows(log: LogReader, placed: OrderPlaced, rows: list[Logged]) -> Iterator[Logged]:
    """The rows of its packages: those it was told of or joined, and those that bear its number, labelled or not."""
    packages: set[UUID] = {
        row.public.shipment_id for row in rows if isinstance(row.public, OrderLabelled | OrderPackageJoined)
    }
    packages.add(shipment_id(placed.marketplace, placed.shop, placed.number))
    for number in count(1):
        numbered = shipment_id(placed.marketplace, placed.shop, f"{placed.number}-{number}")
        found = list(log.read_aggregate(numbered))
        packages.discard(numbered)
        yield from found
        if not found or number == PACKAGES_MOST:
            break
    for package in packages:
        yield from log.read_aggregate(package)


def _webhooks(log: LogReader, rows: Iterable[Logged]) -> Iterator[RawWebhook]:
    """The webhooks at the start of these rows' chains, each once, in the order in which they took effect."""
    for event_id in dict.fromkeys(cause for row in rows for cause in (row.cause, row.correlation) if cause):
        webhook = log.raw_webhook(event_id)
        if webhook is not None:
            yield webhook


def _webhook_step(webhook: RawWebhook) -> Step:
    place = f"{webhook.topic}/{webhook.partition}/{webhook.offset}"
    return Step(
        0, webhook.received_at, "webhook", "received", {"event_id": webhook.event_id, "kept_at": place}, "outside"
    )


def _because(cause: str, names: dict[int, str], webhooks: set[str]) -> str:
    kind, _, rest = cause.partition(":")
    position, _, number = cause.partition(".")
    if position.isdecimal() and number.isdecimal():
        return f"{names.get(int(position), 'an event of another aggregate')}, at {position}"
    if kind == "call" and rest:
        key, _, attempt = rest.rpartition(":")
        return f"the answer to call {key}, attempt {attempt}"
    if kind == "timer" and rest:
        return f"the timer {rest}"
    return f"webhook {cause}" if cause in webhooks else f"timer or request {cause}"


def _name(row: Logged) -> str:
    return type(row.public).__name__ if row.public is not None else type(row.event).__name__


def _facts(public: Event | None) -> dict[str, str]:
    if public is None:
        return {}
    told = {name: getattr(public, name) for name in public.__struct_fields__[1:] if name not in _NOT_TOLD}
    return {name: _shown(value) for name, value in told.items() if value not in (None, "", (), {}, False)}


def _shown(value: Any) -> str:
    if isinstance(value, Money):
        return f"{value.amount} {value.currency}"
    return value if isinstance(value, str) else str(msgspec.to_builtins(value))
