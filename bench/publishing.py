"""Records to Kafka through our publisher, beside the client's ordinary way: one future for each record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import uvloop
from aiokafka import AIOKafkaProducer

from bench.micro import Measured
from schemas.topics import TIKTOK_WEBHOOKS
from streams.publishing import BATCH_BYTES, Publisher, Record

RECORDS: Final = 1_000
VALUE: Final = b"x" * 800
ROUNDS: Final = 10


def measure_publisher(bootstrap_servers: str) -> Measured:
    """A thousand records at a time, each time until all are acknowledged."""
    return uvloop.run(_measure(bootstrap_servers))


async def _measure(bootstrap_servers: str) -> Measured:
    publisher = Publisher(bootstrap_servers, "bench")
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers, acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES
    )
    await producer.start()
    records = [Record(TIKTOK_WEBHOOKS, str(number).encode(), VALUE, []) for number in range(RECORDS)]

    async def one_by_one() -> None:
        sent = [await producer.send(each.topic, each.value, each.key) for each in records]
        await asyncio.gather(*sent)

    async def in_batches() -> None:
        await publisher.publish(records)

    try:
        rounds = [(await _per_second(in_batches), await _per_second(one_by_one)) for _ in range(ROUNDS)]
    finally:
        await publisher.discard()
        await producer.stop()
    return Measured(
        "publish a record durably",
        max(each[0] for each in rounds),
        "aiokafka's send, a future each",
        max(each[1] for each in rounds),
    )


async def _per_second(send: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await send()
    return RECORDS / (time.perf_counter() - started)
