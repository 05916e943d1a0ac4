"""The sender's own record: what it sent, what it was answered, and when. The audit holds the log against it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from creatorflow.audit import ClientOrder, ClientRecord, Outcome
from creatorflow.demo.traffic import Send
from creatorflow.demo.webhooks import MARKETPLACE, SHOP

REFUSED_STATUS = 401

_RANK: dict[Outcome, int] = {"ok": 2, "unknown": 1, "fail": 0}


class Answer(NamedTuple):
    """
    What came of one request, over all its attempts.

    ok: answered 200. fail: answered anything else for good. unknown: never answered, so it may have arrived.
    `sent_at` is when its first attempt went out; `seconds` how long the attempt that was answered took.
    """

    send: Send
    outcome: Outcome
    status: int
    sent_at: datetime
    seconds: float
    attempts: int = 1


def as_expected(answer: Answer) -> bool:
    """Whether a request was answered as its kind deserves: a forged one refused, all others acknowledged."""
    if answer.send.kind == "forged":
        return answer.status == REFUSED_STATUS
    return answer.outcome == "ok"


def for_audit(answers: Iterable[Answer]) -> ClientRecord:
    """
    The record in the form that the audit reads: one entry per order, the best outcome and the strongest word on it.

    The clock of the latency starts when an order was first sent ready to ship.
    """
    orders: dict[str, ClientOrder] = {}
    acknowledged: set[str] = set()
    nonsense: set[str] = set()
    for answer in answers:
        send = answer.send
        if answer.outcome == "ok":
            (nonsense if send.kind == "nonsense" else acknowledged).add(send.event_id)
        if send.number:
            known = orders.get(send.number) or ClientOrder(MARKETPLACE, SHOP, send.number, "fail")
            orders[send.number] = _merged(known, answer)
    return ClientRecord(tuple(orders.values()), frozenset(acknowledged), frozenset(nonsense))


def _merged(known: ClientOrder, answer: Answer) -> ClientOrder:
    if answer.send.kind != "cancellation":
        known = known._replace(outcome=max(known.outcome, answer.outcome, key=_RANK.__getitem__))
    if answer.outcome != "ok":
        return known
    if answer.send.becomes == "cancelled":
        return known._replace(cancelled=True)
    if answer.send.becomes == "shipped":
        return known._replace(ready_at=min(known.ready_at or answer.sent_at, answer.sent_at))
    return known
