"""The demo's real purchases as orders: every unit a line, every price band a SKU that is listed when first bought."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from creatorflow.demo.people import invent_buyer
from creatorflow.demo.purchases import Purchase, read_purchases
from creatorflow.demo.webhooks import Run, price_of, sku_of, start_run
from creatorflow.devstack.simulators.tiktok import buying
from creatorflow.devstack.simulators.tiktok.buying import Basket, Item
from creatorflow.devstack.simulators.tiktok.listing import Listing, offer
from creatorflow.devstack.simulators.tiktok.orders import Buyer, Order
from creatorflow.devstack.simulators.tiktok.shop import Shop
from creatorflow.devstack.simulators.tiktok.stock import QUANTITY_MAX


class Purchases(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are bought; `started_at` in seconds makes the order numbers, and is now where it is 0."""

    first_row: int = 1
    orders: int = 1
    started_at: int = 0


def buy(shop: Shop, wanted: Purchases) -> list[Order]:
    """Place these purchases, paid and to be shipped. Repeated with the same start: placed once."""
    purchases = read_purchases(wanted.first_row + wanted.orders - 1)
    run = start_run(purchases, datetime.fromtimestamp(wanted.started_at or shop.now(), UTC))
    return [_buy(shop, purchase, run) for purchase in purchases[wanted.first_row - 1 :]]


def _buy(shop: Shop, purchase: Purchase, run: Run) -> Order:
    sku, price = sku_of(purchase), str(price_of(purchase))
    if sku not in shop.skus:
        offer(shop, Listing(product_id=f"1729{sku[-14:]}", sku_id=sku, price=price, quantity=QUANTITY_MAX))
    buyer = Buyer(user_id=purchase.customer, **invent_buyer(purchase.customer)._asdict())
    item = Item(sku_id=sku, units=purchase.quantity, price=price)
    number = run.order_number(purchase.row)
    if number in shop.orders:
        return shop.orders[number]
    order = buying.place(shop, Basket(order_id=number, items=(item,), buyer=buyer))
    buying.pay(shop, order, hold_seconds=0)
    return order
