"""One shop: everything that TikTok keeps of it, and how a change is told by webhook."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Final

from creatorflow.devstack.simulators.tiktok import notices
from creatorflow.devstack.simulators.tiktok.aftersales import Cancellation, Return
from creatorflow.devstack.simulators.tiktok.answers import Impossible
from creatorflow.devstack.simulators.tiktok.clock import Clock
from creatorflow.devstack.simulators.tiktok.notices import Outbox
from creatorflow.devstack.simulators.tiktok.orders import Order
from creatorflow.devstack.simulators.tiktok.packages import Package
from creatorflow.devstack.simulators.tiktok.stock import LOW_STOCK_THRESHOLD, Levels, Product, Sku, Warehouse

PACKAGE_AFTER_SHIPPING: Final = frozenset({"US"})
"""Where an order has no package before it is arranged; elsewhere it has one from its payment."""
HOLDS_AFTER_PAYMENT: Final = frozenset({"US", "UK", "GB"})


class Shop:
    """State in memory; what changes it stands in modules of their own, by noun."""

    def __init__(self, shop_id: str, region: str, clock: Clock, outbox: Outbox) -> None:
        self.id = shop_id
        self.region = region
        self.clock = clock
        self.outbox = outbox
        self.warehouses = {"7068517275539719001": Warehouse(id="7068517275539719001")}
        self.products: dict[str, Product] = {}
        self.skus: dict[str, Sku] = {}
        self.orders: dict[str, Order] = {}
        self.packages: dict[str, Package] = {}
        self.cancellations: dict[str, Cancellation] = {}
        self.returns: dict[str, Return] = {}
        self._numbers: Counter[str] = Counter()
        self._timers: list[tuple[int, int, Callable[[], None]]] = []
        self._tie = count()

    def now(self) -> int:
        """The second that it is here."""
        return self.clock.now()

    def next_id(self, prefix: str) -> str:
        """An id of eighteen digits that begins like this."""
        self._numbers[prefix] += 1
        return f"{prefix}{self._numbers[prefix]:0{18 - len(prefix)}d}"

    def order(self, order_id: str) -> Order:
        """The order that a control names."""
        if order_id not in self.orders:
            raise Impossible(f"no order {order_id}")
        return self.orders[order_id]

    def later(self, at: int, action: Callable[[], None]) -> None:
        """Do this once it is that time; the action looks itself whether it still applies."""
        heapq.heappush(self._timers, (at, next(self._tie), action))

    def catch_up(self) -> None:
        """Do what is due by now."""
        while self._timers and self._timers[0][0] <= self.now():
            heapq.heappop(self._timers)[2]()

    def touched(self, order: Order, status_before: str) -> None:
        """An order changed: its time moves, and another status is told."""
        order.update_time = self.now()
        if order.status == status_before:
            return
        spelled = "CANCEL" if order.status == "CANCELLED" else order.status
        self._say(
            notices.ORDER_STATUS,
            order_id=order.id,
            order_status=spelled,
            is_on_hold_order=order.status == "ON_HOLD",
            update_time=order.update_time,
        )

    def address_changed(self, order: Order) -> None:
        """Tell that an order has another address."""
        order.update_time = self.now()
        self._say(notices.RECIPIENT_ADDRESS, order_id=order.id, update_time=order.update_time)

    def package_changed(self, package: Package, kind: str) -> None:
        """Tell that lines or orders are packed otherwise than each order by itself."""
        package.update_time = self.now()
        self._say(
            notices.PACKAGE_UPDATE,
            sc_type=kind,
            role_type="ROLE_SELLER",
            package_list=[{"package_id": package.id, "order_id_list": package.order_ids}],
            update_time=package.update_time,
        )

    def product_changed(self, product: Product) -> None:
        """Tell another status of a product; the number is bare in this topic."""
        product.update_time = self.now()
        self._say(
            notices.PRODUCT_STATUS,
            product_id=int(product.id),
            status="PRODUCT_STATUS_CHANGED",
            suspended_reason="",
            update_time=product.update_time,
        )

    def cancellation_changed(self, request: Cancellation) -> None:
        """Tell where a cancellation stands; the webhook spells one status otherwise than the API."""
        request.update_time = self.now()
        withdrawn = request.status == "CANCELLATION_REQUEST_CANCEL"
        self._say(
            notices.CANCELLATION_STATUS,
            order_id=request.order_id,
            cancellations_role=request.role,
            cancel_status="CANCELLATION_REQUEST_CANCELLED" if withdrawn else request.status,
            cancel_id=request.id,
            create_time=request.create_time,
        )

    def return_changed(self, request: Return) -> None:
        """Tell where a return stands."""
        request.update_time = self.now()
        self._say(
            notices.RETURN_STATUS,
            order_id=request.order_id,
            return_role="BUYER",
            return_type=request.type,
            return_status=request.status,
            return_id=request.id,
            create_time=request.create_time,
            update_time=request.update_time,
        )

    def stock_changed(self, sku: Sku, before: Levels) -> None:
        """Tell what changed of a SKU, and apart from it a level that is called otherwise now."""
        after = sku.levels
        if after != before:
            self._say_change(sku, before, after)
        if after.status != before.status:
            self._say_level(sku, after)

    def deauthorised(self) -> None:
        """Tell that the seller took the consent back."""
        self._say(notices.SELLER_DEAUTHORIZED, message="seller cancelled the authorization")

    def _say_change(self, sku: Sku, before: Levels, after: Levels) -> None:
        at = datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        event = self.next_id("inv-")
        deltas = {
            "total_quantity_delta": after.available + after.committed - before.available - before.committed,
            "available_quantity_delta": after.available - before.available,
            "committed_quantity_delta": after.committed - before.committed,
            "in_shop_quantity_delta": after.in_shop - before.in_shop,
            "campaign_locked_quantity_delta": after.campaign_locked - before.campaign_locked,
            "creator_locked_quantity_delta": after.creator_locked - before.creator_locked,
        }
        change = {"idempotency_key": f"{event}-1", "trigger_source": "UNKNOWN_ENUM_VALUE", "occurred_at": at, **deltas}
        self._say(
            notices.INVENTORY_CHANGED,
            event_id=event,
            occurred_at=at,
            shop_id=int(self.id),
            product_id=int(sku.product_id),
            sku_id=int(sku.id),
            quantity_snapshot_after_change={
                "total_quantity": after.available + after.committed,
                "total_available_quantity": after.available,
                "total_committed_quantity": after.committed,
                "in_shop_quantity": after.in_shop,
                "campaign_locked_quantity": after.campaign_locked,
                "creator_locked_quantity": after.creator_locked,
            },
            change_detail=[change],
        )

    def _say_level(self, sku: Sku, levels: Levels) -> None:
        self._say(
            notices.INVENTORY_STATUS,
            product_id=sku.product_id,
            sku_id=sku.id,
            trigger_reason={"alert_type": "REALTIME", "low_stock_threshold": LOW_STOCK_THRESHOLD},
            current_inventory_status=levels.status,
            inventory_distribution={
                "total_quantity": levels.available + levels.committed,
                "available_quantity": levels.in_shop,
                "creator_reserved_quantity": levels.creator_locked,
                "campaign_reserved_quantity": levels.campaign_locked,
                "committed_quantity": levels.committed,
            },
            update_time=self.now(),
        )

    def _say(self, topic: int, **data: object) -> None:
        self.outbox.say(self.id, topic, data, self.now())
