"""The workers' consumer group, asked of the broker: whether it is settled, and that it is never ahead of the store."""

from __future__ import annotations

import threading
import time

import psycopg
from confluent_kafka import Consumer, ConsumerGroupState, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from creatorflow.devstack import RunningStack
from creatorflow.ledger_facts import Fault as Finding
from streams.app import GROUP

ANSWER_SECONDS = 10.0
SETTLED_WITHIN_SECONDS = 90.0
SETTLED_FOR_SECONDS = 3.0
POLL_SECONDS = 0.5
QUIET = {"log_level": 0}
"""The client reports every broken connection by itself, and here they are broken on purpose."""


def wait_for_workers(stack: RunningStack) -> None:
    """Wait until every worker is in the group and nobody joins or leaves any more."""
    admin = AdminClient({"bootstrap.servers": stack.bootstrap, **QUIET})
    deadline, settled_at = time.monotonic() + SETTLED_WITHIN_SECONDS, None
    while settled_at is None or time.monotonic() - settled_at < SETTLED_FOR_SECONDS:
        settled_at = (settled_at or time.monotonic()) if _members(admin) == stack.settings.workers else None
        if time.monotonic() > deadline:
            raise TimeoutError(f"the workers are not all in their group after {SETTLED_WITHIN_SECONDS:.0f} s")
        threading.Event().wait(POLL_SECONDS)


def _members(admin: AdminClient) -> int:
    """How many have their share of the partitions; 0 while they are shared out, or while the broker cannot say."""
    try:
        group = admin.describe_consumer_groups([GROUP])[GROUP].result(timeout=ANSWER_SECONDS)
    except KafkaException:
        return 0
    return len(group.members) if group.state == ConsumerGroupState.STABLE else 0


def outstanding(stack: RunningStack) -> int:
    """
    What is still on its way: records that an agent has not passed, events that the relay has not sent, calls and
    timers that are due. A log that does not grow may only be waiting until a partition has found its owner again.
    """
    with psycopg.connect(stack.dsn) as connection:
        offsets = connection.execute(
            "SELECT topic, partition, min(next_offset) FROM consumer_offsets GROUP BY topic, partition"
        ).fetchall()
        due: int = connection.execute(_DUE).fetchall()[0][0]
    consumer = _consumer(stack)
    try:
        ends = {
            (topic, partition): consumer.get_watermark_offsets(TopicPartition(topic, partition), ANSWER_SECONDS)[1]
            for topic, partition, _ in offsets
        }
    finally:
        consumer.close()
    unread: int = sum(ends[topic, partition] - offset for topic, partition, offset in offsets)
    return due + unread


_DUE = """
SELECT (SELECT count(*) FROM events WHERE notification_id > (SELECT position FROM relay))
     + (SELECT count(*) FROM calls WHERE state = 'running' OR (state = 'waiting' AND due_at <= now()))
     + (SELECT count(*) FROM scheduled_commands WHERE due_at <= now())
"""


def ahead_of_the_store(stack: RunningStack) -> list[Finding]:
    """Each partition whose committed offset is above the lowest of the agents that read it."""
    with psycopg.connect(stack.dsn) as connection:
        rows = connection.execute(
            "SELECT topic, partition, min(next_offset) FROM consumer_offsets GROUP BY topic, partition"
        ).fetchall()
    stored = {(topic, partition): offset for topic, partition, offset in rows}
    consumer = _consumer(stack)
    try:
        committed = consumer.committed([TopicPartition(*place) for place in stored], timeout=ANSWER_SECONDS)
    finally:
        consumer.close()
    return [
        Finding(
            "kafka-not-ahead",
            f"{each.topic}/{each.partition}",
            f"has {each.offset} committed to Kafka, and the store stands at {stored[each.topic, each.partition]}",
        )
        for each in committed
        if each.offset > stored[each.topic, each.partition]
    ]


def _consumer(stack: RunningStack) -> Consumer:
    """One that joins nothing and commits nothing."""
    return Consumer({"bootstrap.servers": stack.bootstrap, "group.id": GROUP, "enable.auto.commit": False, **QUIET})
