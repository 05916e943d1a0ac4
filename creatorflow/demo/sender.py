"""
Send the webhooks over HTTP, at a chosen rate or as fast as they are taken, and write down what was answered.

Every request is repeated until it is acknowledged: 503, a lost connection and a time-out mean "not yet", anything
else is an answer. A forged one is answered 401, which is the right answer for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from time import perf_counter
from typing import Final

import aiohttp
from yarl import URL

from creatorflow.demo.client_record import Answer
from creatorflow.demo.traffic import Send
from creatorflow.demo.webhooks import sign

CONNECTIONS: Final = 64
REQUEST_SECONDS: Final = 10.0
BACKOFF_FIRST_SECONDS: Final = 0.1
BACKOFF_MOST_SECONDS: Final = 2.0
GIVE_UP_AFTER_SECONDS: Final = 180.0
OK: Final = 200
NOT_YET: Final = frozenset({408, 429, 500, 502, 503, 504})

_FORGERS_SECRET: Final = b"not the secret"
_NO_ANSWER: Final = 0


class Sender:
    """
    Sends one plan. `answers` grows while it does, so that a panel can look at it; bodies are not kept.

    Order: requests start in the order of the plan; one that names another in `after` waits for its answer.
    Repeated: the same bytes under the same event id, which the receiver must take once.
    """

    def __init__(
        self,
        ingress_url: str,
        secret: bytes,
        *,
        connections: int = CONNECTIONS,
        give_up_after_seconds: float = GIVE_UP_AFTER_SECONDS,
    ) -> None:
        self.answers: list[Answer] = []
        self.retries = 0
        self._url = URL(ingress_url) / "webhooks" / "tiktok"
        self._secret = secret
        self._connections = connections
        self._give_up_after_seconds = give_up_after_seconds
        self._answered: set[str] = set()
        self._awaited: dict[str, asyncio.Event] = {}
        self._dice = Random()

    async def send(self, sends: Iterator[Send], rate: float | None) -> None:
        """Send everything. `rate` is requests a second; None is as fast as a bounded number of connections can."""
        started = perf_counter()
        slots = enumerate(sends)
        connector = aiohttp.TCPConnector(limit=self._connections)
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=REQUEST_SECONDS, sock_read=REQUEST_SECONDS),
        ) as session:

            async def lane() -> None:
                for slot, send in slots:
                    if rate is not None:
                        await asyncio.sleep(started + slot / rate - perf_counter())
                    await self._send_one(session, send)

            async with asyncio.TaskGroup() as lanes:
                for _ in range(self._connections):
                    lanes.create_task(lane())

    async def _send_one(self, session: aiohttp.ClientSession, send: Send) -> None:
        if send.after and send.after not in self._answered:
            await self._awaited.setdefault(send.after, asyncio.Event()).wait()
        answer = await self._until_answered(session, send)
        self.answers.append(answer._replace(send=send._replace(body=b"")))
        self._answered.add(send.event_id)
        if (awaited := self._awaited.pop(send.event_id, None)) is not None:
            awaited.set()

    async def _until_answered(self, session: aiohttp.ClientSession, send: Send) -> Answer:
        secret = _FORGERS_SECRET if send.kind == "forged" else self._secret
        headers = {
            "content-type": "application/json",
            "x-tiktok-shop-signature": sign(secret, send.body),
            "x-tiktok-shop-event-id": send.event_id,
        }
        sent_at, first_try = datetime.now(UTC), perf_counter()
        wait, attempts = BACKOFF_FIRST_SECONDS, 0
        while True:
            attempts += 1
            attempt_started = perf_counter()
            status = await self._attempt(session, send.body, headers)
            seconds = perf_counter() - attempt_started
            if status != _NO_ANSWER and status not in NOT_YET:
                return Answer(send, "ok" if status == OK else "fail", status, sent_at, seconds, attempts)
            if perf_counter() - first_try > self._give_up_after_seconds:
                return Answer(send, "unknown", status, sent_at, seconds, attempts)
            self.retries += 1
            await asyncio.sleep(wait * (0.5 + self._dice.random() / 2))
            wait = min(wait * 2, BACKOFF_MOST_SECONDS)

    async def _attempt(self, session: aiohttp.ClientSession, body: bytes, headers: dict[str, str]) -> int:
        """The status of one attempt; 0 where no answer came, which says nothing about whether it arrived."""
        try:
            async with session.post(self._url, data=body, headers=headers) as response:
                await response.read()
                return response.status
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            return _NO_ANSWER
