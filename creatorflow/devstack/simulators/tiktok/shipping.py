"""What a seller does to parcels: create, ship, mark as shipped. Each raises `Refused` as TikTok would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from creatorflow.devstack.simulators.tiktok import answers, buying
from creatorflow.devstack.simulators.tiktok.aftersales import Cancellation
from creatorflow.devstack.simulators.tiktok.answers import Refused
from creatorflow.devstack.simulators.tiktok.orders import SHIPPABLE, Line, Order
from creatorflow.devstack.simulators.tiktok.packages import PROVIDERS, TRACKING_NUMBER, Package, Service, service_of
from creatorflow.devstack.simulators.tiktok.shop import Shop

RENUMBER_WITHIN: Final = 72 * 3_600


class SelfShipment(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel that the seller hands to a carrier of their own."""

    tracking_number: str
    shipping_provider_id: str


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """How one parcel goes: by the seller's own carrier, or handed over to TikTok's."""

    self_shipment: SelfShipment | None = None
    handover_method: Literal["PICKUP", "DROP_OFF", ""] = ""


def ship(shop: Shop, package: Package, shipment: Shipment) -> None:
    """Arrange a parcel that exists. Repeated: refused as shipped already, whatever the number."""
    orders = [shop.orders[order_id] for order_id in package.order_ids]
    if package.status == "CANCELLED":
        raise Refused(answers.ORDER_CANCELLED, "order is cancelled")
    if package.status != "TO_FULFILL":
        raise Refused(answers.PACKAGE_SHIPPED, "Package has been shipped. Please not ship the package again.")
    for order in orders:
        _shippable(shop, order)
    if package.shipping_type == "SELLER":
        package.tracking_number, package.provider_id = checked(shipment.self_shipment)
    else:
        service = service_of("")
        assert service is not None
        _buy_label(package, service)
        package.handover_method = shipment.handover_method or "DROP_OFF"
    _arrange(shop, package)


def create(
    shop: Shop, orders: Sequence[Order], lines: Sequence[Line], service: Service, grams: int
) -> tuple[Package, Service]:
    """Put lines into a new parcel and buy TikTok's label for it. Repeated: refused, the label is bought."""
    for order in orders:
        if order.shipping_type != "TIKTOK":
            raise Refused(answers.NOT_BY_THE_TRADE_RULE, "not match trade rule")
        if order.status == "AWAITING_COLLECTION":
            raise Refused(answers.LABEL_BOUGHT, "A shipping label has already been purchased.")
        _shippable(shop, order)
    if any(line.arranged for line in lines):
        raise Refused(answers.LABEL_BOUGHT, "A shipping label has already been purchased.")
    if len({(order.buyer.user_id, order.buyer.street1, order.buyer.postal_code) for order in orders}) > 1:
        raise Refused(answers.NOT_BY_THE_TRADE_RULE, "orders are not of one buyer and address")
    package = _pack(shop, orders, lines)
    package.grams = grams
    _buy_label(package, service)
    _arrange(shop, package)
    _tell(shop, package)
    return package, service


def mark_shipped(shop: Shop, order: Order, lines: Sequence[Line], shipment: SelfShipment) -> Package:
    """Put lines into a new parcel of the seller's own carrier. Repeated: refused as shipped already."""
    if order.shipping_type != "SELLER":
        raise Refused(answers.NOT_THIS_WAY, "order is not shipped by the seller")
    if order.status not in SHIPPABLE | {"UNPAID", "ON_HOLD", "CANCELLED"} or any(line.arranged for line in lines):
        raise Refused(answers.LINES_SHIPPED, "These orders are already shipped.")
    _shippable(shop, order)
    number, provider = checked(shipment)
    package = _pack(shop, [order], lines)
    package.tracking_number, package.provider_id = number, provider
    _arrange(shop, package)
    _tell(shop, package)
    return package


def renumber(shop: Shop, package: Package, shipment: SelfShipment) -> None:
    """Give a parcel of the seller's own carrier another number: within three days, once, and not once it arrived."""
    if package.shipping_type != "SELLER" or package.status == "TO_FULFILL":
        raise Refused(answers.NOT_THIS_WAY, "order is not shipped by the seller")
    if package.status in {"COMPLETED", "CANCELLED"}:
        raise Refused(answers.DELIVERED_ALREADY, "The package has been delivered.")
    if shop.now() > package.shipped_time + RENUMBER_WITHIN:
        raise Refused(answers.NUMBER_FIXED, "Tracking number can only be updated within 72 hours.")
    if package.renumbered:
        raise Refused(answers.NUMBER_CHANGED_BEFORE, "Tracking number can be updated once only.")
    package.tracking_number, package.provider_id = checked(shipment)
    package.renumbered, package.update_time = True, shop.now()


def checked(shipment: SelfShipment | None) -> tuple[str, str]:
    """Number and provider of the seller's own carrier."""
    if (
        shipment is None
        or not TRACKING_NUMBER.fullmatch(shipment.tracking_number)
        or shipment.shipping_provider_id not in PROVIDERS
    ):
        raise Refused(answers.BAD_TRACKING_NUMBER, "Invalid tracking number or provider ID.")
    return shipment.tracking_number, shipment.shipping_provider_id


def _shippable(shop: Shop, order: Order) -> None:
    """In the US shipping turns down a buyer who asks to cancel; elsewhere the seller answers first."""
    if order.by_platform:
        raise Refused(answers.FULFILLED_BY_PLATFORM, "Seller cannot operate orders which are fulfilled by platform")
    if order.status == "CANCELLED":
        raise Refused(answers.ORDER_CANCELLED, "Cannot complete the operation when order is cancelled.")
    if order.status in {"UNPAID", "ON_HOLD"}:
        raise Refused(answers.ORDER_ON_HOLD, "order is on hold")
    if order.status not in SHIPPABLE:
        raise Refused(answers.NOT_AWAITING_SHIPMENT, "These orders are not in the Awaiting shipment status.")
    asked = pending_cancellations(shop, order)
    if asked and shop.region != "US":
        raise Refused(answers.AFTERSALE_OPEN, "Package item has after-sale request")
    for request in asked:
        request.status = "CANCELLATION_REQUEST_CANCEL"
        order.request_cancel_time = 0
        shop.cancellation_changed(request)


def pending_cancellations(shop: Shop, order: Order) -> list[Cancellation]:
    """What a buyer asks for and nobody has answered."""
    if not order.request_cancel_time:
        return []
    return [
        request
        for request in shop.cancellations.values()
        if request.order_id == order.id and request.status == "CANCELLATION_REQUEST_PENDING"
    ]


def _pack(shop: Shop, orders: Sequence[Order], lines: Sequence[Line]) -> Package:
    """A new parcel; lines that were meant for another leave it, and one that is empty then is gone."""
    package = Package(
        id=shop.next_id("1152"),
        order_ids=[order.id for order in orders],
        line_ids=[line.id for line in lines],
        create_time=shop.now(),
        update_time=shop.now(),
        shipping_type=orders[0].shipping_type,
    )
    if len(orders) > 1:
        package.tag = "COMBINED"
    elif len(lines) < len(orders[0].open_lines):
        package.tag = "SPLIT"
    for line in lines:
        before = shop.packages.get(line.package_id)
        if before is not None:
            before.line_ids.remove(line.id)
            if not before.line_ids:
                del shop.packages[before.id]
        line.package_id = package.id
    shop.packages[package.id] = package
    return package


def _buy_label(package: Package, service: Service) -> None:
    package.provider_id = service.provider_id
    package.tracking_number = f"9200{int(package.id):022d}"


def _arrange(shop: Shop, package: Package) -> None:
    package.status, package.update_time, package.shipped_time = "PROCESSING", shop.now(), shop.now()
    inside = set(package.line_ids)
    for order in (shop.orders[order_id] for order_id in package.order_ids):
        for line in order.open_lines:
            line.arranged = line.arranged or line.id in inside
        buying.arranged(shop, order)


def _tell(shop: Shop, package: Package) -> None:
    if package.tag:
        shop.package_changed(package, "COMBINE" if package.tag == "COMBINED" else "SPLIT")
