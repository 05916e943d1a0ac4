"""Tokens are exchanged and refreshed, and neither they nor the secret is ever logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from gateways.errors import GatewayError, OutcomeUnknown, Refused, Unavailable
from gateways.tiktok.oauth import OAuth, OpenedShop, Tokens
from gateways.tiktok.signing import sign
from tests.unit.gateways.tiktok.fake_api import APP, NOON, code, lost, ok

EXPIRES = NOON + timedelta(days=7)
REFRESH_EXPIRES = NOON + timedelta(days=358)
PAIR = {
    "access_token": "TTP_access",
    "access_token_expire_in": int(EXPIRES.timestamp()),
    "refresh_token": "TTP_refresh",
    "refresh_token_expire_in": int(REFRESH_EXPIRES.timestamp()),
    "open_id": "seller",
    "granted_scopes": ["seller.order.info"],
}


def _oauth(answer: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]) -> OAuth:
    def respond(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    transport = httpx.MockTransport(respond)
    return OAuth(APP, "http://api.test", "http://auth.test", now=lambda: NOON, transport=transport)


def _asked_for(path: str, **expected: str) -> Callable[[httpx.Request], httpx.Response]:
    def respond(request: httpx.Request) -> httpx.Response:
        assert (request.url.host, request.url.path) == ("auth.test", path)
        assert dict(request.url.params) == {"app_key": APP.key, "app_secret": APP.secret, **expected}
        return ok(PAIR)

    return respond


async def test_a_code_becomes_a_pair() -> None:
    """Done: with the times at which both tokens end."""
    answer = _asked_for("/api/v2/token/get", auth_code="c", grant_type="authorized_code")
    assert await _oauth(answer).exchange("c") == Tokens("seller", "TTP_access", EXPIRES, "TTP_refresh", REFRESH_EXPIRES)


async def test_a_pair_becomes_a_new_pair() -> None:
    """Done, by the refresh token alone."""
    answer = _asked_for("/api/v2/token/refresh", refresh_token="old", grant_type="refresh_token")
    assert (await _oauth(answer).refresh("old")).refresh == "TTP_refresh"


async def test_a_small_expiry_is_a_span_from_now() -> None:
    """Whether it is a time or a span is not confirmed, so both are understood."""
    pair = await _oauth(ok({**PAIR, "access_token_expire_in": 604800})).refresh("old")
    assert (pair.access_expires_at, pair.refresh_expires_at) == (EXPIRES, REFRESH_EXPIRES)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (code(36004004), Refused),
        (httpx.Response(403), Refused),
        (httpx.ConnectError("down"), Unavailable),
        (code(36009002, 429), Unavailable),
        (lost(), OutcomeUnknown),
        (httpx.Response(502), OutcomeUnknown),
        (ok({"access_token": "only"}), OutcomeUnknown),
    ],
)
async def test_a_refresh_that_fails_says_what_is_known(answer: Any, failure: type[GatewayError]) -> None:
    """Refused: the seller must consent again. Unknown: the pair may have been replaced."""
    with pytest.raises(failure):
        await _oauth(answer).refresh("old")


async def test_the_shops_of_a_token_come_with_their_ciphers() -> None:
    """Signed, without a cipher, and with the token in its header."""

    def respond(request: httpx.Request) -> httpx.Response:
        params = dict(request.url.params)
        assert params["sign"] == sign(APP.secret, "/authorization/202309/shops", params)
        assert request.headers["x-tts-access-token"] == "TTP_access"
        return ok({"shops": [{"id": "749", "cipher": "GCP", "name": "Demo", "region": "US", "code": "USLC"}]})

    assert await _oauth(respond).shops("TTP_access") == [OpenedShop("749", "GCP", "Demo", "US")]


async def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Its address holds the app's secret, so not even httpx may log it."""
    caplog.set_level(logging.DEBUG)
    await _oauth(ok(PAIR)).refresh("TTP_old")
    with pytest.raises(Refused) as refused:
        await _oauth(code(36004004)).refresh("TTP_old")
    said = caplog.text + refused.value.reason
    assert not [secret for secret in (APP.secret, "TTP_", "Marker") if secret in said]
