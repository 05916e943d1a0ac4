"""
Orders that flow while something is done to the stack, a client that keeps its own record, and the audit of both.

The parts are the demo's: its purchases, its webhooks, its sender, its record. What differs is that nothing here gives
up because the store or the broker is away.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, NamedTuple

import psycopg

from creatorflow import bootstrap
from creatorflow.audit import Audit, AuditReport, ClientRecord
from creatorflow.demo.client_record import for_audit
from creatorflow.demo.purchases import Purchase, read_purchases
from creatorflow.demo.sender import Sender
from creatorflow.demo.stocking import SCARCE_SHARE, Delivery, StockingRefused, StockPlan, deliver, plan_stock
from creatorflow.demo.traffic import Mix, plan
from creatorflow.demo.webhooks import sku_of, start_run
from creatorflow.devstack import RunningStack
from creatorflow.ledger_facts import Fault as Finding
from creatorflow.log import LogReader
from proof.group import ahead_of_the_store, outstanding
from schemas.events import StockReceived

STOCK_KNOWN_WITHIN_SECONDS: Final = 60.0
DELIVERED_WITHIN_SECONDS: Final = 180.0
QUIET_SECONDS: Final = 3.0
POLL_SECONDS: Final = 0.5
PURCHASES_MOST: Final = 5
"""How many times the orders that are wanted may flow before the faults are done."""


class Wish(NamedTuple):
    """At least so many orders, at so many requests a second; settled is what does not move for the stated time."""

    orders: int
    rate: float
    cancelled: float = 0.1
    seed: int = 1
    no_progress_seconds: float = 90.0


class Flowed(NamedTuple):
    """What came of it: the client's figures, and what the audit found."""

    orders: int
    cancelled: int
    unanswered: int
    retries: int
    sending_seconds: float
    settled: bool
    report: AuditReport
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How often each invariant is broken."""
        return dict(Counter(finding.invariant for finding in self.findings) | Counter(self.report.counts))


async def flow(stack: RunningStack, wish: Wish, harm: Callable[[], None], say: Callable[[str], None]) -> Flowed:
    """
    Let orders flow until `harm`, which runs beside them in a thread, is done and enough of them were sent; then wait
    until all is settled, and audit.
    """
    url = f"http://{stack.settings.host}:{stack.settings.ingress_port}"
    purchases = read_purchases(wish.orders * PURCHASES_MOST)
    run = start_run(purchases, datetime.now(UTC))
    stock = _stock(purchases, wish, run.order_number(0))
    await deliver_all(url, stock.at_start)
    await asyncio.to_thread(wait_for_stock, stack.dsn, sum(1 for each in stock.at_start if each.quantity))
    sender = Sender(url, stack.settings.require_webhook_secret())
    done, half = threading.Event(), asyncio.Event()
    sends = plan(
        _while_needed(purchases, wish.orders, done, half),
        run,
        Mix(cancelled=wish.cancelled, seed=wish.seed),
        lambda: datetime.now(UTC),
    )
    started = monotonic()
    async with asyncio.TaskGroup() as parts:
        parts.create_task(sender.send(sends, wish.rate))
        parts.create_task(deliver_at(half, url, stock.in_the_middle))
        parts.create_task(asyncio.to_thread(_until_done, harm, done))
    sending_seconds = monotonic() - started
    say(f"{len(sender.answers)} requests answered in {sending_seconds:.0f} s; waiting until all is settled")
    record = for_audit(sender.answers)
    booked = [each.reference for each in (*stock.at_start, *stock.in_the_middle) if each.quantity]
    settled, report, findings = await asyncio.to_thread(judge, stack, record, booked, wish.no_progress_seconds, say)
    return Flowed(
        orders=sum(1 for order in record.orders if order.outcome == "ok"),
        cancelled=sum(1 for order in record.orders if order.cancelled),
        unanswered=sum(1 for answer in sender.answers if answer.outcome == "unknown"),
        retries=sender.retries,
        sending_seconds=sending_seconds,
        settled=settled,
        report=report,
        findings=findings,
    )


def _stock(purchases: Sequence[Purchase], wish: Wish, run_id: str) -> StockPlan:
    """Some of it scarce for the orders that flow in any case; what only those behind them ask for is there."""
    first, rest = purchases[: wish.orders], purchases[wish.orders :]
    stock = plan_stock(first, run_id, scarce_share=SCARCE_SHARE, seed=wish.seed)
    known = {sku_of(purchase) for purchase in first}
    others = [purchase for purchase in rest if sku_of(purchase) not in known]
    return stock._replace(at_start=stock.at_start + plan_stock(others, run_id, scarce_share=0, seed=wish.seed).at_start)


def _while_needed(
    purchases: Sequence[Purchase], least: int, done: threading.Event, half: asyncio.Event
) -> Iterator[Purchase]:
    for number, purchase in enumerate(purchases):
        if number >= least // 2:
            half.set()
        if number >= least and done.is_set():
            return
        yield purchase


def _until_done(harm: Callable[[], None], done: threading.Event) -> None:
    try:
        harm()
    finally:
        done.set()


async def deliver_at(moment: asyncio.Event, url: str, deliveries: Sequence[Delivery]) -> None:
    """Book deliveries once the moment has come."""
    await moment.wait()
    await deliver_all(url, deliveries)


async def deliver_all(url: str, deliveries: Sequence[Delivery]) -> None:
    """Book until it is taken: a receipt that was booked before is recognised by its key."""
    deadline = monotonic() + DELIVERED_WITHIN_SECONDS
    while True:
        try:
            return await deliver(url, deliveries)
        except StockingRefused:
            if monotonic() > deadline:
                raise


def wait_for_stock(dsn: str, receipts: int) -> None:
    """Wait until so many receipts are in the log. Raises `TimeoutError`."""
    deadline = monotonic() + STOCK_KNOWN_WITHIN_SECONDS
    with psycopg.connect(dsn, autocommit=True) as connection:
        while True:
            row = connection.execute("SELECT count(*) FROM events WHERE topic = 'stock-item.received'").fetchone()
            if row is not None and row[0] >= receipts:
                return
            if monotonic() > deadline:
                raise TimeoutError(f"{row} of {receipts} receipts are in the log")
            threading.Event().wait(POLL_SECONDS)


def judge(
    stack: RunningStack,
    record: ClientRecord,
    booked: Sequence[str],
    no_progress_seconds: float,
    say: Callable[[str], None],
) -> tuple[bool, AuditReport, tuple[Finding, ...]]:
    """Wait until everything came to an end or nothing moves any more, and audit: settled or not, report, findings."""
    log = bootstrap.open_log(stack.settings)
    try:
        audit = CountingAudit()
        settled = settle(stack, audit, log, record, no_progress_seconds)
        say("auditing" if settled else "auditing, although orders came to no end")
        report = audit.audit.report(
            read_models=lambda: bootstrap.verify_read_models(stack.settings),
            client_record=record,
            carrier_record=bootstrap.carrier_record(stack.settings),
            carrier_voids=bootstrap.carrier_voids(stack.settings),
            outside_ids=log.outside_ids,
            dead_lettered=log.dead_lettered,
        )
    finally:
        log.close()
    return (
        settled,
        report,
        (
            *report.faults,
            *audit.receipts_wrong(booked),
            *ahead_of_the_store(stack),
            *_taken_for_bugs(stack.dsn),
        ),
    )


def _taken_for_bugs(dsn: str) -> list[Finding]:
    """Records that an agent could not process: whatever was harmed, nothing was wrong with any of them."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            'SELECT agent, topic, partition, "offset", reason FROM dead_letters WHERE kind = %s', ("bug",)
        ).fetchall()
    return [
        Finding("no-record-is-a-bug", f"{topic}/{partition}/{offset}", f"was dead-lettered by {agent}: {reason}")
        for agent, topic, partition, offset, reason in rows
    ]


class CountingAudit:
    """The audit, and beside it how often each receipt of the operator is in the log."""

    def __init__(self) -> None:
        self.audit = Audit(bootstrap.follow_ups)
        self._receipts: Counter[str] = Counter()

    def read_on(self, log: LogReader) -> None:
        for row in log.read(self.audit.ledger.last_position):
            self.audit.add(row)
            if isinstance(row.public, StockReceived):
                self._receipts[row.public.reference] += 1

    def receipts_wrong(self, booked: Sequence[str]) -> list[Finding]:
        return [
            Finding("receipts-once", reference, f"was acknowledged, and is in the log {self._receipts[reference]}x")
            for reference in booked
            if self._receipts[reference] != 1
        ]


def settle(
    stack: RunningStack, audit: CountingAudit, log: LogReader, record: ClientRecord, no_progress_seconds: float
) -> bool:
    """Wait until every acknowledged order came to an end and nothing is on its way; False if nothing moves before."""
    head, moved_at, unsettled = -1, monotonic(), 0
    while True:
        before, head = head, log.head()
        if head != before:
            moved_at = monotonic()
        elif monotonic() - moved_at >= QUIET_SECONDS:
            audit.read_on(log)
            unsettled = audit.audit.unsettled(record)
            if not unsettled and not outstanding(stack):
                return True
            if monotonic() - moved_at >= no_progress_seconds:
                return False
        threading.Event().wait(POLL_SECONDS)


def as_details(flowed: Flowed) -> dict[str, Any]:
    """The figures that are kept."""
    return {
        "orders": flowed.orders,
        "cancelled_orders": flowed.cancelled,
        "unanswered_requests": flowed.unanswered,
        "retried_requests": flowed.retries,
        "sending_seconds": round(flowed.sending_seconds),
        "settled": flowed.settled,
        "states": flowed.report.states,
        "events": flowed.report.events,
        "invariants_not_held": flowed.counts,
        "findings": [f"{each.invariant}: {each.subject} {each.what}" for each in flowed.findings[:10]],
    }
