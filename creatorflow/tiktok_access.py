"""
The tokens of all TikTok shops, fresh: kept in memory, refreshed a day before they end, once among all processes.

The pair's row is held while TikTok is asked, so whoever comes second finds the new pair and asks nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import structlog

from aggregates.event_store.connection import STORE_FAULT, Connection
from aggregates.event_store.tiktok_tokens import TokenPair, TokenStore
from gateways.errors import GatewayError, Unavailable
from gateways.tiktok.access import Access, ShopAccess
from gateways.tiktok.oauth import TIMEOUT_SECONDS, OAuth
from streams.store_thread import StoreThread

REFRESHED_BEFORE: Final = timedelta(hours=24)
LOOKED_AT_AGAIN_AFTER: Final = timedelta(minutes=5)
ASKED_AGAIN_AFTER: Final = timedelta(seconds=30)
"""How long TikTok is left alone after a refresh that failed, as every call would ask for it again."""

log = structlog.get_logger()


class _Known(NamedTuple):
    """What opens a shop, as it was when it was looked at."""

    access: ShopAccess
    until: datetime


class StoredAccess:
    """
    Reads tokens from the event store, and keeps them fresh. `fixed` knows shops whose token was set by hand.

    Raises Unavailable where neither the store nor the memory has an answer.
    """

    def __init__(
        self,
        dsn: str,
        store: TokenStore,
        oauth: OAuth,
        fixed: Access,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._oauth = oauth
        self._fixed = fixed
        self._now = now
        self._known: dict[str, _Known] = {}
        self._one_at_a_time = asyncio.Lock()
        self._not_asked_before: dict[str, datetime] = {}
        self._thread = StoreThread(dsn, "tiktok-access")

    async def of(self, shop: str) -> ShopAccess | None:
        """What opens a shop; its token is refreshed if it ends within a day, and used as it is if that fails."""
        known = self._known.get(shop)
        if known is not None and self._now() < known.until:
            return known.access
        async with self._one_at_a_time:
            return await self._looked_up(shop, None)

    async def renewed(self, shop: str, refused: ShopAccess) -> ShopAccess | None:
        """
        Another token than the refused one. Raced: whoever comes second takes what the first one got.

        None where the seller must consent again.
        """
        async with self._one_at_a_time:
            try:
                access = await self._looked_up(shop, refused.access_token)
            except Unavailable:
                return None
        return None if access is None or access.access_token == refused.access_token else access

    async def _looked_up(self, shop: str, refused: str | None) -> ShopAccess | None:
        try:
            found = await self._thread.run(self._store.of_shop, shop)
            if found is None:
                access = await self._fixed.of(shop)
                return None if access is None else self._keep(shop, access, self._now() + LOOKED_AT_AGAIN_AFTER)
            granted, pair = found
            if pair.access == refused or pair.access_expires_at - self._now() < REFRESHED_BEFORE:
                pair = await self._refreshed(pair, refused)
        except STORE_FAULT as error:
            await self._thread.disconnect()
            raise Unavailable(f"tokens cannot be read: {type(error).__name__}", counts=False) from None
        until = min(self._now() + LOOKED_AT_AGAIN_AFTER, pair.access_expires_at)
        return self._keep(shop, ShopAccess(granted.cipher, pair.access), until)

    def _keep(self, shop: str, access: ShopAccess, until: datetime) -> ShopAccess:
        self._known[shop] = _Known(access, until)
        return access

    async def _refreshed(self, pair: TokenPair, refused: str | None) -> TokenPair:
        """The new pair; where TikTok gives none, the old one while it is good."""
        not_before = self._not_asked_before.get(pair.grant)
        if not_before is None or self._now() >= not_before:
            loop = asyncio.get_running_loop()
            try:
                return await self._thread.run(self._refresh, pair, loop)
            except (GatewayError, TimeoutError) as error:
                log.error("token not refreshed", reason=str(error), good_until=pair.access_expires_at.isoformat())
                self._not_asked_before[pair.grant] = self._now() + ASKED_AGAIN_AFTER
        if refused is not None or pair.access_expires_at <= self._now():
            raise Unavailable("the access token has ended and is not refreshed", counts=False)
        return pair

    def _refresh(self, connection: Connection, seen: TokenPair, loop: asyncio.AbstractEventLoop) -> TokenPair:
        """Hold the row, look whether somebody was faster, ask TikTok on the loop, and store the whole pair."""
        with self._store.held(connection, seen.grant) as held:
            if held.access != seen.access:
                return held
            asked = asyncio.run_coroutine_threadsafe(self._oauth.refresh(held.refresh), loop)
            pair = TokenPair(*asked.result(TIMEOUT_SECONDS + 1))._replace(grant=seen.grant)
            self._store.replace(connection, pair)
        log.info("token refreshed", good_until=pair.access_expires_at.isoformat())
        return pair
