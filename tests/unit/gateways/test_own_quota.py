"""What one process may ask for while it does not know what the others do."""

from __future__ import annotations

import pytest

from gateways.errors import QuotaSpent
from gateways.own_quota import OwnQuota
from gateways.quota import Endpoint, Limits

SHOP = "app:shop"


class Clock:
    """A clock that stands until it is told to go on."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


async def _spend(quota: OwnQuota, endpoint: Endpoint) -> int:
    for count in range(1000):
        try:
            await quota.take(SHOP, endpoint)
        except QuotaSpent:
            return count
    raise AssertionError("the quota has no end")


async def test_the_urgent_find_what_others_may_not_use() -> None:
    """Of 20, reads use 10, fulfilment goes on up to 15, and the last five are for cancellations and stock."""
    quota = OwnQuota(Limits(per_window=400), Clock())
    spent = [await _spend(quota, each) for each in (Endpoint.READ, Endpoint.FULFILMENT, Endpoint.STOCK)]
    assert spent == [10, 5, 5]


async def test_what_is_too_much_comes_again_when_the_oldest_has_left_the_window() -> None:
    """The wait that is told is exactly the one after which a request is granted, and not a moment less."""
    clock = Clock()
    quota = OwnQuota(Limits(per_window=20), clock)
    await quota.take(SHOP, Endpoint.STOCK)
    clock.seconds += 30
    with pytest.raises(QuotaSpent) as spent:
        await quota.take(SHOP, Endpoint.STOCK)
    wait = spent.value.retry_after
    assert wait == 31.0
    clock.seconds += 30.9
    with pytest.raises(QuotaSpent):
        await quota.take(SHOP, Endpoint.STOCK)
    clock.seconds += 0.1
    await quota.take(SHOP, Endpoint.STOCK)


async def test_a_class_that_was_told_to_wait_waits_and_others_do_not() -> None:
    """`Retry-After` holds the class that it was said of."""
    clock = Clock()
    quota = OwnQuota(Limits(per_window=400), clock)
    await quota.slow_down(SHOP, Endpoint.READ, await quota.take(SHOP, Endpoint.READ), 5.0)
    with pytest.raises(QuotaSpent):
        await quota.take(SHOP, Endpoint.READ)
    await quota.take(SHOP, Endpoint.ORDER_READ)
    clock.seconds += 5.0
    await quota.take(SHOP, Endpoint.READ)


@pytest.mark.parametrize(("limit", "processes"), [(1000, 1), (1000, 2), (1000, 64), (300, 7), (30, 5)])
def test_what_is_shared_and_what_all_have_alone_make_up_the_limit(limit: int, processes: int) -> None:
    """However often Valkey goes and comes within a minute, all processes together stay below the limit."""
    limits = Limits(per_window=limit, processes=processes)
    assert limits.shared + processes * limits.alone == limit
    assert limits.alone >= 1
    assert limits.shared >= limit * 0.8 or limit < 100


def test_a_limit_below_the_number_of_processes_is_refused() -> None:
    """There would be nothing left to share."""
    with pytest.raises(ValueError, match="too low"):
        Limits(per_window=3, processes=3)
