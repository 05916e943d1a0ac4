"""Parcels over the API."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

import msgspec

from creatorflow.devstack.simulators.record import Record
from creatorflow.devstack.simulators.tiktok import answers, shipping
from creatorflow.devstack.simulators.tiktok.answers import Refused
from creatorflow.devstack.simulators.tiktok.calls import Call, Endpoint
from creatorflow.devstack.simulators.tiktok.order_view import address_view
from creatorflow.devstack.simulators.tiktok.orders import Line, Order
from creatorflow.devstack.simulators.tiktok.packages import PROVIDERS, SERVICES, Package, Service, service_of
from creatorflow.devstack.simulators.tiktok.shipping import SelfShipment, Shipment
from creatorflow.devstack.simulators.tiktok.shop import Shop
from gateways.tiktok.mapping import PACKAGES_PER_REQUEST, SHIP_PATH

GRAMS_PER_POUND: Final = Decimal("453.59237")
DOCUMENT_SECONDS: Final = 24 * 3_600


class BatchPackage(Shipment, frozen=True, kw_only=True):
    """One parcel of a batch."""

    id: str


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """The body of Batch Ship Packages."""

    packages: tuple[BatchPackage, ...]


class LineOfPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is meant for a parcel."""

    order_line_id: str


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """How heavy a parcel is."""

    value: str
    unit: Literal["GRAM", "POUND"]

    @property
    def grams(self) -> int:
        """In whole grams. Refused: what is no weight."""
        try:
            value = Decimal(self.value)
        except InvalidOperation:
            raise Refused(answers.INVALID_PARAMETERS, "weight is no number") from None
        if not value.is_finite() or value <= 0:
            raise Refused(answers.INVALID_PARAMETERS, "weight must be above 0")
        return round(value * (GRAMS_PER_POUND if self.unit == "POUND" else 1))


class NewPackage(msgspec.Struct, frozen=True, kw_only=True):
    """The body of Create Packages: 1 is one order, 2 some lines of it, 3 several orders."""

    ship_type: Literal["1", "2", "3"]
    order_id: str = ""
    order_line_item: tuple[LineOfPackage, ...] = ()
    order_list_ids: tuple[str, ...] = ()
    shipping_service_id: str = ""
    weight: Weight | None = None


class ShippedLines(msgspec.Struct, frozen=True, kw_only=True):
    """The body of Mark Package As Shipped. Without lines, all that are not shipped yet."""

    order_line_list: tuple[LineOfPackage, ...] = ()
    shipping_info_list: tuple[SelfShipment, ...] = ()


class PackageCalls:
    """
    A shop whose orders were never told here ships any package id; it is shipped once, and stays so after a restart.

    That is how shops are that get their orders in the specification's format.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._untold = {(entry["shop"], entry["package"]): entry for entry in record.done("shipped")}

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Its paths."""
        return (
            Endpoint("POST", SHIP_PATH, "fulfilment", self.ship_batch),
            Endpoint("POST", "/fulfillment/202309/packages/{id}/ship", "fulfilment", self.ship_one),
            Endpoint("POST", "/fulfillment/202512/packages", "fulfilment", create),
            Endpoint("POST", "/fulfillment/202610/orders/{id}/packages", "fulfilment", self.mark_shipped),
            Endpoint("POST", "/fulfillment/202610/packages/{id}/shipping_info/update", "fulfilment", self.renumber),
            Endpoint("GET", "/fulfillment/202309/packages/{id}", "fulfilment.read", self.detail),
            Endpoint("GET", "/fulfillment/202309/packages/{id}/shipping_documents", "fulfilment.read", document),
            Endpoint("POST", "/fulfillment/202309/orders/{id}/shipping_services/query", "fulfilment.read", services),
        )

    def ship_batch(self, call: Call) -> dict[str, Any]:
        """Batch Ship Packages: succeeds as a whole, and lists what failed."""
        batch = call.read(Batch)
        if not 1 <= len(batch.packages) <= PACKAGES_PER_REQUEST:
            raise Refused(answers.BAD_PARAMETERS, f"1 to {PACKAGES_PER_REQUEST} packages", status=400)
        errors = []
        for package in batch.packages:
            try:
                self._ship(call.shop, package.id, package)
            except Refused as refused:
                errors.append(refused.listed(package_id=package.id))
        return {"errors": errors} if errors else {}

    def ship_one(self, call: Call) -> dict[str, Any]:
        """Ship Package."""
        self._ship(call.shop, call.path["id"], call.read(Shipment))
        return {}

    def mark_shipped(self, call: Call) -> dict[str, Any]:
        """Mark Package As Shipped."""
        wanted = call.read(ShippedLines)
        order = _order(call.shop, call.path["id"])
        shipment = next(iter(wanted.shipping_info_list), None)
        if shipment is None:
            raise Refused(answers.BAD_TRACKING_NUMBER, "Invalid tracking number or provider ID.")
        package = shipping.mark_shipped(call.shop, order, _lines(order, wanted.order_line_list), shipment)
        self._write(call.shop, package)
        return {"order_id": order.id, "order_line_item_ids": package.line_ids, "package_id": package.id}

    def renumber(self, call: Call) -> dict[str, Any]:
        """Update Package Shipping Info."""
        package = _package(call.shop, call.path["id"])
        shipping.renumber(call.shop, package, call.read(SelfShipment))
        self._write(call.shop, package)
        return {"package_id": package.id}

    def detail(self, call: Call) -> dict[str, Any]:
        """Get Package Detail."""
        package_id = call.path["id"]
        entry = self._untold.get((call.shop.id, package_id))
        if package_id not in call.shop.packages and entry is not None:
            return {"package_id": entry["package"], "tracking_number": entry["tracking_number"]}
        return package_view(call.shop, _package(call.shop, package_id))

    def _ship(self, shop: Shop, package_id: str, shipment: Shipment) -> None:
        self._record.asked(package_id)
        if package_id in shop.packages:
            shipping.ship(shop, shop.packages[package_id], shipment)
            self._write(shop, shop.packages[package_id])
        elif shop.orders:
            raise Refused(answers.PACKAGE_OF_OTHER_SHOP, "The package does not belong to the current shop.")
        else:
            self._ship_untold(shop, package_id, shipment)

    def _ship_untold(self, shop: Shop, package_id: str, shipment: Shipment) -> None:
        if (shop.id, package_id) in self._untold:
            raise Refused(answers.PACKAGE_SHIPPED, "Package has been shipped. Please not ship the package again.")
        number, provider = shipping.checked(shipment.self_shipment)
        entry = {"shop": shop.id, "package": package_id, "tracking_number": number, "provider": provider}
        self._record.did("shipped", **entry)
        self._untold[shop.id, package_id] = entry

    def _write(self, shop: Shop, package: Package) -> None:
        self._record.did(
            "shipped",
            shop=shop.id,
            package=package.id,
            orders=package.order_ids,
            tracking_number=package.tracking_number,
            provider=package.provider_id,
        )


def create(call: Call) -> dict[str, Any]:
    """Create Packages."""
    wanted = call.read(NewPackage)
    ids = wanted.order_list_ids if wanted.ship_type == "3" else (wanted.order_id,)
    orders = [_order(call.shop, order_id) for order_id in dict.fromkeys(ids)]
    if (
        not orders
        or (wanted.ship_type == "3") != (len(orders) > 1)
        or (wanted.ship_type == "2") != bool(wanted.order_line_item)
    ):
        raise Refused(answers.INVALID_PARAMETERS, "Invalid parameters for this ship_type.")
    lines = [line for order in orders for line in _lines(order, wanted.order_line_item)]
    service = service_of(wanted.shipping_service_id)
    if service is None:
        raise Refused(answers.SERVICE_NOT_FOUND, "create label shipping service not found")
    grams = wanted.weight.grams if wanted.weight else 0
    package, bought = shipping.create(call.shop, orders, lines, service, grams)
    return {
        "package_id": package.id,
        "create_time": package.create_time,
        "weight": {"value": str(package.grams), "unit": "GRAM"},
        "shipping_service_info": service_view(bought),
    }


def services(call: Call) -> dict[str, Any]:
    """Get Eligible Shipping Services. Refused for orders that the seller ships."""
    order = _order(call.shop, call.path["id"])
    if order.shipping_type != "TIKTOK":
        raise Refused(answers.NOT_BY_THE_TRADE_RULE, "not match trade rule")
    offered = [{**service_view(service), "is_default": service.is_default} for service in SERVICES]
    return {"order_id": order.id, "shipping_services": offered}


def document(call: Call) -> dict[str, Any]:
    """Get Package Shipping Document: the shipping label as a PDF alone, valid for 24 hours."""
    package = _package(call.shop, call.path["id"])
    if package.shipping_type != "TIKTOK":
        raise Refused(answers.DOCUMENT_OF_SELLER_SHIPPING, "This API is only applicable to TikTok Shipping orders.")
    if call.query("document_type") != "SHIPPING_LABEL" or call.query("document_format") not in {"", "PDF"}:
        raise Refused(answers.INVALID_PARAMETERS, "only a SHIPPING_LABEL as PDF is made here")
    if package.status == "CANCELLED":
        raise Refused(answers.DOCUMENT_OF_CANCELLED, "Package has already been cancelled.")
    if package.status == "TO_FULFILL":
        raise Refused(answers.DOCUMENT_BEFORE_ARRANGING, "Please arrange shipment first.")
    if package.status != "PROCESSING":
        raise Refused(answers.DOCUMENT_AFTER_PICKUP, "Documents couldn't be printed after the package has been pickup.")
    until = call.shop.now() + DOCUMENT_SECONDS
    url = f"{call.base}/creatorflow/documents/{call.shop.id}/{package.id}?until={until}"
    return {"doc_url": url, "tracking_number": package.tracking_number}


def package_view(shop: Shop, package: Package) -> dict[str, Any]:
    """A parcel as Get Package Detail shows it."""
    inside = set(package.line_ids)
    orders = [shop.orders[order_id] for order_id in package.order_ids]
    return {
        "package_id": package.id,
        "package_status": package.status,
        "orders": [{"id": order.id, "skus": _skus(order, inside)} for order in orders],
        "order_line_item_ids": package.line_ids,
        "split_and_combine_tag": package.tag,
        "shipping_type": package.shipping_type,
        "shipping_provider_id": package.provider_id,
        "shipping_provider_name": PROVIDERS.get(package.provider_id, ""),
        "tracking_number": package.tracking_number,
        "handover_method": package.handover_method,
        "weight": {"value": str(package.grams), "unit": "GRAM"},
        "recipient_address": address_view(orders[0], shop.now()),
        "create_time": package.create_time,
        "update_time": package.update_time,
    }


def service_view(service: Service) -> dict[str, Any]:
    """A way to ship, as it is offered and as it was bought."""
    return {
        "id": service.id,
        "name": service.name,
        "price": service.price,
        "currency": "USD",
        "earliest_delivery_days": service.earliest_delivery_days,
        "latest_delivery_days": service.latest_delivery_days,
        "shipping_provider_id": service.provider_id,
        "shipping_provider_name": PROVIDERS[service.provider_id],
    }


def _skus(order: Order, inside: set[str]) -> list[dict[str, Any]]:
    units: dict[str, int] = {}
    for line in order.lines:
        if line.id in inside:
            units[line.sku_id] = units.get(line.sku_id, 0) + 1
    return [{"id": sku_id, "quantity": quantity} for sku_id, quantity in units.items()]


def _package(shop: Shop, package_id: str) -> Package:
    package = shop.packages.get(package_id)
    if package is None:
        raise Refused(answers.PACKAGE_OF_OTHER_SHOP, "The package does not belong to the current shop.")
    return package


def _order(shop: Shop, order_id: str) -> Order:
    order = shop.orders.get(order_id)
    if order is None:
        raise Refused(answers.LINE_NOT_OF_ORDER, "order does not belong to fulfill unit")
    return order


def _lines(order: Order, wanted: Sequence[LineOfPackage]) -> list[Line]:
    """The named lines, each once; without names all that are open and not arranged."""
    if not wanted:
        rest = [line for line in order.open_lines if not line.arranged]
        return rest or order.open_lines
    lines = [order.line(line_id) for line_id in dict.fromkeys(each.order_line_id for each in wanted)]
    known = [line for line in lines if line is not None and not line.cancelled]
    if len(known) < len(lines):
        raise Refused(answers.LINE_NOT_OF_ORDER, "order does not belong to fulfill unit")
    return known
