"""The file of a label that TikTok sells."""

from __future__ import annotations

from typing import Final

from creatorflow.devstack.simulators.tiktok.answers import Impossible
from creatorflow.devstack.simulators.tiktok.packages import PROVIDERS, Package
from creatorflow.devstack.simulators.tiktok.shop import Shop
from gateways.carriers.labels.files import make_label_file
from gateways.carriers.labels.text import Sender
from gateways.carriers.protocol import PDF
from gateways.errors import Refused
from schemas.shipping import Label, Parcel
from schemas.values import Address, Person

SENDER: Final = Sender("Simulated Marketplace Depot", ("1 Depot Road", "Reno NV 89502", "US"))


def label_of(shop: Shop, package: Package) -> bytes:
    """The label as a PDF. Raises `Impossible` for an address that cannot be printed."""
    buyer = shop.orders[package.order_ids[0]].buyer
    address = Address(country=buyer.country, state=buyer.state, city=buyer.city, postal_code=buyer.postal_code)
    person = Person(name=buyer.name, phone=buyer.phone, email="", street1=buyer.street1, street2=buyer.street2)
    label = Label(
        reference=package.id,
        carrier=PROVIDERS[package.provider_id].lower(),
        service="platform",
        tracking_number=package.tracking_number,
        carrier_reference=package.id,
    )
    parcel = Parcel(address=address, weight_grams=package.grams or None)
    order_number = package.order_ids[0]
    try:
        return make_label_file(label, parcel, person, PDF, sender=SENDER, order_number=order_number).content
    except Refused as error:
        raise Impossible(error.reason) from None
