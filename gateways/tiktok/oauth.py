"""
Tokens: the first pair for a seller's consent, a new pair for the one before, and which shops a token opens.

The secrets travel in the query string there, so the address of such a request is logged by nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final, NamedTuple

import httpx
import msgspec

from gateways.errors import Unavailable
from gateways.http_client import Answer
from gateways.tiktok.access import App
from gateways.tiktok.connection import NO_IDS, data_of
from gateways.tiktok.endpoints import AUTHORISED_SHOPS
from gateways.tiktok.errors import failure_of, unknown
from gateways.tiktok.signing import sign

SERVICE: Final = "tiktok-auth"
TIMEOUT_SECONDS: Final = 30.0
"""A refresh that is given up too early may have been made, and the token that it needs is good once."""

SPAN_NOT_TIME: Final = 10 * 365 * 86400
"""An expiry below this is a span from now: that it is a time, as the documentation shows, is not confirmed."""


class Tokens(NamedTuple):
    """A pair, and whose it is."""

    grant: str
    access: str
    access_expires_at: datetime
    refresh: str
    refresh_expires_at: datetime


class OpenedShop(NamedTuple):
    """A shop that a token opens, and the cipher that requests name it by."""

    shop: str
    cipher: str
    name: str
    region: str


class _Tokens(msgspec.Struct, frozen=True):
    access_token: str
    access_token_expire_in: int
    refresh_token: str
    refresh_token_expire_in: int
    open_id: str = ""


class _Shop(msgspec.Struct, frozen=True):
    id: str
    cipher: str
    name: str = ""
    region: str = ""


class _Shops(msgspec.Struct, frozen=True):
    shops: list[_Shop] = []


class OAuth:
    """TikTok's token service, and the one call that says which shops a token is for."""

    def __init__(
        self,
        app: App,
        api_url: str,
        auth_url: str,
        *,
        versions: Mapping[str, str] = NO_IDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._app = app
        self._api_url = api_url
        self._auth_url = auth_url
        self._versions = versions
        self._now = now
        self._transport = transport

    async def exchange(self, code: str) -> Tokens:
        """The first pair for the code of a seller's consent, which is good once. Raises what a request raises."""
        return await self._pair("/api/v2/token/get", {"auth_code": code, "grant_type": "authorized_code"})

    async def refresh(self, refresh_token: str) -> Tokens:
        """A new pair. Refused: the seller must consent again. Unknown: the old one may be worth nothing by now."""
        return await self._pair(
            "/api/v2/token/refresh", {"refresh_token": refresh_token, "grant_type": "refresh_token"}
        )

    async def shops(self, access_token: str) -> list[OpenedShop]:
        """The shops that this token opens. Raises what a request raises."""
        path = AUTHORISED_SHOPS.path(self._versions, {})
        params = {"app_key": self._app.key, "timestamp": str(int(self._now().timestamp()))}
        params["sign"] = sign(self._app.secret, path, params)
        answer = await self._get(self._api_url, path, params, {"x-tts-access-token": access_token}, acts=False)
        return [OpenedShop(each.id, each.cipher, each.name, each.region) for each in data_of(answer, _Shops).shops]

    async def _pair(self, path: str, params: Mapping[str, str]) -> Tokens:
        query = {"app_key": self._app.key, "app_secret": self._app.secret, **params}
        said = data_of(await self._get(self._auth_url, path, query, {}, acts=True), _Tokens, acts=True)
        return Tokens(
            said.open_id,
            said.access_token,
            self._expiry(said.access_token_expire_in),
            said.refresh_token,
            self._expiry(said.refresh_token_expire_in),
        )

    def _expiry(self, seconds: int) -> datetime:
        if seconds < SPAN_NOT_TIME:
            return self._now() + timedelta(seconds=seconds)
        return datetime.fromtimestamp(seconds, UTC)

    async def _get(
        self, base: str, path: str, params: Mapping[str, str], headers: Mapping[str, str], *, acts: bool
    ) -> Answer:
        """Ask on a connection of its own, and without httpx's client, as that logs every address."""
        timeouts = httpx.Timeout(TIMEOUT_SECONDS).as_dict()
        request = httpx.Request(
            "GET", f"{base}{path}", params=dict(params), headers=dict(headers), extensions={"timeout": timeouts}
        )
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._transport or httpx.AsyncHTTPTransport() as transport:
                response = await transport.handle_async_request(request)
                body = await response.aread()
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unavailable(f"{SERVICE}: {type(error).__name__}") from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise unknown(f"{SERVICE}: {type(error).__name__}", acts=acts) from None
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise unknown(f"{SERVICE}: answered {response.status_code}", acts=acts)
        answer = Answer(response.status_code, response.headers.get("Content-Type", ""), body)
        failure = failure_of(answer, acts=acts)
        if failure is not None:
            raise failure
        return answer
