"""The page of results can be read back, and shows a figure that falls short as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from proof.page import Result, read, write


def a_result(proof: str = "latency", **said: Any) -> Result:
    """A result that says what it is told to."""
    return Result(proof, f"make prove NAME={proof}", "2026-03-02T12:00+00:00", 61, "2 cores", "nothing", said)


def test_results_are_read_back(tmp_path: Path) -> None:
    """What was written is read, so that one proof can be run again without the others."""
    results = [
        a_result(claim="fast -->", figure=0.4, unit="s", goal="under 1 s", holds=True),
        a_result("chaos", claim="safe", figure=0, unit="broken", goal="0", holds=True, states={"FULFILLED": 3}),
    ]
    page = tmp_path / "docs" / "proof.md"
    write(page, results)
    assert list(read(page)) == ["latency", "chaos"]
    assert read(page)["chaos"] == results[1]


def test_figure_that_falls_short_stands(tmp_path: Path) -> None:
    """The row of a claim that does not hold has its figure and says no."""
    page = tmp_path / "proof.md"
    write(page, [a_result(claim="fast", figure=4.9, unit="s", goal="under 1 s", holds=False)])
    row = next(line for line in page.read_text().splitlines() if line.startswith("| latency"))
    assert "4.9 s" in row
    assert "**no**" in row


def test_proof_that_said_nothing_is_shown(tmp_path: Path) -> None:
    """One that came to no figure has a row too, with the reason, and does not hold."""
    page = tmp_path / "proof.md"
    write(page, [a_result(claim="fast", failed="exit code 1")])
    assert "exit code 1" in page.read_text()
    assert not read(page)["latency"].holds


def test_no_page_holds_no_results(tmp_path: Path) -> None:
    """Before the first run there is nothing to read."""
    assert read(tmp_path / "proof.md") == {}
