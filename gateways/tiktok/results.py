"""What a failure of a request means for each thing that was asked in it."""

from __future__ import annotations

from gateways.errors import GatewayError, NotSent, OutcomeUnknown, Unavailable
from gateways.marketplaces import OrderRead, PushResult


def as_push(error: GatewayError) -> PushResult:
    """The result of a push whose request failed."""
    if isinstance(error, Unavailable):
        return PushResult("unavailable", error.reason, error.retry_after, not isinstance(error, NotSent))
    return PushResult("unknown" if isinstance(error, OutcomeUnknown) else "refused", error.reason)


def as_read(error: GatewayError) -> OrderRead:
    """The result of a read whose request failed; nothing of it can remain unknown."""
    push = as_push(error)
    return OrderRead(push.outcome, push.reason, push.retry_after, push.attempted)
