"""Ask a service whether it answers, the way its clients will."""

from __future__ import annotations

import logging
import socket
from typing import Final

import psycopg
import valkey
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from creatorflow.devstack.specs import ReadyCheck

ASK_SECONDS: Final = 1.0


def is_ready(check: ReadyCheck) -> bool:
    """Whether the service answers now; asking takes a second at most."""
    match check.by:
        case "kafka":
            return _kafka_answers(check.address)
        case "postgres":
            return _postgres_answers(check.address)
        case "valkey":
            return _valkey_answers(check.address)
        case "port":
            return port_answers(check.address)
        case "alive":
            return True


def port_answers(address: str) -> bool:
    """Whether anything takes connections at this host:port."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=ASK_SECONDS):
            return True
    except OSError:
        return False


def _kafka_answers(bootstrap: str) -> bool:
    """
    Whether the broker is part of the cluster's metadata.

    An open port is not enough: a broker opens it before it has joined, and answers nothing until then.
    """
    if not port_answers(bootstrap):
        return False
    silent = logging.getLogger(f"{__name__}.librdkafka")
    silent.setLevel(logging.CRITICAL)
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}, logger=silent)
    try:
        return bool(client.list_topics(timeout=ASK_SECONDS).brokers)
    except KafkaException:
        return False


def _postgres_answers(dsn: str) -> bool:
    try:
        with psycopg.connect(dsn, connect_timeout=2, autocommit=True) as connection:
            return connection.execute("SELECT 1").fetchone() is not None
    except psycopg.OperationalError:
        return False


def _valkey_answers(url: str) -> bool:
    """Whether it answers who knows its password; while it reads what it kept it says that it is loading."""
    with valkey.Valkey.from_url(url, socket_timeout=ASK_SECONDS, socket_connect_timeout=ASK_SECONDS) as client:
        try:
            return bool(client.ping())
        except valkey.ValkeyError:
            return False
