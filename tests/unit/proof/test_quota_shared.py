"""What the proof of the quota makes of the arrivals."""

from __future__ import annotations

from gateways.quota import RANKS, Rank
from proof.quota_shared import LIMITS, PROCESSES, WORKERS, Arrival, judge, most_in_any_window


def _arrivals(urgent_wait: float, left_out: str = "") -> list[Arrival]:
    """Every worker once a second for 60 s of each half, the urgent four times as often in the second."""
    workers = [(f"{number}.{place}", each) for number in range(PROCESSES) for place, each in enumerate(WORKERS)]
    return [
        Arrival(name, endpoint, at + share, urgent_wait if RANKS[endpoint] is Rank.URGENT else 20.0)
        for name, endpoint in workers
        if name != left_out
        for at in range(120)
        for share in ((0.0, 0.2, 0.4, 0.6) if RANKS[endpoint] is Rank.URGENT and at >= 60 else (0.0,))
    ]


def _few(arrivals: list[Arrival], count: int) -> list[Arrival]:
    """Thinned out so that the busiest minute has about so many."""
    step = most_in_any_window(sorted(each.at for each in arrivals), LIMITS.window_seconds) / count
    return [each for place, each in enumerate(arrivals) if int(place / step) != int((place - 1) / step)]


def test_the_busiest_minute_may_begin_at_any_time() -> None:
    """A minute is counted from each arrival on; what is exactly a minute later is in the next."""
    assert most_in_any_window([0.0, 59.9, 60.0, 60.1, 119.8], 60.0) == 4
    assert most_in_any_window([0.0, 60.0, 120.0], 60.0) == 1
    assert most_in_any_window([], 60.0) == 0


def test_more_than_the_limit_does_not_hold() -> None:
    """One minute above it is enough."""
    assert not judge(_arrivals(0.1), 0.0, 120.0).holds


def test_fair_and_below_the_limit_holds() -> None:
    """Every worker served, nobody urgent late, and the quota used."""
    verdict = judge(_few(_arrivals(0.1), 960), 0.0, 120.0)
    assert (verdict.holds, verdict.details["workers_served"]) == (True, {"calm": 30, "crowded": 30})


def test_a_worker_that_starves_or_an_urgent_one_that_waits_does_not_hold() -> None:
    """Either alone is enough."""
    assert not judge(_few(_arrivals(1.5), 960), 0.0, 120.0).holds
    assert not judge(_few(_arrivals(0.1, left_out="2.9"), 960), 0.0, 120.0).holds
