"""
Carriers that sell at once and in process: the default of a live demo shop.

Two kinds: a postal service and a parcel service, which differ in the looks of their numbers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateways.carriers.labels.files import make_label_file
from gateways.carriers.labels.pdf import Glyphs
from gateways.carriers.labels.text import Sender, recipient_lines
from gateways.carriers.tracking_numbers import number_of
from gateways.errors import Refused
from gateways.own_record import OwnRecord, entries
from schemas.shipping import Label, LabelFile, LabelRequest, Parcel
from schemas.values import Money, Person, Value


class TakenBack(Value):
    """One label that the carrier took back."""

    reference: str
    tracking_number: str


class LocalCarrier:
    """
    A carrier that never fails, and refuses what no carrier could deliver.

    `record` and `voids` are the carrier's own, not ours: an audit compares them. `price` is what it asks; None is
    unknown.
    """

    supports_lookup: Final = True

    def __init__(
        self,
        name: str,
        record: OwnRecord[Label],
        voids: OwnRecord[TakenBack],
        sender: Sender,
        *,
        price: Callable[[LabelRequest], Money | None] = lambda request: None,
    ) -> None:
        self.name: Final = name
        self._record = record
        self._voids = voids
        self._sender = sender
        self._price = price
        self._glyphs = Glyphs()

    async def buy_label(self, request: LabelRequest, recipient: Person) -> Label:
        """
        Sell at once. The number follows from the reference, so another process sells the same label.

        Refused: an address that is incomplete or cannot be printed.
        Repeated: the same label, and one sale in the record.
        """
        recipient_lines(request.parcel.address, recipient, self._glyphs)
        number = number_of(self.name, request.reference)
        label = Label(
            reference=request.reference,
            carrier=self.name,
            service=request.service,
            tracking_number=number,
            carrier_reference=f"{self.name}-{number[-8:]}",
            cost=self._price(request),
        )
        self._record.append(label)
        return label

    async def find_label(self, reference: str) -> Label | None:
        """The sale under this reference, whichever process made it."""
        return await asyncio.to_thread(self._record.find, reference)

    async def void_label(self, label: Label) -> None:
        """Take a label back. Refused: one that it never sold. Repeated: one entry in the record, read once."""
        if await self.find_label(label.reference) is None:
            raise Refused("carrier: unknown_label")
        self._voids.append(TakenBack(reference=label.reference, tracking_number=label.tracking_number))

    async def label_file(
        self, label: Label, parcel: Parcel, recipient: Person, media_type: str, *, order_number: str = ""
    ) -> LabelFile:
        """Make the file, which takes some milliseconds, beside the loop."""
        return await asyncio.to_thread(
            make_label_file, label, parcel, recipient, media_type, sender=self._sender, order_number=order_number
        )


def label_record(directory: Path, process: str) -> OwnRecord[Label]:
    """Where one process writes down what its carriers sold."""
    return OwnRecord(directory, Label, "reference", process)


def void_record(directory: Path, process: str) -> OwnRecord[TakenBack]:
    """Where one process writes down what its carriers took back."""
    return OwnRecord(directory / "voids", TakenBack, "reference", process)


def taken_back(directory: Path) -> list[TakenBack]:
    """Every label that any process took back, each reference once."""
    return entries(directory / "voids", TakenBack, lambda voided: voided.reference)


def sold(directory: Path) -> list[Label]:
    """Every label that any process sold, each reference once."""
    return entries(directory, Label, lambda label: label.reference)
