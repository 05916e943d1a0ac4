"""How often one shop's app may ask: so many requests of a class in any sliding minute."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from typing import Any, Final

from creatorflow.devstack.simulators.tiktok.answers import TOO_MANY_REQUESTS, Refused

MINUTE_SECONDS: Final = 60
REQUESTS_PER_MINUTE: Final = 1_000
ALL: Final = "all"
DEFAULT_LIMITS: Final = {ALL: REQUESTS_PER_MINUTE}


class Quotas:
    """
    Limits by class of endpoint, and `all` for everything that one shop asks. A refused request takes nothing.

    `most` is the largest number of requests that were let through in any minute, for whoever checks from outside.
    """

    def __init__(self, limits: Mapping[str, int] = DEFAULT_LIMITS) -> None:
        self.limits = dict(limits)
        self._asked: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._most: Counter[tuple[str, str]] = Counter()
        self._refused: Counter[tuple[str, str]] = Counter()

    def take(self, shop: str, kind: str, now: float) -> None:
        """Let one request through. Refused: 429 with the seconds until there is room again."""
        windows = {name: self._window(shop, name, now) for name in (ALL, kind)}
        for name, window in windows.items():
            limit = self.limits.get(name)
            if limit is not None and len(window) >= limit:
                self._refused[shop, name] += 1
                waits = int(window[0] + MINUTE_SECONDS - now) + 1 if window else MINUTE_SECONDS
                raise Refused(TOO_MANY_REQUESTS, "Too many requests", status=429, retry_after=waits)
        for name, window in windows.items():
            window.append(now)
            self._most[shop, name] = max(self._most[shop, name], len(window))

    def told(self) -> list[dict[str, Any]]:
        """What each shop asked of each class: the most in any minute, and how often it was refused."""
        known = sorted(self._most.keys() | self._refused.keys())
        return [
            {"shop": shop, "class": name, "most": self._most[shop, name], "refused": self._refused[shop, name]}
            for shop, name in known
        ]

    def _window(self, shop: str, name: str, now: float) -> deque[float]:
        window = self._asked[shop, name]
        while window and window[0] <= now - MINUTE_SECONDS:
            window.popleft()
        return window
