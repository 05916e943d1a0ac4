"""
A bad day at the door and on the topics: nothing is answered 500, stops a partition, ends a process or is lost.

Every request and record is accounted for by its id or its place. What was refused only because of our own registry is
sent again once that is mended, asked for by command, then once more over HTTP.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import aiohttp
import msgspec
import psycopg
import uvloop
from confluent_kafka import Producer

from aggregates.event_store import shops
from aggregates.event_store.connection import connect
from creatorflow.bootstrap import DEMO_SHOP
from creatorflow.demo.webhooks import sign
from creatorflow.devstack import RunningStack
from proof.commands import run
from proof.garbage import RECEIPT, STRANGER, Garbage, Webhook, Written
from proof.group import outstanding
from proof.stacks import whole_stack
from proof.verdict import Verdict, knob, prove

CLAIM = (
    "Whatever is sent is answered 401, 413 or 503, or taken and then an order or a dead letter: fuzzed bodies over HTTP"
    " and records straight to Kafka give no 500 and stop no partition, and what is sent again becomes one order each"
)
NOT_COVERED = (
    "Records on the topics of events, whose one writer is the relay (an unknown one stops its read model by design);"
    " records that claim a place in the log or newer code, and commands that can be read: who may write is trusted"
)
BODIES: Final = 2_000
RECORDS: Final = 500
PROBES: Final = 40
SEED: Final = 20_251_124
CONNECTIONS: Final = 16
TRIES: Final = 3
"""A connection on which too large a body was refused is closed, now and then while the next request goes out on it."""

ANSWER_SECONDS: Final = 60.0
SETTLED_WITHIN_SECONDS: Final = 120.0
QUIET_SECONDS: Final = 3.0
POLL_SECONDS: Final = 0.5
SHOWN: Final = 20
ACCEPTED: Final = 202
UNAVAILABLE: Final = 503


class Sent(NamedTuple):
    """A record with the place that it got."""

    record: Written
    partition: int
    offset: int


class Fault(NamedTuple):
    """Something that is not as it must be."""

    what: str
    which: str


def measure() -> Verdict:
    """A run shortened by ORDERS= sends fewer bodies, and records in proportion."""
    bodies = knob("ORDERS", BODIES)
    garbage = Garbage(SEED, datetime.now(UTC))
    with whole_stack() as stack:
        door = Door(stack)
        restarts = _restarts(stack)
        requests = list(garbage.webhooks(bodies))
        statuses = uvloop.run(door.send(requests))
        sent = _write(stack, garbage.records(bodies * RECORDS // BODIES, stack.settings.partitions))
        faults = [*_wrong_answers(requests, statuses), *_broker_away(stack, door, garbage)]
        faults += _settled(stack, "the bad input")
        faults += _unaccounted(stack, requests, statuses, sent)
        kept = _letters(stack)
        faults += _sent_again(stack, door, [each for each in requests if each.kind == "stranger"])
        faults += _same_letters(stack, kept)
        probes = garbage.good(PROBES, "probe")
        faults += _wrong_answers(probes, uvloop.run(door.send(probes)))
        faults += _settled(stack, "the orders after it")
        faults += _not_placed_once(stack, probes)
        faults += _harmed(stack, restarts)
        details = {**_counts(stack, requests, statuses, sent), "audit_holds": _audit(stack) == 0}
    for fault in faults[:SHOWN]:
        print(f"  {fault.what}: {fault.which}", flush=True)
    return Verdict(
        CLAIM,
        len(faults),
        "inputs or parts that are not as they must be",
        f"0 of {BODIES:,} bodies and {RECORDS:,} records",
        not faults and bool(details["audit_holds"]),
        {**details, "seed": SEED, "faults": [fault._asdict() for fault in faults[:SHOWN]]},
    )


class Door:
    """The ingress as the outside sees it."""

    def __init__(self, stack: RunningStack) -> None:
        self._url = f"http://{stack.settings.host}:{stack.settings.ingress_port}"
        self._secret = stack.settings.require_webhook_secret()

    async def send(self, webhooks: Sequence[Webhook]) -> list[int]:
        """Send all of them, and return the status of each answer, 0 where there was none in three tries."""
        statuses = [0] * len(webhooks)
        places = iter(range(len(webhooks)))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS)) as session:

            async def work() -> None:
                for place in places:
                    statuses[place] = await self._post(session, webhooks[place])

            async with asyncio.TaskGroup() as workers:
                for _ in range(CONNECTIONS):
                    workers.create_task(work())
        return statuses

    async def _post(self, session: aiohttp.ClientSession, webhook: Webhook) -> int:
        signature = sign(self._secret, webhook.body) if webhook.signed else "0" * 64
        headers = {"x-tiktok-shop-signature": signature, "x-tiktok-shop-event-id": webhook.event_id}
        for _ in range(TRIES):
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.post(f"{self._url}/webhooks/tiktok", data=webhook.body, headers=headers) as answer:
                    await answer.read()
                    return answer.status
        return 0

    async def redeliver(self, body: dict[str, Any], key: str) -> int:
        """Ask for dead letters as an operator does."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self._url}/dead-letters/redeliver", json=body, headers={"Idempotency-Key": key}) as answer,
        ):
            return answer.status


def _write(stack: RunningStack, records: Iterable[Written]) -> list[Sent]:
    """Put records on their topics as they are, and return where each stands."""
    producer = Producer({"bootstrap.servers": stack.bootstrap})
    sent: list[Sent] = []

    def standing(record: Written) -> Callable[[Any, Any], None]:
        def delivered(error: Any, message: Any) -> None:
            assert error is None, error
            sent.append(Sent(record, message.partition(), message.offset()))

        return delivered

    for record in records:
        headers: list[tuple[str, str | bytes | None]] = list(record.headers)
        producer.produce(
            record.topic,
            record.value,
            record.key,
            partition=record.partition,
            headers=headers,
            on_delivery=standing(record),
        )
    assert producer.flush(ANSWER_SECONDS) == 0
    return sent


def _wrong_answers(webhooks: Sequence[Webhook], statuses: Sequence[int]) -> list[Fault]:
    return [
        Fault(f"answered {status}, not {each.status}", f"{each.kind} {each.event_id}")
        for each, status in zip(webhooks, statuses, strict=True)
        if status != each.status
    ]


def _broker_away(stack: RunningStack, door: Door, garbage: Garbage) -> list[Fault]:
    """While Kafka is away a webhook is answered 503; sent again later, it is taken."""
    order = garbage.good(1, "broker-away")
    with stack.outage("kafka"):
        away = uvloop.run(door.send(order))
    after = uvloop.run(door.send(order))
    faults = [] if away == [UNAVAILABLE] else [Fault(f"answered {away[0]}, not {UNAVAILABLE}", "while Kafka is away")]
    return [*faults, *_wrong_answers(order, after)]


def _settled(stack: RunningStack, what: str) -> list[Fault]:
    """Wait until nothing is on its way any more and stays so; a fault for what never comes to rest."""
    deadline = time.monotonic() + SETTLED_WITHIN_SECONDS
    quiet_since: float | None = None
    while True:
        now = time.monotonic()
        left = outstanding(stack) + _asked(stack)
        if left:
            quiet_since = None
        elif quiet_since is None:
            quiet_since = now
        elif now - quiet_since >= QUIET_SECONDS:
            return []
        if now > deadline:
            return [Fault(f"{left} are still on their way after {SETTLED_WITHIN_SECONDS:.0f} s", what)]
        threading.Event().wait(POLL_SECONDS)


def _unaccounted(
    stack: RunningStack, webhooks: Sequence[Webhook], statuses: Sequence[int], sent: Sequence[Sent]
) -> list[Fault]:
    """Whatever was taken is an order, a dead letter, or was passed as it must be; nothing else became one."""
    taken = set(_column(stack, "SELECT event_id FROM raw_webhooks"))
    dead = set(_column(stack, "SELECT headers->>'event-id' FROM dead_letters WHERE headers ? 'event-id'"))
    places = {tuple(row) for row in _rows(stack, 'SELECT topic, partition, "offset" FROM dead_letters')}
    faults = []
    for each, status in zip(webhooks, statuses, strict=True):
        became = "order" if each.event_id in taken else "letter" if each.event_id in dead else "nothing"
        expected = {"order", "letter"} if each.becomes == "either" else {each.becomes}
        if became not in expected or (each.event_id in taken and each.event_id in dead):
            faults.append(Fault(f"became {became}, not {each.becomes}", f"{each.kind} {each.event_id} ({status})"))
    for record, partition, offset in sent:
        is_letter = (record.topic, partition, offset) in places
        if is_letter != (record.becomes == "letter"):
            where = f"{record.topic}/{partition}/{offset}"
            faults.append(Fault("is a dead letter" if is_letter else "is no dead letter", f"{record.kind} {where}"))
    orders = [each for each in webhooks if each.becomes == "order"]
    faults += _not_placed_once(stack, [*orders, *(each.record for each in sent if each.record.order)])
    receipts = len(_column(stack, "SELECT 1 FROM events WHERE topic = 'stock-item.received'"))
    wanted = sum(1 for each in sent if each.record.kind == RECEIPT)
    return [*faults, *([] if receipts == wanted else [Fault(f"{receipts} of {wanted} are in the log", RECEIPT)])]


def _not_placed_once(stack: RunningStack, orders: Sequence[Webhook | Written]) -> list[Fault]:
    placed: Counter[Any] = Counter(_column(stack, "SELECT originator_id FROM events WHERE topic = 'order.placed'"))
    wanted = [each for each in orders if each.becomes in {"order", "letter"} and each.order is not None]
    return [
        Fault(f"was placed {placed[each.order]} times", f"{each.kind} {each.order}")
        for each in wanted
        if placed[each.order] != 1 and (each.becomes == "order" or each.kind == "stranger")
    ]


def _letters(stack: RunningStack) -> set[Any]:
    return set(_column(stack, "SELECT id FROM dead_letters"))


def _sent_again(stack: RunningStack, door: Door, strangers: Sequence[Webhook]) -> list[Fault]:
    """Register the shop, ask by command, then for the same letters over HTTP, twice under one key: one order each."""
    with connect(stack.dsn, "proof") as connection:
        shops.add(connection, msgspec.structs.replace(DEMO_SHOP, shop=STRANGER))
    ids = _column(stack, "SELECT id FROM dead_letters WHERE strpos(reason, 'no registered shop') > 0")
    code = _creatorflow(stack, "dead-letters", "redeliver", "--all", "--reason", "no registered shop")
    faults = [] if code == 0 else [Fault(f"exit code {code}", "dead-letters redeliver")]
    faults += _settled(stack, "the letters of the new shop")
    faults += _not_placed_once(stack, strangers)
    for _ in range(2):
        status = uvloop.run(door.redeliver({"ids": [str(letter) for letter in ids]}, "proof-1"))
        faults += [] if status == ACCEPTED else [Fault(f"answered {status}, not {ACCEPTED}", "redelivery")]
    faults += _settled(stack, "the same letters again")
    return [*faults, *_not_placed_once(stack, strangers)]


def _same_letters(stack: RunningStack, kept: set[Any]) -> list[Fault]:
    """Everything that waits is sent again, and still wrong: the same letters wait, not one more and not one less."""
    waiting = "SELECT id FROM dead_letters WHERE redelivered_at IS NULL"
    before = set(_column(stack, waiting))
    code = _creatorflow(stack, "dead-letters", "redeliver", "--all")
    faults = [] if code == 0 else [Fault(f"exit code {code}", "dead-letters redeliver --all")]
    faults += _settled(stack, "all letters again")
    if before != set(_column(stack, waiting)):
        faults.append(Fault("is another set than before", "letters that wait"))
    if kept != _letters(stack):
        faults.append(Fault("is another set than before", "letters that are kept"))
    return faults


def _harmed(stack: RunningStack, restarts: dict[str, int]) -> list[Fault]:
    """No partition stopped, no process ended but for the broker that was stopped, nothing taken for a bug of ours."""
    stopped = _column(stack, "SELECT details->>'stopped' FROM processes WHERE kind = 'worker'")
    faults = [Fault("has stopped partitions", str(each)) for each in stopped if each not in {None, "{}"}]
    faults += [
        Fault(f"was started again {now - restarts[name]} times", name)
        for name, now in _restarts(stack).items()
        if now != restarts[name]
    ]
    bugs = _rows(stack, "SELECT agent, reason, topic FROM dead_letters WHERE kind = 'bug'")
    return [*faults, *(Fault("was taken for a bug", f"{agent}: {reason} ({topic})") for agent, reason, topic in bugs)]


def _counts(
    stack: RunningStack, webhooks: Sequence[Webhook], statuses: Sequence[int], sent: Sequence[Sent]
) -> dict[str, Any]:
    """The figures that are kept."""
    reasons = Counter(str(reason).partition(":")[0] for reason in _column(stack, "SELECT reason FROM dead_letters"))
    return {
        "bodies": len(webhooks),
        "records": len(sent),
        "kinds_of_bodies": dict(Counter(each.kind for each in webhooks)),
        "kinds_of_records": dict(Counter(f"{each.record.topic}: {each.record.kind}" for each in sent)),
        "answers": {str(status): count for status, count in sorted(Counter(statuses).items())},
        "orders": len(_column(stack, "SELECT 1 FROM events WHERE topic = 'order.placed'")),
        "dead_letters": sum(reasons.values()),
        "most_frequent_reasons": dict(reasons.most_common(12)),
        "sent_again_with_effect": len(
            _column(stack, "SELECT 1 FROM dead_letters WHERE redelivered_at IS NOT NULL AND times > 0")
        ),
    }


def _audit(stack: RunningStack) -> int:
    return _creatorflow(stack, "audit", "verify")


def _creatorflow(stack: RunningStack, *arguments: str) -> int:
    command = (sys.executable, "-m", "creatorflow", *arguments)
    return run(command, env={**os.environ, **stack.settings.for_children()})


def _restarts(stack: RunningStack) -> dict[str, int]:
    names = ["ingress", "api", *(f"worker-{number}" for number in range(1, stack.settings.workers + 1))]
    return {name: stack.service(name).restarts for name in names}


def _asked(stack: RunningStack) -> int:
    return len(_column(stack, "SELECT 1 FROM dead_letters WHERE asked_at IS NOT NULL"))


def _column(stack: RunningStack, query: str) -> list[Any]:
    return [value for (value,) in _rows(stack, query)]


def _rows(stack: RunningStack, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(stack.dsn) as connection:
        return connection.execute(query.encode()).fetchall()


if __name__ == "__main__":
    prove(measure)
