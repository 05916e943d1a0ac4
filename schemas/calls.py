"""
Outside calls: what the stored events ask of others, one class per kind.

A call is a row that a runner claims, and is at least once with its key as the idempotency key. A kind's
`SERVICE` names whose outage delays it.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, dataclass_transform
from uuid import UUID

import msgspec

from schemas.shipping import Label, LabelRequest
from schemas.values import LineQuantity


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Call(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing asked of somebody outside."""

    SERVICE: ClassVar[str]
    ONE_AT_A_TIME: ClassVar[bool] = False
    """Whether one open call of a key is enough, however many ask, as of a read."""


class BuyLabelCall(Call):
    """Buy one label. Answered by `RecordLabelOutcome`. `marketplace` is that of the shop that it is for."""

    SERVICE: ClassVar[str] = "carrier"

    request: LabelRequest
    marketplace: str = "tiktok"


class VoidLabelCall(Call):
    """Take one label back. Answered by `RecordVoidOutcome`; `attempt` is that of the label's purchase."""

    SERVICE: ClassVar[str] = "carrier"

    shipment_id: UUID
    attempt: int
    label: Label


class PushFulfilmentCall(Call):
    """
    Tell the marketplace the tracking number of one package. Answered by `RecordFulfilmentPushed`.

    `lines` are the units in it; none where it was asked before they were told, and then all that is open is meant.
    `replaces` is the number that the marketplace was told of the same package before.
    """

    SERVICE: ClassVar[str] = "marketplace"

    order_id: UUID
    shipment_id: UUID
    marketplace: str
    shop: str
    order_number: str
    package: str
    carrier: str
    tracking_number: str
    lines: tuple[LineQuantity, ...] = ()
    replaces: str = ""


class PushDelayCall(Call):
    """Tell the marketplace that an order is delayed, and until when. Nothing answers it."""

    SERVICE: ClassVar[str] = "marketplace"

    order_id: UUID
    marketplace: str
    shop: str
    order_number: str
    promised_at: datetime


class ReadOrderCall(Call):
    """Read one order as it stands at the marketplace. Answered by `RecordOrder`; reading again is harmless."""

    SERVICE: ClassVar[str] = "marketplace"
    ONE_AT_A_TIME: ClassVar[bool] = True

    marketplace: str
    shop: str
    order_number: str


class PlaceReorderCall(Call):
    """Order units from the supplier. Answered by `RecordSupplierAnswer`."""

    SERVICE: ClassVar[str] = "supplier"

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    quantity: int
    delivery: str = "standard"
    item: str = ""
    marketplace: str = "tiktok"


class SpeedUpReorderCall(Call):
    """Ask the supplier to send a placed order express. Answered by `RecordSupplierAnswer`."""

    SERVICE: ClassVar[str] = "supplier"

    replenishment_id: UUID
    stock_item_id: UUID
    reorder_id: str
    marketplace: str = "tiktok"
