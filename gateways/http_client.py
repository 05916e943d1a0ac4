"""
One attempt at one request, with a time limit, pooled connections and a breaker.

What went wrong is told by how much is known of it: see `gateways.errors`. Whoever has a quota takes it before it asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, NamedTuple

import httpx

from gateways.breakers import Breakers
from gateways.errors import GatewayError, OutcomeUnknown, TooManyRequests, Unavailable
from gateways.retry_after import retry_after_seconds

CONNECTIONS: Final = 50
TIMEOUT_SECONDS: Final = 30.0
CONNECT_TIMEOUT_SECONDS: Final = 10.0
ANSWER_LIMIT_BYTES: Final = 4 * 1024 * 1024

NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
NOT_PROCESSED: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
)


class Answer(NamedTuple):
    """A whole answer: a success, or a 4xx that says no."""

    status: int
    content_type: str
    body: bytes

    @property
    def refused(self) -> bool:
        """Whether the other side said no."""
        return self.status >= HTTPStatus.BAD_REQUEST


class Request(NamedTuple):
    """What is sent. `acts` is false for a look-up, of which nothing can remain unknown."""

    method: str
    path: str
    acts: bool
    params: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes = b""


class HttpClient:
    """The connection to one service. `shop` keeps the breakers of shops apart."""

    def __init__(
        self,
        service: str,
        base_url: str,
        breakers: Breakers,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        connections: int = CONNECTIONS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.service = service
        self._breakers = breakers
        self._timeout_seconds = timeout_seconds
        self._now = now
        connect_seconds = min(CONNECT_TIMEOUT_SECONDS, timeout_seconds / 3)
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(timeout_seconds, connect=connect_seconds, pool=connect_seconds),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            transport=transport,
            follow_redirects=False,
            trust_env=False,
        )

    async def ask(self, request: Request, *, shop: str = "") -> Answer:
        """
        Send once and read the whole answer: 2xx, or a 4xx that is a refusal.

        Raises Unavailable when surely nothing happened, OutcomeUnknown when it may have (never for a look-up).
        """
        return await self._breakers.call(self.service, shop, lambda: self._send(request))

    def require_closed(self, shop: str = "") -> None:
        """Raise BreakerOpen while nothing would be sent, for whoever spends something on a request before it is."""
        self._breakers.require_closed(self.service, shop)

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._client.aclose()

    async def _send(self, request: Request) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._exchange(request)
        except httpx.PoolTimeout:
            raise Unavailable(f"{self.service}: all connections busy", counts=False) from None
        except NEVER_SENT as error:
            raise Unavailable(f"{self.service}: {type(error).__name__}") from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise self._may_have_happened(request, type(error).__name__) from None

    async def _exchange(self, request: Request) -> Answer:
        sent = self._client.stream(
            request.method,
            request.path,
            params=dict(request.params),
            headers=dict(request.headers),
            content=request.body or None,
        )
        async with sent as response:
            status = response.status_code
            if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
                raise Unavailable(f"{self.service}: redirected with {status}")
            if status in NOT_PROCESSED:
                wait = retry_after_seconds(response.headers.get("Retry-After"), self._now())
                if status == HTTPStatus.TOO_MANY_REQUESTS:
                    raise TooManyRequests(f"{self.service}: answered {status}", wait)
                counts = status >= HTTPStatus.INTERNAL_SERVER_ERROR
                raise Unavailable(f"{self.service}: answered {status}", wait, counts=counts)
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise self._may_have_happened(request, f"answered {status}")
            body = await self._whole_body(request, response)
            return Answer(status, response.headers.get("Content-Type", ""), body)

    async def _whole_body(self, request: Request, response: httpx.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > ANSWER_LIMIT_BYTES:
                raise self._may_have_happened(request, f"answered more than {ANSWER_LIMIT_BYTES} bytes")
            parts.append(part)
        return b"".join(parts)

    def _may_have_happened(self, request: Request, what: str) -> GatewayError:
        """A look-up acts on nothing: it is merely unavailable."""
        reason = f"{self.service}: {what}"
        return OutcomeUnknown(reason) if request.acts else Unavailable(reason)
