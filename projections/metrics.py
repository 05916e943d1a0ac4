"""The figures of /health and /summary in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from projections.answers import Health, Summary

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[Mapping[str, str], float]


def exposition(health: Health, summary: Summary, log_end: int) -> str:
    """Every gauge with its help text and samples."""
    gauges: tuple[tuple[str, str, Iterable[Sample]], ...] = (
        ("log_position", "Last position in the log.", [({}, log_end)]),
        ("relay_position", "Log position up to which the relay has sent.", [({}, health.relay.position)]),
        ("read_position", "Log position that all read models reflect.", [({}, health.meta.log_position)]),
        (
            "agent_lag_records",
            "Records that an agent has not taken yet.",
            [({"agent": each.agent}, each.lag or 0) for each in health.agents],
        ),
        (
            "agent_moved_timestamp_seconds",
            "When an agent moved last.",
            [({"agent": each.agent}, each.moved_at.timestamp()) for each in health.agents],
        ),
        (
            "process_beat_timestamp_seconds",
            "When a process said last that it is alive.",
            [({"process": each.name, "kind": each.kind}, each.beat_at.timestamp()) for each in health.processes],
        ),
        ("orders", "Orders by state.", [({"state": state}, count) for state, count in summary.orders.items()]),
        (
            "open_alerts",
            "Open alerts by kind.",
            [({"kind": kind}, count) for kind, count in summary.open_alerts.items()],
        ),
        ("healthy", "1 while everything is healthy.", [({}, float(health.status == "healthy"))]),
    )
    return "".join(_gauge(f"creatorflow_{name}", says, samples) for name, says, samples in gauges)


def _gauge(name: str, says: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP {name} {says}", f"# TYPE {name} gauge"]
    lines += [f"{name}{_labels(labels)} {value:.17g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
