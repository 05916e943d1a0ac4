"""The quota in a real Valkey: never above its limit, in the order of the ranks, and with a part for each of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from valkey.asyncio import Valkey

from gateways.errors import QuotaSpent
from gateways.own_quota import OwnQuota
from gateways.quota import Endpoint, Limits
from gateways.shared_quota import SharedQuota

WINDOW = 0.6
LIMITS = Limits(per_window=42, window_seconds=WINDOW, overtaking_seconds=0.0, processes=2)
"""40 of 42 are shared: 8 for the urgent, 4 for fulfilment, 4 for reads, and 24 for whoever comes first."""


@pytest.fixture
def account() -> str:
    """An account that nobody asked for before."""
    return f"app:{uuid4().hex}"


@pytest.fixture
async def server(valkey: str) -> AsyncIterator[Valkey]:
    """A connection to the server, in which there is nothing."""
    client: Valkey = Valkey.from_url(valkey)
    await client.flushdb()
    yield client
    await client.aclose()


def _quota(server: Valkey, limits: Limits = LIMITS) -> SharedQuota:
    return SharedQuota(server, limits, OwnQuota(limits))


async def _spend(quota: SharedQuota, account: str, endpoint: Endpoint) -> int:
    """How many are granted at once."""
    for count in range(1000):
        try:
            await quota.take(account, endpoint, patience_seconds=0)
        except QuotaSpent:
            return count
    raise AssertionError("the quota has no end")


async def test_a_rank_leaves_the_part_of_the_others(server: Valkey, account: str) -> None:
    """Reads use what is common and their own part; the urgent still find theirs, and so does fulfilment."""
    quota = _quota(server)
    assert await _spend(quota, account, Endpoint.READ) == 28
    assert await _spend(quota, account, Endpoint.FULFILMENT) == 4
    assert await _spend(quota, account, Endpoint.STOCK) == 8
    assert await _spend(quota, account, Endpoint.CANCELLATION) == 0


async def test_two_processes_share_one_quota_and_accounts_do_not(server: Valkey, account: str) -> None:
    """What one process used is used for the other; another shop has its own."""
    one, other = _quota(server), _quota(server)
    assert await _spend(one, account, Endpoint.READ) == 28
    assert await _spend(other, account, Endpoint.READ) == 0
    assert await _spend(other, f"{account}:other", Endpoint.READ) == 28


async def test_never_more_than_the_limit_in_any_window(server: Valkey, account: str) -> None:
    """Twelve workers of all ranks in two processes; every window that begins with a grant is counted."""
    quotas = [_quota(server), _quota(server)]
    granted: list[float] = []
    until = time.monotonic() + 4 * WINDOW

    async def work(quota: SharedQuota, endpoint: Endpoint) -> None:
        while time.monotonic() < until:
            granted.append((await quota.take(account, endpoint, patience_seconds=30)).at)

    await asyncio.gather(*(work(quotas[n % 2], list(Endpoint)[n % 5]) for n in range(12)))
    granted.sort()
    most = max(sum(at <= other < at + WINDOW * 1000 for other in granted) for at in granted)
    assert LIMITS.shared * 0.9 < most <= LIMITS.shared


async def test_who_waits_goes_before_who_comes_later_and_the_urgent_before_both(server: Valkey, account: str) -> None:
    """One place gets free while a read waits: another read does not take it, a cancellation does."""
    limits = Limits(per_window=42, window_seconds=600.0, processes=2)
    quota = SharedQuota(server, limits, OwnQuota(limits), lease_seconds=60.0)
    assert await _spend(quota, account, Endpoint.READ) == 28
    assert await _spend(quota, account, Endpoint.CANCELLATION) == 8
    waits = asyncio.create_task(quota.take(account, Endpoint.READ, patience_seconds=3600))
    await _queued(server, account, Endpoint.READ)
    await _leave_the_window(server)
    with pytest.raises(QuotaSpent):
        await quota.take(account, Endpoint.ORDER_READ, patience_seconds=0)
    await quota.take(account, Endpoint.CANCELLATION, patience_seconds=0)
    waits.cancel()


async def test_a_class_is_halved_once_for_all_that_was_sent_before(server: Valkey, account: str) -> None:
    """Two answers of 429 to one burst halve the class once; a third one, to a later request, again. Others go on."""
    limits = Limits(per_window=42, window_seconds=60.0, processes=2)
    quota = _quota(server, limits)
    first, second = [await quota.take(account, Endpoint.STOCK) for _ in range(2)]
    await quota.slow_down(account, Endpoint.STOCK, first, None)
    await quota.slow_down(account, Endpoint.STOCK, second, None)
    assert 0.49 < await _share(server, Endpoint.STOCK) < 0.51
    assert await _spend(quota, account, Endpoint.STOCK) == 0
    later = await quota.take(account, Endpoint.CANCELLATION)
    await quota.slow_down(account, Endpoint.STOCK, later, None)
    assert 0.24 < await _share(server, Endpoint.STOCK) < 0.26


async def test_retry_after_holds_the_class_for_every_process(server: Valkey, account: str) -> None:
    """What the other side asked for is kept by all, and told as the wait."""
    one, other = _quota(server), _quota(server)
    await one.slow_down(account, Endpoint.READ, await one.take(account, Endpoint.READ), 20.0)
    with pytest.raises(QuotaSpent) as spent:
        await other.take(account, Endpoint.READ)
    assert spent.value.retry_after is not None
    assert 19.0 < spent.value.retry_after <= 20.5
    await other.take(account, Endpoint.ORDER_READ)
    with pytest.raises(QuotaSpent):
        await one.take(account, Endpoint.READ)


async def test_fc_38_thirty_workers_that_met_a_limit_do_not_come_back_together(server: Valkey, account: str) -> None:
    """FC-38: 30 workers in 3 processes are all told to wait: none is earlier, and they come one after the other."""
    limits = Limits(per_window=200, window_seconds=2.0, overtaking_seconds=0.0, processes=3)
    quotas = [_quota(server, limits) for _ in range(3)]
    grants = [await quotas[number % 3].take(account, Endpoint.ORDER_READ) for number in range(30)]
    for number, grant in enumerate(grants):
        await quotas[number % 3].slow_down(account, Endpoint.ORDER_READ, grant, 0.5)
    told_at = grants[-1].at
    again = await asyncio.gather(*(quotas[number % 3].take(account, Endpoint.ORDER_READ) for number in range(30)))
    times = sorted(each.at for each in again)
    assert times[0] >= told_at + 500
    rate = limits.shared / 2 / (limits.window_seconds * 1000)
    assert times[-1] - times[0] >= 29 / rate * 0.9
    assert await _share(server, Endpoint.ORDER_READ) > 0.49


async def test_a_long_hold_outlives_the_grants_of_other_classes(server: Valkey, account: str) -> None:
    """A class that is to wait for hours is still held when the others' keys would be forgotten."""
    quota = _quota(server)
    await quota.slow_down(account, Endpoint.READ, await quota.take(account, Endpoint.READ), 7200.0)
    await quota.take(account, Endpoint.STOCK)
    kept = [await server.pttl(key) async for key in server.scan_iter("*:read")]
    assert max(kept) > 7200 * 1000


async def test_a_ticket_whose_owner_is_gone_holds_nobody_up(server: Valkey, account: str) -> None:
    """One who left without a word (its process died) is passed over when its lease runs out."""
    limits = Limits(per_window=42, window_seconds=WINDOW, overtaking_seconds=0.0, by_endpoint={Endpoint.READ: 1})
    quota = SharedQuota(server, limits, OwnQuota(limits), lease_seconds=0.3)
    await quota.take(account, Endpoint.READ)
    gone = asyncio.create_task(quota.take(account, Endpoint.READ, patience_seconds=30))
    await _queued(server, account, Endpoint.READ)
    gone.cancel()
    await quota.take(account, Endpoint.READ, patience_seconds=30)


async def test_without_the_server_each_process_has_its_part(account: str) -> None:
    """Valkey away: each of two processes goes on with its share, and what is above says when to come again."""
    nowhere: Valkey = Valkey.from_url("valkey://127.0.0.1:1")
    quota = _quota(nowhere, Limits(per_window=400, processes=2))
    assert await _spend(quota, account, Endpoint.CANCELLATION) == 10
    assert quota.away
    with pytest.raises(QuotaSpent):
        await quota.take(account, Endpoint.READ)
    await nowhere.aclose()


async def _queued(server: Valkey, account: str, endpoint: Endpoint) -> None:
    """Wait until somebody waits in the queue of this class."""
    deadline = time.monotonic() + 5
    while not any([await server.zcard(key) async for key in server.scan_iter(f"*:{endpoint}:queue")]):
        assert time.monotonic() < deadline
        await asyncio.sleep(0)


async def _share(server: Any, endpoint: Endpoint) -> float:
    kept = [await server.hgetall(key) async for key in server.scan_iter(f"*:{endpoint}")]
    return max(float(each.get(b"share", 0)) for each in kept)


async def _leave_the_window(server: Any) -> None:
    """Let the oldest read of the account be forgotten, as if its time had come."""
    (full,) = [key async for key in server.scan_iter("*:log:2") if await server.zcard(key) == 28]
    ((ticket, _),) = await server.zpopmin(full)
    await server.zrem(full.removesuffix(b":2"), ticket)
