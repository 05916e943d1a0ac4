"""What a runner makes of one outside call: closed with an answer, tried again, or left to a person."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from aggregates.event_store.calls import Claimed, Closed, Postponed
from aggregates.event_store.scheduled_commands import scheduled
from aggregates.policies.retrying import next_attempt
from gateways.carriers.protocol import Carrier
from gateways.errors import OutcomeUnknown, Refused, Unavailable
from gateways.marketplaces import Marketplace, PushResult
from gateways.suppliers.protocol import Supplier
from schemas.commands import Command
from schemas.values import Person
from streams.order_reads import Seen


class Gateways(NamedTuple):
    """Who is asked: carriers and marketplaces by name, one supplier."""

    carriers: Mapping[str, Carrier]
    marketplaces: Mapping[str, Marketplace]
    supplier: Supplier


class Taken(NamedTuple):
    """A claimed call, decoded, with the recipient where a carrier must know one."""

    claimed: Claimed
    call: Any
    recipient: Person


Outcome = Closed | Postponed | Seen
Answer = TypeVar("Answer")


async def asked(
    taken: Taken,
    ask: Callable[[], Awaitable[Answer]],
    done: Callable[[Answer], Command | None],
    refused: Callable[[str], Command | None],
) -> Outcome:
    """The outcome of one request: an answer and a refusal close the call, the rest is tried again."""
    try:
        return closed(taken, done(await ask()))
    except Refused as error:
        return closed(taken, refused(error.reason))
    except Unavailable as error:
        return again(taken, error.reason, error.retry_after, attempted=error.counts, unknown=taken.claimed.unknown)
    except OutcomeUnknown as error:
        return again(taken, error.reason, None, attempted=True, unknown=True)


def pushed(taken: Taken, result: PushResult, answer: Command | None) -> Outcome:
    """The outcome of one push: done closes it with `answer`, a refusal waits for a person, the rest is tried again."""
    if result.outcome == "done":
        return closed(taken, answer)
    if result.outcome == "refused":
        return Postponed(taken.claimed.id, taken.claimed.attempt, datetime.now(UTC), result.reason, parked=True)
    return again(
        taken, result.reason, result.retry_after, attempted=result.attempted, unknown=result.outcome == "unknown"
    )


def again(taken: Taken, reason: str, retry_after: float | None, *, attempted: bool, unknown: bool) -> Postponed:
    """The call later, when its policy says; parked where it is not worth another try."""
    claimed = taken.claimed
    now = datetime.now(UTC)
    due_at = next_attempt(
        failures=claimed.failures + attempted,
        now=now,
        created_at=claimed.created_at,
        deadline_at=claimed.deadline_at,
        retry_after=None if retry_after is None else timedelta(seconds=retry_after),
        jitter=random.random(),
    )
    return Postponed(claimed.id, claimed.attempt, due_at or now, reason, unknown, attempted, parked=due_at is None)


def closed(taken: Taken, answer: Command | None) -> Closed:
    """The call with its outcome; `answer` goes back as a command, once however often it is told."""
    claimed = taken.claimed
    if answer is None:
        return Closed(claimed.id, claimed.attempt, None)
    key = f"call:{claimed.key}:{claimed.attempt}"
    return Closed(
        claimed.id, claimed.attempt, scheduled(answer, key, datetime.now(UTC), claimed.cause, claimed.correlation)
    )
