"""All processes together refresh a token once, and go on with what is good while that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from aggregates.event_store import calls, shops
from aggregates.event_store.calls import CallRow
from aggregates.event_store.connection import Connection
from aggregates.event_store.tiktok_tokens import ShopGrant, TokenPair, TokenStore
from creatorflow.bootstrap import DEMO_SHOP
from creatorflow.tiktok import keep_consent, take_consent
from creatorflow.tiktok_access import StoredAccess
from gateways.errors import Unavailable
from gateways.tiktok.access import App, FixedAccess, ShopAccess
from gateways.tiktok.oauth import OAuth, OpenedShop
from tests.waiting import soon

KEY = bytes(range(32))
SHOP, BY_HAND = "749", "750"
OLD = ShopAccess("GCP", "TTP_old")


class TokenService:
    """Gives a new pair for the latest refresh token alone, and counts how often it did."""

    def __init__(self) -> None:
        self.latest = "TTP_refresh"
        self.given = 0
        self.asked = 0
        self.down = False
        self.broken = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one refresh, when it may."""
        self.asked += 1
        await self.may_answer.wait()
        if self.broken:
            return httpx.Response(500)
        if self.down:
            raise httpx.ConnectError("down")
        if request.url.params["refresh_token"] != self.latest:
            return httpx.Response(200, json={"code": 36004004, "message": "used before"})
        self.given += 1
        self.latest = f"TTP_refresh_{self.given}"
        ends = int((datetime.now(UTC) + timedelta(days=7)).timestamp())
        pair = {"access_token": f"TTP_new_{self.given}", "access_token_expire_in": ends}
        more = {"refresh_token": self.latest, "refresh_token_expire_in": ends, "open_id": "seller"}
        return httpx.Response(200, json={"code": 0, "data": {**pair, **more}})


Processes = Callable[[], StoredAccess]


@pytest.fixture
def service() -> TokenService:
    """TikTok's."""
    return TokenService()


@pytest.fixture
def process(database: str, service: TokenService) -> Processes:
    """Makes what one process has."""
    return lambda: _process(database, service, Clock())


class Clock:
    """Now, or so much later."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def _process(dsn: str, service: TokenService, clock: Clock) -> StoredAccess:
    oauth = OAuth(App("k", "s"), "http://api.test", "http://auth.test", transport=httpx.MockTransport(service))
    return StoredAccess(dsn, TokenStore(KEY), oauth, FixedAccess({BY_HAND: OLD}), now=clock)


def _one_holds_the_row_and_one_waits(connection: Connection) -> bool:
    rows = connection.execute(
        "SELECT coalesce(wait_event_type, '') FROM pg_stat_activity"
        " WHERE application_name = 'creatorflow tiktok-access' AND state <> 'idle'"
    )
    return sorted(row[0] for row in rows) == ["Client", "Lock"]


def _store(connection: Connection, good_for: timedelta) -> None:
    ends = datetime.now(UTC) + good_for
    pair = TokenPair("seller", OLD.access_token, ends, "TTP_refresh", ends + timedelta(days=300))
    TokenStore(KEY).add(connection, pair, [ShopGrant(SHOP, OLD.cipher)])


async def test_a_good_token_is_used_as_it_is(opened: Connection, process: Processes, service: TokenService) -> None:
    """Nothing is asked of TikTok; a shop without a grant has the token that was set by hand, or none."""
    _store(opened, timedelta(days=3))
    access = process()
    assert [await access.of(shop) for shop in (SHOP, BY_HAND, "751")] == [OLD, OLD, None]
    assert service.given == 0


async def test_a_token_that_ends_within_a_day_is_refreshed_once_by_all(
    opened: Connection, process: Processes, service: TokenService
) -> None:
    """Raced: five processes, four askers in each, one refresh, the same new token for all."""
    _store(opened, timedelta(hours=3))
    processes = [process() for _ in range(5)]
    found = await asyncio.gather(*(each.of(SHOP) for each in processes for _ in range(4)))
    assert set(found) == {ShopAccess(OLD.cipher, "TTP_new_1")}
    assert service.given == 1


async def test_a_token_that_was_refused_is_renewed_once_by_all(
    opened: Connection, process: Processes, service: TokenService
) -> None:
    """TikTok says 105002 to several at once: one refresh, and whoever comes later takes its token."""
    _store(opened, timedelta(days=3))
    processes = [process() for _ in range(3)]
    for each in processes:
        assert await each.of(SHOP) == OLD
    found = await asyncio.gather(*(each.renewed(SHOP, OLD) for each in processes))
    assert set(found) == {ShopAccess(OLD.cipher, "TTP_new_1")}
    assert await processes[0].of(SHOP) == ShopAccess(OLD.cipher, "TTP_new_1")
    assert service.given == 1


async def test_fc_39_two_workers_refresh_at_the_same_time(
    opened: Connection, database: str, service: TokenService
) -> None:
    """
    FC-39: eight calls in two processes and a slow token service: one refresh, and the newest pair is stored.

    A 500 then is not a revocation: what is good goes on, and the refresh is made again.
    """
    clock = Clock()
    processes = [_process(database, service, clock) for _ in range(2)]
    _store(opened, timedelta(seconds=-1))
    service.may_answer.clear()
    calls = [asyncio.create_task(processes[number % 2].of(SHOP)) for number in range(8)]
    await soon(lambda: _one_holds_the_row_and_one_waits(opened))
    service.may_answer.set()
    assert set(await asyncio.gather(*calls)) == {ShopAccess(OLD.cipher, "TTP_new_1")}
    found = TokenStore(KEY).of_shop(opened, SHOP)
    assert found is not None
    assert (service.given, found[1].refresh) == (1, service.latest)
    service.broken = True
    clock.ahead = timedelta(days=6, hours=12)
    assert await processes[0].of(SHOP) == ShopAccess(OLD.cipher, "TTP_new_1")
    service.broken = False
    clock.ahead += timedelta(minutes=6)
    assert await processes[0].of(SHOP) == ShopAccess(OLD.cipher, "TTP_new_2")


async def test_while_the_refresh_fails_a_good_token_goes_on(
    opened: Connection, process: Processes, service: TokenService
) -> None:
    """The token service is down: what is good for hours yet is used; what was refused has no successor for now."""
    _store(opened, timedelta(hours=3))
    service.down = True
    access = process()
    assert await access.of(SHOP) == OLD
    assert await access.renewed(SHOP, OLD) is None


async def test_an_expired_token_that_cannot_be_refreshed_waits(
    opened: Connection, process: Processes, service: TokenService
) -> None:
    """Unavailable, so that its calls come again and none is lost; TikTok is asked once for all of them."""
    _store(opened, timedelta(seconds=-1))
    service.down = True
    access = process()
    for _ in range(3):
        with pytest.raises(Unavailable):
            await access.of(SHOP)
    assert service.asked == 1


async def test_a_consent_that_was_withdrawn_has_no_successor(
    opened: Connection, process: Processes, service: TokenService
) -> None:
    """TikTok refuses the refresh token: calls wait until the seller consents again, and none is refused for it."""
    _store(opened, timedelta(seconds=-1))
    service.latest = "another"
    access = process()
    assert await access.renewed(SHOP, OLD) is None
    with pytest.raises(Unavailable):
        await access.of(SHOP)


def test_a_new_consent_lets_the_calls_of_its_shop_go_on(opened: Connection) -> None:
    """A shop that took our access away is asked again once its seller consented anew; another one is not."""
    _park_reads(opened, DEMO_SHOP.shop, "751")
    ended = [shops.Access("tiktok", shop, datetime.now(UTC), ended=True) for shop in (DEMO_SHOP.shop, "751")]
    shops.note_access(opened, ended)
    assert shops.without_access(opened) == {("tiktok", DEMO_SHOP.shop)}
    pair = TokenPair("seller", "TTP_access", datetime.now(UTC), "TTP_refresh", datetime.now(UTC))
    keep_consent(opened, TokenStore(KEY), pair, [OpenedShop(DEMO_SHOP.shop, "GCP", "Demo", "US")])
    assert shops.without_access(opened) == set()
    assert TokenStore(KEY).of_shop(opened, DEMO_SHOP.shop) == (ShopGrant(DEMO_SHOP.shop, "GCP"), pair)
    states = opened.execute("SELECT shop, state FROM calls").fetchall()
    assert sorted(states) == sorted([(DEMO_SHOP.shop, "waiting"), ("751", "parked")])


async def test_a_consent_is_kept_though_its_shops_are_not_told(database: str, opened: Connection) -> None:
    """A code is good once: its pair takes the place of the old one, whose shops it opens."""
    _store(opened, timedelta(days=3))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/api/v2/token/get":
            return httpx.Response(503)
        ends = int((datetime.now(UTC) + timedelta(days=7)).timestamp())
        pair = {"access_token": "TTP_consent", "access_token_expire_in": ends, "open_id": "seller"}
        more = {"refresh_token": "TTP_again", "refresh_token_expire_in": ends}
        return httpx.Response(200, json={"code": 0, "data": {**pair, **more}})

    oauth = OAuth(App("k", "s"), "http://api.test", "http://auth.test", transport=httpx.MockTransport(answer))
    with pytest.raises(Unavailable):
        await take_consent(database, TokenStore(KEY), oauth, "code")
    found = TokenStore(KEY).of_shop(opened, SHOP)
    assert found is not None
    assert (found[1].access, found[1].refresh) == ("TTP_consent", "TTP_again")


def _park_reads(connection: Connection, *of: str) -> None:
    """A read of each shop was given up."""
    now = datetime.now(UTC)
    rows = [
        CallRow(f"read:{shop}", "ReadOrderCall", "marketplace", shop, 50, now, None, b"{}", "c", "o") for shop in of
    ]
    calls.ask(connection, rows)
    connection.execute("UPDATE calls SET state = 'parked'")


async def test_a_token_set_by_hand_cannot_be_renewed(process: Processes) -> None:
    """There is nothing to refresh it with."""
    assert await process().renewed(BY_HAND, OLD) is None
