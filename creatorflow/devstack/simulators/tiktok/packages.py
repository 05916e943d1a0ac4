"""One parcel: which lines it holds, how it goes, and how far it is."""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

TRACKING_NUMBER: Final = re.compile(r"[A-Za-z0-9\-_./]{4,50}")
PROVIDERS: Final = {
    "7000000000000000001": "USPS",
    "7000000000000000002": "UPS",
    "7000000000000000003": "FedEx",
}
SELLER_DELIVERY: Final = "7091146663229650001"
PLATFORM_DELIVERY: Final = "7091146663229650002"
"""The way to send a parcel that buyers are offered, by who ships it."""

PackageStatus = Literal["TO_FULFILL", "PROCESSING", "FULFILLING", "COMPLETED", "CANCELLED"]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A way to ship that TikTok sells a label for."""

    id: str
    name: str
    price: str
    provider_id: str
    earliest_delivery_days: int
    latest_delivery_days: int
    is_default: bool = False


SERVICES: Final = (
    Service(
        id="7208502187360519001",
        name="USPS Ground Advantage",
        price="4.63",
        provider_id="7000000000000000001",
        earliest_delivery_days=2,
        latest_delivery_days=5,
        is_default=True,
    ),
    Service(
        id="7208502187360519002",
        name="UPS 2nd Day Air",
        price="12.90",
        provider_id="7000000000000000002",
        earliest_delivery_days=1,
        latest_delivery_days=2,
    ),
)


class Package(msgspec.Struct, kw_only=True):
    """A parcel. Arranged is PROCESSING, with the carrier FULFILLING."""

    id: str
    order_ids: list[str]
    line_ids: list[str]
    create_time: int
    update_time: int
    shipping_type: Literal["SELLER", "TIKTOK"]
    status: PackageStatus = "TO_FULFILL"
    tracking_number: str = ""
    provider_id: str = ""
    handover_method: str = ""
    grams: int = 0
    tag: Literal["", "COMBINED", "SPLIT"] = ""
    shipped_time: int = 0
    renumbered: bool = False


def service_of(service_id: str) -> Service | None:
    """The service of this id; the default one where none is named."""
    if not service_id:
        return next(service for service in SERVICES if service.is_default)
    return next((service for service in SERVICES if service.id == service_id), None)
