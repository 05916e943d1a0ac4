"""The services of the local stack are the real ones, set up as the design says, and come back when killed."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import valkey
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from creatorflow.devstack import RunningStack, kafka
from tests.integration.devstack.processes import eventually

pytestmark = pytest.mark.integration

LARGEST_RECORD = b"x" * (kafka.RECORD_LIMIT_BYTES - 1024)


def _make_topic(stack: RunningStack, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": stack.bootstrap})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)


def _produce(stack: RunningStack, topic: str, value: bytes) -> None:
    failures: list[KafkaError] = []
    producer = Producer(
        {
            "bootstrap.servers": stack.bootstrap,
            "message.max.bytes": kafka.RECORD_LIMIT_BYTES,
            "topic.metadata.propagation.max.ms": 500,
        }
    )
    producer.produce(topic, value, on_delivery=lambda error, _: failures.append(error) if error else None)
    assert producer.flush(30) == 0
    if failures:
        raise KafkaException(failures[0])


def _consume(stack: RunningStack, topic: str, count: int) -> list[bytes]:
    consumer = Consumer(
        {
            "bootstrap.servers": stack.bootstrap,
            "group.id": f"{topic}-{time.monotonic_ns()}",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    values: list[bytes] = []
    deadline = time.monotonic() + 30
    while len(values) < count and time.monotonic() < deadline:
        message = consumer.poll(0.5)
        if message is not None and message.error() is None:
            values.append(message.value() or b"")
    consumer.close()
    return values


def _setting(stack: RunningStack, name: str) -> str:
    with psycopg.connect(stack.dsn) as connection:
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        assert row is not None
        return str(row[0])


def test_kafka_takes_a_record_of_four_mebibytes(stack: RunningStack) -> None:
    """The largest record that the design allows comes out as it went in."""
    _make_topic(stack, "large")
    _produce(stack, "large", LARGEST_RECORD)
    assert _consume(stack, "large", 1) == [LARGEST_RECORD]


def test_kafka_makes_no_topic_by_itself(stack: RunningStack) -> None:
    """A record for a topic that nobody made is an error, not a new topic."""
    with pytest.raises(KafkaException):
        _produce(stack, "mistyped", b"lost")
    topics = AdminClient({"bootstrap.servers": stack.bootstrap}).list_topics(timeout=10).topics
    assert "mistyped" not in topics


def test_postgres_is_version_18_and_durable(stack: RunningStack) -> None:
    """What is committed is on the disk, and text sorts by code point as on every other machine."""
    assert _setting(stack, "server_version").startswith("18.")
    assert (_setting(stack, "fsync"), _setting(stack, "synchronous_commit")) == ("on", "on")
    assert _setting(stack, "server_encoding") == "UTF8"
    with psycopg.connect(stack.dsn) as connection:
        assert connection.execute("SELECT 'Z' < 'a', upper('é')").fetchone() == (True, "É")


def test_postgres_wants_its_password(stack: RunningStack) -> None:
    """Another user of this machine does not get in."""
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(stack.dsn.partition(" password=")[0] + " password=wrong")


def test_services_listen_on_this_machine_only(stack: RunningStack) -> None:
    """No port of the stack is open to another machine."""
    for name in ("kafka", "postgres", "valkey"):
        listening = [c for c in psutil.Process(stack.pid(name)).net_connections() if c.status == psutil.CONN_LISTEN]
        assert listening
        assert {c.laddr.ip.removeprefix("::ffff:") for c in listening} == {"127.0.0.1"}


def test_postgres_never_runs_as_root(stack: RunningStack) -> None:
    """Its process belongs to an ordinary user, whoever started the stack."""
    assert psutil.Process(stack.pid("postgres")).uids().real != 0


def test_a_killed_broker_comes_back_with_its_records(stack: RunningStack) -> None:
    """A kill -9 of Kafka loses nothing that it had acknowledged."""
    _make_topic(stack, "kept")
    _produce(stack, "kept", b"before")
    stack.wait_until_restarted(stack.kill("kafka"))
    _produce(stack, "kept", b"after")
    assert _consume(stack, "kept", 2) == [b"before", b"after"]


def test_a_killed_postmaster_comes_back_with_its_rows(stack: RunningStack) -> None:
    """A kill -9 of PostgreSQL, a client still connected, loses nothing that was committed."""
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept VALUES (1)")
        stack.wait_until_restarted(stack.kill("postgres"))
    with psycopg.connect(stack.dsn) as connection:
        assert connection.execute("SELECT id FROM kept").fetchone() == (1,)


def test_a_killed_valkey_comes_back_with_its_values(stack: RunningStack) -> None:
    """A kill -9 of Valkey forgets nothing that it had answered."""
    with valkey.Valkey.from_url(stack.valkey) as client:
        client.set("kept", "before")
        stack.wait_until_restarted(stack.kill("valkey"))
        assert client.get("kept") == b"before"


def test_valkey_wants_its_password_and_evicts_nothing(stack: RunningStack) -> None:
    """Another user of this machine does not get in, and what is full refuses rather than forgets."""
    with valkey.Valkey(port=stack.service("valkey").port or 0) as stranger, pytest.raises(valkey.AuthenticationError):
        stranger.ping()
    with valkey.Valkey.from_url(stack.valkey) as client:
        assert client.info("server")["valkey_version"].startswith("9.")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_an_outage_lasts_as_long_as_its_block(stack: RunningStack) -> None:
    """A test can keep a service down, and gets it back."""
    port = stack.service("kafka").port
    assert port is not None
    with stack.outage("kafka"), socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0
    assert stack.service("kafka").state == "ready"


def test_the_log_of_each_service_can_be_read(stack: RunningStack) -> None:
    """What a service says is found where `status` points."""
    logs = [Path(stack.service(name).log) for name in ("kafka", "postgres", "valkey")]
    assert eventually(lambda: all(log.stat().st_size > 0 for log in logs))
