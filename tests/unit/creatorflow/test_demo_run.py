"""A run against a small system behind real HTTP: its report, its exit code, and what makes it fail."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from creatorflow.demo import run as run_module
from creatorflow.demo.panel import Snapshot, line, render
from creatorflow.demo.report import DemoReport, as_text, percentile
from creatorflow.demo.run import Wish, run
from creatorflow.demo.traffic import Mix
from tests.unit.creatorflow.demo_system import DemoSystem

WISH = Wish(
    orders=120,
    rate=None,
    mix=Mix(duplicates=0.1, reordered=0, unpaid=0.05, forged=0.05, nonsense=0.05),
    no_progress_seconds=1.0,
)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "QUIET_SECONDS", 0.2)
    monkeypatch.setattr(run_module, "POLL_SECONDS", 0.05)


async def ran(system: DemoSystem) -> DemoReport:
    """The report of one run against a system."""
    async with system.served() as served:
        return await run(served, WISH)


async def test_run_against_a_sound_system_holds(tmp_path: Path) -> None:
    """All orders come to an end, bad ones are refused or kept, and the report says so in text and JSON."""
    report = await ran(DemoSystem(down_for=3))
    assert report.holds
    assert report.settled
    assert report.orders == 120
    assert report.fulfilled + report.waiting == 120
    assert report.refused > 0
    assert report.dead_lettered > 0
    assert report.repeats > 0
    assert report.retries == 3
    assert report.without_a_hand == 1.0
    assert set(report.invariants.values()) == {"holds"}
    report.write(tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["holds"] is True
    assert written["orders"] == 120
    assert "120 (in " in as_text(report)


@pytest.mark.parametrize(
    ("breaks", "invariant"),
    [("loses", "nothing-lost"), ("stops", "orders-settle"), ("read model", "read-models-equal-rebuild")],
)
async def test_run_against_a_broken_system_fails(breaks: str, invariant: str) -> None:
    """A lost order, one that stops on its way and a wrong read row each fail the run by name."""
    report = await ran(DemoSystem(breaks=breaks))
    assert not report.holds
    assert report.invariants[invariant].startswith("broken")
    assert f"! {invariant}" in as_text(report)


def test_panel_shows_the_moment() -> None:
    """The panel and the plain line show the sender's figures and the api's."""
    states, stock = {"FULFILLED": 7, "WAITING": 1}, {"on_hand": 12}
    snapshot = Snapshot("sending", 100, 40, 200.0, 2, 0.001, 0.025, states, {"shortage": 4}, {"relay": 3}, stock)
    console = Console(width=100, record=True, file=StringIO())
    console.print(render(snapshot))
    shown = console.export_text()
    for word in ("sending", "FULFILLED", "7", "on hand", "12", "shortage", "relay", "25.0 ms", "2 retries"):
        assert word in shown
    assert line(snapshot) == "sending: 40 requests for 100 orders, 200/s, p99 25 ms, lag 3; FULFILLED 7, WAITING 1"


def test_panel_lives_without_the_api() -> None:
    """While the api does not answer the panel says so and goes on."""
    snapshot = Snapshot("sending", 100, 40, 200.0, 2, 0.001, 0.025, {}, {}, {}, {})
    console = Console(width=100, record=True, file=StringIO())
    console.print(render(snapshot))
    assert "does not answer yet" in console.export_text()
    assert line(snapshot).endswith("no orders yet")


def test_percentile_is_nearest_rank() -> None:
    """The 99th of 100 values is the 99th, of one value that one, of none 0."""
    values = [float(number) for number in range(1, 101)]
    assert percentile(values, 0.99) == 99.0
    assert percentile(values, 0.5) == 50.0
    assert percentile([3.0], 0.99) == 3.0
    assert percentile([], 0.5) == 0.0
