"""What buyers, carriers and time do to orders. Each raises `Impossible` where the order does not stand so."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Final, Literal

import msgspec

from creatorflow.devstack.simulators.tiktok import orders, stock
from creatorflow.devstack.simulators.tiktok.answers import Impossible
from creatorflow.devstack.simulators.tiktok.orders import Buyer, Line, Order
from creatorflow.devstack.simulators.tiktok.packages import Package
from creatorflow.devstack.simulators.tiktok.shop import HOLDS_AFTER_PAYMENT, PACKAGE_AFTER_SHIPPING, Shop

LINES_MAX: Final = 500


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """So many units of one SKU in a basket, at its own price unless another is given."""

    sku_id: str
    units: int = 1
    price: str = ""
    is_gift: bool = False
    room_id: str = ""


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer orders. `order_id` is chosen here, or given where a story needs to know it beforehand."""

    items: tuple[Item, ...]
    buyer: Buyer = Buyer()
    order_id: str = ""
    shipping_type: Literal["SELLER", "TIKTOK"] = "SELLER"
    fulfillment_type: Literal["FULFILLMENT_BY_SELLER", "FULFILLMENT_BY_TIKTOK"] = "FULFILLMENT_BY_SELLER"
    order_type: str = "NORMAL"
    is_sample_order: bool = False
    shipping_fee: str = "0.00"
    platform_discount: str = "0.00"
    replaced_order_id: str = ""


def place(shop: Shop, basket: Basket) -> Order:
    """A buyer orders: the units are committed at once. Repeated: an order id that is known is not placed again."""
    if basket.order_id in shop.orders:
        return shop.orders[basket.order_id]
    if not 1 <= sum(item.units for item in basket.items) <= LINES_MAX or any(item.units < 1 for item in basket.items):
        raise Impossible(f"an order has 1 to {LINES_MAX} units")
    unknown = [item.sku_id for item in basket.items if item.sku_id not in shop.skus]
    if unknown:
        raise Impossible(f"no SKU {unknown[0]}")
    for text in (basket.shipping_fee, basket.platform_discount, *(item.price or "0" for item in basket.items)):
        if not stock.AMOUNT.fullmatch(text):
            raise Impossible(f"{text} is no amount")
    order = Order(
        id=basket.order_id or shop.next_id("5768"),
        buyer=basket.buyer,
        lines=_lines(shop, basket),
        currency=shop.skus[basket.items[0].sku_id].currency,
        create_time=shop.now(),
        update_time=shop.now(),
        shipping_fee=basket.shipping_fee,
        platform_discount=basket.platform_discount,
        shipping_type=basket.shipping_type,
        fulfillment_type=basket.fulfillment_type,
        order_type=basket.order_type,
        is_sample_order=basket.is_sample_order,
        replaced_order_id=basket.replaced_order_id,
    )
    shop.orders[order.id] = order
    shop.touched(order, "")
    return order


def pay(shop: Shop, order: Order, *, hold_seconds: int | None = None) -> None:
    """The buyer pays. Where buyers may think better of it, the order is on hold for an hour."""
    before = order.status
    orders.pay(order, shop.now())
    if hold_seconds is None:
        hold_seconds = orders.HOLD_SECONDS if shop.region in HOLDS_AFTER_PAYMENT else 0
    if hold_seconds == 0:
        _start(shop, order, before)
        return
    shop.touched(order, before)
    shop.later(shop.now() + hold_seconds, lambda: release(shop, order) if order.status == "ON_HOLD" else None)


def release(shop: Shop, order: Order) -> None:
    """The hold ends: the seller can ship."""
    if order.status != "ON_HOLD":
        raise Impossible(f"order {order.id} is {order.status}")
    _start(shop, order, order.status)


def collect(shop: Shop, order: Order) -> None:
    """The carrier scans its parcels: the units are gone."""
    before = order.status
    orders.collect(order, shop.now())
    for line in order.open_lines:
        if not order.by_platform:
            _move_stock(shop, line, stock.leave)
    _set_packages(shop, order, "FULFILLING")
    shop.touched(order, before)


def deliver(shop: Shop, order: Order) -> None:
    """The carrier brings its parcels."""
    before = order.status
    orders.deliver(order, shop.now())
    _set_packages(shop, order, "COMPLETED")
    shop.touched(order, before)


def complete(shop: Shop, order: Order) -> None:
    """The buyer's time to send it back is over."""
    before = order.status
    orders.complete(order, shop.now())
    shop.touched(order, before)


def change_address(shop: Shop, order: Order, buyer: Buyer) -> None:
    """The buyer gives another address."""
    orders.change_address(order, buyer)
    shop.address_changed(order)


def cancel(shop: Shop, order: Order, lines: Sequence[Line], role: str, reason: str) -> None:
    """Lines are cancelled: their units go back to the shelf, and leave their parcels."""
    before = order.status
    gone = order.status in {"IN_TRANSIT", "DELIVERED", "COMPLETED"}
    orders.cancel_lines(order, lines, role, reason, shop.now())
    for line in lines:
        if not order.by_platform and not gone:
            _move_stock(shop, line, stock.give_back)
        _unpack(shop, line)
    shop.touched(order, before)


def arranged(shop: Shop, order: Order) -> None:
    """Lines of this order have a parcel that is arranged; nobody who has not shipped in time is cancelled any more."""
    before = order.status
    orders.arrange(order, shop.now())
    shop.touched(order, before)
    if order.status == "AWAITING_COLLECTION":
        shop.later(order.collection_due_time, lambda: _cancel_overdue(shop, order, "AWAITING_COLLECTION"))


def _start(shop: Shop, order: Order, before: str) -> None:
    orders.release(order)
    if shop.region not in PACKAGE_AFTER_SHIPPING and not order.by_platform:
        package = Package(
            id=shop.next_id("1152"),
            order_ids=[order.id],
            line_ids=[line.id for line in order.open_lines],
            create_time=shop.now(),
            update_time=shop.now(),
            shipping_type=order.shipping_type,
        )
        shop.packages[package.id] = package
        for line in order.open_lines:
            line.package_id = package.id
    shop.touched(order, before)
    shop.later(order.shipping_due_time, lambda: _cancel_overdue(shop, order, "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"))


def _cancel_overdue(shop: Shop, order: Order, *statuses: str) -> None:
    if order.status in statuses:
        cancel(shop, order, order.open_lines, "SYSTEM", "seller did not ship in time")


def _lines(shop: Shop, basket: Basket) -> list[Line]:
    """The units of the basket, committed; nothing is if one of them cannot be had."""
    by_platform = basket.fulfillment_type == "FULFILLMENT_BY_TIKTOK"
    tried = {item.sku_id: deepcopy(shop.skus[item.sku_id]) for item in basket.items}
    warehouses = ["" if by_platform else stock.commit(tried[item.sku_id], item.units) for item in basket.items]
    for item in basket.items:
        product = shop.products[tried[item.sku_id].product_id]
        if product.status != "ACTIVATE":
            raise Impossible(f"product {product.id} is {product.status}")
    for sku_id, sold in tried.items():
        before = shop.skus[sku_id].levels
        shop.skus[sku_id].shelves = sold.shelves
        shop.stock_changed(sold, before)
    return [
        _line(shop, item, warehouse)
        for item, warehouse in zip(basket.items, warehouses, strict=True)
        for _ in range(item.units)
    ]


def _line(shop: Shop, item: Item, warehouse: str) -> Line:
    sku = shop.skus[item.sku_id]
    return Line(
        id=shop.next_id("5770"),
        sku_id=sku.id,
        product_id=sku.product_id,
        seller_sku=sku.seller_sku,
        name=shop.products[sku.product_id].title,
        price="0.00" if item.is_gift else item.price or sku.price,
        warehouse_id=warehouse,
        is_gift=item.is_gift,
        room_id=item.room_id,
    )


def _unpack(shop: Shop, line: Line) -> None:
    """A cancelled unit leaves its parcel; a parcel without any is not sent."""
    package = shop.packages.get(line.package_id)
    if package is None:
        return
    package.line_ids.remove(line.id)
    package.update_time = shop.now()
    if not package.line_ids:
        package.status = "CANCELLED"


def _move_stock(shop: Shop, line: Line, move: stock.Move) -> None:
    sku = shop.skus[line.sku_id]
    before = sku.levels
    move(sku, line.warehouse_id, 1)
    shop.stock_changed(sku, before)


def _set_packages(shop: Shop, order: Order, status: Literal["FULFILLING", "COMPLETED"]) -> None:
    for package in (shop.packages[package_id] for package_id in order.package_ids):
        if package.status != "CANCELLED":
            package.status, package.update_time = status, shop.now()
