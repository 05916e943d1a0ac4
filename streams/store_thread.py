"""One connection to the store on one thread of its own: what a part of a process asks goes there, one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from aggregates.event_store.connection import Connection, connect

P = ParamSpec("P")
R = TypeVar("R")


class StoreThread:
    """The store as one part of a process sees it. It connects when it is first asked, and again after a disconnect."""

    def __init__(self, dsn: str, name: str) -> None:
        self._dsn = dsn
        self._name = name
        self._connection: Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, ask: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What `ask` makes of the connection and these arguments. Raises `StoreUnavailable`, and what `ask` raises."""

        def asked() -> R:
            return ask(self._connected(), *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, asked)

    async def disconnect(self) -> None:
        """Let the connection go: after a fault nothing is known of it. Repeated: nothing."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._dsn, self._name)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
