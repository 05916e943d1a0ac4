"""Posting webhooks: what is due goes out, and each answer decides whether it goes again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import httpx

from creatorflow.devstack.simulators.tiktok.clock import Clock
from creatorflow.devstack.simulators.tiktok.notices import Notice, Outbox
from creatorflow.devstack.simulators.tiktok.shop import Shop

ANSWER_WITHIN_SECONDS: Final = 3.0
AT_ONCE_MAX: Final = 32
LOOK_AGAIN_SECONDS: Final = 0.05

Post = Callable[[str, Notice], Awaitable[int | None]]
"""Sends one webhook to an address; the status of the answer, or None where there was none."""


class Courier:
    """Brings due webhooks to the address they are subscribed for. Their order is not promised."""

    def __init__(self, outbox: Outbox, shops: Iterable[Shop], clock: Clock, post: Post) -> None:
        self._outbox = outbox
        self._shops = tuple(shops)
        self._clock = clock
        self._post = post

    async def deliver_due(self) -> int:
        """Do what is due, and send what is due of that; how many were sent."""
        for shop in self._shops:
            shop.catch_up()
        sent = 0
        while notices := self._outbox.take_due(self._clock.now(), AT_ONCE_MAX):
            address = self._outbox.subscription.address
            statuses = await asyncio.gather(*(self._post(address, notice) for notice in notices))
            for notice, status in zip(notices, statuses, strict=True):
                self._outbox.answered(notice, status, self._clock.now())
            sent += len(notices)
        return sent

    async def run(self) -> None:
        """For as long as the simulator runs."""
        while True:
            await self.deliver_due()
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


class HttpPost:
    """Webhooks as TikTok posts them."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(timeout=ANSWER_WITHIN_SECONDS, trust_env=False)

    async def __call__(self, address: str, notice: Notice) -> int | None:
        """One attempt. No answer within three seconds is a failure like any other."""
        headers = {"Content-Type": "application/json", "Authorization": notice.signature}
        try:
            return (await self._client.post(address, content=notice.body, headers=headers)).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            return None

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()
