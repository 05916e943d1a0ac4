"""A producer that was given up, against a broker that hangs."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from creatorflow.devstack import services
from schemas.topics import CATALOGUE, ORDERS_COMMANDS, TIKTOK_WEBHOOKS
from streams.kafka_topics import create
from streams.publishing import BrokerUnavailable, Publisher, Record
from tests.waiting import soon


def senders() -> list[str]:
    """The tasks of this loop in which a producer sends."""
    return [name for task in asyncio.all_tasks() if "_sender_routine" in (name := repr(task.get_coro()))]


async def test_producer_that_was_given_up_sends_nothing_later(tmp_path: Path) -> None:
    """A broker hangs: publishing is refused, and no sender is left to send old records behind newer ones."""
    with services(tmp_path / "home", postgres=False, valkey=False) as stack:
        create(stack.bootstrap, CATALOGUE, 1, 1)
        publisher = Publisher(stack.bootstrap, "test")
        await publisher.publish([Record(TIKTOK_WEBHOOKS, b"k", b"before", [])])
        broker = stack.pid("kafka")
        os.kill(broker, signal.SIGSTOP)
        try:
            with pytest.raises(BrokerUnavailable):
                await publisher.publish([Record(TIKTOK_WEBHOOKS, b"k", b"old", [])])
            assert senders() == []
        finally:
            os.kill(broker, signal.SIGCONT)
        acknowledged = await publisher.publish([Record(ORDERS_COMMANDS, b"k", b"new", [])])
        assert [each.topic for each in acknowledged] == [ORDERS_COMMANDS]
        await publisher.discard()
        await soon(lambda: not senders())
