"""What the suites ask for."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from schemas.calls import PlaceReorderCall, PushDelayCall, PushFulfilmentCall
from schemas.shipping import LabelRequest, Parcel
from schemas.values import Address, Person, shipment_id

SHOP = "7490000000000000001"
PERSON = Person(
    name="Zyxw Testperson", phone="+1 555 0199", email="zyxw@example.test", street1="77 Marker Street", street2="Apt 4"
)
MARKS = ("Zyxw", "Testperson", "555 0199", "zyxw@example", "Marker Street", "Apt 4")
ADDRESS = Address(country="US", state="WA", city="Seattle", postal_code="98101")


def a_label_request(carrier: str, *, address: Address = ADDRESS, attempt: int = 1) -> LabelRequest:
    """A purchase that no other test makes."""
    package = uuid4().hex
    shipment = shipment_id("tiktok", SHOP, package)
    return LabelRequest(
        reference=f"{shipment}:{attempt}",
        shipment_id=shipment,
        attempt=attempt,
        carrier=carrier,
        service="ground",
        order_number="576800000000000001",
        parcel=Parcel(address=address, weight_grams=450),
    )


def a_push(*, shop: str = SHOP, tracking_number: str = "9400188999098483311200") -> PushFulfilmentCall:
    """A push of a package that no other test pushes."""
    number = str(uuid4().int % 10**18)
    return PushFulfilmentCall(
        order_id=uuid4(),
        shipment_id=uuid4(),
        marketplace="tiktok",
        shop=shop,
        order_number=number,
        package=number,
        carrier="usps",
        tracking_number=tracking_number,
    )


def a_delay() -> PushDelayCall:
    """A delay until a date in the future."""
    return PushDelayCall(
        order_id=uuid4(),
        marketplace="tiktok",
        shop=SHOP,
        order_number=str(uuid4().int % 10**18),
        promised_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


def a_reorder(*, quantity: int = 20) -> PlaceReorderCall:
    """An order of units that no other test places."""
    return PlaceReorderCall(
        replenishment_id=uuid4(), stock_item_id=uuid4(), reorder_id=f"ro-{uuid4().hex}", quantity=quantity
    )
