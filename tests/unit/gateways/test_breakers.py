"""When a breaker opens, and what it lets through."""

from __future__ import annotations

import asyncio

import pytest

from gateways.breakers import FAILURES_TO_OPEN, Breakers
from gateways.errors import BreakerOpen, GatewayError, OutcomeUnknown, Refused, Unavailable


class Service:
    """Fails or answers as it is told, and counts what reaches it."""

    def __init__(self) -> None:
        self.error: GatewayError | None = None
        self.reached = 0
        self.answering = asyncio.Event()
        self.answering.set()

    async def __call__(self) -> str:
        self.reached += 1
        await self.answering.wait()
        if self.error is not None:
            raise self.error
        return "answer"


async def _fail(breakers: Breakers, service: Service, times: int, shop: str = "a") -> None:
    for _ in range(times):
        with pytest.raises(GatewayError):
            await breakers.call("tiktok", shop, service)


async def test_five_failures_in_a_row_open_it() -> None:
    """The sixth call does not reach the service, and is told how long to wait."""
    breakers, service = Breakers(), Service()
    service.error = OutcomeUnknown("broken")
    await _fail(breakers, service, FAILURES_TO_OPEN)
    with pytest.raises(BreakerOpen) as caught:
        await breakers.call("tiktok", "a", service)
    assert service.reached == FAILURES_TO_OPEN
    assert caught.value.retry_after == pytest.approx(60, abs=1)


async def test_one_shops_outage_delays_only_that_shop() -> None:
    """Another shop, and another service, go on."""
    breakers, service = Breakers(), Service()
    service.error = Unavailable("down")
    await _fail(breakers, service, FAILURES_TO_OPEN)
    service.error = None
    assert await breakers.call("tiktok", "b", service) == "answer"
    assert await breakers.call("carrier", "a", service) == "answer"
    assert (breakers.is_open("tiktok", "a"), breakers.is_open("tiktok", "b")) == (True, False)


async def test_a_success_ends_the_row() -> None:
    """Four failures, an answer and four failures leave it closed."""
    breakers, service = Breakers(), Service()
    for _ in range(2):
        service.error = Unavailable("down")
        await _fail(breakers, service, FAILURES_TO_OPEN - 1)
        service.error = None
        await breakers.call("tiktok", "a", service)
    assert not breakers.is_open("tiktok", "a")


@pytest.mark.parametrize("error", [Unavailable("answered 429", counts=False), Refused("no")])
async def test_what_does_not_speak_of_its_health_does_not_count(error: GatewayError) -> None:
    """Refusals and 429 leave it closed, however many."""
    breakers, service = Breakers(), Service()
    service.error = error
    await _fail(breakers, service, 3 * FAILURES_TO_OPEN)
    assert not breakers.is_open("tiktok", "a")


async def test_failures_spread_over_more_than_the_window_do_not_open_it() -> None:
    """Five in a row, of which the first is older than the window, leave it closed; five within it open it."""
    breakers, service = Breakers(window_seconds=0.2), Service()
    service.error = Unavailable("down")
    await _fail(breakers, service, 1)
    await asyncio.sleep(0.25)
    await _fail(breakers, service, FAILURES_TO_OPEN - 1)
    assert not breakers.is_open("tiktok", "a")
    await _fail(breakers, service, 1)
    assert breakers.is_open("tiktok", "a")


async def test_after_its_time_one_probe_decides() -> None:
    """Of ten calls at once one reaches the service; as it fails, the others are held back for another minute."""
    breakers, service = Breakers(open_seconds=0.1), Service()
    service.error = Unavailable("down")
    await _fail(breakers, service, FAILURES_TO_OPEN)
    await asyncio.sleep(0.15)
    service.answering.clear()
    calls = [asyncio.create_task(breakers.call("tiktok", "a", service)) for _ in range(10)]
    await asyncio.sleep(0.02)
    assert service.reached == FAILURES_TO_OPEN + 1
    service.answering.set()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(outcome, BreakerOpen) for outcome in outcomes) == 9
    assert service.reached == FAILURES_TO_OPEN + 1


async def test_a_probe_that_succeeds_closes_it() -> None:
    """After it all calls go through again."""
    breakers, service = Breakers(open_seconds=0.05), Service()
    service.error = Unavailable("down")
    await _fail(breakers, service, FAILURES_TO_OPEN)
    await asyncio.sleep(0.1)
    service.error = None
    assert [await breakers.call("tiktok", "a", service) for _ in range(3)] == ["answer"] * 3
    assert not breakers.is_open("tiktok", "a")
