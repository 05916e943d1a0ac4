"""
One circuit breaker per service and shop, so that one shop's outage delays only that shop's calls.

Opens at 5 consecutive failures within 10 minutes, lets one probe through after 60 s. Each process learns for itself.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from fluxgate import AsyncCircuitBreaker
from fluxgate.errors import CallNotPermittedError
from fluxgate.metric import Metric, Record
from fluxgate.permits import All
from fluxgate.retries import Cooldown
from fluxgate.trackers import Custom
from fluxgate.trippers import Closed, FailureStreak, HalfOpened, MinRequests
from fluxgate.windows import Window

from gateways.errors import BreakerOpen, OutcomeUnknown, Unavailable

FAILURES_TO_OPEN: Final = 5
WINDOW_SECONDS: Final = 600.0
OPEN_SECONDS: Final = 60.0

Answer = TypeVar("Answer")


class LatestCalls(Window):
    """
    How many of the latest calls lie within the window: with a streak of as many, all of its failures do.

    The library's own time window forgets an old call only when its slot is used again, so it cannot tell this.
    """

    def __init__(self, size: int, seconds: float) -> None:
        self._times: deque[float] = deque(maxlen=size)
        self._seconds = seconds

    def record(self, record: Record) -> None:
        """Remember when one call was."""
        self._times.append(record.timestamp)

    def get_metric(self) -> Metric:
        """The count; nothing else is asked of this window."""
        since = time.time() - self._seconds
        return Metric(
            total_count=sum(at > since for at in self._times), total_duration=0.0, failure_count=0, slow_counts={}
        )

    def reset(self) -> None:
        """Forget all calls."""
        self._times.clear()


class Breakers:
    """The breakers of one process, made when first asked for."""

    def __init__(self, *, window_seconds: float = WINDOW_SECONDS, open_seconds: float = OPEN_SECONDS) -> None:
        self._window_seconds = window_seconds
        self._open_seconds = open_seconds
        self._breakers: dict[tuple[str, str], AsyncCircuitBreaker] = {}

    async def call(self, service: str, shop: str, send: Callable[[], Awaitable[Answer]]) -> Answer:
        """Send, unless the breaker is open: then BreakerOpen with the time that is left of it."""
        breaker = self._of(service, shop)
        try:
            return await breaker.call(send)
        except CallNotPermittedError:
            left = breaker.info().changed_at + self._open_seconds - time.time()
            raise BreakerOpen(service, max(left, 1.0)) from None

    def require_closed(self, service: str, shop: str) -> None:
        """Raise BreakerOpen, with the time that is left of it, while not even a probe would be let through."""
        info = self._of(service, shop).info()
        left = info.changed_at + self._open_seconds - time.time()
        if info.state == "open" and left > 0:
            raise BreakerOpen(service, max(left, 1.0))

    def is_open(self, service: str, shop: str) -> bool:
        """Whether calls are held back at present."""
        return self._of(service, shop).info().state != "closed"

    def _of(self, service: str, shop: str) -> AsyncCircuitBreaker:
        key = (service, shop)
        if key not in self._breakers:
            self._breakers[key] = AsyncCircuitBreaker(
                window=LatestCalls(FAILURES_TO_OPEN, self._window_seconds),
                tracker=Custom(_counts),
                tripper=(Closed() & FailureStreak(FAILURES_TO_OPEN) & MinRequests(FAILURES_TO_OPEN))
                | (HalfOpened() & FailureStreak(1)),
                retry=Cooldown(self._open_seconds),
                permit=All(),
                max_half_open_calls=1,
            )
        return self._breakers[key]


def _counts(error: Exception) -> bool:
    """Only what speaks of the other side's health counts; an answer of 4xx is no error here, and 429 does not count."""
    return isinstance(error, OutcomeUnknown) or (isinstance(error, Unavailable) and error.counts)
