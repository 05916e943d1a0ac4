"""One signed request to the Partner API at a time: quota, token, signature, and what its code means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import structlog

from gateways.errors import NotSent, TooManyRequests
from gateways.http_client import Answer, HttpClient, Request
from gateways.quota import Quota
from gateways.tiktok.access import Access, App, ShopAccess
from gateways.tiktok.endpoints import Call
from gateways.tiktok.errors import WITHOUT_ACCESS_SECONDS, TokenExpired, failure_of, unknown
from gateways.tiktok.signing import sign

log = structlog.get_logger()

NOT_AUTHORISED: Final = "shop has not authorised the app"
NO_IDS: Final[Mapping[str, str]] = {}

Data = TypeVar("Data")


class _Asked(NamedTuple):
    """One call before it is signed."""

    call: Call
    shop: str
    path: str
    params: Mapping[str, str]
    body: bytes


class Connection:
    """
    What all calls have in common. `versions` are those that were set, by the call's name.

    Neither the app's secret nor an access token is ever in a URL, which libraries log.
    """

    def __init__(
        self,
        client: HttpClient,
        app: App,
        access: Access,
        quota: Quota,
        *,
        versions: Mapping[str, str],
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._app = app
        self._access = access
        self._quota = quota
        self._versions = versions
        self._now = now

    async def ask(
        self,
        call: Call,
        shop: str,
        ids: Mapping[str, str] = NO_IDS,
        *,
        params: Mapping[str, str] = NO_IDS,
        body: bytes = b"",
    ) -> Answer:
        """
        The answer to one call, if it is a success.

        A token that is refused as expired is renewed once, and the call made again. Raises Refused, Unavailable
        (`NotSent` where it never left, as of a shop that has not authorised the app yet) and OutcomeUnknown.
        """
        access = await self._access.of(shop)
        if access is None:
            raise NotSent(NOT_AUTHORISED, WITHOUT_ACCESS_SECONDS)
        asked = _Asked(call, shop, call.path(self._versions, ids), params, body)
        try:
            return await self._once(asked, access)
        except TokenExpired:
            renewed = await self._access.renewed(shop, access)
            if renewed is None:
                raise
        return await self._once(asked, renewed)

    async def _once(self, asked: _Asked, access: ShopAccess) -> Answer:
        """Signed after the turn has come, as a signature is good for minutes only."""
        call, shop = asked.call, asked.shop
        self._client.require_closed(shop)
        account = f"{self._app.key}:{shop}"
        grant = await self._quota.take(account, call.endpoint)
        try:
            answer = await self._client.ask(self._signed(asked, access), shop=shop)
            failure = failure_of(answer, acts=call.acts)
            if failure is not None:
                raise failure
        except TooManyRequests as error:
            log.warning("marketplace limits us", shop=shop, endpoint=call.endpoint, retry_after=error.retry_after)
            await self._quota.slow_down(account, call.endpoint, grant, error.retry_after)
            raise
        return answer

    def _signed(self, asked: _Asked, access: ShopAccess) -> Request:
        query = {
            **asked.params,
            "app_key": self._app.key,
            "timestamp": str(int(self._now().timestamp())),
            **({"shop_cipher": access.cipher} if access.cipher else {}),
        }
        query["sign"] = sign(self._app.secret, asked.path, query, asked.body)
        headers = {"x-tts-access-token": access.access_token, "Content-Type": "application/json"}
        return Request(
            asked.call.method, asked.path, acts=asked.call.acts, params=query, headers=headers, body=asked.body
        )


class _Opened(msgspec.Struct, frozen=True):
    """An answer of which only the data is read."""

    data: msgspec.Raw = msgspec.Raw(b"null")


def data_of(answer: Answer, kind: type[Data], *, acts: bool = False) -> Data:
    """What an answer holds. Raises OutcomeUnknown where it is not that, and Unavailable of what only reads."""
    try:
        raw = msgspec.json.decode(answer.body, type=_Opened).data
        return msgspec.json.decode(b"{}" if bytes(raw) == b"null" else raw, type=kind)
    except msgspec.MsgspecError:
        raise unknown("TikTok's answer cannot be read", acts=acts) from None


def encoded(body: Any) -> bytes:
    """A body as it is signed and sent."""
    return msgspec.json.encode(body)
