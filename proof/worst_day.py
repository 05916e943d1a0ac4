"""
The worst day of real purchases, shuffled: cancelled, moved and returned orders on scarce stock, many messages twice.

What each order must become is worked out from its own history in the order of the marketplace's time, and held
against what the system shows; stock is added up from what was sent in, sold and sent back.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, NamedTuple
from uuid import UUID

import aiohttp
import psycopg

from aggregates.shipment import Shipment
from creatorflow import bootstrap
from creatorflow.audit import AuditReport
from creatorflow.demo.client_record import for_audit
from creatorflow.demo.purchases import read_purchases
from creatorflow.demo.sender import Sender
from creatorflow.demo.stocking import StockPlan, plan_stock
from creatorflow.demo.traffic import Send
from creatorflow.demo.webhooks import MARKETPLACE, SHOP, sku_of, start_run
from creatorflow.devstack import RunningStack
from creatorflow.ledger_facts import Fault as Finding
from proof.flow import deliver_all, deliver_at, judge, wait_for_stock
from proof.histories import History, Shares, arrivals, histories
from schemas.values import stock_item_id

SCARCE_SHARE: Final = 0.3
NO_PROGRESS_SECONDS: Final = 120.0
AT_ONCE: Final = 16


class Relived(NamedTuple):
    """What came of the day. `harmed_throughout`: messages were still sent when the harm was done."""

    settled: bool
    report: AuditReport
    findings: tuple[Finding, ...]
    facts: dict[str, Any]
    harmed_throughout: bool = True

    @property
    def wrong(self) -> Counter[str]:
        """How often each invariant is broken."""
        return Counter(finding.invariant for finding in self.findings) | Counter(self.report.counts)


class Row(NamedTuple):
    """One order as the board shows it."""

    number: str
    marketplace_status: str
    fulfilment_state: str
    packages: tuple[UUID, ...] = ()


async def relive(
    stack: RunningStack,
    orders: int,
    seed: int,
    say: Callable[[str], None],
    *,
    rate: float | None = None,
    harm: Callable[[], None] = lambda: None,
) -> Relived:
    """
    Send the day, `harm` running beside it in a thread, wait until all is settled, send back what is returned, audit.

    `rate` is messages a second, None for as many as are taken.
    """
    url = f"http://{stack.settings.host}:{stack.settings.ingress_port}"
    purchases = read_purchases(orders)
    run = start_run(purchases, datetime.now(UTC))
    told = histories(purchases, run, Shares(), seed)
    stock = plan_stock(purchases, run.order_number(0), scarce_share=SCARCE_SHARE, seed=seed)
    await deliver_all(url, stock.at_start)
    await asyncio.to_thread(wait_for_stock, stack.dsn, sum(1 for each in stock.at_start if each.quantity))
    sender = Sender(url, stack.settings.require_webhook_secret())
    sends = list(arrivals(told, Shares(), seed))
    half = asyncio.Event()
    async with asyncio.TaskGroup() as parts:
        sending = parts.create_task(_timed(sender.send(_marking_half(sends, half), rate)))
        parts.create_task(deliver_at(half, url, stock.in_the_middle))
        harming = parts.create_task(_timed(asyncio.to_thread(harm)))
    say(f"{len(sender.answers)} messages answered; waiting until all is settled")
    record = for_audit(sender.answers)
    booked = [each.reference for each in (*stock.at_start, *stock.in_the_middle) if each.quantity]
    settled, _, _ = await asyncio.to_thread(judge, stack, record, booked, NO_PROGRESS_SECONDS, say)
    returned = await _send_back(url, told, await asyncio.to_thread(_board, stack.dsn))
    settled_again, report, findings = await asyncio.to_thread(judge, stack, record, booked, NO_PROGRESS_SECONDS, say)
    board = await asyncio.to_thread(_board, stack.dsn)
    wrong = [
        *findings,
        *wrong_states(told, board),
        *wrong_stock(told, board, stock, returned, await asyncio.to_thread(_stock, stack.dsn)),
        *await asyncio.to_thread(_wrong_labels, stack, told, board),
    ]
    facts = {
        "orders": len(told),
        "messages": len(sends),
        "unanswered": sum(1 for answer in sender.answers if answer.outcome == "unknown"),
        "retried_requests": sender.retries,
        "cancelled": sum(history.cancelled for history in told),
        "moved": sum(any(m.body.get("type") == "address" for m in history.messages) for history in told),
        "returned": sum(history.returned for history in told),
        "handed_over_and_back": len(returned),
    }
    return Relived(settled and settled_again, report, tuple(wrong), facts, harming.result() <= sending.result())


async def _timed(part: Awaitable[object]) -> float:
    """When it ended."""
    await part
    return monotonic()


def _marking_half(sends: Sequence[Send], half: asyncio.Event) -> Iterator[Send]:
    for number, send in enumerate(sends):
        if number == len(sends) // 2:
            half.set()
        yield send


# What must have become of the orders


def wrong_states(told: Sequence[History], board: dict[str, Row]) -> list[Finding]:
    """Orders whose status or state is not what their history gives, read in the order of the marketplace's time."""
    wrong = []
    for history in told:
        row = board.get(history.number)
        if row is None:
            wrong.append(Finding("state-of-history", history.number, "is not on the board"))
            continue
        states = ("CANCELLED",) if history.cancelled else ("FULFILLED", "BACKORDERED")
        status = "CANCELLED" if history.cancelled else "AWAITING_SHIPMENT"
        if row.fulfilment_state not in states or row.marketplace_status != status:
            shown = f"{row.marketplace_status}, {row.fulfilment_state}"
            wrong.append(Finding("state-of-history", history.number, f"is {shown}, and not {status}, {states}"))
    return wrong


def wrong_stock(
    told: Sequence[History],
    board: dict[str, Row],
    stock: StockPlan,
    returned: set[str],
    shown: dict[UUID, tuple[int, int]],
) -> list[Finding]:
    """Stock items whose units are not those that came in, less what left for good, or that hold others than ordered."""
    on_hand: Counter[str] = Counter()
    reserved: Counter[str] = Counter()
    for delivery in (*stock.at_start, *stock.in_the_middle):
        on_hand[delivery.sku_id] += delivery.quantity
    for history in told:
        row = board.get(history.number)
        # What was handed over and came back leaves on hand as it was.
        if row is not None and row.fulfilment_state == "FULFILLED" and history.number not in returned:
            reserved[sku_of(history.purchase)] += history.purchase.quantity
    wrong = []
    for sku, expected in on_hand.items():
        found = shown.get(stock_item_id(MARKETPLACE, SHOP, sku), (0, 0))
        if found != (expected, reserved[sku]):
            wanted = f"{expected} on hand, {reserved[sku]} reserved"
            wrong.append(Finding("stock-to-the-unit", sku, f"shows {found}, and it must be {wanted}"))
    return wrong


def _wrong_labels(stack: RunningStack, told: Sequence[History], board: dict[str, Row]) -> list[Finding]:
    """Live labels of cancelled orders, and labels that go elsewhere than the order does."""
    requested: dict[UUID, Any] = {}
    live: dict[UUID, Any] = {}
    log = bootstrap.open_log(stack.settings)
    try:
        for row in log.read():
            event: Any = row.event
            if isinstance(event, Shipment.LabelRequested):
                requested[event.originator_id] = event.request
            elif isinstance(event, Shipment.LabelBought):
                live[event.originator_id] = requested[event.originator_id]
            elif isinstance(event, Shipment.LabelVoided):
                live.pop(event.originator_id, None)
    finally:
        log.close()
    of_number: dict[str, list[str]] = {}
    for request in live.values():
        of_number.setdefault(request.order_number, []).append(request.parcel.address.city)
    wrong = []
    for history in told:
        cities = of_number.get(history.number, [])
        fulfilled = board[history.number].fulfilment_state == "FULFILLED" if history.number in board else False
        if cities != ([history.city] if fulfilled else []):
            wanted = [history.city] if fulfilled else []
            wrong.append(Finding("label-of-history", history.number, f"has live labels to {cities}, not {wanted}"))
    return wrong


# What the stack shows


def _board(dsn: str) -> dict[str, Row]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT number, marketplace_status, fulfilment_state, packages FROM order_board WHERE shop = %s", (SHOP,)
        ).fetchall()
    return {
        number: Row(number, status, state, tuple(UUID(package["shipment_id"]) for package in packages))
        for number, status, state, packages in rows
    }


def _stock(dsn: str) -> dict[UUID, tuple[int, int]]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT stock_item_id, on_hand, reserved FROM stock_levels").fetchall()
    return {item: (on_hand, reserved) for item, on_hand, reserved in rows}


# What comes back


async def _send_back(url: str, told: Sequence[History], board: dict[str, Row]) -> set[str]:
    """Hand over the packages of returned orders and book their units as good again; the numbers of those that were."""
    back = [
        history
        for history in told
        if history.returned and (row := board.get(history.number)) is not None and row.fulfilment_state == "FULFILLED"
    ]
    gate = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=30)) as session:

        async def one(history: History) -> None:
            at = datetime.now(UTC).isoformat()
            item = f"{MARKETPLACE}:{SHOP}:{sku_of(history.purchase)}"
            good = {
                "kind": "return_good",
                "quantity": history.purchase.quantity,
                "reference": f"R{history.number}",
                "occurred_at": at,
            }
            async with gate:
                for package in board[history.number].packages:
                    await _post(session, f"/packages/{package}/handed-over", {"occurred_at": at}, f"H{package}")
                await _post(session, f"/stock-items/{item}/movements", good, f"R{history.number}")

        await asyncio.gather(*(one(history) for history in back))
    return {history.number for history in back}


async def _post(session: aiohttp.ClientSession, path: str, body: dict[str, Any], key: str) -> None:
    async with session.post(path, json=body, headers={"Idempotency-Key": key}) as answer:
        if answer.status != 202:
            raise RuntimeError(f"POST {path}: {answer.status} {await answer.text()}")
