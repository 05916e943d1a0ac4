"""Who may ask TikTok's API, and how often."""

from __future__ import annotations

from typing import Any

import pytest

from gateways.tiktok.client import App
from tests.unit.creatorflow.devstack.simulators.tiktok_world import APP, OTHER_SHOP, SHOP, TikTokWorld

WAREHOUSES = "/logistics/202309/warehouses"
APP_QUERY = {"app_key": APP.key, "app_secret": APP.secret}


async def test_a_signed_request_of_the_shop_is_answered(world: TikTokWorld) -> None:
    """Done: code 0 in the envelope, with an id of the request."""
    said = await world.ask("GET", WAREHOUSES)
    assert (said["code"], said["status"], len(said["data"]["warehouses"])) == (0, 200, 1)
    assert said["request_id"]


@pytest.mark.parametrize(
    ("asks", "code", "status"),
    [
        ({"app": App(APP.key, "other")}, 106001, 401),
        ({"app": App("other", APP.secret)}, 36009004, 400),
        ({"token": "nobody's"}, 105002, 401),
        ({"token": "other_token"}, 101000, 403),
        ({"timestamp": "1759999699"}, 36009004, 400),
        ({"timestamp": "1760000031"}, 36009004, 400),
        ({"timestamp": "now"}, 36009004, 400),
    ],
)
async def test_who_may_not_ask_is_refused(world: TikTokWorld, asks: dict[str, Any], code: int, status: int) -> None:
    """Refused: a wrong signature, app, token, shop or time, each with its code."""
    said = await world.ask("GET", WAREHOUSES, **asks)
    assert (said["code"], said["status"], said["data"]) == (code, status, None)


async def test_the_timestamp_is_good_for_five_minutes_and_half_a_minute_ahead(world: TikTokWorld) -> None:
    """Both ends of the window are in it."""
    for stamp in ("1759999700", "1760000030"):
        assert (await world.ask("GET", WAREHOUSES, timestamp=stamp))["code"] == 0


async def test_a_request_without_cipher_is_refused(world: TikTokWorld) -> None:
    """Refused: a shop's call names the shop; the list of shops does not need to."""
    assert (await world.ask("GET", WAREHOUSES, shop_cipher=None))["code"] == 106013
    shops = await world.ask("GET", "/authorization/202309/shops", shop_cipher=None)
    (shop,) = shops["data"]["shops"]
    assert (shop["id"], shop["cipher"]) == (SHOP, "demo_cipher")


async def test_a_path_that_is_not_there_is_a_bad_path(world: TikTokWorld) -> None:
    """Refused: an unknown path, with a code of its own."""
    assert (await world.ask("GET", "/order/199901/orders"))["code"] == 36009009


async def test_an_access_token_lasts_a_week_and_is_refreshed(world: TikTokWorld) -> None:
    """A refresh gives a new pair; the old access token and the old refresh token are worth nothing then."""
    world.pass_time(7 * 86_400)
    assert (await world.ask("GET", WAREHOUSES))["code"] == 105002
    query = {**APP_QUERY, "grant_type": "refresh_token", "refresh_token": "refresh-demo_token"}
    pair = (await world.tokens("/api/v2/token/refresh", **query))["data"]
    assert (await world.ask("GET", WAREHOUSES, token=pair["access_token"]))["code"] == 0
    assert pair["access_token_expire_in"] == int(world.wall) + 7 * 86_400
    assert (await world.tokens("/api/v2/token/refresh", **query))["code"] == 105002


async def test_a_code_of_consent_is_used_once(world: TikTokWorld) -> None:
    """Repeated: the second exchange of a code is refused."""
    code = (await world.drive("tokens/consent"))["code"]
    query = {**APP_QUERY, "grant_type": "authorized_code", "auth_code": code}
    pair = (await world.tokens("/api/v2/token/get", **query))["data"]
    assert (await world.ask("GET", WAREHOUSES, token=pair["access_token"]))["code"] == 0
    assert (await world.tokens("/api/v2/token/get", **query))["code"] != 0


async def test_a_token_can_be_expired_and_a_consent_withdrawn(world: TikTokWorld) -> None:
    """Both end what the shop's token is good for; another shop's goes on."""
    await world.drive("tokens/expire")
    assert (await world.ask("GET", WAREHOUSES))["code"] == 105002
    await world.drive(f"tokens/deauthorise?shop={OTHER_SHOP}")
    assert (await world.ask("GET", WAREHOUSES, shop=OTHER_SHOP))["code"] == 36009044


async def test_a_shop_asks_a_thousand_times_a_minute(world: TikTokWorld) -> None:
    """The next is 429 with the seconds until there is room; another shop has a quota of its own."""
    await world.drive("quotas", {"limits": {"all": 1000, "shop.read": 3}})
    codes = [(await world.ask("GET", WAREHOUSES))["code"] for _ in range(3)]
    world.pass_time(20)
    refused = await world.ask("GET", WAREHOUSES)
    assert (codes, refused["code"], refused["status"]) == ([0] * 3, 36009002, 429)
    assert (await world.ask("GET", WAREHOUSES, shop=OTHER_SHOP))["code"] == 0
    world.pass_time(int(refused["retry_after"]))
    assert (await world.ask("GET", WAREHOUSES))["code"] == 0


async def test_the_quota_tells_the_most_of_any_minute(world: TikTokWorld) -> None:
    """Whoever checks from outside sees the fullest minute and the refusals."""
    await world.drive("quotas", {"limits": {"all": 2}})
    for _ in range(3):
        await world.ask("GET", WAREHOUSES)
    asked = (await world.drive("quotas", {"limits": {"all": 2}}))["asked"]
    assert {"shop": SHOP, "class": "all", "most": 2, "refused": 1} in asked
