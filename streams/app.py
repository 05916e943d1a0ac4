"""The Faust app of a worker. `build_app` is called once per process; nothing happens at import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import TP

from schemas import topics
from schemas.topics import Topic
from streams.consuming import Agent
from streams.standing import Standing
from streams.transport import BatchScheduling, StoreConsumer, StoreTransport

GROUP = "creatorflow"
ONE_DAY_SECONDS = 86_400.0
LOOK_AT_ONE_RECORD_SECONDS = 5.0


class StoreApp(faust.App):
    """A Faust app whose consumer takes its offsets from the event store."""

    standing: Standing

    def _new_transport(self) -> Any:
        return StoreTransport(self.conf.broker_consumer, self, standing=self.standing)


def build_app(bootstrap_servers: str, standing: Standing) -> StoreApp:
    """A Faust app without agents yet. Each setting that is not Faust's default has its reason in ARCHITECTURE.md."""
    app = StoreApp(
        GROUP,
        broker=[f"kafka://{server}" for server in bootstrap_servers.split(",")],
        autodiscover=False,
        value_serializer="raw",
        key_serializer="raw",
        store="memory://",
        processing_guarantee="at_least_once",
        consumer_auto_offset_reset="earliest",
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=1,
        stream_buffer_maxsize=20,
        stream_wait_empty=True,
        broker_commit_interval=1.0,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        broker_rebalance_timeout=30.0,
        broker_request_timeout=30.0,
        broker_max_poll_interval=ONE_DAY_SECONDS,
        consumer_max_fetch_size=topics.MAX_RECORD_BYTES,
        producer_request_timeout=10.0,
        web_enabled=False,
        worker_redirect_stdouts=False,
        ConsumerScheduler=BatchScheduling,
    )
    app.standing = standing
    return app


def register(app: StoreApp, topic: Topic, agent: Agent, name: str, bootstrap_servers: str) -> None:
    """Attach one agent to its topic under its fixed name."""
    reread = BrokerReread(app, bootstrap_servers)

    async def consume(stream: Any) -> None:
        await agent.consume(stream.events(), lambda: stream.channel.queue, reread)

    channel = app.topic(topic.name, value_type=bytes, key_type=bytes, value_serializer="raw", key_serializer="raw")
    app.agent(channel, name=name, concurrency=1)(consume)


class BrokerReread:
    """Reads a partition again, through Faust's consumer or with one of its own."""

    def __init__(self, app: StoreApp, bootstrap_servers: str) -> None:
        self._app = app
        self._bootstrap_servers = bootstrap_servers

    async def seek(self, tp: TP, offset: int) -> None:
        """Deliver from this offset again."""
        await cast(StoreConsumer, self._app.consumer).seek_again(tp, offset)

    async def first_at(self, tp: TP, offset: int) -> tuple[int, int]:
        """The log's start and the first offset at or after `offset`; `offset` itself while nothing is there yet."""
        partition = TopicPartition(tp.topic, tp.partition)
        consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap_servers, enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign([partition])
            start = (await consumer.beginning_offsets([partition]))[partition]
            consumer.seek(partition, max(offset, start))
            found = await consumer.getmany(partition, timeout_ms=int(LOOK_AT_ONE_RECORD_SECONDS * 1000), max_records=1)
            records = found.get(partition, [])
            return start, records[0].offset if records else offset
        finally:
            await consumer.stop()


def readers(catalogue: Sequence[Topic]) -> list[tuple[Topic, str]]:
    """Every agent of the catalogue with the topic that it reads."""
    return [(topic, name) for topic in catalogue for name in topic.readers]
