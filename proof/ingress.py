"""
A thousand webhooks a second, each durable before it is answered.

Requests go out at their moments whatever became of the earlier ones, and each is timed from its moment, so that a
pause of the server, or of the sender, is counted in every request that it delayed. The sender shares the machine.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import aiohttp
import uvloop
from confluent_kafka import Consumer, TopicPartition

from creatorflow.demo.purchases import read_purchases
from creatorflow.demo.report import percentile
from creatorflow.demo.webhooks import order_body, sign, start_run
from creatorflow.devstack import RunningStack
from proof.stacks import whole_stack
from proof.verdict import Verdict, knob, prove
from schemas.topics import TIKTOK_WEBHOOKS

CLAIM = "Webhook durable and answered: p99 under 50 ms at 1,000/s, none refused"
NOT_COVERED = (
    "TLS, and a sender on another machine; a broker with copies on other machines; bodies much larger than an order"
)
GOAL_MILLISECONDS: Final = 50.0
RATE: Final = 1_000
CONNECTIONS: Final = 128
REQUEST_SECONDS: Final = 30.0
WARM_UP_REQUESTS: Final = 500
ANSWER_SECONDS: Final = 10.0
OK: Final = 200


class Answered(NamedTuple):
    """What came of the requests of one phase."""

    milliseconds: list[float]
    statuses: Counter[int]
    sending_seconds: float
    durable: int

    def p(self, share: float) -> float:
        """A percentile of the answers, in milliseconds."""
        return round(percentile(self.milliseconds, share), 2)

    @property
    def refused(self) -> int:
        """How many were answered anything but 200, or not at all."""
        return self.statuses.total() - self.statuses[OK]

    def as_details(self) -> dict[str, Any]:
        """The figures that are kept."""
        return {
            "requests": self.statuses.total(),
            "refused": self.refused,
            "on_the_topic": self.durable,
            "rate": round(self.statuses.total() / self.sending_seconds),
            "p50_milliseconds": self.p(0.5),
            "p99_milliseconds": self.p(0.99),
            "p99_9_milliseconds": self.p(0.999),
        }


def measure() -> Verdict:
    """The figure is ingress and Kafka alone; beside it stands the same while workers process what comes."""
    requests = knob("SECONDS", 60) * RATE
    with whole_stack() as stack:
        everything = _phase(stack, requests, "everything")
        with ExitStack() as outages:
            for number in range(1, stack.settings.workers + 1):
                outages.enter_context(stack.outage(f"worker-{number}"))
            alone = _phase(stack, requests, "alone")
    holds = alone.p(0.99) < GOAL_MILLISECONDS and not alone.refused and alone.durable == alone.statuses[OK]
    return Verdict(
        CLAIM,
        alone.p(0.99),
        "ms",
        f"under {GOAL_MILLISECONDS:g} ms at {RATE:,}/s, none refused",
        holds,
        {
            "measured_with": "ingress and Kafka at work, the workers stopped",
            **alone.as_details(),
            "while_workers_process_them": everything.as_details(),
        },
    )


def _phase(stack: RunningStack, requests: int, name: str) -> Answered:
    bodies = _bodies(requests + WARM_UP_REQUESTS)
    secret = stack.settings.require_webhook_secret()
    signed = [
        (body, {"x-tiktok-shop-signature": sign(secret, body), "x-tiktok-shop-event-id": f"{name}-{number}"})
        for number, body in enumerate(bodies)
    ]
    url = f"http://{stack.settings.host}:{stack.settings.ingress_port}/webhooks/tiktok"
    before = _on_the_topic(stack)
    answered = uvloop.run(_send(url, signed))
    durable = _on_the_topic(stack) - before - WARM_UP_REQUESTS
    found = answered._replace(durable=durable)
    print(f"{name}: {found.as_details()}", flush=True)
    return found


def _bodies(count: int) -> list[bytes]:
    purchases = read_purchases(count)
    now = datetime.now(UTC)
    run = start_run(purchases, now)
    return [order_body(purchase, run, "AWAITING_SHIPMENT", now) for purchase in purchases]


async def _send(url: str, signed: Sequence[tuple[bytes, dict[str, str]]]) -> Answered:
    milliseconds: list[float] = []
    statuses: Counter[int] = Counter()
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:

        async def post(body: bytes, headers: dict[str, str]) -> int:
            try:
                async with session.post(url, data=body, headers=headers) as response:
                    await response.read()
                    return response.status
            except (aiohttp.ClientError, TimeoutError):
                return 0

        async def timed(at: float, body: bytes, headers: dict[str, str]) -> None:
            statuses[await post(body, headers)] += 1
            milliseconds.append((time.perf_counter() - at) * 1000)

        for body, headers in signed[:WARM_UP_REQUESTS]:
            await post(body, headers)
        started = time.perf_counter()
        async with asyncio.TaskGroup() as sent:
            for number, (body, headers) in enumerate(signed[WARM_UP_REQUESTS:]):
                at = started + number / RATE
                if (early := at - time.perf_counter()) > 0:
                    await asyncio.sleep(early)
                sent.create_task(timed(at, body, headers))
        took = time.perf_counter() - started
    return Answered(sorted(milliseconds), statuses, took, 0)


def _on_the_topic(stack: RunningStack) -> int:
    """How many records the broker has on the webhooks' topic."""
    consumer = Consumer({"bootstrap.servers": stack.bootstrap, "group.id": "creatorflow-proof"})
    try:
        return sum(
            consumer.get_watermark_offsets(TopicPartition(TIKTOK_WEBHOOKS, partition), timeout=ANSWER_SECONDS)[1]
            for partition in range(stack.settings.partitions)
        )
    finally:
        consumer.close()


if __name__ == "__main__":
    prove(measure)
