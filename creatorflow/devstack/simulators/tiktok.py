"""TikTok Shop: takes signed batches of shipped packages, and refuses what the real one would refuse."""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from creatorflow.devstack.simulators.record import Record
from gateways.tiktok.client import App, ShopAccess
from gateways.tiktok.mapping import DELAYS_PATH, PACKAGES_PER_REQUEST, SHIP_PATH, BatchShip, Delay, ShippedPackage
from gateways.tiktok.signing import sign

OLDEST_SECONDS: Final = 300
NEWEST_SECONDS: Final = 30
TRACKING_NUMBER: Final = re.compile(r"[A-Za-z0-9\-_./]{4,50}")

BAD_PARAMETERS: Final = 36009004
BAD_PATH: Final = 36009009
BAD_SIGNATURE: Final = 106001
CIPHER_MISSING: Final = 106013
TOKEN_EXPIRED: Final = 105002
TOKEN_OF_OTHER_SHOP: Final = 101000
ALREADY_SHIPPED: Final = 21011006
BAD_TRACKING_NUMBER: Final = 21011028


class TikTokService:
    """
    Packages are known by the order id. One that was shipped stays shipped: again is `already shipped`.

    A package may be any id: the demo's orders are not told to this simulator beforehand.
    """

    def __init__(self, record: Record, app: App, access: Mapping[str, ShopAccess]) -> None:
        self._record = record
        self._app = app
        self._shop_by_cipher = {granted.cipher: shop for shop, granted in access.items()}
        self._shop_by_token = {granted.access_token: shop for shop, granted in access.items()}
        self._shipped = {(entry["shop"], entry["package"]): entry for entry in record.done("shipped")}

    def routes(self) -> list[Route]:
        """Its paths; every other is a bad path."""
        return [
            Route(SHIP_PATH, self.ship, methods=["POST"]),
            Route("/fulfillment/202309/packages/{id}", self.package, methods=["GET"]),
            Route(DELAYS_PATH, self.delay, methods=["POST"]),
            Route("/{path:path}", self.bad_path, methods=["GET", "POST", "PUT", "DELETE"]),
        ]

    async def ship(self, request: Request) -> Response:
        """Batch Ship Packages: succeeds as a whole, and lists what failed."""
        body = await request.body()
        shop = self._shop(request, body)
        if isinstance(shop, Response):
            return shop
        try:
            batch = msgspec.json.decode(body, type=BatchShip)
        except msgspec.MsgspecError:
            return _envelope(BAD_PARAMETERS, "Packages is a required field", status=400)
        if not 1 <= len(batch.packages) <= PACKAGES_PER_REQUEST:
            return _envelope(BAD_PARAMETERS, f"1 to {PACKAGES_PER_REQUEST} packages", status=400)
        errors = [error for package in batch.packages if (error := self._ship(shop, package))]
        return _envelope(0, "Success", {"errors": errors} if errors else {})

    async def package(self, request: Request) -> Response:
        """Get Package Detail, as far as we read it."""
        shop = self._shop(request, b"")
        if isinstance(shop, Response):
            return shop
        entry = self._shipped.get((shop, request.path_params["id"]))
        if entry is None:
            return _envelope(BAD_PARAMETERS, "package not found")
        detail = {"package_id": entry["package"], "tracking_number": entry["tracking_number"]}
        return _envelope(0, "Success", detail)

    async def delay(self, request: Request) -> Response:
        """Our stand-in for a call that the real API does not have."""
        body = await request.body()
        shop = self._shop(request, body)
        if isinstance(shop, Response):
            return shop
        try:
            told = msgspec.json.decode(body, type=Delay)
        except msgspec.MsgspecError:
            return _envelope(BAD_PARAMETERS, "order_id and promised_at are required fields", status=400)
        self._record.asked(told.order_id)
        self._record.did("delayed", shop=shop, order=told.order_id, promised_at=told.promised_at)
        return _envelope(0, "Success", {})

    async def bad_path(self, _request: Request) -> Response:
        """What the real one answers to a path that it does not know."""
        return _envelope(BAD_PATH, "Invalid path", status=404)

    def _shop(self, request: Request, body: bytes) -> str | Response:
        """The shop that a well signed request is about, else the refusal."""
        params = dict(request.query_params)
        stamp = params.get("timestamp", "")
        if params.get("app_key") != self._app.key or not re.fullmatch(r"\d{10}", stamp):
            return _envelope(BAD_PARAMETERS, "app_key or timestamp is wrong", status=400)
        if not -NEWEST_SECONDS <= time.time() - int(stamp) <= OLDEST_SECONDS:
            return _envelope(BAD_PARAMETERS, "timestamp expired", status=400)
        expected = sign(self._app.secret, request.url.path, params, body)
        if not hmac.compare_digest(expected.encode(), params.get("sign", "").encode()):
            return _envelope(BAD_SIGNATURE, "Invalid sign", status=401)
        if "shop_cipher" not in params:
            return _envelope(CIPHER_MISSING, "shop_cipher is required", status=400)
        shop = self._shop_by_token.get(request.headers.get("x-tts-access-token", ""))
        if shop is None:
            return _envelope(TOKEN_EXPIRED, "access token expired", status=401)
        if self._shop_by_cipher.get(params["shop_cipher"]) != shop:
            return _envelope(TOKEN_OF_OTHER_SHOP, "token is not of this shop", status=403)
        return shop

    def _ship(self, shop: str, package: ShippedPackage) -> dict[str, Any] | None:
        """Ship one package, or the error to list for it."""
        self._record.asked(package.id)
        number = package.self_shipment.tracking_number
        if (shop, package.id) in self._shipped:
            return _error(ALREADY_SHIPPED, "package already shipped", package.id)
        if not TRACKING_NUMBER.fullmatch(number) or not package.self_shipment.shipping_provider_id:
            return _error(BAD_TRACKING_NUMBER, "tracking number or provider invalid", package.id)
        entry = {
            "shop": shop,
            "package": package.id,
            "tracking_number": number,
            "provider": package.self_shipment.shipping_provider_id,
        }
        self._record.did("shipped", **entry)
        self._shipped[shop, package.id] = entry
        return None


def tiktok_app(record: Record, app: App, access: Mapping[str, ShopAccess]) -> Starlette:
    """TikTok Shop as an application."""
    return Starlette(routes=TikTokService(record, app, access).routes())


def _envelope(code: int, message: str, data: dict[str, Any] | None = None, *, status: int = 200) -> Response:
    body = {"code": code, "message": message, "request_id": uuid4().hex, "data": data}
    return JSONResponse(body, status_code=status)


def _error(code: int, message: str, package: str) -> dict[str, Any]:
    return {"code": code, "message": message, "detail": {"package_id": package}}
