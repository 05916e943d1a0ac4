"""The page of results. What it was made from stands in it as comments, so that one proof can be run again alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_MARK = "<!-- result "
_SHOWN_ELSEWHERE = frozenset({"claim", "figure", "unit", "goal", "holds", "not_covered", "failed"})

HEAD = """\
# What was measured

`make prove` writes this page: every claim, the figure that came out, and whether it holds. A figure that falls short
stands as it is. Each proof starts what it needs in a folder and on ports of its own: real Kafka and PostgreSQL, all on
one machine, the sender too. `make prove NAME=latency` proves one again; `ORDERS=` and `SECONDS=` shorten it, and what
was shortened is printed and not written here.
"""


@dataclass(frozen=True)
class Result:
    """One proof as it went last."""

    proof: str
    command: str
    at: str
    took_seconds: int
    machine: str
    not_covered: str
    said: dict[str, Any]

    @property
    def holds(self) -> bool:
        """Whether the claim holds."""
        return bool(self.said.get("holds"))


def read(page: Path) -> dict[str, Result]:
    """The results that the page was made from; none if there is no page."""
    if not page.exists():
        return {}
    lines = (line for line in page.read_text().splitlines() if line.startswith(_MARK))
    found = (Result(**json.loads(line.removeprefix(_MARK).removesuffix(" -->"))) for line in lines)
    return {result.proof: result for result in found}


def write(page: Path, results: Sequence[Result]) -> None:
    """Write the page anew."""
    page.parent.mkdir(exist_ok=True)
    page.write_text("\n".join((HEAD, *_table(results), "", *_machines(results), *_details(results), *_kept(results))))


def _table(results: Sequence[Result]) -> list[str]:
    lines = ["| proof | claim | figure | goal | holds | command | date | took |", "|---|---|---|---|---|---|---|---|"]
    for result in results:
        cells = (
            result.proof,
            str(result.said.get("claim", "")),
            _figure(result),
            str(result.said.get("goal", "")),
            "yes" if result.holds else "**no**",
            f"`{result.command}`",
            result.at,
            f"{result.took_seconds} s",
        )
        lines.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    return lines


def _figure(result: Result) -> str:
    if "figure" not in result.said:
        return f"none: {result.said.get('failed', 'it said nothing')}"
    return f"{result.said['figure']:,} {result.said.get('unit', '')}".strip()


def _machines(results: Sequence[Result]) -> list[str]:
    """The machine, or each of them where results came from several."""
    lines = ["## Machine", ""]
    for machine in dict.fromkeys(result.machine for result in results):
        names = ", ".join(result.proof for result in results if result.machine == machine)
        lines.append(f"- {machine} ({names})")
    return [*lines, ""]


def _details(results: Sequence[Result]) -> list[str]:
    lines = []
    for result in results:
        lines += [f"## {result.proof}", "", f"Not covered: {result.not_covered}.", ""]
        further = {name: value for name, value in result.said.items() if name not in _SHOWN_ELSEWHERE}
        lines += [f"- {name.replace('_', ' ')}: {_shown(value)}" for name, value in further.items()]
        lines.append("")
    return lines


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name.replace('_', ' ')} {_shown(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(_shown(part) for part in value) or "none"
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _kept(results: Sequence[Result]) -> list[str]:
    return [*(f"{_MARK}{json.dumps(asdict(result)).replace('-->', '->')} -->" for result in results), ""]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
