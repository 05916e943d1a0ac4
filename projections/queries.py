"""The API's questions, answered from the read models. What cannot be answered as it is asked is `Refused`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from projections import alerts, answers, order_board, problems, reorders, shipment_tracking, stock_levels
from projections.alerts import AlertRow
from projections.answers import Page, Reflects
from projections.order_board import OrderRow
from projections.published import Row
from projections.reorders import ReorderRow
from projections.shipment_tracking import ShipmentRow
from projections.stock_levels import StockRow
from projections.store import Beat, Order, Reader, Where
from projections.timeline import TimelineRow
from schemas.shipping import LabelFile
from schemas.values import Address, OrderLine, Person, Sealed, order_id, shipment_id, stock_item_id

COMMAND_POLL_SECONDS = 0.05
STALLED_DEGRADED = timedelta(seconds=60)
STALLED_CRITICAL = timedelta(seconds=180)
PROCESS_SILENT = timedelta(seconds=30)
BESIDE_AN_ORDER_MAX = 100
"""Shipments, stock items and alerts shown with one order."""

R = TypeVar("R", bound=Row)


class Crossing(NamedTuple):
    """
    What the API needs and the read models do not hold, handed in where the parts are wired together.

    `reveal` answers None once the buyer's key was destroyed. `label` answers None where there is no live label.
    `command_names` names the commands behind causes, as far as it can.
    """

    raw_webhooks: Callable[[UUID], Awaitable[Sequence[answers.RawWebhook]]]
    reveal: Callable[[Sealed], Awaitable[Person | None]]
    label: Callable[[UUID, str], Awaitable[LabelFile | None]]
    dead_letters: Callable[[int], Awaitable[Sequence[answers.DeadLetter]]]
    dead_letter: Callable[[UUID], Awaitable[answers.WholeDeadLetter | None]]
    command_outcome: Callable[[str], Awaitable[answers.CommandOutcome | None]]
    command_names: Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
    spikes: Callable[[int], Awaitable[Sequence[answers.ItemRates]]]
    curves: Callable[[UUID, int], Awaitable[answers.Curves | None]]
    clock: Callable[[], datetime]


class Asked(NamedTuple):
    """One question: where to look, the id in the path, the parameters, and the position that the answer reflects."""

    reader: Reader
    crossing: Crossing
    id: str
    query: Any
    position: int


# Orders


async def orders(asked: Asked) -> Page[OrderRow]:
    """The orders, the newest first."""
    query: answers.OrdersQuery = asked.query
    where = _equal(
        marketplace_status=query.status,
        fulfilment_state=query.fulfilment_state,
        level=query.priority,
        shop=query.shop,
        hopeless=query.hopeless,
    )
    if query.late is not None:
        where += _late(query.late, asked.crossing.clock())
    if query.sku is not None:
        where.append(Where("skus", "&&", list(order_board.search_terms(query.sku))))
    if query.due_before is not None:
        where.append(Where("dispatch_by", "<", query.due_before))
    return await _page(asked, order_board.NAME, OrderRow, where, Order("placed_position"))


OURS = Where("shipping_type", "= ANY", ["SELLER", "TIKTOK"])
"""What the marketplace ships out of its own warehouse is on none of our clocks."""


def _late(step: str, at: datetime) -> list[Where]:
    """
    The orders whose clock runs out: not labelled 8 h before `dispatch_by`, not scanned 2 h before it, not arranged 24 h
    before `cancel_by`.
    """
    if step == "label":
        states = ["WAITING", "RECEIVED", "RESERVING", "BACKORDERED", "READY", "HELD"]
        return [
            Where("dispatch_by", "<", at + timedelta(hours=8)),
            Where("fulfilment_state", "= ANY", states),
            OURS,
            Where("marketplace_status", "= ANY", ["ON_HOLD", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"]),
        ]
    if step == "scan":
        states = ["WAITING", "RECEIVED", "RESERVING", "BACKORDERED", "READY", "LABELLED", "FULFILLED", "HELD"]
        return [
            Where("dispatch_by", "<", at + timedelta(hours=2)),
            Where("fulfilment_state", "= ANY", states),
            OURS,
            Where("dispatched_at", "IS NULL", None),
            Where("completed_at", "IS NULL", None),
        ]
    return [
        Where("cancel_by", "<", at + timedelta(hours=24)),
        Where("fulfilment_state", "= ANY", ["WAITING", "RECEIVED", "RESERVING", "BACKORDERED", "READY", "HELD"]),
        Where("marketplace_status", "= ANY", ["ON_HOLD", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"]),
        OURS,
    ]


async def order(asked: Asked) -> answers.One[answers.WholeOrder]:
    """One order with its lines, its address, its stock, packages and open alerts."""
    row = await _order(asked)
    many = BESIDE_AN_ORDER_MAX
    reader, key = asked.reader, row.order_id
    packages = await reader.select(
        shipment_tracking.NAME,
        ShipmentRow,
        [Where("order_ids", "@>", [key])],
        Order("opened_position", descending=False),
        many,
    )
    items = [need.stock_item_id for need in row.needs]
    stock = await reader.select(stock_levels.NAME, StockRow, [Where("stock_item_id", "= ANY", items)], None, many)
    subjects = [key, *items, *(package.shipment_id for package in packages)]
    about = [Where("subject", "= ANY", subjects), Where("state", "=", "open")]
    lines, address = await _placed(asked, key)
    whole = answers.WholeOrder(
        order=row,
        lines=lines,
        ship_to=None if address is None else await _ship_to(asked, address),
        stock=stock,
        shipments=packages,
        alerts=await reader.select(alerts.NAME, AlertRow, about, Order("opened_position"), many),
    )
    return answers.One(whole, Reflects(log_position=asked.position))


class _Placed(msgspec.Struct):
    """What the order board leaves out: the lines in full and the address."""

    lines: tuple[OrderLine, ...] = ()
    address: Address | None = None


async def _placed(asked: Asked, key: UUID) -> tuple[tuple[OrderLine, ...], Address | None]:
    bodies = await asked.reader.bodies(key, ["OrderPlaced", "OrderStatusAdvanced", "OrderAddressChanged"])
    said = [msgspec.json.decode(body, type=_Placed) for body in bodies]
    lines = next((each.lines for each in said if each.lines), ())
    return lines, next((each.address for each in said if each.address), None)


async def _ship_to(asked: Asked, address: Address) -> answers.ShipTo:
    person: Person | Literal["erased"] | None = None
    if address.person is not None:
        person = await asked.crossing.reveal(address.person) or "erased"
    return answers.ShipTo(
        country=address.country,
        state=address.state,
        city=address.city,
        postal_code=address.postal_code,
        kind=address.kind,
        complete=address.complete,
        person=person,
    )


async def timeline(asked: Asked) -> answers.Timeline:
    """Everything that happened to an order, each with its cause, the oldest first."""
    row = await _order(asked)
    query: answers.PageQuery = asked.query
    events = await asked.reader.timeline(row.order_id, query.cursor or 0, query.limit)
    webhooks = await asked.crossing.raw_webhooks(row.order_id)
    names = await asked.crossing.command_names([event.cause for event in events])
    received = {webhook.event_id: webhook for webhook in webhooks}
    return answers.Timeline(
        items=[_happened(event, received, names) for event in events],
        webhooks=list(webhooks),
        meta=Reflects(
            log_position=asked.position, next_cursor=events[-1].position if len(events) == query.limit else None
        ),
    )


def _happened(
    row: TimelineRow, received: Mapping[str, answers.RawWebhook], names: Mapping[str, str]
) -> answers.Happened:
    return answers.Happened(
        position=row.position,
        event=row.event,
        id=row.id,
        aggregate_id=row.aggregate_id,
        occurred_at=row.occurred_at,
        cause=cause_of(row.cause, received.get(row.cause), names.get(row.cause)),
        correlation=row.correlation,
        body=row.body,
    )


_AFTER_EVENT = re.compile(r"(\d+)\.\d+")


def cause_of(cause: str, webhook: answers.RawWebhook | None, command: str | None) -> answers.Cause:
    """What a cause says of itself: "<position>.<n>" follows an event, "call:…" and "timer:…" name theirs."""
    if webhook is not None:
        return answers.Cause(id=cause, kind="webhook", command=command, webhook=webhook)
    if after := _AFTER_EVENT.fullmatch(cause):
        return answers.Cause(id=cause, kind="event", command=command, position=int(after.group(1)))
    if cause.startswith("call:"):
        return answers.Cause(id=cause, kind="call", command=command)
    if cause.startswith("timer:"):
        return answers.Cause(id=cause, kind="timer", command=command)
    return answers.Cause(id=cause, kind="operator", command=command)


async def _order(asked: Asked) -> OrderRow:
    return await _one(asked, order_board.NAME, OrderRow, "order", _identified(asked.id, order_id))


# Stock, packages, alerts, supplier orders


async def stock_items(asked: Asked) -> Page[StockRow]:
    """The stock items, the oldest first."""
    query: answers.StockQuery = asked.query
    where = _equal(shop=query.shop, sku_id=query.sku)
    return await _page(asked, stock_levels.NAME, StockRow, where, Order("opened_position", descending=False))


async def stock_item(asked: Asked) -> answers.One[StockRow]:
    """One stock item."""
    row = await _one(asked, stock_levels.NAME, StockRow, "stock item", _identified(asked.id, stock_item_id))
    return answers.One(row, Reflects(log_position=asked.position))


async def shipments(asked: Asked) -> Page[ShipmentRow]:
    """The packages, the oldest first."""
    query: answers.ShipmentsQuery = asked.query
    where = _equal(
        state=query.state,
        shop=query.shop,
        carrier=query.carrier,
        tracking_number=query.tracking_number,
    )
    if query.order is not None:
        where.append(Where("order_ids", "@>", [query.order]))
    if query.unscanned:
        where.append(Where("scan_by", "<", asked.crossing.clock()))
    return await _page(asked, shipment_tracking.NAME, ShipmentRow, where, Order("opened_position", descending=False))


async def shipment(asked: Asked) -> answers.One[ShipmentRow]:
    """One package."""
    return answers.One(await _shipment(asked), Reflects(log_position=asked.position))


async def label(asked: Asked, media_type: str) -> LabelFile:
    """The label file of one package that has a live label."""
    row = await _shipment(asked)
    if not row.label_live or row.state == "CANCELLED" or row.stopped:
        stands = f"it is stopped: {row.stopped}" if row.stopped else f"it is {row.state}"
        raise problems.Refused(409, "The package has no live label", stands, "id")
    file = await asked.crossing.label(row.shipment_id, media_type)
    if file is None:
        raise problems.Refused(409, "The package has no live label", "its label is void or kept back by now", "id")
    return file


async def _shipment(asked: Asked) -> ShipmentRow:
    return await _one(asked, shipment_tracking.NAME, ShipmentRow, "shipment", _identified(asked.id, shipment_id))


async def alert_list(asked: Asked) -> Page[AlertRow]:
    """The alerts, the newest first."""
    query: answers.AlertsQuery = asked.query
    where = _equal(state=query.state, kind=query.kind, subject=query.subject)
    if query.acknowledged is not None:
        where = [*where, Where("acknowledged_at", "IS NULL", "seen" if query.acknowledged else None)]
    return await _page(asked, alerts.NAME, AlertRow, where, Order("opened_position"))


async def reorder_list(asked: Asked) -> Page[ReorderRow]:
    """The supplier orders, the newest first."""
    query: answers.ReordersQuery = asked.query
    where = _equal(state=query.state, stock_item_id=query.stock_item)
    return await _page(asked, reorders.NAME, ReorderRow, where, Order("prepared_position"))


# What crosses


async def dead_letters(asked: Asked) -> Page[answers.DeadLetter]:
    """The newest dead letters, without their bodies."""
    query: answers.PageQuery = asked.query
    if query.cursor is not None:
        raise problems.bad_parameter("cursor", "dead letters come in one page, the newest first")
    letters = await asked.crossing.dead_letters(query.limit)
    return Page(list(letters), Reflects(log_position=asked.position))


async def dead_letter(asked: Asked) -> answers.One[answers.WholeDeadLetter]:
    """One dead letter with its body."""
    found = await asked.crossing.dead_letter(_uuid(asked.id, "no uuid"))
    if found is None:
        raise problems.not_found("dead letter")
    return answers.One(found, Reflects(log_position=asked.position))


async def command(asked: Asked) -> answers.One[answers.CommandOutcome]:
    """What became of a command, waiting for it as long as was asked."""
    query: answers.CommandQuery = asked.query
    ends = asyncio.get_running_loop().time() + query.wait
    while (outcome := await asked.crossing.command_outcome(asked.id)) is None:
        if asyncio.get_running_loop().time() >= ends:
            outcome = answers.CommandOutcome(id=asked.id, outcome="pending")
            break
        await asyncio.sleep(COMMAND_POLL_SECONDS)
    return answers.One(outcome, Reflects(log_position=asked.position))


async def spikes(asked: Asked) -> Page[answers.ItemRates]:
    """The stock items that sell at twice their normal rate or more, the latest first."""
    query: answers.PageQuery = asked.query
    if query.cursor is not None:
        raise problems.bad_parameter("cursor", "open spikes come in one page, the latest first")
    return Page(list(await asked.crossing.spikes(query.limit)), Reflects(log_position=asked.position))


async def curves(asked: Asked) -> answers.One[answers.Curves]:
    """How fast one stock item sells, with its units and its contents' views hour by hour."""
    query: answers.CurvesQuery = asked.query
    found = await asked.crossing.curves(_identified(asked.id, stock_item_id), query.hours)
    if found is None:
        raise problems.not_found("stock item with rates")
    return answers.One(found, Reflects(log_position=asked.position))


# Health


async def summary(asked: Asked) -> answers.Summary:
    """How many orders stand where, and which alerts are open."""
    by_state, by_kind = await asked.reader.counts()
    return answers.Summary(orders=by_state, open_alerts=by_kind, meta=Reflects(log_position=asked.position))


async def health(asked: Asked) -> answers.Health:
    """Lag and last progress of each agent, the relay, the processes."""
    now = asked.crossing.clock()
    agents = [_agent(*each, now) for each in await asked.reader.agents()]
    processes = [_process(each, now) for each in await asked.reader.processes()]
    leader, position, leads = await asked.reader.relay()
    waiting = max(await asked.reader.end() - position, 0)
    relay = answers.RelayHealth(
        leader=leader, position=position, waiting=waiting, status="healthy" if leads or not waiting else "critical"
    )
    found = {relay.status, *(each.status for each in agents), *(each.status for each in processes)}
    return answers.Health(
        status="critical" if "critical" in found else "degraded" if "degraded" in found else "healthy",
        min_code=await asked.reader.min_code(),
        agents=agents,
        relay=relay,
        processes=processes,
        meta=Reflects(log_position=asked.position),
    )


def _agent(agent: str, lag: int | None, seen_position: int, moved_at: datetime, now: datetime) -> answers.AgentHealth:
    stalled = now - moved_at if lag else timedelta(0)
    return answers.AgentHealth(
        agent=agent,
        lag=lag,
        seen_position=seen_position,
        moved_at=moved_at,
        status="critical" if stalled > STALLED_CRITICAL else "degraded" if stalled > STALLED_DEGRADED else "healthy",
    )


def _process(beat: Beat, now: datetime) -> answers.ProcessHealth:
    silent = now - beat.beat_at > PROCESS_SILENT
    return answers.ProcessHealth(
        name=beat.name,
        kind=beat.kind,
        started_at=beat.started_at,
        beat_at=beat.beat_at,
        code=beat.code,
        away=beat.away,
        status="critical" if silent else "degraded" if beat.away else "healthy",
    )


# Rows


def _equal(**columns: object) -> list[Where]:
    return [Where(column, "=", value) for column, value in columns.items() if value is not None]


async def _page(asked: Asked, name: str, row: type[R], where: list[Where], order: Order) -> Page[R]:
    query: answers.PageQuery = asked.query
    if query.cursor is not None:
        where = [*where, Where(order.column, "<" if order.descending else ">", query.cursor)]
    rows = await asked.reader.select(name, row, where, order, query.limit)
    following = getattr(rows[-1], order.column) if len(rows) == query.limit else None
    return Page(rows, Reflects(log_position=asked.position, next_cursor=following))


async def _one(asked: Asked, name: str, row: type[R], what: str, key: UUID) -> R:
    found = await asked.reader.select(name, row, [Where(f"{what.replace(' ', '_')}_id", "=", key)])
    if not found:
        raise problems.not_found(what)
    return found[0]


def _identified(text: str, derived: Callable[[str, str, str], UUID]) -> UUID:
    """A uuid, or the id that is derived from `marketplace:shop:number`."""
    parts = text.split(":", 2)
    if len(parts) == 3:
        return derived(*parts)
    return _uuid(text, "neither a uuid nor marketplace:shop:number")


def _uuid(text: str, fault: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise problems.Refused(400, "The id is wrong", fault, "id") from None


def now() -> datetime:
    """The clock of a process."""
    return datetime.now(UTC)
