"""
Carry out package commands.

Reads: shipping.commands.v1, keyed by shipment.    Writes: Shipment events and calls to carriers; relay.py makes them
public.
Repeated: ignored, by log position, inbox or attempt.    Bad: dead letter with the reason; what follows goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from aggregates import shipment
from aggregates.event_store import item_weights, tracking_numbers
from aggregates.event_store.connection import Connection
from aggregates.event_store.recorder import Effects
from aggregates.event_store.tracking_numbers import TrackingNumber
from aggregates.shipment import Known, Shipment
from schemas import topics
from schemas.commands import Command, OpenShipment, RecordLabelOutcome
from schemas.shipping import Tariff
from streams.deciding import Decision, KnownOf


def decision(tariffs: tuple[Tariff, ...]) -> Decision:
    """The decisions of packages, over the carriers' tariffs."""

    def known(connection: Connection, commands: Sequence[Command], at: datetime) -> KnownOf:
        having = _having(connection, [command for command in commands if isinstance(command, RecordLabelOutcome)])
        weights = _weights(connection, [command for command in commands if isinstance(command, OpenShipment)])
        return lambda command: Known(at, tariffs, _sharing(having, command), weights)

    return Decision("shipping.decide", topics.SHIPPING_COMMANDS, shipment.decide, known, also)


def _weights(connection: Connection, opened: Sequence[OpenShipment]) -> dict[UUID, int]:
    """What units weigh of the items in packages whose lines do not say it all, in grams."""
    silent = [package for package in opened if not all(line.weight_grams for line in package.lines)]
    items = {need.stock_item_id for package in silent for need in package.contents}
    return item_weights.of_items(connection, items) if items else {}


def _having(connection: Connection, outcomes: Sequence[RecordLabelOutcome]) -> dict[tuple[str, str], list[UUID]]:
    """Which packages have or had the numbers that carriers give now, those of this batch too."""
    bought = [outcome for outcome in outcomes if outcome.tracking_number]
    if not bought:
        return {}
    having = tracking_numbers.packages_of(connection, [_number_of(outcome) for outcome in bought])
    for outcome in bought:
        having.setdefault(_number_of(outcome), []).append(outcome.shipment_id)
    return having


def _sharing(having: dict[tuple[str, str], list[UUID]], command: Command) -> tuple[UUID, ...]:
    """The other packages that have or had the number that this command tells of."""
    if not isinstance(command, RecordLabelOutcome):
        return ()
    return tuple(sorted(set(having.get(_number_of(command), ())) - {command.shipment_id}))


def _number_of(outcome: RecordLabelOutcome) -> tuple[str, str]:
    return outcome.carrier, outcome.tracking_number


def also(package: Shipment, event: Any, effects: Effects) -> None:
    """Note whose the label's number is."""
    if isinstance(event, Shipment.LabelBought):
        effects.tracking_numbers.append(TrackingNumber(event.carrier, event.tracking_number, package.id))
