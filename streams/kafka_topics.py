"""The topics on the broker: made once by the catalogue, and checked at every start. Faust makes none."""

from __future__ import annotations

from collections.abc import Sequence

import stamina
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from schemas.topics import MAX_RECORD_BYTES, Topic
from streams.publishing import BrokerUnavailable

ANSWERED_WITHIN_SECONDS = 15.0


class TopicMismatch(Exception):
    """A topic that exists is not as the catalogue says; changing it in place would lose order or records."""


def create(bootstrap_servers: str, catalogue: Sequence[Topic], partitions: int, replication: int) -> list[str]:
    """
    Make the topics that are missing, and return their names.

    The broker's own view lags behind its controller, so the check is repeated until it holds. Repeated or raced: a
    topic that is there is left as it is. Raises `TopicMismatch` where one has another number of
    partitions than its neighbours, which would send an aggregate's records to two agents.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap_servers, "socket.timeout.ms": 10_000})
    existing = _partitions(admin)
    missing = [topic for topic in catalogue if topic.name not in existing]
    if missing:
        for name, made in admin.create_topics([_new(topic, partitions, replication) for topic in missing]).items():
            try:
                made.result(ANSWERED_WITHIN_SECONDS)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise TopicMismatch(f"{name}: {error.args[0].str()}") from error
    for attempt in stamina.retry_context(
        on=TopicMismatch, timeout=ANSWERED_WITHIN_SECONDS, attempts=None, wait_max=1.0
    ):
        with attempt:
            check(bootstrap_servers, catalogue)
    return [topic.name for topic in missing]


def check(bootstrap_servers: str, catalogue: Sequence[Topic]) -> None:
    """Raise `TopicMismatch` unless every topic is there, all with the same number of partitions."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers, "socket.timeout.ms": 10_000})
    existing = _partitions(admin)
    absent = [topic.name for topic in catalogue if topic.name not in existing]
    if absent:
        raise TopicMismatch(f"topics are missing: {', '.join(absent)}; run `creatorflow topics`")
    counts = {existing[topic.name] for topic in catalogue}
    if len(counts) > 1:
        raise TopicMismatch(f"topics differ in their number of partitions: {sorted(counts)}")


def _partitions(admin: AdminClient) -> dict[str, int]:
    try:
        metadata = admin.list_topics(timeout=ANSWERED_WITHIN_SECONDS)
    except KafkaException as error:
        raise BrokerUnavailable(str(error.args[0])) from error
    return {name: len(topic.partitions) for name, topic in metadata.topics.items()}


def _new(topic: Topic, partitions: int, replication: int) -> NewTopic:
    settings = {
        "retention.ms": str(topic.retention_seconds * 1000),
        "max.message.bytes": str(MAX_RECORD_BYTES),
        "cleanup.policy": "delete",
    }
    if replication >= 3:
        settings["min.insync.replicas"] = "2"
    return NewTopic(topic.name, num_partitions=partitions, replication_factor=replication, config=settings)
