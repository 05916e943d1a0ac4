"""TikTok when it limits, fails in part, or gets a request that is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from gateways.breakers import Breakers
from gateways.http_client import HttpClient
from gateways.tiktok.client import App, ShopAccess, TikTokShop
from tests.conformance.requests import SHOP, a_delay, a_push
from tests.conformance.simulated import SimulatorProcess

OTHER_SHOP = "7490000000000000002"
APP = App("demo_app_key", "demo_secret")
ACCESS = {SHOP: ShopAccess("demo_cipher", "demo_token"), OTHER_SHOP: ShopAccess("other_cipher", "other_token")}
PROVIDERS = {"usps": "7000000000000000001"}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """One process for all tests of this file, with two shops."""
    shops = [option for shop, access in ACCESS.items() for option in ("--shop", ":".join((shop, *access)))]
    with SimulatorProcess("tiktok", tmp_path_factory.mktemp("tiktok") / "record.jsonl", *shops) as simulator:
        yield simulator


@pytest.fixture
async def client(simulator: SimulatorProcess) -> AsyncIterator[HttpClient]:
    """A connection with breakers of its own."""
    simulator.control()
    client = HttpClient("tiktok", simulator.url, Breakers(), timeout_seconds=1.0)
    yield client
    await client.close()


async def test_each_shop_has_its_own_request(simulator: SimulatorProcess, client: HttpClient) -> None:
    """Pushes of two shops are answered by their place in the list, each told to its shop."""
    pushes = [a_push(shop=shop) for shop in (SHOP, OTHER_SHOP, SHOP)]
    results = await TikTokShop(client, APP, ACCESS, PROVIDERS).push_fulfilment(pushes)
    assert [result.outcome for result in results] == ["done"] * 3
    told = {entry["package"]: entry["shop"] for entry in simulator.done("shipped")}
    assert [told[push.package] for push in pushes] == [SHOP, OTHER_SHOP, SHOP]


@pytest.mark.parametrize(
    ("app", "access"),
    [
        (App("demo_app_key", "wrong_secret"), ACCESS[SHOP]),
        (APP, ShopAccess("demo_cipher", "expired_token")),
        (APP, ShopAccess("other_cipher", "demo_token")),
    ],
)
async def test_what_is_ours_to_mend_waits(
    simulator: SimulatorProcess, client: HttpClient, app: App, access: ShopAccess
) -> None:
    """A wrong signature, token or cipher loses no push: it is unavailable until somebody mends it."""
    push = a_push()
    (result,) = await TikTokShop(client, app, {SHOP: access}, PROVIDERS).push_fulfilment([push])
    assert result.outcome == "unavailable"
    assert push.package not in {entry["package"] for entry in simulator.done("shipped")}


@pytest.mark.parametrize(("minutes", "outcome"), [(-4, "done"), (-6, "refused"), (2, "refused")])
async def test_the_timestamp_must_be_of_now(client: HttpClient, minutes: int, outcome: str) -> None:
    """Valid from 5 minutes in the past to 30 seconds in the future."""
    shop = TikTokShop(client, APP, ACCESS, PROVIDERS, now=lambda: datetime.now(UTC) + timedelta(minutes=minutes))
    (result,) = await shop.push_fulfilment([a_push()])
    assert result.outcome == outcome


@pytest.mark.parametrize(
    ("fault", "outcome", "retry_after"),
    [
        ({"kind": "wrong", "status": 429, "retry_after": "9"}, "unavailable", 9.0),
        ({"kind": "wrong", "status": 503}, "unavailable", None),
        ({"kind": "wrong", "code": 36009002}, "unavailable", None),
        ({"kind": "wrong", "code": 36009007}, "unknown", None),
        ({"kind": "wrong", "status": 500}, "unknown", None),
        ({"kind": "down"}, "unknown", None),
    ],
)
async def test_a_failure_is_of_all_pushes_in_its_request(
    simulator: SimulatorProcess, client: HttpClient, fault: dict[str, object], outcome: str, retry_after: float | None
) -> None:
    """Two requests of 50; the second fails as a whole, the first is done."""
    pushes = [a_push() for _ in range(100)]
    simulator.control({**fault, "requests": 1, "path": "/fulfillment"})
    results = await TikTokShop(client, APP, ACCESS, PROVIDERS).push_fulfilment(pushes)
    failed = [result for result in results if result.outcome != "done"]
    assert len(failed) == 50
    assert {(result.outcome, result.retry_after) for result in failed} == {(outcome, retry_after)}


async def test_an_open_breaker_is_not_an_attempt(simulator: SimulatorProcess, client: HttpClient) -> None:
    """After five failures of one shop its pushes wait unsent, while the other shop's are done."""
    shop = TikTokShop(client, APP, ACCESS, PROVIDERS)
    simulator.control({"kind": "wrong", "status": 503, "requests": 5})
    for _ in range(5):
        await shop.push_fulfilment([a_push()])
    waiting, done = await shop.push_fulfilment([a_push(), a_push(shop=OTHER_SHOP)])
    assert (waiting.outcome, waiting.attempted, done.outcome) == ("unavailable", False, "done")
    assert waiting.retry_after is not None


async def test_what_cannot_be_sent_waits_or_is_refused(client: HttpClient) -> None:
    """Before anything is sent a shop without access waits, and a carrier without a provider id is refused."""
    access = {SHOP: ACCESS[SHOP]}
    (no_access,) = await TikTokShop(client, APP, access, PROVIDERS).push_fulfilment([a_push(shop=OTHER_SHOP)])
    (no_provider,) = await TikTokShop(client, APP, access, {}).push_fulfilment([a_push()])
    assert no_access == ("unavailable", "shop has not authorised the app", 600.0, False)
    assert no_provider == ("refused", "carrier usps has no shipping provider", None, True)


async def test_a_delay_is_told_in_seconds(simulator: SimulatorProcess, client: HttpClient) -> None:
    """The date arrives as it was promised."""
    call = a_delay()
    assert (await TikTokShop(client, APP, ACCESS, PROVIDERS).push_delay(call)).outcome == "done"
    told = {entry["order"]: entry["promised_at"] for entry in simulator.done("delayed")}
    assert datetime.fromtimestamp(told[call.order_number], UTC) == call.promised_at
