"""TikTok Shop as an application: the API that an app calls, and the webhooks that it is called with."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from creatorflow.devstack.simulators.faults import Faults
from creatorflow.devstack.simulators.record import Record
from creatorflow.devstack.simulators.tiktok import aftersale_calls, answers, order_calls, shop_calls, stock_calls
from creatorflow.devstack.simulators.tiktok.access import Access, Asked
from creatorflow.devstack.simulators.tiktok.answers import Refused, envelope, refusal
from creatorflow.devstack.simulators.tiktok.calls import Call, Endpoint
from creatorflow.devstack.simulators.tiktok.clock import Clock
from creatorflow.devstack.simulators.tiktok.control import Control, World
from creatorflow.devstack.simulators.tiktok.delivery import Courier, HttpPost
from creatorflow.devstack.simulators.tiktok.notices import Outbox, Subscription
from creatorflow.devstack.simulators.tiktok.package_calls import PackageCalls
from creatorflow.devstack.simulators.tiktok.quotas import Quotas
from creatorflow.devstack.simulators.tiktok.shop import Shop
from gateways.tiktok.client import App, ShopAccess
from gateways.tiktok.mapping import DELAYS_PATH, Delay

DEFAULT_REGION: Final = "US"
METHODS: Final = ["GET", "POST", "PUT", "DELETE"]


class TikTokService:
    """One app, its shops, and everything that happens there."""

    def __init__(
        self,
        faults: Faults,
        record: Record,
        app: App,
        access: Mapping[str, ShopAccess],
        *,
        regions: Mapping[str, str] | None = None,
        subscription: Subscription | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._faults = faults
        self._record = record
        self.clock = Clock(wall)
        self.outbox = Outbox(app, subscription or Subscription())
        self._access = Access(app, access, self.clock)
        self._quotas = Quotas()
        named = regions or {}
        self.shops = {shop: Shop(shop, named.get(shop, DEFAULT_REGION), self.clock, self.outbox) for shop in access}
        self._packages = PackageCalls(record)
        self._world = World(self.shops, self._access, self._quotas, self.outbox, self.clock)

    def routes(self) -> list[Route]:
        """Its paths; every other is a bad path."""
        endpoints = (
            *order_calls.ENDPOINTS,
            *self._packages.endpoints(),
            *stock_calls.ENDPOINTS,
            *aftersale_calls.ENDPOINTS,
            *shop_calls.ENDPOINTS,
            Endpoint("POST", DELAYS_PATH, "fulfilment", self._delay),
        )
        return [
            Route("/api/v2/token/get", self._token(self._access.exchange), methods=["GET"]),
            Route("/api/v2/token/refresh", self._token(self._access.refresh), methods=["GET"]),
            Route("/authorization/202309/shops", self._authorised_shops, methods=["GET"]),
            *(self._route(endpoint) for endpoint in endpoints),
            *Control(self._world).routes(),
            Route("/{path:path}", _bad_path, methods=METHODS),
        ]

    @asynccontextmanager
    async def delivering(self, _app: Starlette) -> AsyncIterator[None]:
        """Send webhooks for as long as the application runs."""
        post = HttpPost()
        courier = asyncio.create_task(Courier(self.outbox, self.shops.values(), self.clock, post).run())
        yield
        courier.cancel()
        await post.close()

    def _route(self, endpoint: Endpoint) -> Route:
        async def answer(request: Request) -> Response:
            try:
                asked = await _asked(request)
                shop = self.shops[self._access.shop_of(asked)]
                self._quotas.take(shop.id, endpoint.kind, self.clock.moment())
                self._record.asked(f"{endpoint.method} {endpoint.path}")
                shop.catch_up()
                return envelope(endpoint.answer(self._call(shop, request, asked.body)))
            except Refused as refused:
                return refusal(refused)

        return Route(endpoint.path, answer, methods=[endpoint.method])

    def _call(self, shop: Shop, request: Request, body: bytes) -> Call:
        return Call(
            shop=shop,
            path=request.path_params,
            queries=_queries(request),
            body=body,
            page_shift=self._faults.control.page_shift,
            base=str(request.base_url).rstrip("/"),
        )

    def _token(self, give: Callable[[Mapping[str, str]], dict[str, Any]]) -> Callable[[Request], Any]:
        """Get and refresh tokens: the secret is in the query, nothing is signed."""

        async def answer(request: Request) -> Response:
            try:
                return envelope(give(request.query_params))
            except Refused as refused:
                return refusal(refused)

        return answer

    async def _authorised_shops(self, request: Request) -> Response:
        """Get Authorized Shops: those of the seller whose token this is; asks for no cipher, but tells it."""
        try:
            shop = self.shops[self._access.seller_of(await _asked(request))]
            self._quotas.take(shop.id, "shop.read", self.clock.moment())
        except Refused as refused:
            return refusal(refused)
        known = {
            "id": shop.id,
            "name": f"Shop {shop.id}",
            "region": shop.region,
            "seller_type": "LOCAL",
            "cipher": self._access.cipher_of(shop.id),
            "code": f"CODE{shop.id[-6:]}",
        }
        return envelope({"shops": [known]})

    def _delay(self, call: Call) -> dict[str, Any]:
        """Our stand-in for a call that the real API does not have."""
        try:
            told = msgspec.json.decode(call.body, type=Delay)
        except msgspec.MsgspecError:
            raise Refused(answers.BAD_PARAMETERS, "order_id and promised_at are required fields", status=400) from None
        self._record.asked(told.order_id)
        self._record.did("delayed", shop=call.shop.id, order=told.order_id, promised_at=told.promised_at)
        return {}


def tiktok_app(service: TikTokService) -> Starlette:
    """The application of a service, webhooks included."""
    return Starlette(routes=service.routes(), lifespan=service.delivering)


async def _asked(request: Request) -> Asked:
    """What is verified. A parameter that comes twice is signed as two pairs."""
    params = {name: name.join(values) for name, values in _queries(request).items()}
    token = request.headers.get("x-tts-access-token", "")
    return Asked(request.url.path, params, token, await request.body())


def _queries(request: Request) -> dict[str, list[str]]:
    queries: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in request.query_params.multi_items():
        queries[name].append(value)
    return queries


async def _bad_path(_request: Request) -> Response:
    """What the real one answers to a path that it does not know."""
    return refusal(Refused(answers.BAD_PATH, "Invalid path", status=404))
