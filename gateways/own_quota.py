"""The quota of one process alone: what it goes on with while the shared one cannot be asked."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Final

from gateways.errors import QuotaSpent
from gateways.quota import PATIENCE_SECONDS, RANKS, Endpoint, Grant, Limits, Rank

USABLE: Final[Mapping[Rank, float]] = {Rank.URGENT: 1.0, Rank.FULFILMENT: 0.75, Rank.READ: 0.5}
"""Up to which part of the limit a rank may use it; what is above is for the more urgent."""


class OwnQuota:
    """Counts the grants of each account in this process. Nobody waits: what is too much comes again later."""

    def __init__(self, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._now = now
        self._granted: defaultdict[str, deque[float]] = defaultdict(deque)
        self._held_until: dict[tuple[str, Endpoint], float] = {}

    async def take(self, account: str, endpoint: Endpoint, patience_seconds: float = PATIENCE_SECONDS) -> Grant:
        """Grant it at once, or raise `QuotaSpent`."""
        now = self._now()
        granted = self._granted[account]
        while granted and granted[0] <= now - self._limits.span_seconds:
            granted.popleft()
        held = self._held_until.get((account, endpoint), now)
        usable = max(1, int(self._limits.alone * USABLE[RANKS[endpoint]]))
        if held > now:
            raise QuotaSpent(held - now)
        if len(granted) >= usable:
            raise QuotaSpent(granted[len(granted) - usable] + self._limits.span_seconds - now)
        granted.append(now)
        return Grant(now * 1000)

    async def slow_down(self, account: str, endpoint: Endpoint, grant: Grant, retry_after: float | None) -> None:
        """Hold the class for what was asked, at least for a second. Repeated: the longer of both."""
        until = self._now() + max(retry_after or 0.0, 1.0)
        self._held_until[account, endpoint] = max(until, self._held_until.get((account, endpoint), until))
