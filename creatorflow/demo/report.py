"""What a run came to: figures from the sender's record and the log, and the verdict of the audit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

from creatorflow.audit import INVARIANTS, AuditReport
from creatorflow.demo.client_record import Answer, as_expected


@dataclass(frozen=True)
class DemoReport:
    """
    The figures of one run.

    `fulfilled` is labelled and known to the marketplace. `webhook_to_label` runs from the first sending of the
    order, ready to ship, to the time that the label's event carries in the log; orders that waited for stock
    (`filled_later`) are left out, as they wait for a delivery. `duration_seconds` from the first
    sending to the last event of the run's orders. `without_a_hand` is the share of orders that no person touched
    or has to.
    """

    orders: int
    requests: int
    acknowledged: int
    repeats: int
    refused: int
    dead_lettered: int
    unanswered: int
    unexpected_answers: int
    retries: int
    fulfilled: int
    filled_later: int
    backordered: int
    cancelled: int
    waiting: int
    held: int
    without_a_hand: float
    webhook_to_label_p50_seconds: float
    webhook_to_label_p99_seconds: float
    answered_p50_milliseconds: float
    answered_p99_milliseconds: float
    duration_seconds: float
    orders_per_second: float
    client_cpu_microseconds_per_request: float
    settled: bool
    events: int
    invariants: dict[str, str]
    faults: tuple[dict[str, Any], ...]

    @property
    def holds(self) -> bool:
        """Whether the run is a success: all settled, every answer as it should be, every invariant held."""
        return self.settled and not self.faults and not self.unexpected_answers and not self.unanswered

    def write(self, path: Path) -> None:
        """Write the report as one JSON object."""
        path.write_text(json.dumps({"holds": self.holds, **asdict(self)}, indent=2, default=str) + "\n")


def make_report(
    answers: Sequence[Answer],
    audit: AuditReport,
    *,
    dead_lettered: int,
    retries: int,
    settled: bool,
    cpu_seconds: float,
) -> DemoReport:
    """Put the figures of a run together."""
    states = audit.states
    sent = [answer for answer in answers if answer.send.kind == "order"]
    orders = len({answer.send.number for answer in sent if answer.outcome == "ok"})
    seconds = sorted(answer.seconds for answer in answers)
    waits = sorted(audit.webhook_to_label_seconds)
    first = min((answer.sent_at for answer in answers), default=None)
    duration = (audit.last_at - first).total_seconds() if first and audit.last_at else 0.0
    return DemoReport(
        orders=orders,
        requests=len(answers),
        acknowledged=sum(1 for answer in answers if answer.outcome == "ok"),
        repeats=sum(1 for answer in answers if answer.send.repeat),
        refused=sum(1 for answer in answers if answer.send.kind == "forged" and as_expected(answer)),
        dead_lettered=dead_lettered,
        unanswered=sum(1 for answer in answers if answer.outcome == "unknown"),
        unexpected_answers=sum(1 for answer in answers if not as_expected(answer) and answer.outcome != "unknown"),
        retries=retries,
        fulfilled=states.get("FULFILLED", 0),
        filled_later=audit.filled_later,
        backordered=states.get("BACKORDERED", 0),
        cancelled=states.get("CANCELLED", 0) + states.get("CANCELLATION_ASKED", 0),
        waiting=states.get("WAITING", 0),
        held=states.get("HELD", 0),
        without_a_hand=audit.untouched / audit.orders if audit.orders else 0.0,
        webhook_to_label_p50_seconds=round(percentile(waits, 0.50), 3),
        webhook_to_label_p99_seconds=round(percentile(waits, 0.99), 3),
        answered_p50_milliseconds=round(percentile(seconds, 0.50) * 1000, 2),
        answered_p99_milliseconds=round(percentile(seconds, 0.99) * 1000, 2),
        duration_seconds=round(duration, 2),
        orders_per_second=round(orders / duration, 1) if duration > 0 else 0.0,
        client_cpu_microseconds_per_request=round(cpu_seconds / max(len(answers), 1) * 1e6, 1),
        settled=settled,
        events=audit.events,
        invariants={name: audit.verdict(name) for name in INVARIANTS},
        faults=tuple(fault._asdict() for fault in audit.faults),
    )


def as_text(report: DemoReport) -> str:
    """The report for people."""
    rows = (
        ("orders in", f"{report.orders:,} (in {report.requests:,} requests, {report.repeats:,} of them repeats)"),
        ("fulfilled", f"{report.fulfilled:,} ({report.filled_later:,} of them after stock came)"),
        ("backordered", f"{report.backordered:,}"),
        ("cancelled, unpaid, held", f"{report.cancelled:,}, {report.waiting:,}, {report.held:,}"),
        ("dead-lettered", f"{report.dead_lettered:,}"),
        ("forged, refused", f"{report.refused:,}"),
        ("without a human hand", f"{report.without_a_hand:.2%}"),
        (
            "webhook to label",
            f"p50 {report.webhook_to_label_p50_seconds:.2f} s, p99 {report.webhook_to_label_p99_seconds:.2f} s",
        ),
        (
            "webhook answered",
            f"p50 {report.answered_p50_milliseconds:.1f} ms, p99 {report.answered_p99_milliseconds:.1f} ms",
        ),
        ("duration", f"{report.duration_seconds:,.1f} s, {report.orders_per_second:,.0f} orders/s end to end"),
        ("log", f"{report.events:,} events"),
    )
    lines = [f"  {name:<26}{value}" for name, value in rows]
    lines += ["", "  Invariants"]
    lines += [f"  {report.invariants[name]:<20}{text}" for name, text in INVARIANTS.items()]
    lines += [f"  ! {fault['invariant']}: {fault['subject']} {fault['what']}" for fault in report.faults]
    if not report.settled:
        lines.append("  ! the run did not settle: orders were left without an end, and nothing moved any more")
    if report.unanswered or report.unexpected_answers:
        lines.append(
            f"  ! {report.unanswered} requests got no answer, {report.unexpected_answers} an answer they should not get"
        )
    return "\n".join(lines)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of sorted values; 0 of none."""
    return ordered[max(ceil(share * len(ordered)) - 1, 0)] if ordered else 0.0
