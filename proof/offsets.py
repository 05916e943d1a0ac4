"""Hold what is committed to Kafka against what stands in the store: Kafka must never be ahead."""

from __future__ import annotations

import psycopg
from confluent_kafka import Consumer, TopicPartition

from creatorflow.devstack import RunningStack
from creatorflow.ledger import Fault as Finding
from streams.app import GROUP

ANSWER_SECONDS = 10.0


def ahead_of_the_store(stack: RunningStack) -> list[Finding]:
    """Each partition whose committed offset is above the lowest of the agents that read it."""
    with psycopg.connect(stack.dsn) as connection:
        rows = connection.execute(
            "SELECT topic, partition, min(next_offset) FROM consumer_offsets GROUP BY topic, partition"
        ).fetchall()
    stored = {(topic, partition): offset for topic, partition, offset in rows}
    asked = [TopicPartition(topic, partition) for topic, partition in stored]
    consumer = Consumer({"bootstrap.servers": stack.bootstrap, "group.id": GROUP, "enable.auto.commit": False})
    try:
        committed = consumer.committed(asked, timeout=ANSWER_SECONDS)
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
