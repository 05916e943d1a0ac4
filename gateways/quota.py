"""
How often an account may be asked: never more than its limit in any window, the urgent kinds of requests first.

An account is one app at one shop. The window keeps the token bucket of the same size too: whoever stays below 1,000 in
every minute stays below 1,000 and 16.67 for each second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple, Protocol

PER_MINUTE: Final = 1000
WINDOW_SECONDS: Final = 60.0
OVERTAKING_SECONDS: Final = 1.0
"""The window is longer by this: two requests may meet the other side nearer to each other than they left here."""

WITHOUT_VALKEY: Final = 0.05
"""
The part of a limit that is never shared. Each process has its equal part of it to go on with while Valkey is away, so
that the whole limit holds however often Valkey goes and comes.
"""

PATIENCE_SECONDS: Final = 5.0
"""How long a request waits for its turn before its call is put back: others of its round wait with it."""


class Rank(IntEnum):
    """Who comes first where there is not enough for all."""

    URGENT = 0
    FULFILMENT = 1
    READ = 2


GUARANTEED: Final[Mapping[Rank, float]] = {Rank.URGENT: 0.2, Rank.FULFILMENT: 0.1, Rank.READ: 0.1}
"""What part of the limit nobody else may use, so that the urgent never find it used up, and nobody starves."""


class Endpoint(StrEnum):
    """Classes of requests that are limited for themselves as well."""

    CANCELLATION = "cancellation"
    STOCK = "stock"
    FULFILMENT = "fulfilment"
    ORDER_READ = "order-read"
    READ = "read"


RANKS: Final[Mapping[Endpoint, Rank]] = {
    Endpoint.CANCELLATION: Rank.URGENT,
    Endpoint.STOCK: Rank.URGENT,
    Endpoint.FULFILMENT: Rank.FULFILMENT,
    Endpoint.ORDER_READ: Rank.READ,
    Endpoint.READ: Rank.READ,
}


@dataclass(frozen=True)
class Limits:
    """What every account may use in one window; a class without a limit of its own may use all that its rank may."""

    per_window: int = PER_MINUTE
    window_seconds: float = WINDOW_SECONDS
    overtaking_seconds: float = OVERTAKING_SECONDS
    by_endpoint: Mapping[Endpoint, int] = field(default_factory=dict)
    processes: int = 1

    def __post_init__(self) -> None:
        if self.shared < 1:
            raise ValueError(f"a limit of {self.per_window} is too low for {self.processes} processes")

    @property
    def alone(self) -> int:
        """What one process may use in a window while Valkey is away."""
        return max(1, int(self.per_window * WITHOUT_VALKEY) // self.processes)

    @property
    def shared(self) -> int:
        """What all processes together may use in a window through Valkey."""
        return self.per_window - self.alone * self.processes

    @property
    def span_seconds(self) -> float:
        """How long one grant counts."""
        return self.window_seconds + self.overtaking_seconds

    def of(self, endpoint: Endpoint) -> int:
        """What requests of this class may use in a window."""
        return min(self.by_endpoint.get(endpoint, self.shared), self.shared)

    def guaranteed(self, rank: Rank) -> int:
        """What nobody but this rank may use in a window."""
        return int(self.shared * GUARANTEED[rank])


class Grant(NamedTuple):
    """Leave for one request. `at` is when it was given, in milliseconds of whoever gave it."""

    at: float


class Quota(Protocol):
    """Grants requests, one at a time."""

    async def take(self, account: str, endpoint: Endpoint, patience_seconds: float = PATIENCE_SECONDS) -> Grant:
        """Wait for a turn. Raises `QuotaSpent`, with the time until the next chance, where it would take too long."""
        ...

    async def slow_down(self, account: str, endpoint: Endpoint, grant: Grant, retry_after: float | None) -> None:
        """
        Halve the class, as the other side answered that this request was one too many; it is regained slowly.

        Repeated: an answer to what was granted before the last halving says nothing new.
        """
        ...


class Unlimited:
    """Grants everything: for a server of our own that counts for itself."""

    async def take(self, account: str, endpoint: Endpoint, patience_seconds: float = PATIENCE_SECONDS) -> Grant:
        """Granted."""
        return Grant(0.0)

    async def slow_down(self, account: str, endpoint: Endpoint, grant: Grant, retry_after: float | None) -> None:
        """Nothing is kept of it: the call comes again when its answer said."""
