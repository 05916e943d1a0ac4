"""Who may ask: the app's signature, a shop's token that has not expired, and that shop's cipher."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from itertools import count
from typing import Any, Final, NamedTuple

from creatorflow.devstack.simulators.tiktok.answers import (
    BAD_PARAMETERS,
    BAD_SIGNATURE,
    CIPHER_MISSING,
    SELLER_INACTIVE,
    TOKEN_EXPIRED,
    TOKEN_OF_OTHER_SHOP,
    Refused,
)
from creatorflow.devstack.simulators.tiktok.clock import Clock
from gateways.tiktok.client import App, ShopAccess
from gateways.tiktok.signing import sign

OLDEST_SECONDS: Final = 300
NEWEST_SECONDS: Final = 30
ACCESS_TOKEN_SECONDS: Final = 7 * 86_400
REFRESH_TOKEN_SECONDS: Final = 358 * 86_400
SCOPES: Final = (
    "seller.authorization.info",
    "seller.order.info",
    "seller.fulfillment.basic",
    "seller.product.basic",
    "seller.product.write",
    "seller.return_refund.basic",
    "seller.logistics",
    "data.shop_analytics.public.read",
)


class Asked(NamedTuple):
    """What a request shows of who sends it."""

    path: str
    params: Mapping[str, str]
    token: str
    body: bytes


class Grant(NamedTuple):
    """The tokens that one shop's consent is worth, and until when."""

    shop: str
    access_token: str
    access_until: int
    refresh_token: str
    refresh_until: int


class Access:
    """
    Consents of sellers to one app.

    A refresh gives a new pair and ends the old one. An authorisation code is `code-` and the shop's id, and can be used
    again only after the seller consents again.
    """

    def __init__(self, app: App, shops: Mapping[str, ShopAccess], clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._numbers = count(1)
        self._ciphers = {granted.cipher: shop for shop, granted in shops.items()}
        self._grants = {shop: self._first(shop, granted.access_token) for shop, granted in shops.items()}
        self._codes = {f"code-{shop}": shop for shop in shops}
        self._gone: set[str] = set()

    def cipher_of(self, shop: str) -> str:
        """The cipher that requests name this shop by."""
        return next(cipher for cipher, known in self._ciphers.items() if known == shop)

    def app_of(self, asked: Asked) -> None:
        """Refused: another app, a timestamp that is not of now, a signature that is not the app's."""
        params = asked.params
        stamp = params.get("timestamp", "")
        if params.get("app_key") != self._app.key or not re.fullmatch(r"\d{10}", stamp):
            raise Refused(BAD_PARAMETERS, "app_key or timestamp is wrong", status=400)
        if not self._is_of_now(int(stamp)):
            raise Refused(BAD_PARAMETERS, "timestamp expired", status=400)
        expected = sign(self._app.secret, asked.path, params, asked.body)
        if not hmac.compare_digest(expected.encode(), params.get("sign", "").encode()):
            raise Refused(BAD_SIGNATURE, "Invalid sign", status=401)

    def seller_of(self, asked: Asked) -> str:
        """The shop whose token a request carries. Refused: no such token, one that expired, a shop that withdrew."""
        self.app_of(asked)
        grant = next((each for each in self._grants.values() if each.access_token == asked.token), None)
        if grant is None or grant.access_until <= self._clock.now():
            raise Refused(TOKEN_EXPIRED, "access token expired", status=401)
        if grant.shop in self._gone:
            raise Refused(SELLER_INACTIVE, "seller withdrew the authorisation", status=403)
        return grant.shop

    def shop_of(self, asked: Asked) -> str:
        """The shop that a request is about. Refused: no cipher, or that of a shop whose token this is not."""
        self.app_of(asked)
        if "shop_cipher" not in asked.params:
            raise Refused(CIPHER_MISSING, "shop_cipher is required", status=400)
        shop = self.seller_of(asked)
        if self._ciphers.get(asked.params["shop_cipher"]) != shop:
            raise Refused(TOKEN_OF_OTHER_SHOP, "token is not of this shop", status=403)
        return shop

    def exchange(self, params: Mapping[str, str]) -> dict[str, Any]:
        """Tokens for an authorisation code. Refused: another app, grant type or code; a code that was used."""
        self._is_app(params, "authorized_code")
        shop = self._codes.pop(params.get("auth_code", ""), None)
        if shop is None:
            raise Refused(BAD_PARAMETERS, "auth_code is invalid or was used")
        return self._renew(shop)

    def refresh(self, params: Mapping[str, str]) -> dict[str, Any]:
        """A new pair for a refresh token. Refused: another app or grant type; one that is unknown, old or expired."""
        self._is_app(params, "refresh_token")
        token = params.get("refresh_token", "")
        grant = next((each for each in self._grants.values() if each.refresh_token == token), None)
        if grant is None or grant.refresh_until <= self._clock.now() or grant.shop in self._gone:
            raise Refused(TOKEN_EXPIRED, "refresh token is invalid or expired")
        return self._renew(grant.shop)

    def expire(self, shop: str) -> None:
        """End this shop's access token now; its refresh token stays good."""
        self._grants[shop] = self._grants[shop]._replace(access_until=self._clock.now())

    def withdraw(self, shop: str) -> None:
        """The seller takes the consent back."""
        self._gone.add(shop)

    def consent(self, shop: str) -> str:
        """The seller consents (again): the code of the redirect."""
        self._gone.discard(shop)
        code = f"code-{shop}-{next(self._numbers)}"
        self._codes[code] = shop
        return code

    def _is_of_now(self, stamp: int) -> bool:
        """By the time here, or by the wall's, which a program beside us has."""
        times = (self._clock.now(), int(self._clock.wall()))
        return any(-NEWEST_SECONDS <= now - stamp <= OLDEST_SECONDS for now in times)

    def _is_app(self, params: Mapping[str, str], grant_type: str) -> None:
        given = (params.get("app_key"), params.get("app_secret"), params.get("grant_type"))
        if given != (self._app.key, self._app.secret, grant_type):
            raise Refused(BAD_PARAMETERS, "app_key, app_secret or grant_type is wrong")

    def _first(self, shop: str, access_token: str) -> Grant:
        now = self._clock.now()
        refresh = f"refresh-{access_token}"
        return Grant(shop, access_token, now + ACCESS_TOKEN_SECONDS, refresh, now + REFRESH_TOKEN_SECONDS)

    def _renew(self, shop: str) -> dict[str, Any]:
        grant = self._first(shop, f"token-{shop}-{next(self._numbers)}")
        self._grants[shop] = grant
        return {
            "access_token": grant.access_token,
            "access_token_expire_in": grant.access_until,
            "refresh_token": grant.refresh_token,
            "refresh_token_expire_in": grant.refresh_until,
            "open_id": f"open-{shop}",
            "seller_name": f"Shop {shop}",
            "seller_base_region": "US",
            "user_type": 0,
            "granted_scopes": list(SCOPES),
        }
