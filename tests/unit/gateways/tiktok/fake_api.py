"""A Partner API of a few lines: it answers what it is told to, checks each signature, and keeps what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec

from gateways.breakers import Breakers
from gateways.http_client import HttpClient
from gateways.quota import PATIENCE_SECONDS, Endpoint, Grant, Quota, Unlimited
from gateways.tiktok.access import Access, App, FixedAccess, ShopAccess
from gateways.tiktok.client import TikTokShop
from gateways.tiktok.connection import NO_IDS
from gateways.tiktok.signing import sign

SHOP = "7490000000000000001"
APP = App("29a39d", "e59af819cc")
ACCESS = ShopAccess("GCP_cipher", "TTP_token")
NOON = datetime(2025, 11, 26, 12, tzinfo=UTC)

Answer = httpx.Response | Exception


class FakeApi:
    """Answers in the order in which the answers were given; the last one stays."""

    def __init__(self, *answers: Answer | Callable[[httpx.Request], Answer]) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        params = dict(request.url.params)
        assert params["sign"] == sign(APP.secret, request.url.path, params, request.content), "signature"
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def paths(self) -> list[str]:
        """What was asked, in order."""
        return [request.url.path for request in self.asked]

    def body(self, place: int = -1) -> Any:
        """What was sent in one request."""
        return msgspec.json.decode(self.asked[place].content)


class CountedQuota(Unlimited):
    """Grants everything and keeps what it was asked."""

    def __init__(self) -> None:
        self.taken: list[Endpoint] = []
        self.slowed: list[tuple[Endpoint, float | None]] = []

    async def take(self, account: str, endpoint: Endpoint, patience_seconds: float = PATIENCE_SECONDS) -> Grant:
        """Granted."""
        self.taken.append(endpoint)
        return await super().take(account, endpoint, patience_seconds)

    async def slow_down(self, account: str, endpoint: Endpoint, grant: Grant, retry_after: float | None) -> None:
        """Kept."""
        self.slowed.append((endpoint, retry_after))


def ok(data: Any = None) -> httpx.Response:
    """A success."""
    return httpx.Response(200, json={"code": 0, "message": "Success", "request_id": "r", "data": data})


def code(number: int, status: int = 200, **headers: str) -> httpx.Response:
    """A failure by its code; its message holds what nobody may repeat."""
    return httpx.Response(
        status, json={"code": number, "message": "77 Marker Street", "request_id": "r"}, headers=headers
    )


def lost() -> Exception:
    """The answer does not come."""
    return httpx.ReadError("lost")


def a_shop(
    api: FakeApi, access: Access | None = None, quota: Quota | None = None, versions: Mapping[str, str] = NO_IDS
) -> TikTokShop:
    """A client of this API with one shop."""
    client = HttpClient("tiktok", "http://tiktok.test", Breakers(), transport=httpx.MockTransport(api))
    granted = access or FixedAccess({SHOP: ACCESS})
    return TikTokShop(
        client, APP, granted, {"usps": "7000000000000000001"}, quota=quota, versions=versions, now=lambda: NOON
    )
