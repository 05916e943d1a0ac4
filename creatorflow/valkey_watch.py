"""Whether Valkey answers, as a process sees it: without it quotas are divided instead of shared."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from valkey.asyncio import Valkey
from valkey.exceptions import ValkeyError

from gateways.shared_quota import ANSWER_SECONDS

LOOK_SECONDS: Final = 5.0

log = structlog.get_logger()


class ValkeyWatch:
    """Looks every five seconds. What it saw last is in `away`."""

    def __init__(self, url: str) -> None:
        self._server: Valkey = Valkey.from_url(
            url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
        )
        self.away: tuple[str, ...] = ()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Ask once, and log it when the answer is another one than before."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._server.ping()
            away: tuple[str, ...] = ()
        except (ValkeyError, OSError, TimeoutError):
            away = ("valkey",)
        if away != self.away:
            log.warning("valkey away" if away else "valkey back")
        self.away = away
