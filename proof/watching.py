"""Watch the log from outside while it is harmed: how long until something new is written, until all moves again."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, NamedTuple, Self

import psycopg

from proof.nemesis import Fault

LOOK_EVERY_SECONDS: Final = 0.05
CONNECT_WITHIN_SECONDS: Final = 2
BLINK_SECONDS: Final = 0.05
"""What was written this shortly after a fault was on its way before it."""

AGENT: Final = "orders.decide"

_LOOK: Final = (
    "SELECT coalesce(max(notification_id), 0),"
    " (SELECT array_agg(next_offset ORDER BY partition) FROM consumer_offsets WHERE agent = %s) FROM events"
)


class Look(NamedTuple):
    """What stood in the store at one moment: the end of the log, and the offset of each partition of the orders."""

    at: float
    head: int
    offsets: tuple[int, ...]


class Unavailability(NamedTuple):
    """What a fault cost. None where nothing moved any more until the watch ended."""

    kind: str
    first_event_seconds: float | None
    every_partition_seconds: float | None


class Watch:
    """Looks at the store twenty times a second, from a thread and a connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self.looks: list[Look] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.is_set():
            try:
                with psycopg.connect(self._dsn, autocommit=True, connect_timeout=CONNECT_WITHIN_SECONDS) as connection:
                    while not self._done.wait(LOOK_EVERY_SECONDS):
                        self._look(connection)
            except psycopg.Error:
                self._done.wait(LOOK_EVERY_SECONDS)

    def _look(self, connection: psycopg.Connection) -> None:
        row = connection.execute(_LOOK, (AGENT,)).fetchone()
        assert row is not None
        self.looks.append(Look(time.monotonic(), row[0], tuple(row[1] or ())))


def unavailability(fault: Fault, looks: Sequence[Look]) -> Unavailability:
    """
    Seconds from a fault to the first new event, and to the moment when each partition of the orders had moved.

    Later faults may lie in between; then their cost is in it too.
    """
    before = [look for look in looks if look.at <= fault.at + BLINK_SECONDS]
    after = looks[len(before) :]
    if not before:
        return Unavailability(fault.kind, None, None)
    start = before[-1]
    first = next((look.at for look in after if look.head > start.head), None)
    every = next((look.at for look in after if _all_moved(start.offsets, look.offsets)), None)
    return Unavailability(fault.kind, _since(fault, first), _since(fault, every))


def _all_moved(before: Sequence[int], after: Sequence[int]) -> bool:
    return len(before) == len(after) and all(new > old for old, new in zip(before, after, strict=True))


def _since(fault: Fault, at: float | None) -> float | None:
    return None if at is None else round(at - fault.at, 2)
