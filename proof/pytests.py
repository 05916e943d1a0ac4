"""Claims that tests hold: the figure is how many passed, and none may fail or be left out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from xml.etree import ElementTree

from proof.commands import run


class Passed(NamedTuple):
    """How the tests went, by name."""

    outcomes: Mapping[str, str]

    @property
    def figure(self) -> int:
        """How many passed."""
        return sum(1 for outcome in self.outcomes.values() if outcome == "passed")

    @property
    def holds(self) -> bool:
        """Whether there were any, and each passed."""
        return bool(self.outcomes) and self.figure == len(self.outcomes)

    def names_of(self, outcome: str) -> list[str]:
        """The tests that went so."""
        return [name for name, found in self.outcomes.items() if found == outcome]


def run_tests(*selection: str) -> Passed:
    """Run what pytest selects by these arguments, in a process of its own."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *selection)
        run(command)
        return Passed(_outcomes(report) if report.exists() else {})


def _outcomes(report: Path) -> dict[str, str]:
    cases = ElementTree.parse(report).iter("testcase")
    return {f"{case.get('classname')}.{case.get('name')}": _outcome(list(case)) for case in cases}


def _outcome(children: Sequence[ElementTree.Element]) -> str:
    found = {child.tag for child in children}
    if found & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in found else "passed"
