"""The local stack: Kafka, PostgreSQL and Valkey from Python packages, and a supervisor; no Docker, no Java, no root."""

from creatorflow.devstack.errors import StackError
from creatorflow.devstack.lifecycle import down, erase, status, up
from creatorflow.devstack.ports import free_port
from creatorflow.devstack.specs import ReadyCheck, ServiceSpec, creatorflow_processes
from creatorflow.devstack.state import ServiceStatus, StackStatus
from creatorflow.devstack.temporary import RunningStack, services

__all__ = [
    "ReadyCheck",
    "RunningStack",
    "ServiceSpec",
    "ServiceStatus",
    "StackError",
    "StackStatus",
    "creatorflow_processes",
    "down",
    "erase",
    "free_port",
    "services",
    "status",
    "up",
]
