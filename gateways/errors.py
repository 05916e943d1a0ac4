"""
What may become of a request to somebody outside, other than its answer.

The three say how much is known, which is what decides whether a call may be repeated. No message ever
quotes what was sent or answered: it may hold a buyer's name or a secret.
"""

from __future__ import annotations


class GatewayError(Exception):
    """A request that has no answer to work with."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(GatewayError):
    """The other side understood and will not do it. Nothing happened, and asking again changes nothing."""


class Unavailable(GatewayError):
    """
    Surely nothing happened: not reached, too many requests, out of service. May be asked again.

    `retry_after` (seconds) is what the other side asked for, the lower bound of the wait. `counts` is false where it
    says nothing about the other side's health, so that the breaker does not count it.
    """

    def __init__(self, reason: str, retry_after: float | None = None, *, counts: bool = True) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.counts = counts


class TooManyRequests(Unavailable):
    """The other side counts more requests than it allows. Says nothing about its health."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason, retry_after, counts=False)


class NotSent(Unavailable):
    """Nothing was sent, as it had to wait for something here. That is not an attempt."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason, retry_after, counts=False)


class QuotaSpent(NotSent):
    """More requests than may be sent now."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("quota spent", retry_after)


class BreakerOpen(NotSent):
    """The service failed too often just now."""

    def __init__(self, service: str, retry_after: float) -> None:
        super().__init__(f"{service}: breaker open", retry_after)


class OutcomeUnknown(GatewayError):
    """It may have happened. Look it up, or repeat it only with the same idempotency key."""
