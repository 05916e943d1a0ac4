"""What carrier policies and carrier gateways both speak of."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from schemas.values import Address, Money, Value


class Parcel(Value):
    """One package as a carrier sees it. `weight_grams` None is unknown, never 0."""

    address: Address
    weight_grams: int | None = None
    value: Money | None = None


class Rate(Value):
    """
    What one carrier's service asks for a parcel, and how long it takes.

    `refused` says why the carrier cannot take it; then the other fields mean nothing.
    """

    carrier: str
    service: str = ""
    cost: Money | None = None
    days: int = 0
    refused: str = ""


class Tariff(Value):
    """
    What one carrier's service costs, where it goes, how heavy a parcel may be and how long it takes.

    A parcel costs `cost`, and `cost_per_step` for each further step of `step_grams` that it begins. `countries`
    empty is everywhere. `default_weight_grams` is what a parcel of unknown weight is taken to weigh; None: not taken.
    """

    carrier: str
    service: str
    cost: Money
    days: int
    cost_per_step: Money | None = None
    step_grams: int = 1_000
    weight_max_grams: int = 30_000
    default_weight_grams: int | None = None
    countries: tuple[str, ...] = ()
    kinds: tuple[Literal["street", "box", "military"], ...] = ("street",)


class LabelRequest(Value):
    """
    One purchase of one label. `reference` (shipment id and attempt) is the idempotency key: a carrier that has
    seen it sells nothing again.
    """

    reference: str
    shipment_id: UUID
    attempt: int
    carrier: str
    service: str
    order_number: str
    parcel: Parcel


class Label(Value):
    """A label that was sold. The file is fetched apart, and fetching it again never buys again."""

    reference: str
    carrier: str
    service: str
    tracking_number: str
    carrier_reference: str = ""
    cost: Money | None = None


class LabelFile(Value):
    """A whole label file: `application/pdf` (4 x 6 in) or `application/zpl`."""

    media_type: str
    content: bytes


class LabelTiming(Value):
    """
    When a package's label is bought: at once, after so many minutes, or when the package is printed.

    What joins a package in between shares its label.
    """

    when: Literal["at once", "later", "at print"] = "at once"
    minutes: int = 0
