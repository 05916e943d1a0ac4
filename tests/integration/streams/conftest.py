"""What the tests of agents share."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.integration.streams.agents import an_event_loop


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop in a thread of its own."""
    with an_event_loop() as running:
        yield running
