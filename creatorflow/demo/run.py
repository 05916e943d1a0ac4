"""Run the demo against a stack that is up: stock it, send, wait until all is settled, audit, report."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, process_time
from typing import Final, NamedTuple

import uvloop

from creatorflow.audit import Audit, AuditReport, ClientRecord
from creatorflow.demo.client_record import for_audit
from creatorflow.demo.panel import Progress, show
from creatorflow.demo.purchases import Purchase, read_purchases
from creatorflow.demo.report import DemoReport, as_text, make_report
from creatorflow.demo.sender import Sender
from creatorflow.demo.stocking import SCARCE_SHARE, StockPlan, deliver, plan_stock
from creatorflow.demo.traffic import Mix, Send, plan
from creatorflow.demo.webhooks import start_run
from creatorflow.log import LogReader, StoredEvent
from schemas.events import StockReceived
from schemas.shipping import Label

STOCK_KNOWN_WITHIN_SECONDS: Final = 60.0
QUIET_SECONDS: Final = 2.0
LOOK_ANYWAY_AFTER_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.5
NO_PROGRESS_SECONDS: Final = 60.0


class StockNotSeen(Exception):
    """The receipts that open a run were acknowledged and did not reach the log in time."""


class System(NamedTuple):
    """The system under test as the demo sees it: two addresses, a secret, and what the audit reads."""

    ingress_url: str
    api_url: str
    secret: bytes
    open_log: Callable[[], LogReader]
    follow_ups: Callable[[StoredEvent], Iterable[str]]
    carrier_record: Callable[[], list[Label] | None]
    carrier_voids: Callable[[], set[str] | None]
    verify_read_models: Callable[[], Sequence[str]]


class Wish(NamedTuple):
    """What to run. `rate` is requests a second, None for as many as are taken; the run gives up where nothing moves."""

    orders: int = 10_000
    rate: float | None = 100.0
    mix: Mix = Mix()
    scarce_share: float = SCARCE_SHARE
    no_progress_seconds: float = NO_PROGRESS_SECONDS


def run_demo(system: System, wish: Wish, *, json_file: Path | None = None, say: Callable[[str], None]) -> int:
    """Run once, say the report, and return the exit code: 0 only if all settled and every invariant holds."""
    gc.disable()  # The record and the ledger only grow, hold no cycles, and end with this process.
    report = uvloop.run(run(system, wish))
    say(as_text(report))
    if json_file is not None:
        report.write(json_file)
    return 0 if report.holds else 1


async def run(system: System, wish: Wish) -> DemoReport:
    """Run once, with the panel beside it."""
    purchases = read_purchases(wish.orders)
    log = await asyncio.to_thread(system.open_log)
    story = _Story(system, wish, purchases, log)
    done = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as parts:
            parts.create_task(show(system.api_url, story.progress, done))
            try:
                return await story.tell()
            finally:
                done.set()
    finally:
        await asyncio.to_thread(log.close)


class _Story:
    """One run from its first receipt to its report."""

    def __init__(self, system: System, wish: Wish, purchases: list[Purchase], log: LogReader) -> None:
        self._system = system
        self._wish = wish
        self._purchases = purchases
        self._log = log
        self._phase = "stocking"
        self._sender = Sender(system.ingress_url, system.secret)
        self._audit = Audit(system.follow_ups)

    def progress(self) -> Progress:
        """What the panel shows of the sender."""
        return Progress(self._phase, len(self._purchases), self._sender.answers, self._sender.retries)

    async def tell(self) -> DemoReport:
        """Stock, send, settle, audit."""
        run = start_run(self._purchases, datetime.now(UTC))
        run_id = run.order_number(0)
        stock = plan_stock(self._purchases, run_id, scarce_share=self._wish.scarce_share, seed=self._wish.mix.seed)
        await self._stock_up(stock)
        self._phase = "sending"
        cpu = process_time()
        sends = plan(self._purchases, run, self._wish.mix, lambda: datetime.now(UTC))
        half_sent = asyncio.Event()
        refill = asyncio.create_task(self._refill(stock, half_sent))
        await self._sender.send(_marking(sends, len(self._purchases) // 2, half_sent), self._wish.rate)
        cpu = process_time() - cpu
        await refill
        self._phase = "settling"
        record = for_audit(self._sender.answers)
        settled = await self._settle(record)
        self._phase = "auditing"
        audit = await asyncio.to_thread(self._report, record)
        dead = len(set(await asyncio.to_thread(self._log.dead_lettered)) & set(record.nonsense))
        self._phase = "done"
        return make_report(
            self._sender.answers,
            audit,
            dead_lettered=dead,
            retries=self._sender.retries,
            settled=settled,
            cpu_seconds=cpu,
        )

    async def _stock_up(self, stock: StockPlan) -> None:
        """Book what is there at the start, and wait until the log has it: an order must not come before its stock."""
        start = await asyncio.to_thread(self._log.head)
        await deliver(self._system.ingress_url, stock.at_start)
        awaited = {delivery.reference for delivery in stock.at_start if delivery.quantity}
        deadline = monotonic() + STOCK_KNOWN_WITHIN_SECONDS
        while awaited:
            if monotonic() > deadline:
                raise StockNotSeen(
                    f"{len(awaited)} receipts are not in the log after {STOCK_KNOWN_WITHIN_SECONDS:.0f} s"
                )
            await asyncio.sleep(POLL_SECONDS)
            start, seen = await asyncio.to_thread(self._receipts_after, start)
            awaited -= seen

    def _receipts_after(self, position: int) -> tuple[int, set[str]]:
        seen = set()
        for row in self._log.read(position):
            position = row.position
            if isinstance(row.public, StockReceived):
                seen.add(row.public.reference)
        return position, seen

    async def _refill(self, stock: StockPlan, half_sent: asyncio.Event) -> None:
        await half_sent.wait()
        await deliver(self._system.ingress_url, stock.in_the_middle)

    async def _settle(self, record: ClientRecord) -> bool:
        """
        Wait until every acknowledged order came to an end; False once nothing moved for the stated time.

        While the log grows it is only asked for its head: reading it would take from the system the very time that
        is being measured.
        """
        head, moved_at, looked_at = 0, monotonic(), monotonic()
        while True:
            now, before = monotonic(), head
            head = await asyncio.to_thread(self._log.head)
            if head != before:
                moved_at = now
            if now - moved_at >= QUIET_SECONDS or now - looked_at >= LOOK_ANYWAY_AFTER_SECONDS:
                unsettled = await asyncio.to_thread(self._read_on_and_count, record)
                looked_at = monotonic()
                if not unsettled:
                    return True
                if now - moved_at >= self._wish.no_progress_seconds:
                    return False
            await asyncio.sleep(POLL_SECONDS)

    def _read_on_and_count(self, record: ClientRecord) -> int:
        for row in self._log.read(self._audit.ledger.last_position):
            self._audit.add(row)
        return self._audit.unsettled(record)

    def _report(self, record: ClientRecord) -> AuditReport:
        self._read_on_and_count(record)
        return self._audit.report(
            read_models=self._system.verify_read_models,
            client_record=record,
            carrier_record=self._system.carrier_record(),
            carrier_voids=self._system.carrier_voids(),
            outside_ids=self._log.outside_ids,
            dead_lettered=self._log.dead_lettered,
        )


def _marking(sends: Iterator[Send], place: int, passed: asyncio.Event) -> Iterator[Send]:
    """The same requests; `passed` is set when the one at this place is taken."""
    for number, send in enumerate(sends):
        if number >= place:
            passed.set()
        yield send
