"""One quota for all processes, kept in Valkey; without it each process goes on with a small part of its own."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Final
from uuid import uuid4

import structlog
from valkey.asyncio import Valkey
from valkey.exceptions import ValkeyError

from gateways.errors import QuotaSpent
from gateways.own_quota import OwnQuota
from gateways.quota import PATIENCE_SECONDS, RANKS, Endpoint, Grant, Limits, Rank
from gateways.quota_scripts import SLOW_DOWN, TAKE

ANSWER_SECONDS: Final = 3.0
"""Much longer than any answer takes; a server whose disk is slow for a moment is not away."""

AWAY_SECONDS: Final = 15.0
LEASE_SECONDS: Final = 5.0
"""How long a ticket keeps its place when nobody asks for it any more; who waits asks three times within it."""

REGAIN_SECONDS: Final = 600.0
"""How long a class takes from nothing to its whole limit again: five minutes after one halving."""

LEAST_SHARE: Final = 1 / 64

log = structlog.get_logger()

AWAY = (ValkeyError, OSError, TimeoutError)


class SharedQuota:
    """
    The quota of every account, the same for all who name the same server.

    Without the server: `own` decides, and the server is asked again after 15 seconds.
    """

    def __init__(self, server: Valkey, limits: Limits, own: OwnQuota, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._limits = limits
        self._own = own
        self._take = server.register_script(TAKE)
        self._slow_down = server.register_script(SLOW_DOWN)
        self._lease_seconds = lease_seconds
        self._away_until = 0.0

    @property
    def away(self) -> bool:
        """Whether the server did not answer when it was asked last."""
        return time.monotonic() < self._away_until

    async def take(self, account: str, endpoint: Endpoint, patience_seconds: float = PATIENCE_SECONDS) -> Grant:
        """Wait for a turn in the queue of the class. Raises `QuotaSpent` where it would take too long."""
        if self.away:
            return await self._own.take(account, endpoint)
        try:
            return await self._turn(account, endpoint, patience_seconds)
        except AWAY as error:
            self._note_away(error)
        return await self._own.take(account, endpoint)

    async def slow_down(self, account: str, endpoint: Endpoint, grant: Grant, retry_after: float | None) -> None:
        """Halve the class for all processes."""
        await self._own.slow_down(account, endpoint, grant, retry_after)
        if self.away:
            return
        arguments: tuple[str | float, ...] = (
            *(self._limits.of(endpoint), _ms(self._limits.window_seconds), _ms(REGAIN_SECONDS), LEAST_SHARE),
            *(grant.at, _ms(retry_after or 0.0)),
        )
        try:
            await self._slow_down(keys=[_class_key(account, endpoint)], args=arguments)
        except AWAY as error:
            self._note_away(error)

    async def _turn(self, account: str, endpoint: Endpoint, patience_seconds: float) -> Grant:
        ticket = uuid4().hex
        until = time.monotonic() + patience_seconds
        while True:
            patience = max(0.0, until - time.monotonic())
            granted, said = await self._ask(account, endpoint, ticket, patience)
            if granted:
                return Grant(said)
            if said > _ms(patience):
                raise QuotaSpent(said / 1000)
            await asyncio.sleep(min(said / 1000, self._lease_seconds / 3))

    async def _ask(self, account: str, endpoint: Endpoint, ticket: str, patience: float) -> tuple[bool, float]:
        limits = self._limits
        place = list(Endpoint).index(endpoint) + 1
        arguments: tuple[str | float, ...] = (
            *(ticket, place, _ms(patience), _ms(self._lease_seconds), limits.shared),
            *(_ms(limits.window_seconds), _ms(limits.span_seconds), _ms(REGAIN_SECONDS)),
            *(limits.guaranteed(rank) for rank in Rank),
            *(part for each in Endpoint for part in (RANKS[each] + 1, limits.of(each))),
        )
        async with asyncio.timeout(ANSWER_SECONDS):
            granted, said = await self._take(keys=_keys(account), args=arguments)
        return bool(granted), float(said)

    def _note_away(self, error: Exception) -> None:
        if not self.away:
            log.warning("quota not shared", kind=type(error).__name__, error=str(error), seconds=AWAY_SECONDS)
        self._away_until = time.monotonic() + AWAY_SECONDS


def _keys(account: str) -> list[str]:
    """All keys of an account; what stands in braces keeps them on one node of a cluster."""
    logs = [f"{_prefix(account)}:{name}" for name in ("log", "log:0", "log:1", "log:2", "leases")]
    classes = [(_class_key(account, each), f"{_class_key(account, each)}:queue") for each in Endpoint]
    return [*logs, *(key for pair in classes for key in pair)]


def _class_key(account: str, endpoint: Endpoint) -> str:
    return f"{_prefix(account)}:{endpoint}"


def _prefix(account: str) -> str:
    return f"quota:{{{hashlib.sha256(account.encode()).hexdigest()[:16]}}}"


def _ms(seconds: float) -> float:
    return seconds * 1000
