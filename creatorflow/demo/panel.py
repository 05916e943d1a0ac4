"""Show a run while it goes on: a live panel on a terminal, plain lines anywhere else. The figures come from the api."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import Any, Final, NamedTuple

import aiohttp
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from creatorflow.demo.client_record import Answer
from creatorflow.demo.report import percentile

REFRESH_SECONDS: Final = 1.0
PLAIN_LINE_EVERY_SECONDS: Final = 5.0
API_SECONDS: Final = 3.0
LATENCY_OVER_ANSWERS: Final = 2_000
STOCK_EVERY_SECONDS: Final = 5.0
STOCK_ITEMS_MOST: Final = 500
Figures = dict[str, int]


class Progress(NamedTuple):
    """What the sender knows of itself: the phase in a word, and its answers so far."""

    phase: str
    orders: int
    answers: list[Answer]
    retries: int


class Snapshot(NamedTuple):
    """One moment of a run, ready to be shown. The last four come from the api, empty while it does not answer."""

    phase: str
    orders: int
    answered: int
    per_second: float
    retries: int
    p50: float
    p99: float
    states: Figures
    alerts: Figures
    lag: Figures
    stock: Figures


async def show(api_url: str, progress: Callable[[], Progress], done: asyncio.Event) -> None:
    """Show the run until `done` is set."""
    console = Console()
    live = Live(console=console, auto_refresh=False) if console.is_terminal else None
    holder: AbstractContextManager[object] = live if live is not None else nullcontext()
    with holder:
        async with aiohttp.ClientSession(api_url, timeout=aiohttp.ClientTimeout(total=API_SECONDS)) as session:
            api, before, last_line = Api(session), (monotonic(), 0), 0.0
            while True:
                snapshot, before = await _look(api, progress(), before)
                if live is not None:
                    live.update(render(snapshot), refresh=True)
                elif monotonic() - last_line >= PLAIN_LINE_EVERY_SECONDS or done.is_set():
                    console.print(line(snapshot), markup=False, highlight=False, soft_wrap=True)
                    last_line = monotonic()
                if done.is_set():
                    return
                await _until(done, REFRESH_SECONDS)


def render(snapshot: Snapshot) -> Panel:
    """The panel of one moment."""
    top = Table.grid(padding=(0, 2))
    top.add_row(
        "sent", f"{snapshot.answered:,} requests", f"{snapshot.per_second:,.0f}/s", f"{snapshot.retries:,} retries"
    )
    top.add_row("answered in", f"p50 {snapshot.p50 * 1000:.1f} ms", f"p99 {snapshot.p99 * 1000:.1f} ms", "")
    bar = ProgressBar(total=snapshot.orders, completed=min(snapshot.answered, snapshot.orders), width=60)
    sides = Table.grid(padding=(0, 4))
    if snapshot.states or snapshot.lag:
        sides.add_row(
            _figures("orders", snapshot.states),
            Group(_figures("stock", snapshot.stock), _figures("open alerts", snapshot.alerts)),
            _figures("waiting (lag)", snapshot.lag),
        )
    else:
        sides.add_row(Text("the api does not answer yet", style="dim"))
    return Panel(Group(top, bar, sides), title=f"CreatorFlow demo: {snapshot.phase}", title_align="left")


def _figures(title: str, figures: Figures) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1), show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for what, number in figures.items():
        table.add_row(what.replace("_", " "), f"{number:,}")
    return table


def line(snapshot: Snapshot) -> str:
    """The same moment in one line."""
    states = ", ".join(f"{state} {number}" for state, number in snapshot.states.items())
    waiting = sum(snapshot.lag.values())
    return (
        f"{snapshot.phase}: {snapshot.answered} requests for {snapshot.orders} orders, {snapshot.per_second:.0f}/s, "
        f"p99 {snapshot.p99 * 1000:.0f} ms, lag {waiting}; {states or 'no orders yet'}"
    )


class Api:
    """What the api says, asked for once a moment. One that is away, which some runs want, says nothing."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._stock: Figures = {}
        self._stock_at = float("-inf")

    async def states_and_alerts(self) -> tuple[Figures, Figures]:
        """Orders by state, and open alerts by kind."""
        summary = await self._get("/summary")
        return _counts(summary.get("orders")), _counts(summary.get("open_alerts"))

    async def lag(self) -> Figures:
        """Events that wait for the relay, and records that wait for each agent that has any."""
        health = await self._get("/health")
        relay = health.get("relay") or {}
        agents = {agent["agent"]: agent["lag"] for agent in health.get("agents") or () if agent["lag"]}
        return {"relay": relay["waiting"], **agents} if relay else {}

    async def stock(self) -> Figures:
        """Units over all stock items; asked for less often, as the answer is longer."""
        if monotonic() - self._stock_at >= STOCK_EVERY_SECONDS:
            self._stock_at = monotonic()
            items = (await self._get(f"/stock-items?limit={STOCK_ITEMS_MOST}")).get("items") or ()
            units = {name: sum(item.get(name, 0) for item in items) for name in ("on_hand", "reserved", "backordered")}
            short = sum(1 for item in items if item.get("backordered"))
            self._stock = {"items": len(items), **units, "items_short": short} if items else {}
        return self._stock

    async def _get(self, path: str) -> Mapping[str, Any]:
        try:
            async with self._session.get(path) as answer:
                content = await answer.json() if answer.ok else {}
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


def _counts(part: object) -> Figures:
    return {str(name): int(number) for name, number in sorted(part.items())} if isinstance(part, dict) else {}


async def _look(api: Api, progress: Progress, before: tuple[float, int]) -> tuple[Snapshot, tuple[float, int]]:
    answered, moment = len(progress.answers), monotonic()
    elapsed = moment - before[0]
    seconds = sorted(answer.seconds for answer in progress.answers[-LATENCY_OVER_ANSWERS:])
    states, alerts = await api.states_and_alerts()
    snapshot = Snapshot(
        phase=progress.phase,
        orders=progress.orders,
        answered=answered,
        per_second=(answered - before[1]) / elapsed if elapsed > 0 else 0.0,
        retries=progress.retries,
        p50=percentile(seconds, 0.50),
        p99=percentile(seconds, 0.99),
        states=states,
        alerts=alerts,
        lag=await api.lag(),
        stock=await api.stock(),
    )
    return snapshot, (moment, answered)


async def _until(done: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(done.wait(), seconds)
    except TimeoutError:
        return
