"""One request: signed, in its turn, made again once with a renewed token, and told by what is known of it."""

from __future__ import annotations

import logging

import httpx
import pytest

from gateways.errors import BreakerOpen, NotSent, OutcomeUnknown, QuotaSpent, TooManyRequests, Unavailable
from gateways.quota import PATIENCE_SECONDS, Endpoint, Grant, Unlimited
from gateways.tiktok.access import ShopAccess
from gateways.tiktok.client import TikTokShop
from gateways.tiktok.connection import Connection
from gateways.tiktok.endpoints import APPROVE_CANCELLATION, CALLS, DELAYS, NAMES, STOCK_SEARCH, WAREHOUSES
from gateways.tiktok.errors import RefusedWithCode
from tests.unit.gateways.tiktok.fake_api import ACCESS, SHOP, CountedQuota, FakeApi, a_shop, code, lost, ok


class RenewedAccess:
    """Has one more token, once."""

    def __init__(self, fresh: str | None = "TTP_fresh") -> None:
        self._fresh = fresh
        self.refused: list[str] = []

    async def of(self, shop: str) -> ShopAccess | None:
        """The old one, for one shop."""
        return ACCESS if shop == SHOP else None

    async def renewed(self, shop: str, refused: ShopAccess) -> ShopAccess | None:
        """The other one."""
        self.refused.append(refused.access_token)
        return None if self._fresh is None else ShopAccess(refused.cipher, self._fresh)


class SpentQuota(Unlimited):
    """Grants nothing."""

    async def take(self, account: str, endpoint: Endpoint, patience_seconds: float = PATIENCE_SECONDS) -> Grant:
        """Refused."""
        raise QuotaSpent(7.0)


def _connection(shop: TikTokShop) -> Connection:
    return shop._connection


async def test_a_request_is_signed_and_names_the_shop_by_its_cipher() -> None:
    """Done: the fake checks the signature; the token goes in a header and the secret nowhere."""
    api = FakeApi(ok({}))
    await _connection(a_shop(api)).ask(WAREHOUSES, SHOP)
    (request,) = api.asked
    assert request.url.path == "/logistics/202309/warehouses"
    assert request.url.params["shop_cipher"] == ACCESS.cipher
    assert request.headers["x-tts-access-token"] == ACCESS.access_token
    assert ACCESS.access_token not in str(request.url)


async def test_an_expired_token_is_renewed_once_and_the_call_made_again() -> None:
    """105002, then the other token: done, and the token that was refused is the one that is renewed."""
    api, access = FakeApi(code(105002, 401), ok({})), RenewedAccess()
    await _connection(a_shop(api, access)).ask(WAREHOUSES, SHOP)
    assert [request.headers["x-tts-access-token"] for request in api.asked] == ["TTP_token", "TTP_fresh"]
    assert access.refused == ["TTP_token"]


async def test_a_token_that_expires_again_waits() -> None:
    """Twice 105002, or no other token: unavailable, after no more than two requests."""
    api = FakeApi(code(105002, 401))
    with pytest.raises(Unavailable):
        await _connection(a_shop(api, RenewedAccess())).ask(APPROVE_CANCELLATION, SHOP, {"cancel": "1"})
    assert len(api.asked) == 2
    with pytest.raises(Unavailable):
        await _connection(a_shop(api, RenewedAccess(None))).ask(WAREHOUSES, SHOP)


async def test_a_shop_without_access_waits_before_anything_is_sent() -> None:
    """Its seller may authorise the app any time: not an attempt, and not even a turn is taken."""
    api, quota = FakeApi(ok()), CountedQuota()
    with pytest.raises(NotSent, match="not authorised") as waits:
        await _connection(a_shop(api, quota=quota)).ask(WAREHOUSES, "another")
    assert (waits.value.retry_after, api.asked, quota.taken) == (600.0, [], [])


@pytest.mark.parametrize("number", [36009043, 36009044])
async def test_an_inactive_shop_waits(number: int) -> None:
    """What is asked of it is not lost, and says nothing about TikTok's health."""
    with pytest.raises(Unavailable, match="inactive") as waits:
        await _connection(a_shop(FakeApi(code(number, 403)))).ask(WAREHOUSES, SHOP)
    assert (waits.value.retry_after, waits.value.counts) == (600.0, False)


async def test_nothing_is_sent_without_a_turn() -> None:
    """The quota spent: not an attempt, and when to come again."""
    api = FakeApi(ok())
    with pytest.raises(QuotaSpent) as spent:
        await _connection(a_shop(api, quota=SpentQuota())).ask(WAREHOUSES, SHOP)
    assert (spent.value.retry_after, api.asked) == (7.0, [])


async def test_an_open_breaker_takes_no_turn() -> None:
    """What would not be sent does not use up the quota."""
    quota = CountedQuota()
    connection = _connection(a_shop(FakeApi(httpx.ConnectError("down")), quota=quota))
    for _ in range(5):
        with pytest.raises(Unavailable):
            await connection.ask(WAREHOUSES, SHOP)
    with pytest.raises(BreakerOpen):
        await connection.ask(WAREHOUSES, SHOP)
    assert len(quota.taken) == 5


@pytest.mark.parametrize(
    ("answer", "retry_after"),
    [(code(36009002), None), (code(36009002, 429, **{"Retry-After": "9"}), 9.0), (httpx.Response(429), None)],
)
async def test_too_many_requests_slow_the_class_down(answer: httpx.Response, retry_after: float | None) -> None:
    """By status or by code alone: the class is told, with what was asked for."""
    quota = CountedQuota()
    with pytest.raises(TooManyRequests):
        await _connection(a_shop(FakeApi(answer), quota=quota)).ask(STOCK_SEARCH, SHOP)
    assert quota.slowed == [(Endpoint.STOCK, retry_after)]


async def test_what_may_have_acted_is_unknown_and_a_read_never_is() -> None:
    """A lost answer, and TikTok's own internal error, of a call that acts and of one that reads."""
    for answer in (lost(), code(36009003, 500), code(36009007), httpx.Response(200, content=b"<html>")):
        connection = _connection(a_shop(FakeApi(answer)))
        with pytest.raises(OutcomeUnknown):
            await connection.ask(APPROVE_CANCELLATION, SHOP, {"cancel": "1"})
        with pytest.raises(Unavailable):
            await connection.ask(WAREHOUSES, SHOP)


async def test_a_refusal_has_its_code_and_never_the_message(caplog: pytest.LogCaptureFixture) -> None:
    """A message may quote an address, so nobody hears of it."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(RefusedWithCode) as refused:
        await _connection(a_shop(FakeApi(code(21011044)))).ask(APPROVE_CANCELLATION, SHOP, {"cancel": "1"})
    assert refused.value.code == 21011044
    assert refused.value.reason == "TikTok answered code 21011044: order is on hold"
    assert "Marker" not in caplog.text


async def test_no_token_and_no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Not by us, and not by httpx, which logs every URL."""
    caplog.set_level(logging.DEBUG)
    api = FakeApi(code(36009002), code(105002), ok({}))
    connection = _connection(a_shop(api, RenewedAccess()))
    with pytest.raises(TooManyRequests):
        await connection.ask(WAREHOUSES, SHOP)
    await connection.ask(WAREHOUSES, SHOP)
    assert "tiktok.test" in caplog.text
    assert not [secret for secret in ("TTP_token", "TTP_fresh", "e59af819cc") if secret in caplog.text]


async def test_a_version_can_be_set() -> None:
    """A retired version is replaced without a new release."""
    api = FakeApi(ok({}))
    shop = a_shop(api, versions={"logistics/warehouses": "202701"})
    await _connection(shop).ask(WAREHOUSES, SHOP)
    assert api.paths == ["/logistics/202701/warehouses"]


def test_every_call_has_a_name_of_its_own() -> None:
    """A version that is set is that of one call; what goes into a path cannot leave its place in it."""
    assert len(NAMES) == len(CALLS)
    assert APPROVE_CANCELLATION.path({}, {"cancel": "1/../2?"}).endswith("/cancellations/1%2F..%2F2%3F/approve")
    assert DELAYS.path({}, {}) == "/creatorflow/delays"
