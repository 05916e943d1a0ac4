"""The small values that every message is made of: ids, money, addresses, sealed personal data."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal, NewType, dataclass_transform
from uuid import UUID, uuid5

import msgspec

OrderId = NewType("OrderId", UUID)
StockItemId = NewType("StockItemId", UUID)
ShipmentId = NewType("ShipmentId", UUID)
ReplenishmentId = NewType("ReplenishmentId", UUID)
ContentId = NewType("ContentId", UUID)

NAMESPACE = UUID("5d0c5a1e-6f2b-5c2e-9d0e-6a3b7f1c2d40")
"""The root of every derived id. Changing it orphans all history."""


def derived_id(kind: str, *parts: str) -> UUID:
    """
    The uuid5 of a kind and outside ids.

    Each part carries its length in front, so that ("a", "bc") and ("ab", "c") differ.
    Repeated: the same parts always give the same id.
    """
    return uuid5(NAMESPACE, "|".join((kind, *(f"{len(part)}:{part}" for part in parts))))


def order_id(marketplace: str, shop: str, number: str) -> OrderId:
    """The id of an order, from the marketplace's own order number."""
    return OrderId(derived_id("order", marketplace, shop, number))


def stock_item_id(marketplace: str, shop: str, sku_id: str) -> StockItemId:
    """The id of the stock item that a listing opens when nothing else is mapped to it."""
    return StockItemId(derived_id("stock-item", marketplace, shop, sku_id))


def shipment_id(marketplace: str, shop: str, package: str) -> ShipmentId:
    """The id of a package: the marketplace's package id, else order number and -1, -2, …."""
    return ShipmentId(derived_id("shipment", marketplace, shop, package))


def content_id(marketplace: str, content: str) -> ContentId:
    """The id of a video, LIVE room or post, from the marketplace's own id of it."""
    return ContentId(derived_id("content", marketplace, content))


def replenishment_id(stock_item: UUID) -> ReplenishmentId:
    """The id of the buying side of one stock item."""
    return ReplenishmentId(derived_id("replenishment", str(stock_item)))


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A frozen value with named fields; absent on the wire where it has its default."""


ShippingType = Literal["SELLER", "TIKTOK", "FBT"]
"""Who ships: the seller, the platform with its own label, or the platform out of its own warehouse."""


class Money(Value):
    """An exact decimal amount in one currency (ISO 4217). Never summed across currencies."""

    amount: Decimal
    currency: str


class Sealed(Value):
    """
    Personal fields of one buyer, encrypted with that buyer's key.

    `subject` is the HMAC of shop and buyer id (of the order where no buyer is known), never the id itself.
    `data` is nonce and AES-256-GCM ciphertext of the JSON of a `Person`. `digest`, made with the buyer's key, agrees
    where name and street do, so that another address is told from the same one sealed again.
    """

    subject: str
    key_version: int
    data: bytes
    digest: str = ""


class Person(Value):
    """What is never stored in the clear. Exists only inside gateways, the api and intake."""

    name: str = ""
    phone: str = ""
    email: str = ""
    street1: str = ""
    street2: str = ""


class Address(Value):
    """
    Where a parcel goes, without the person.

    `kind` was derived from the street lines before they were sealed: a box or military address is not
    served by every carrier. `complete` is false while the marketplace masks or withholds the street.
    """

    country: str
    state: str = ""
    city: str = ""
    postal_code: str = ""
    kind: Literal["street", "box", "military"] = "street"
    complete: bool = True
    person: Sealed | None = None


class Need(Value):
    """Units of one stock item that one order asks for, over all its lines and bundle parts."""

    stock_item_id: UUID
    quantity: int


class OrderLine(Value):
    """
    One line as the marketplace lists it. `quantity` 0 is a line that does nothing.

    `discount` is the line's share of the order's discount; the shares add up to it exactly.
    """

    line_id: str
    sku_id: str
    seller_sku: str = ""
    quantity: int = 1
    unit_price: Money | None = None
    is_gift: bool = False
    weight_grams: int | None = None
    sub_items: tuple[SubItem, ...] = ()
    discount: Money | None = None


class SubItem(Value):
    """A bundle's part as the marketplace names it: units of another listing per unit of the line."""

    sku_id: str
    quantity: int


class LineQuantity(Value):
    """Units of one line of an order, as the marketplace names the line."""

    line_id: str
    quantity: int


class Deadlines(Value):
    """
    The clocks of one order, all UTC.

    `dispatch_by_assumed` marks a `dispatch_by` that no marketplace gave: paid plus two working days.
    """

    dispatch_by: datetime | None = None
    cancel_by: datetime | None = None
    deliver_by: datetime | None = None
    dispatch_by_assumed: bool = False


class Rates(Value):
    """
    How fast one stock item sells, as the windows worked it out at `evaluated_at`. None is unknown, never 0.

    `normal_per_hour`: paid units of calm hours; while `is_new`, units so far over hours. `observed_per_hour`: what the
    last hours' orders prove, None where they are too few. `multiplier`, `confidence` and `score` are those of
    `content_id`, the content that lifts demand most; none of them: `content_id` is empty. `spike_opened_at`: since when
    the burn is at least twice normal. `forecast_per_hour`: of a forecast that was measured better, where one is on.
    """

    evaluated_at: datetime
    normal_per_hour: float | None = None
    observed_per_hour: float | None = None
    is_new: bool = False
    spike_opened_at: datetime | None = None
    content_id: str = ""
    score: float | None = None
    multiplier: float | None = None
    confidence: float | None = None
    forecast_per_hour: float | None = None


class SupplyTerms(Value):
    """
    On what terms a supplier delivers one stock item.

    `express_lead_time_hours`: None, there is no express. `express_surcharge` is for the order. `cut_off_hour` (UTC):
    what is ordered from then on is delivered a day later. A `unit_cost` of None is unknown.
    """

    lead_time_hours: int = 24
    express_lead_time_hours: int | None = None
    pack: int = 1
    minimum: int = 0
    unit_cost: Money | None = None
    express_surcharge: Money | None = None
    cut_off_hour: int | None = None
