"""A process knows whether Valkey answers."""

from __future__ import annotations

from pathlib import Path

from valkey.asyncio import Valkey

from creatorflow.devstack import services
from creatorflow.valkey_watch import ValkeyWatch
from gateways.errors import QuotaSpent
from gateways.own_quota import OwnQuota
from gateways.quota import Endpoint, Limits, Rank
from gateways.shared_quota import SharedQuota


async def test_valkey_that_goes_and_comes_is_seen_and_the_quota_outlives_it(tmp_path: Path) -> None:
    """Away while it is stopped, and not a moment longer; what was granted before is still counted after."""
    limits = Limits(per_window=20, processes=1)
    with services(tmp_path / "home", kafka=False, postgres=False) as stack:
        watch = ValkeyWatch(stack.valkey)
        server: Valkey = Valkey.from_url(stack.valkey)
        before = SharedQuota(server, limits, OwnQuota(limits))
        granted = await _spend(before)
        await watch.look()
        assert not list(watch.away)
        with stack.outage("valkey"):
            await watch.look()
            assert list(watch.away) == ["valkey"]
            granted += await _spend(before)
            assert before.away
        await watch.look()
        assert not list(watch.away)
        granted += await _spend(SharedQuota(server, limits, OwnQuota(limits)))
        await server.aclose()
    kept_for_others = limits.guaranteed(Rank.FULFILMENT) + limits.guaranteed(Rank.READ)
    assert granted == limits.shared - kept_for_others + limits.alone


async def _spend(quota: SharedQuota) -> int:
    for count in range(100):
        try:
            await quota.take("app:shop", Endpoint.STOCK, patience_seconds=0)
        except QuotaSpent:
            return count
    raise AssertionError("the quota has no end")
