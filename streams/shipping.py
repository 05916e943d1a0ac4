"""
Carry out package commands.

Reads: shipping.commands.v1, keyed by shipment.    Writes: Shipment events and calls to carriers, and recalls those that
nobody has begun with where a package is stopped, closed or changed; relay.py makes them public.
Repeated: ignored, by log position, inbox or attempt.    Bad: dead letter with the reason; what follows goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from aggregates import shipment
from aggregates.event_store import item_weights, shops, tracking_numbers
from aggregates.event_store.calls import Recall
from aggregates.event_store.connection import Connection
from aggregates.event_store.recorder import Effects
from aggregates.event_store.tracking_numbers import TrackingNumber
from aggregates.policies.outside_calls import label_call_key
from aggregates.shipment import Known, Shipment
from schemas import topics
from schemas.commands import AddToPackage, Command, OpenShipment, RecordLabelOutcome
from schemas.shipping import LabelTiming, Tariff
from streams.calendars import calendars
from streams.deciding import Decision, KnownOf


def decision(tariffs: tuple[Tariff, ...]) -> Decision:
    """The decisions of packages, over the carriers' tariffs."""

    def known(connection: Connection, commands: Sequence[Command], at: datetime) -> KnownOf:
        having = _having(connection, [command for command in commands if isinstance(command, RecordLabelOutcome)])
        opened = [command for command in commands if isinstance(command, OpenShipment)]
        added = [command for command in commands if isinstance(command, AddToPackage)]
        weights = _weights(connection, [*opened, *added])
        registered = shops.every(connection) if having or opened else []
        timings = {(each.marketplace, each.shop): shops.label_timing(each.settings) for each in registered}
        days = calendars(registered)
        return lambda command: Known(
            at, tariffs, _sharing(having, command), weights, calendars=days, timing=_timing(timings, command)
        )

    return Decision("shipping.decide", topics.SHIPPING_COMMANDS, shipment.decide, known, also)


def _timing(timings: dict[tuple[str, str], LabelTiming], command: Command) -> LabelTiming:
    at_once = LabelTiming()
    return timings.get((command.marketplace, command.shop), at_once) if isinstance(command, OpenShipment) else at_once


def _weights(connection: Connection, filled: Sequence[OpenShipment | AddToPackage]) -> dict[UUID, int]:
    """What units weigh of the items in packages whose lines do not say it all, in grams."""
    silent = [package for package in filled if not all(line.weight_grams for line in package.lines)]
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


CHANGES = (Shipment.Stopped, Shipment.Cancelled, Shipment.OrderAdded, Shipment.OrderTakenOut)
"""After these a label that nobody has begun to buy is not to be bought, or not as it was asked for."""


def also(package: Shipment, event: Any, effects: Effects) -> None:
    """Note whose the label's number is, and recall a purchase that is not wanted any more."""
    if isinstance(event, Shipment.LabelBought):
        effects.tracking_numbers.append(TrackingNumber(event.carrier, event.tracking_number, package.id))
    elif isinstance(event, CHANGES) and package.label == "requested" and package.request is not None:
        recalled = RecordLabelOutcome(shipment_id=package.id, attempt=package.attempt, outcome="recalled")
        effects.recalls.append(Recall(label_call_key(package.request.reference), recalled))
