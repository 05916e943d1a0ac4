"""What tests are built of: an order as the marketplace shows it, `an_order().paid()`, its moments and its places."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Self
from uuid import UUID

from msgspec.structs import replace as replace_fields

from schemas.commands import RecordOrder
from schemas.shipping import Tariff
from schemas.values import (
    Address,
    Deadlines,
    Money,
    Need,
    OrderLine,
    Sealed,
    ShippingType,
    order_id,
    stock_item_id,
)

MARKETPLACE = "tiktok"
SHOP = "7490000000000000001"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday."""

NO_DEADLINES = Deadlines()
SEALED = Sealed(subject="buyer", key_version=1, data=b"sealed")
STREET = Address(country="US", state="CA", city="Fresno", postal_code="93650", person=SEALED)
DOOR = replace_fields(STREET, person=replace_fields(SEALED, digest="name and street"))
"""A street address of which can be told that another one is the same."""


def usd(amount: str) -> Money:
    """An amount in US dollars."""
    return Money(amount=Decimal(amount), currency="USD")


def a_line(sku_id: str = "sku-1", quantity: int = 1, *, weight_grams: int | None = 400) -> OrderLine:
    """One line of an order."""
    return OrderLine(
        line_id=f"line-{sku_id}",
        sku_id=sku_id,
        quantity=quantity,
        unit_price=usd("12.50"),
        weight_grams=weight_grams,
    )


def item_of(sku_id: str = "sku-1") -> UUID:
    """The stock item that a listing of the test shop opens."""
    return stock_item_id(MARKETPLACE, SHOP, sku_id)


def one_part_per_line(marketplace: str, shop: str, line: OrderLine) -> tuple[Need, ...]:
    """Each listing is a stock item of its own."""
    return (Need(stock_item_id=stock_item_id(marketplace, shop, line.sku_id), quantity=line.quantity),)


GROUND = Tariff(
    carrier="local",
    service="ground",
    cost=usd("4.10"),
    cost_per_step=usd("0.60"),
    step_grams=500,
    days=4,
    default_weight_grams=500,
)
AIR = Tariff(
    carrier="local",
    service="air",
    cost=usd("9.90"),
    cost_per_step=usd("1.20"),
    step_grams=500,
    days=1,
    default_weight_grams=500,
)
POST = Tariff(
    carrier="post",
    service="parcel",
    cost=usd("5.20"),
    days=5,
    weight_max_grams=5_000,
    default_weight_grams=500,
    countries=("US",),
    kinds=("street", "box", "military"),
)
TARIFFS = (GROUND, AIR, POST)


@dataclass(frozen=True)
class AnOrder:
    """An order as the marketplace shows it at one moment. Each word gives another one; the first stays as it was."""

    number: str = "580000000000000001"
    status: str = "AWAITING_SHIPMENT"
    created_at: datetime = NOON
    updated_at: datetime = NOON
    lines: tuple[OrderLine, ...] = field(default_factory=lambda: (a_line(),))
    address: Address | None = STREET
    deadlines: Deadlines = NO_DEADLINES
    paid_at: datetime | None = None
    shipping_type: ShippingType = "SELLER"
    flags: tuple[str, ...] = ()
    buyer: str = "buyer"

    def _with(self, status: str, seconds: float) -> Self:
        return replace(self, status=status, updated_at=self.created_at + timedelta(seconds=seconds))

    def unpaid(self) -> Self:
        """Placed and not paid."""
        return self._with("UNPAID", 0)

    def on_hold(self, after: float = 30) -> Self:
        """Paid, and kept back by the marketplace for a while."""
        return self._with("ON_HOLD", after)

    def paid(self, after: float = 60) -> Self:
        """Paid, and ours to ship."""
        return self._with("AWAITING_SHIPMENT", after)

    def awaiting_collection(self, after: float = 300) -> Self:
        """Arranged with a carrier."""
        return self._with("AWAITING_COLLECTION", after)

    def cancelled(self, after: float = 600) -> Self:
        """Cancelled by the marketplace, in the word that its webhook uses."""
        return self._with("CANCEL", after)

    def shown_as(self, status: str, after: float = 60) -> Self:
        """In any status at all."""
        return self._with(status, after)

    def numbered(self, number: int) -> Self:
        """Another order, created as many seconds later as its number says."""
        moment = NOON + timedelta(seconds=number)
        return replace(self, number=f"58{number:016}", created_at=moment, updated_at=moment)

    def of(self, *lines: OrderLine) -> Self:
        """With these lines."""
        return replace(self, lines=lines)

    def to(self, address: Address | None) -> Self:
        """Going there."""
        return replace(self, address=address)

    def due(self, *, dispatch_by: datetime | None = None, cancel_by: datetime | None = None) -> Self:
        """With deadlines of the marketplace."""
        return replace(self, deadlines=Deadlines(dispatch_by=dispatch_by, cancel_by=cancel_by))

    def flagged(self, *flags: str) -> Self:
        """With what intake found odd."""
        return replace(self, flags=flags)

    @property
    def id(self) -> UUID:
        """The order's id."""
        return order_id(MARKETPLACE, SHOP, self.number)

    def record(self) -> RecordOrder:
        """The command that intake makes of it."""
        return RecordOrder(
            order_id=self.id,
            marketplace=MARKETPLACE,
            shop=SHOP,
            number=self.number,
            status=self.status,
            created_at=self.created_at,
            updated_at=self.updated_at,
            lines=self.lines,
            total=usd("12.50"),
            paid_at=self.paid_at,
            address=self.address,
            deadlines=self.deadlines,
            buyer=self.buyer,
            shipping_type=self.shipping_type,
            flags=self.flags,
        )


def an_order() -> AnOrder:
    """One unit of sku-1, paid, to a street address in California."""
    return AnOrder()
