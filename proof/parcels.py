"""What becomes of parcels, told as each would be: by the packer, by the end-of-day list, by the carrier's scans."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import httpx
from confluent_kafka import Producer

from creatorflow.demo.webhooks import MARKETPLACE, SHOP
from creatorflow.devstack import RunningStack
from schemas import codec, topics
from schemas.commands import Command, RecordScan
from schemas.envelope import Envelope, to_headers
from schemas.values import shipment_id

SOURCE = "proof"
SENT_WITHIN_SECONDS = 30.0


class Box(NamedTuple):
    """The one parcel of an order: units of one stock item."""

    number: str
    stock_item_id: UUID
    units: int

    @property
    def package(self) -> str:
        """What the package is called."""
        return f"{self.number}-1"

    @property
    def id(self) -> UUID:
        """The package's id."""
        return shipment_id(MARKETPLACE, SHOP, self.package)


def pack(stack: RunningStack, boxes: Iterable[Box], at: datetime) -> None:
    """Book parcels as packed, as whoever packs them does."""
    _book(stack, boxes, "packed", at)


def hand_over(stack: RunningStack, boxes: Iterable[Box], at: datetime) -> None:
    """Book an end-of-day list as an operator does."""
    _book(stack, boxes, "handed-over", at)


def _book(stack: RunningStack, boxes: Iterable[Box], step: str, at: datetime) -> None:
    with httpx.Client(trust_env=False) as client:
        for box in boxes:
            answer = client.post(
                f"http://{stack.settings.host}:{stack.settings.ingress_port}"
                f"/packages/{MARKETPLACE}:{SHOP}:{box.package}/{step}",
                json={"occurred_at": at.isoformat()},
                headers={"Idempotency-Key": f"{step}-{box.package}"},
            )
            answer.raise_for_status()


def scan(stack: RunningStack, boxes: Iterable[Box], at: datetime) -> None:
    """Let the carrier see the parcels for the first time."""
    _send(
        stack,
        "scan",
        (
            RecordScan(shipment_id=box.id, scan_id=f"first-{box.package}", status="ACCEPTED", occurred_at=at)
            for box in boxes
        ),
    )


def _send(stack: RunningStack, what: str, commands: Iterable[Command]) -> None:
    producer = Producer({"bootstrap.servers": stack.bootstrap, "acks": "all", "partitioner": "murmur2_random"})
    for command in commands:
        target = topics.key_of(command)
        name = f"{what}-{getattr(command, 'shipment_id')}"  # noqa: B009
        envelope = Envelope(
            id=name,
            type=type(command).__name__,
            source=SOURCE,
            time=datetime.now(UTC),
            subject=target,
            correlation_id=name,
            causation_id=name,
        )
        producer.produce(
            topics.topic_of(command), codec.encode(command), target.encode(), headers=dict(to_headers(envelope))
        )
    if producer.flush(SENT_WITHIN_SECONDS):
        raise TimeoutError(f"Kafka did not take every {what} within {SENT_WITHIN_SECONDS:.0f} s")
