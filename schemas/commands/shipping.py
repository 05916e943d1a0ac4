"""Commands for one package."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from schemas.commands.base import Command
from schemas.values import Address, Deadlines, Money, Need, OrderLine


class OpenShipment(Command):
    """One package to send: what is in it, where it goes, until when. Repeated: opens once."""

    shipment_id: UUID
    order_id: UUID
    marketplace: str
    shop: str
    order_number: str
    package: str
    contents: tuple[Need, ...]
    lines: tuple[OrderLine, ...]
    address: Address
    deadlines: Deadlines = Deadlines()
    priority: int = 1
    value: Money | None = None


class BuyLabel(Command):
    """Ask for the label again after a refusal or a parked call, on a person's word."""

    shipment_id: UUID
    operator: str = ""


class RecordLabelOutcome(Command):
    """
    What came of asking a carrier for a label.

    `outcome` bought: carrier, tracking number, service and cost are there. refused: `reason`. parked: the outcome
    cannot be learnt without a person. withheld: nobody was asked, as the shop only observes. recalled: nobody was
    asked, as the package changed before. `attempt` names the request that it answers; a late answer of another one is
    ignored.
    """

    shipment_id: UUID
    attempt: int
    outcome: Literal["bought", "refused", "parked", "withheld", "recalled"]
    carrier: str = ""
    service: str = ""
    tracking_number: str = ""
    carrier_reference: str = ""
    cost: Money | None = None
    reason: str = ""


class VoidLabel(Command):
    """This order wants this package, or its part of it, no more. Without `order_id` nobody wants the package."""

    shipment_id: UUID
    reason: str
    order_id: UUID | None = None


class RecordVoidOutcome(Command):
    """What came of asking a carrier to take a label back. `attempt` names the label's own request."""

    shipment_id: UUID
    attempt: int
    outcome: Literal["voided", "refused", "parked"]
    reason: str = ""


class ReplaceLabel(Command):
    """Take the label of this package back and buy another one, on a person's word."""

    shipment_id: UUID
    reason: str
    operator: str = ""


class ReaddressShipment(Command):
    """The package goes to another address, told at `updated_at`; older than the label's source: nothing."""

    shipment_id: UUID
    address: Address
    updated_at: datetime


class StopShipment(Command):
    """Keep this package in the house, unlabelled where it still is, until it is let go or cancelled."""

    shipment_id: UUID
    reason: str
    order_id: UUID | None = None


class ResumeShipment(Command):
    """This order, or the package's first one, stops the package no more; another one may."""

    shipment_id: UUID
    order_id: UUID | None = None


class MarkPrinted(Command):
    """The label is on paper. Repeated: once."""

    shipment_id: UUID
    occurred_at: datetime
    operator: str = ""


class MarkPacked(Command):
    """The units are in the parcel. Repeated: once."""

    shipment_id: UUID
    occurred_at: datetime
    operator: str = ""


class PutBack(Command):
    """The units are on the shelf again: a hand-over undone before its first scan, or a printed package emptied."""

    shipment_id: UUID
    occurred_at: datetime
    operator: str = ""


class HandOver(Command):
    """The parcel was given to the carrier. Repeated: once."""

    shipment_id: UUID
    occurred_at: datetime
    operator: str = ""


class RecordScan(Command):
    """A carrier scanned the parcel. `scan_id` is unique per carrier and number; the same scan counts once."""

    shipment_id: UUID
    scan_id: str
    status: Literal["ACCEPTED", "IN_TRANSIT", "DELIVERED", "RETURNED", "EXCEPTION"]
    occurred_at: datetime
    carrier: str = ""
    tracking_number: str = ""
    place: str = ""


class AddToPackage(Command):
    """Take another order's lines into this package. `joined` is the order's version at which it asked for it."""

    shipment_id: UUID
    order_id: UUID
    order_number: str
    joined: int
    contents: tuple[Need, ...]
    lines: tuple[OrderLine, ...]
    deadlines: Deadlines = Deadlines()
    priority: int = 1
    value: Money | None = None


class AcknowledgeShipmentAlert(Command):
    """A person saw the alert of this kind about this package that opened at this log position."""

    shipment_id: UUID
    kind: str
    opened_position: int
    by: str
    note: str = ""
