"""Wait for what becomes true in another process, and say what was seen instead when it does not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

WITHIN_SECONDS = 30.0
POLL_SECONDS = 0.05


def eventually(look: Callable[[], T], *, within: float = WITHIN_SECONDS, what: str = "") -> T:
    """The first truthy thing that `look` returns. Raises `AssertionError` with the last one when the time is over."""
    deadline = time.monotonic() + within
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what or look.__qualname__}; seen last: {found!r}")
        time.sleep(POLL_SECONDS)
    return found


async def soon(look: Callable[[], T], *, within: float = WITHIN_SECONDS) -> T:
    """`eventually`, for what goes on in the same event loop."""
    async with asyncio.timeout(within):
        while not (found := look()):  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(POLL_SECONDS / 2)
    return found
