"""
Make a read model anew from the log, and compare one with what the log says.

Neither touches commands or calls. A rebuild fills a new table while the old one is read and written, then
stops the agents concerned for the last stretch and swaps. A comparison stops nobody.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from projections import store
from projections.catalogue import AGENTS, FED_BY, READ_MODELS, ReadModel
from projections.published import Published
from projections.store import Connection
from schemas.codec import encode
from schemas.events import Event
from schemas.topics import topic_of

PAGE_EVENTS = 5_000
NEAR_THE_END_EVENTS = 5_000
DIFFERENCES_SHOWN = 100


class Stored(Protocol):
    """What a rebuild has to know of a stored event."""

    @property
    def originator_id(self) -> UUID: ...
    @property
    def originator_version(self) -> int: ...
    @property
    def timestamp(self) -> datetime: ...


Logged = tuple[int, Any, str, str]
"""A log position, the stored event, its cause and its correlation."""

ReadLog = Callable[[int, int], Sequence[Logged]]
"""The next events after a position, at most a limit, in order; fewer than the limit only at the end of the log."""

Public = Callable[[Any], Event | None]
"""The public event of a stored one, None where it stays private."""


class Log(NamedTuple):
    """The log as one read model sees it: the public events of its topics."""

    read: ReadLog
    public: Public
    topics: tuple[str, ...]


Connect = Callable[[], Connection]
"""A new connection in autocommit mode."""


class Rebuilt(NamedTuple):
    """What a rebuild did: up to which position, and how many public events it folded."""

    name: str
    position: int
    events: int


class Difference(NamedTuple):
    """A row as the read model shows it, or as the log gives it; one that was changed comes as both."""

    side: Literal["shown", "expected"]
    row: str


class Comparison(NamedTuple):
    """A read model against the log, at one position: how many rows differ, the first hundred of them named."""

    name: str
    position: int
    rows: int
    different: int
    differences: tuple[Difference, ...]


def rebuild(connect: Connect, name: str, read_log: ReadLog, public: Public) -> Rebuilt:
    """
    Make one read model anew and put it in place.

    Repeated: the same rows. Raced with another rebuild of the same model: the second waits. Raced with agents:
    they go on until the last stretch, then wait; what Kafka still holds of it they drop as re-sends.
    """
    model, table = READ_MODELS[name], f"{name}_new"
    log = Log(read_log, public, model.topics)
    connection = connect()
    try:
        store.unlimited(connection)
        store.keep_others_out(connection, f"rebuild {name}")
        store.create_table(connection, model, table)
        filled, folded = _fill(connection, [(model, table)], log, after=0)
        store.create_indexes(connection, model, table)
        more = NEAR_THE_END_EVENTS
        while more >= NEAR_THE_END_EVENTS:
            filled, more = _fill(connection, [(model, table)], log, after=filled)
            folded += more
        position, more = _finish(connection, model, table, log, filled)
        return Rebuilt(name, position, folded + more)
    finally:
        connection.close()


def _finish(connection: Connection, model: ReadModel, table: str, log: Log, filled: int) -> tuple[int, int]:
    """
    Replay the last stretch with the agents stopped, and swap.

    The agents will drop everything up to the position that is reached here. They feed other read models too,
    so those are brought to the same position.
    """
    agents = [agent for agent, topic in AGENTS.items() if topic in model.topics]
    with connection.transaction():
        store.lock_offsets(connection, agents)
        reflected = store.reflected(connection, model.topics)
        position, folded = filled, 0
        for reached, published in _pages(log, min(filled, reflected)):
            position = max(position, reached)
            new = [each for each in published if each.position > filled]
            store.fold_into(connection, [(model, table)], new)
            folded += len(new)
            for topic in model.topics:
                late = [each for each in published if each.position > reflected and topic_of(each.event) == topic]
                others = [(other, other.name) for other in FED_BY[topic] if other is not model]
                store.fold_into(connection, others, late)
        store.swap(connection, model, table, agents, position)
    return position, folded


def compare(connect: Connect, name: str, read_log: ReadLog, public: Public) -> Comparison:
    """The differences between one read model and what the log gives."""
    (comparison,) = compare_all(connect, [name], read_log, public)
    return comparison


def compare_all(connect: Connect, names: Sequence[str], read_log: ReadLog, public: Public) -> list[Comparison]:
    """
    The differences between read models and what the log gives, in one reading of the log.

    Both sides are taken to the end of the log: each read model's copy with the events that its agents did not see yet.
    """
    models = [READ_MODELS[name] for name in names]
    log = Log(read_log, public, tuple({topic for model in models for topic in model.topics}))
    connection = connect()
    try:
        store.unlimited(connection)
        for model in models:
            store.temporary_copies(connection, model, _shown(model), _expected(model))
        reflected = {model.name: store.take_copy(connection, model, _shown(model)) for model in models}
        position = 0
        for reached, published in _pages(log, after=0):
            with connection.transaction():
                for model in models:
                    events = [each for each in published if topic_of(each.event) in model.topics]
                    store.fold_into(connection, [(model, _expected(model))], events)
                    unseen = [each for each in events if each.position > reflected[model.name]]
                    store.fold_into(connection, [(model, _shown(model))], unseen)
            position = reached
        return [_compared(connection, model, position) for model in models]
    finally:
        connection.close()


def _compared(connection: Connection, model: ReadModel, position: int) -> Comparison:
    rows, different, first = store.differences(connection, model, _shown(model), _expected(model), DIFFERENCES_SHOWN)
    return Comparison(model.name, position, rows, different, tuple(_named(first)))


def _shown(model: ReadModel) -> str:
    return f"{model.name}_shown"


def _expected(model: ReadModel) -> str:
    return f"{model.name}_expected"


def _named(rows: Sequence[tuple[str | None, str | None]]) -> Iterator[Difference]:
    for shown, expected in rows:
        if shown is not None:
            yield Difference("shown", shown)
        if expected is not None:
            yield Difference("expected", expected)


def _fill(
    connection: Connection, targets: list[tuple[ReadModel, str]], log: Log, after: int, until: float = math.inf
) -> tuple[int, int]:
    """Fold the log into tables, a page a transaction; the position that is reached and the events that were folded."""
    position, folded = after, 0
    for reached, published in _pages(log, after, until):
        with connection.transaction():
            store.fold_into(connection, targets, published)
        position, folded = reached, folded + len(published)
    return position, folded


def _pages(log: Log, after: int, until: float = math.inf) -> Iterator[tuple[int, list[Published]]]:
    """The public events page by page, each with the log position that it reaches."""
    position = after
    while position < until:
        page = [logged for logged in log.read(position, PAGE_EVENTS) if logged[0] <= until]
        if page:
            position = page[-1][0]
            yield position, [published for logged in page if (published := _published(logged, log))]
        if len(page) < PAGE_EVENTS:
            return


def _published(logged: Logged, log: Log) -> Published | None:
    """The event exactly as the relay publishes it; None if it is private or on another topic."""
    position, stored, cause, correlation = logged
    event = log.public(stored)
    if event is None or topic_of(event) not in log.topics:
        return None
    return Published(
        position=position,
        event=event,
        occurred_at=stored.timestamp,
        id=f"{stored.originator_id}:{stored.originator_version}",
        cause=cause,
        correlation=correlation,
        body=encode(event),
    )
