"""A whole system of a proof's own: broker, database and processes in a temporary folder, on free ports."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from creatorflow import bootstrap
from creatorflow.devstack import RunningStack, ServiceSpec, creatorflow_processes, services
from creatorflow.settings import Settings
from proof.commands import run
from proof.group import wait_for_workers


def prepare(settings: Settings) -> None:
    """What `creatorflow up` does before the first process starts."""
    bootstrap.create_topics(settings)
    bootstrap.migrate(settings)
    bootstrap.register_demo_shop(settings)


@contextmanager
def whole_stack(
    processes_of: Callable[[Settings], Sequence[ServiceSpec]] = creatorflow_processes,
    prepare: Callable[[Settings], None] = prepare,
) -> Iterator[RunningStack]:
    """
    Run everything that `creatorflow up` runs, each worker with its share of the partitions, and leave nothing behind.

    The supervisor watches this process, so that the stack ends with it even where it is killed.
    """
    with (
        TemporaryDirectory(prefix="creatorflow-proof-") as folder,
        services(Path(folder) / "home", processes_of=processes_of, prepare=prepare) as stack,
    ):
        wait_for_workers(stack)
        yield stack


def keep_logs(stack: RunningStack, proof: str) -> Path:
    """Copy the logs of a stack, which end with it, for whoever looks for what went wrong; where they lie now."""
    kept = Path(mkdtemp(prefix=f"creatorflow-{proof}-logs-", dir="/tmp"))
    shutil.copytree(stack.home.logs, kept, dirs_exist_ok=True)
    return kept


def run_demo(stack: RunningStack, *options: str) -> dict[str, Any]:
    """The report of `creatorflow demo` with these options, run against this stack as anybody would run it."""
    report = stack.home.root / "report.json"
    command = (sys.executable, "-m", "creatorflow", "demo", "--exit", "--json", str(report), *options)
    run(command, env={**os.environ, **stack.settings.for_children()})
    if not report.exists():
        raise RuntimeError("the demo ended without a report")
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def of_report(report: dict[str, Any]) -> dict[str, Any]:
    """What of a demo's report is kept beside the figure of a proof."""
    kept = (
        "orders",
        "orders_per_second",
        "duration_seconds",
        "webhook_to_label_p50_seconds",
        "webhook_to_label_p99_seconds",
        "answered_p50_milliseconds",
        "answered_p99_milliseconds",
        "events",
        "fulfilled",
        "backordered",
        "settled",
    )
    broken = {name: verdict for name, verdict in report["invariants"].items() if verdict != "holds"}
    return {**{name: report[name] for name in kept}, "invariants_not_held": broken}
