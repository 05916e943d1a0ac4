"""
Outside calls as rows: claimed under a lease by many runners, closed by compare-and-set on the attempt.

A call is at least once, with its key as the idempotency key. A lease that ran out is looked up at the other
side before the call is repeated; where that is impossible it is parked for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from aggregates.event_store.connection import Connection
from aggregates.event_store.scheduled_commands import Scheduled
from schemas import codec, topics
from schemas.commands import Command

LEASE = timedelta(seconds=90)
"""Longer than a look-up and a call together (30 s each), so that a lease that runs out means a runner that died."""


class CallRow(NamedTuple):
    """A call to make. `priority` 1 to 100, the highest first, then the earliest due."""

    key: str
    kind: str
    service: str
    shop: str
    priority: int
    due_at: datetime
    deadline_at: datetime | None
    body: bytes
    cause: str
    correlation: str


class Claimed(NamedTuple):
    """
    A call that a runner holds. `attempt` counts claims from 1, `failures` the attempts that were made and failed.

    `unknown`: an earlier attempt may have acted (it never reported, or its answer was lost), so look before repeating.
    """

    id: int
    key: str
    kind: str
    service: str
    shop: str
    attempt: int
    failures: int
    unknown: bool
    body: bytes
    cause: str
    correlation: str
    created_at: datetime
    deadline_at: datetime | None


class Closed(NamedTuple):
    """A call that has its outcome: `answer` goes back as a scheduled command in the same transaction."""

    id: int
    attempt: int
    answer: Scheduled | None


class Recall(NamedTuple):
    """A call that is not to be made if nobody has begun with it; then `answer` goes back, as if it had its outcome."""

    key: str
    answer: Command


class Postponed(NamedTuple):
    """
    A call that is tried again at `due_at`, or (`parked`) waits for a person.

    `attempted` is false where nothing was sent (quota, open breaker): that is no failure of the call.
    """

    id: int
    attempt: int
    due_at: datetime
    error: str
    unknown: bool = False
    attempted: bool = True
    parked: bool = False


_MARKETPLACE = "coalesce(convert_from(body, 'UTF8')::jsonb ->> 'marketplace', 'tiktok')"
"""The marketplace that a call is about, as its own body says; without one it is of the first there was."""

_RETURNED = (
    "id, key, kind, service, shop, attempt, failures, unknown, body, cause, correlation, created_at, deadline_at"
)


def claim(connection: Connection, limit: int, kinds: Sequence[str]) -> list[Claimed]:
    """
    Take waiting calls that are due, the most urgent first, each under a lease and with its attempt raised.

    Raced: two runners never hold the same call.
    """
    rows = connection.execute(
        "UPDATE calls SET attempt = attempt + 1, lease_until = now() + %s, state = 'running'"
        " WHERE id = ANY(ARRAY(SELECT id FROM calls WHERE state = 'waiting' AND due_at <= now() AND kind = ANY(%s)"
        f" ORDER BY priority DESC, due_at LIMIT %s FOR UPDATE SKIP LOCKED)) RETURNING {_RETURNED}",
        (LEASE, list(kinds), limit),
        prepare=True,
        binary=True,
    )
    return [Claimed._make(row) for row in rows.fetchall()]


def claim_expired(connection: Connection, limit: int, kinds: Sequence[str]) -> list[Claimed]:
    """Take calls whose runner never reported; each must be looked up before it is repeated."""
    rows = connection.execute(
        "UPDATE calls SET attempt = attempt + 1, lease_until = now() + %s, unknown = true"
        " WHERE id = ANY(ARRAY(SELECT id FROM calls WHERE state = 'running' AND lease_until < now() AND kind = ANY(%s)"
        f" ORDER BY lease_until LIMIT %s FOR UPDATE SKIP LOCKED)) RETURNING {_RETURNED}",
        (LEASE, list(kinds), limit),
        binary=True,
    )
    return [Claimed._make(row) for row in rows.fetchall()]


def close(connection: Connection, closed: Sequence[Closed]) -> int:
    """
    Delete calls that have their outcome and schedule the answers, in one transaction; returns how many were closed.

    Raced: a call that somebody else holds by now (a higher attempt) keeps its row, and this answer is dropped.
    """
    answered = [each for each in closed if each.answer is not None]
    silent = [each for each in closed if each.answer is None]
    answers = [each.answer for each in answered if each.answer is not None]
    ended = 0
    if silent:
        ended += connection.execute(_END, ([each.id for each in silent], [each.attempt for each in silent])).rowcount
    if answered:
        parameters = [
            [each.id for each in answered],
            [each.attempt for each in answered],
            *(list(column) for column in zip(*answers, strict=True)),
        ]
        ended += connection.execute(_END_WITH_ANSWER, parameters, prepare=True).rowcount
    return ended


_END = (
    "DELETE FROM calls AS c USING unnest(%b::bigint[], %b::integer[]) AS v (id, attempt)"
    " WHERE c.id = v.id AND c.attempt = v.attempt AND c.state = 'running'"
)
_END_WITH_ANSWER = (
    "WITH answered AS (SELECT * FROM unnest(%b::bigint[], %b::integer[], %b::text[], %b::timestamptz[], %b::text[],"
    " %b::text[], %b::text[], %b::bytea[], %b::text[], %b::text[])"
    " AS v (id, attempt, key, due_at, type, topic, record_key, body, cause, correlation)),"
    " ended AS (DELETE FROM calls AS c USING answered AS v"
    " WHERE c.id = v.id AND c.attempt = v.attempt AND c.state = 'running' RETURNING c.id)"
    " INSERT INTO scheduled_commands (key, due_at, type, topic, record_key, body, cause, correlation)"
    " SELECT key, due_at, type, topic, record_key, body, cause, correlation FROM answered JOIN ended USING (id)"
)


def recall(connection: Connection, recalls: Sequence[Recall]) -> None:
    """
    Delete calls that were certainly not made and schedule the answers, in the caller's transaction.

    Raced: a call that a runner holds, or that may have acted, stays and has its own outcome. Repeated: nothing.
    """
    rows = [
        (
            each.key,
            type(each.answer).__name__,
            topics.topic_of(each.answer),
            topics.key_of(each.answer),
            codec.encode(each.answer),
        )
        for each in sorted({each.key: each for each in recalls}.values(), key=lambda each: each.key)
    ]
    connection.execute(_RECALL, tuple(list(column) for column in zip(*rows, strict=True)), prepare=True)


_RECALL = (
    "WITH recalled AS (SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[])"
    " AS v (key, type, topic, record_key, body)),"
    " held AS MATERIALIZED (SELECT c.id FROM calls AS c JOIN recalled USING (key)"
    " WHERE c.state = 'waiting' AND NOT c.unknown ORDER BY c.key FOR UPDATE OF c SKIP LOCKED),"
    " ended AS (DELETE FROM calls AS c USING held WHERE c.id = held.id RETURNING c.key, c.attempt, c.cause,"
    " c.correlation)"
    " INSERT INTO scheduled_commands (key, due_at, type, topic, record_key, body, cause, correlation)"
    " SELECT 'call:' || ended.key || ':' || ended.attempt, now(), type, topic, record_key, body, cause, correlation"
    " FROM recalled JOIN ended USING (key)"
)


def postpone(connection: Connection, postponed: Sequence[Postponed]) -> None:
    """
    Put calls back with a due time, or park them for a person. Raced: a higher attempt is left alone; one that was asked
    for again meanwhile is not parked.
    """
    connection.execute(
        "WITH held AS (SELECT c.id AS held_id, v.* FROM calls AS c JOIN unnest(%b::bigint[], %b::integer[],"
        " %b::timestamptz[], %b::text[], %b::boolean[], %b::boolean[], %b::boolean[])"
        " AS v (id, attempt, due_at, error, unknown, attempted, parked) ON c.id = v.id AND c.attempt = v.attempt"
        " WHERE c.state = 'running' ORDER BY c.key FOR UPDATE OF c)"
        " UPDATE calls AS c SET state = CASE WHEN v.parked AND NOT c.again THEN 'parked' ELSE 'waiting' END,"
        " again = false, due_at = v.due_at, lease_until = NULL, last_error = v.error, unknown = v.unknown,"
        " failures = c.failures + v.attempted::integer FROM held AS v WHERE c.id = v.held_id",
        tuple(list(column) for column in zip(*postponed, strict=True)),
        prepare=True,
    )


class Withheld(NamedTuple):
    """A call that is never sent, and why: its shop is not live. `answer` goes back as an outcome does."""

    id: int
    attempt: int
    reason: str
    answer: Scheduled | None


WITHHELD_KEPT = timedelta(days=30)


def withhold(connection: Connection, withheld: Sequence[Withheld]) -> None:
    """
    Keep calls as withheld, to be looked at and never sent, each with its answer scheduled in the same statement.

    Raced: a call that somebody else holds by now (a higher attempt) keeps its row, and this answer is dropped.
    """
    silent = [each[:3] for each in withheld if each.answer is None]
    answered = [(*each[:3], *each.answer) for each in withheld if each.answer is not None]
    if silent:
        connection.execute(_WITHHOLD, [list(column) for column in zip(*silent, strict=True)])
    if answered:
        connection.execute(_WITHHOLD_WITH_ANSWER, [list(column) for column in zip(*answered, strict=True)])


_WITHHOLD = (
    "UPDATE calls AS c SET state = 'withheld', due_at = now(), lease_until = NULL, last_error = v.reason"
    " FROM unnest(%b::bigint[], %b::integer[], %b::text[]) AS v (id, attempt, reason)"
    " WHERE c.id = v.id AND c.attempt = v.attempt AND c.state = 'running'"
)
_WITHHOLD_WITH_ANSWER = (
    "WITH answered AS (SELECT * FROM unnest(%b::bigint[], %b::integer[], %b::text[], %b::text[], %b::timestamptz[],"
    " %b::text[], %b::text[], %b::text[], %b::bytea[], %b::text[], %b::text[])"
    " AS v (id, attempt, reason, key, due_at, type, topic, record_key, body, cause, correlation)),"
    " kept AS (UPDATE calls AS c SET state = 'withheld', due_at = now(), lease_until = NULL, last_error = v.reason"
    " FROM answered AS v WHERE c.id = v.id AND c.attempt = v.attempt AND c.state = 'running' RETURNING c.id)"
    " INSERT INTO scheduled_commands (key, due_at, type, topic, record_key, body, cause, correlation)"
    " SELECT key, due_at, type, topic, record_key, body, cause, correlation FROM answered JOIN kept USING (id)"
)


class WithheldCall(NamedTuple):
    """A call that was withheld: what would have been asked of whom, for which shop, and when."""

    kind: str
    shop: str
    key: str
    reason: str
    withheld_at: datetime


def withheld(connection: Connection, limit: int) -> list[WithheldCall]:
    """The latest calls that were withheld, newest first."""
    rows = connection.execute(
        "SELECT kind, shop, key, last_error, due_at FROM calls WHERE state = 'withheld' ORDER BY due_at DESC LIMIT %s",
        (limit,),
    )
    return [WithheldCall._make(row) for row in rows]


def withheld_by_shop(connection: Connection) -> dict[tuple[str, str], int]:
    """How many calls of each shop, by marketplace and shop, were withheld; those of no shop are reorders."""
    rows = connection.execute(
        f"SELECT {_MARKETPLACE}, shop, count(*) FROM calls WHERE state = 'withheld' GROUP BY 1, 2"
    )
    return {(marketplace, shop): count for marketplace, shop, count in rows}


def forget_withheld(connection: Connection) -> int:
    """Drop withheld calls that nobody looks at any more; returns how many."""
    return connection.execute(
        "DELETE FROM calls WHERE state = 'withheld' AND due_at < now() - %s", (WITHHELD_KEPT,)
    ).rowcount


def ask(connection: Connection, rows: Sequence[CallRow]) -> None:
    """
    Ask for calls of which one at a time is enough, as a read.

    Repeated: one that waits is left as it is, but for its priority. Raced: one that a runner holds may have its answer
    already, so it is made once more after it (`again`). One that was parked is tried anew.
    """
    latest: dict[str, CallRow] = {}
    for row in rows:
        present = latest.get(row.key)
        latest[row.key] = row if present is None else row._replace(priority=max(row.priority, present.priority))
    ordered = [latest[key] for key in sorted(latest)]
    connection.execute(
        "INSERT INTO calls AS c (key, kind, service, shop, priority, due_at, deadline_at, body, cause, correlation)"
        " SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::integer[], %b::timestamptz[],"
        " %b::timestamptz[], %b::bytea[], %b::text[], %b::text[]) ON CONFLICT (key) DO UPDATE SET"
        " again = c.state = 'running', priority = greatest(c.priority, excluded.priority),"
        " cause = excluded.cause, correlation = excluded.correlation,"
        " state = CASE c.state WHEN 'parked' THEN 'waiting' ELSE c.state END,"
        " due_at = CASE c.state WHEN 'waiting' THEN c.due_at ELSE excluded.due_at END,"
        " failures = CASE c.state WHEN 'parked' THEN 0 ELSE c.failures END,"
        " created_at = CASE c.state WHEN 'parked' THEN now() ELSE c.created_at END",
        tuple(list(column) for column in zip(*ordered, strict=True)),
        prepare=True,
    )


def resume_parked(connection: Connection, marketplace: str, shops: Sequence[str], kinds: Sequence[str]) -> int:
    """Let the parked calls of these shops be made again, as if they were new; returns how many. Repeated: nothing."""
    return connection.execute(
        "WITH held AS (SELECT id FROM calls WHERE state = 'parked' AND shop = ANY(%s) AND kind = ANY(%s)"
        f" AND {_MARKETPLACE} = %s ORDER BY key"
        " FOR UPDATE) UPDATE calls AS c SET state = 'waiting', due_at = now(), failures = 0, created_at = now()"
        " FROM held WHERE c.id = held.id",
        (list(shops), list(kinds), marketplace),
    ).rowcount


def close_asked(connection: Connection, closed: Sequence[Closed]) -> None:
    """
    Close calls that were asked for by `ask`, each with its answer, in one transaction; what was asked for again
    meanwhile waits anew. Raced: as `close`; rows are locked in the order of their keys, as `ask` locks them.
    """
    answers = [each.answer for each in closed if each.answer is not None]
    parameters = [
        [each.id for each in closed],
        [each.attempt for each in closed],
        *(list(column) for column in zip(*answers, strict=True)),
    ]
    connection.execute(_END_ASKED, parameters, prepare=True)


_END_ASKED = (
    "WITH answered AS (SELECT * FROM unnest(%b::bigint[], %b::integer[], %b::text[], %b::timestamptz[], %b::text[],"
    " %b::text[], %b::text[], %b::bytea[], %b::text[], %b::text[])"
    " AS v (id, attempt, key, due_at, type, topic, record_key, body, cause, correlation)),"
    " held AS (SELECT c.id, c.again FROM calls AS c JOIN answered AS v USING (id)"
    " WHERE c.attempt = v.attempt AND c.state = 'running' ORDER BY c.key FOR UPDATE OF c),"
    " ended AS (DELETE FROM calls AS c USING held WHERE c.id = held.id AND NOT held.again),"
    " anew AS (UPDATE calls AS c SET state = 'waiting', again = false, lease_until = NULL,"
    " failures = 0, unknown = false, created_at = now() FROM held WHERE c.id = held.id AND held.again)"
    " INSERT INTO scheduled_commands (key, due_at, type, topic, record_key, body, cause, correlation)"
    " SELECT key, due_at, type, topic, record_key, body, cause, correlation FROM answered JOIN held USING (id)"
)


def waiting(connection: Connection) -> dict[str, int]:
    """How many calls wait, run, are parked or withheld, by `kind state`."""
    rows = connection.execute("SELECT kind || ' ' || state, count(*) FROM calls GROUP BY kind, state")
    return dict(rows)
