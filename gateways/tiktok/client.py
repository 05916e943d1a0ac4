"""TikTok Shop over HTTP: signed requests for many shops with one app."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from gateways.errors import BreakerOpen, OutcomeUnknown, Unavailable
from gateways.http_client import Answer, HttpClient, Request
from gateways.marketplaces import OrderRead, PushResult
from gateways.tiktok import mapping
from gateways.tiktok.signing import sign
from schemas.calls import PushDelayCall, PushFulfilmentCall, ReadOrderCall


class App(NamedTuple):
    """Our app at TikTok's. The secret signs and is never sent."""

    key: str
    secret: str


class ShopAccess(NamedTuple):
    """What one shop granted our app."""

    cipher: str
    access_token: str


class TikTokShop:
    """
    The Partner API. `access` is by shop id, `providers` are TikTok's ids of shipping providers by carrier.

    Neither the app's secret nor an access token is ever in a URL, which libraries log.
    """

    name: Final = "tiktok"

    def __init__(
        self,
        client: HttpClient,
        app: App,
        access: Mapping[str, ShopAccess],
        providers: Mapping[str, str],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._app = app
        self._access = access
        self._providers = providers
        self._now = now

    async def push_fulfilment(self, pushes: Sequence[PushFulfilmentCall]) -> Sequence[PushResult]:
        """
        Ship packages, one request per shop and 50 packages, all at once.

        Repeated: a package that is shipped already is looked up, and done if it is with the same tracking number.
        """
        results: dict[int, PushResult] = {}
        by_shop: defaultdict[str, list[int]] = defaultdict(list)
        for place, push in enumerate(pushes):
            refusal = self._refusal(push)
            if refusal is None:
                by_shop[push.shop].append(place)
            else:
                results[place] = refusal
        chunks = [
            (shop, places[start : start + mapping.PACKAGES_PER_REQUEST])
            for shop, places in by_shop.items()
            for start in range(0, len(places), mapping.PACKAGES_PER_REQUEST)
        ]
        answers = await asyncio.gather(
            *(self._ship(shop, [pushes[place] for place in places]) for shop, places in chunks)
        )
        for (_, places), answered in zip(chunks, answers, strict=True):
            results.update(zip(places, answered, strict=True))
        return [results[place] for place in range(len(pushes))]

    async def push_delay(self, call: PushDelayCall) -> PushResult:
        """Tell a delay to our stand-in for a call that the real API does not have."""
        if call.shop not in self._access:
            return PushResult("refused", "shop has not authorised the app")
        answer = await self._ask("POST", mapping.DELAYS_PATH, call.shop, mapping.delay_body(call))
        if isinstance(answer, PushResult):
            return answer
        return mapping.request_failure(answer) or PushResult("done")

    async def read_orders(self, calls: Sequence[ReadOrderCall]) -> Sequence[OrderRead]:
        """Refused: the order call is not made yet."""
        return [OrderRead("refused", "orders are not read over HTTP yet")] * len(calls)

    def _refusal(self, push: PushFulfilmentCall) -> PushResult | None:
        if push.shop not in self._access:
            return PushResult("refused", "shop has not authorised the app")
        if push.carrier not in self._providers:
            return PushResult("refused", f"carrier {push.carrier} has no shipping provider id")
        return None

    async def _ship(self, shop: str, pushes: Sequence[PushFulfilmentCall]) -> list[PushResult]:
        answer = await self._ask("POST", mapping.SHIP_PATH, shop, mapping.batch_body(pushes, self._providers))
        if isinstance(answer, PushResult):
            return [answer] * len(pushes)
        said = mapping.package_results(answer, [push.package for push in pushes])
        return [
            await self._check(shop, push) if package.check else package.result
            for push, package in zip(pushes, said, strict=True)
        ]

    async def _check(self, shop: str, push: PushFulfilmentCall) -> PushResult:
        answer = await self._ask("GET", mapping.PACKAGE_PATH.format(package=push.package), shop, acts=False)
        return answer if isinstance(answer, PushResult) else mapping.shipped_as(answer, push.tracking_number)

    async def _ask(
        self, method: str, path: str, shop: str, body: bytes = b"", *, acts: bool = True
    ) -> Answer | PushResult:
        """The answer, or what a request without one means for each of its pushes."""
        access = self._access[shop]
        params = {
            "app_key": self._app.key,
            "shop_cipher": access.cipher,
            "timestamp": str(int(self._now().timestamp())),
        }
        params["sign"] = sign(self._app.secret, path, params, body)
        headers = {"x-tts-access-token": access.access_token, "Content-Type": "application/json"}
        try:
            return await self._client.ask(
                Request(method, path, acts=acts, params=params, headers=headers, body=body), shop=shop
            )
        except Unavailable as error:
            attempted = not isinstance(error, BreakerOpen)
            return PushResult("unavailable", error.reason, error.retry_after, attempted)
        except OutcomeUnknown as error:
            return PushResult("unknown", error.reason)
