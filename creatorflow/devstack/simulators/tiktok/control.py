"""
What drives the simulator: time, buyers, carriers, the shelf, tokens, quotas and where webhooks go.

Unsigned, and never met by a fault that does not name it. `?shop=` says of which shop; without it the first is meant.
409 says that things do not stand so, 422 that the body is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from creatorflow.devstack.simulators.tiktok import asking, buying, purchases
from creatorflow.devstack.simulators.tiktok.access import Access
from creatorflow.devstack.simulators.tiktok.aftersales import ReturnType
from creatorflow.devstack.simulators.tiktok.answers import Impossible, Refused
from creatorflow.devstack.simulators.tiktok.buying import Basket
from creatorflow.devstack.simulators.tiktok.clock import Clock
from creatorflow.devstack.simulators.tiktok.label import label_of
from creatorflow.devstack.simulators.tiktok.listing import Listing, offer
from creatorflow.devstack.simulators.tiktok.notices import Outbox, Subscription
from creatorflow.devstack.simulators.tiktok.order_view import order_view
from creatorflow.devstack.simulators.tiktok.orders import Buyer, Line, Order
from creatorflow.devstack.simulators.tiktok.quotas import Quotas
from creatorflow.devstack.simulators.tiktok.shipping import SelfShipment, mark_shipped
from creatorflow.devstack.simulators.tiktok.shop import Shop
from creatorflow.devstack.simulators.tiktok.stock import Sku, Warehouse
from creatorflow.devstack.simulators.tiktok.stock_calls import stock_view

T = TypeVar("T")
ROOT: Final = "/creatorflow"


class Ahead(msgspec.Struct, frozen=True, kw_only=True):
    """How much time passes at once."""

    advance_seconds: float = 0


class NewOrder(Basket, frozen=True, kw_only=True):
    """A basket; paid at once if it says so, and then on hold for so long (None: as the region has it)."""

    paid: bool = False
    hold_seconds: int | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer asks for after the sale. Without lines the whole order is meant."""

    line_ids: tuple[str, ...] = ()
    reason: str = "ecom_order_to_ship_canceled_reason_created_by_mistakes"
    type: ReturnType = "RETURN_AND_REFUND"


class SentBack(msgspec.Struct, frozen=True, kw_only=True):
    """How a buyer sends goods back."""

    tracking_number: str = "9400100000000000000000"


class Locks(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a SKU that creators and campaigns have locked."""

    creator_locked: int = 0
    campaign_locked: int = 0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Requests in a minute by class; `all` is everything of one shop."""

    limits: dict[str, int]


class World(NamedTuple):
    """Everything that can be driven."""

    shops: Mapping[str, Shop]
    access: Access
    quotas: Quotas
    outbox: Outbox
    clock: Clock


class Asks(NamedTuple):
    """One control request."""

    world: World
    shop: Shop
    path: Mapping[str, str]
    body: bytes

    def read(self, kind: type[T]) -> T:
        """The body; raises msgspec's own errors."""
        return msgspec.json.decode(self.body or b"{}", type=kind)

    @property
    def order(self) -> Order:
        """The order that the path names."""
        return self.shop.order(self.path["id"])


class Control:
    """The paths under `/creatorflow`, but for the signed stand-in for a delay."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Its paths: `GET` tells, `POST` does."""
        posts = [self._route("POST", path, action) for path, action in POSTS.items()]
        gets = [self._route("GET", path, told) for path, told in GETS.items()]
        return [*posts, *gets, Route(f"{ROOT}/documents/{{shop}}/{{id}}", self.document, methods=["GET"])]

    async def document(self, request: Request) -> Response:
        """The file of a shipping document, as long as its address is good."""
        shop = self._world.shops.get(request.path_params["shop"])
        package = shop.packages.get(request.path_params["id"]) if shop else None
        until = request.query_params.get("until", "")
        if shop is None or package is None or not until.isdecimal() or int(until) < shop.now():
            return Response(status_code=404)
        return Response(label_of(shop, package), media_type="application/pdf")

    def _route(self, method: str, path: str, action: Callable[[Asks], Any]) -> Route:
        async def answer(request: Request) -> Response:
            shop = self._world.shops.get(request.query_params.get("shop", next(iter(self._world.shops))))
            if shop is None:
                return JSONResponse({"error": "no such shop"}, status_code=404)
            asks = Asks(self._world, shop, request.path_params, await request.body())
            shop.catch_up()
            try:
                return JSONResponse(action(asks))
            except (Impossible, Refused) as error:
                return JSONResponse({"error": str(error)}, status_code=409)
            except (msgspec.MsgspecError, ValueError) as error:
                return JSONResponse({"error": str(error)}, status_code=422)

        return Route(f"{ROOT}{path}", answer, methods=[method])


def _advance(asks: Asks) -> dict[str, Any]:
    asks.world.clock.advance(asks.read(Ahead).advance_seconds)
    for shop in asks.world.shops.values():
        shop.catch_up()
    return _clock(asks)


def _clock(asks: Asks) -> dict[str, Any]:
    return {"now": asks.world.clock.now()}


def _subscribe(asks: Asks) -> dict[str, Any]:
    asks.world.outbox.subscription = asks.read(Subscription)
    return _webhooks(asks)


def _webhooks(asks: Asks) -> dict[str, Any]:
    outbox = asks.world.outbox
    return {"subscription": msgspec.to_builtins(outbox.subscription), **outbox.told()}


def _limit(asks: Asks) -> dict[str, Any]:
    asks.world.quotas.limits = dict(asks.read(Limits).limits)
    return _quotas(asks)


def _quotas(asks: Asks) -> dict[str, Any]:
    return {"limits": asks.world.quotas.limits, "asked": asks.world.quotas.told()}


def _consent(asks: Asks) -> dict[str, Any]:
    return {"code": asks.world.access.consent(asks.shop.id)}


def _expire(asks: Asks) -> dict[str, Any]:
    asks.world.access.expire(asks.shop.id)
    return {}


def _deauthorise(asks: Asks) -> dict[str, Any]:
    asks.world.access.withdraw(asks.shop.id)
    asks.shop.deauthorised()
    return {}


def _add_warehouse(asks: Asks) -> dict[str, Any]:
    warehouse = asks.read(Warehouse)
    asks.shop.warehouses[warehouse.id] = warehouse
    return {"id": warehouse.id}


def _list(asks: Asks) -> dict[str, Any]:
    return stock_view(offer(asks.shop, asks.read(Listing)))


def _lock(asks: Asks) -> dict[str, Any]:
    sku, locks = asks.shop.skus.get(asks.path["id"]), asks.read(Locks)
    if sku is None or locks.creator_locked + locks.campaign_locked > sku.levels.available:
        raise Impossible("no such SKU, or not so many units of it")
    before = sku.levels
    sku.creator_locked, sku.campaign_locked = locks.creator_locked, locks.campaign_locked
    asks.shop.stock_changed(sku, before)
    return stock_view(sku)


def _place(asks: Asks) -> dict[str, Any]:
    wanted = asks.read(NewOrder)
    order = buying.place(asks.shop, wanted)
    if wanted.paid and order.status == "UNPAID":
        buying.pay(asks.shop, order, hold_seconds=wanted.hold_seconds)
    return order_view(asks.shop, order)


def _buy(asks: Asks) -> dict[str, Any]:
    return {"order_ids": [order.id for order in purchases.buy(asks.shop, asks.read(purchases.Purchases))]}


def _steps(step: Callable[[Shop, Order], None]) -> Callable[[Asks], dict[str, Any]]:
    """A step of an order that needs nothing more to be said."""

    def take(asks: Asks) -> dict[str, Any]:
        step(asks.shop, asks.order)
        return order_view(asks.shop, asks.order)

    return take


def _arrange(asks: Asks) -> dict[str, Any]:
    order = asks.order
    mark_shipped(asks.shop, order, order.open_lines, asks.read(SelfShipment))
    return order_view(asks.shop, order)


def _change_address(asks: Asks) -> dict[str, Any]:
    buying.change_address(asks.shop, asks.order, asks.read(Buyer))
    return order_view(asks.shop, asks.order)


def _ask_to_cancel(asks: Asks) -> dict[str, Any]:
    asked = asks.read(Asked)
    request = asking.ask_to_cancel(asks.shop, asks.order, _lines(asks.order, asked.line_ids), asked.reason)
    return {"cancel_id": request.id, "cancel_status": request.status}


def _withdraw_cancellation(asks: Asks) -> dict[str, Any]:
    request = asks.shop.cancellations.get(asks.path["id"])
    if request is None:
        raise Impossible("no such cancellation")
    asking.withdraw_cancellation(asks.shop, request)
    return {"cancel_id": request.id, "cancel_status": request.status}


def _ask_to_return(asks: Asks) -> dict[str, Any]:
    asked = asks.read(Asked)
    lines = _lines(asks.order, asked.line_ids)
    request = asking.ask_to_return(asks.shop, asks.order, lines, asked.type, asked.reason)
    return {"return_id": request.id, "return_status": request.status}


def _send_back(asks: Asks) -> dict[str, Any]:
    request = asks.shop.returns.get(asks.path["id"])
    if request is None:
        raise Impossible("no such return")
    asking.send_back(asks.shop, request, asks.read(SentBack).tracking_number)
    return {"return_id": request.id, "return_status": request.status}


def _withdraw_return(asks: Asks) -> dict[str, Any]:
    request = asks.shop.returns.get(asks.path["id"])
    if request is None:
        raise Impossible("no such return")
    asking.withdraw_return(asks.shop, request)
    return {"return_id": request.id, "return_status": request.status}


def _lines(order: Order, line_ids: Sequence[str]) -> list[Line]:
    if not line_ids:
        return order.open_lines
    lines = [line for line in order.lines if line.id in line_ids]
    if len(lines) < len(set(line_ids)):
        raise Impossible("no such line")
    return lines


def _told_order(asks: Asks) -> dict[str, Any]:
    return order_view(asks.shop, asks.order)


def _told_stock(asks: Asks) -> dict[str, Any]:
    """The levels as the API shows them, and what each SKU sells beyond them, which the API shows of products alone."""
    return {"skus": [{**stock_view(sku), "backorders": _backorders(sku)} for sku in asks.shop.skus.values()]}


def _backorders(sku: Sku) -> dict[str, Any]:
    return {
        warehouse: {"quantity": shelf.backorder, "handling_time": shelf.handling_time}
        for warehouse, shelf in sku.shelves.items()
    }


POSTS: Final[dict[str, Callable[[Asks], Any]]] = {
    "/clock": _advance,
    "/webhooks": _subscribe,
    "/quotas": _limit,
    "/tokens/consent": _consent,
    "/tokens/expire": _expire,
    "/tokens/deauthorise": _deauthorise,
    "/warehouses": _add_warehouse,
    "/listings": _list,
    "/skus/{id}/locks": _lock,
    "/orders": _place,
    "/purchases": _buy,
    "/orders/{id}/pay": _steps(buying.pay),
    "/orders/{id}/release": _steps(buying.release),
    "/orders/{id}/arrange": _arrange,
    "/orders/{id}/collect": _steps(buying.collect),
    "/orders/{id}/deliver": _steps(buying.deliver),
    "/orders/{id}/complete": _steps(buying.complete),
    "/orders/{id}/address": _change_address,
    "/orders/{id}/cancellation": _ask_to_cancel,
    "/orders/{id}/return": _ask_to_return,
    "/cancellations/{id}/withdraw": _withdraw_cancellation,
    "/returns/{id}/send-back": _send_back,
    "/returns/{id}/withdraw": _withdraw_return,
}
GETS: Final[dict[str, Callable[[Asks], Any]]] = {
    "/clock": _clock,
    "/webhooks": _webhooks,
    "/quotas": _quotas,
    "/stock": _told_stock,
    "/orders/{id}": _told_order,
}
