"""What webhooks show of our access to shops, before it is written down."""

from __future__ import annotations

from datetime import timedelta

from aggregates.event_store.shops import Access
from streams.hints import latest_access
from tests.builders import NOON


def shown(shop: str, minutes: int, *, ended: bool = False) -> Access:
    """A shop at so many minutes past noon."""
    return Access("tiktok", shop, NOON + timedelta(minutes=minutes), ended)


def test_the_latest_of_each_kind_stands_for_a_batch() -> None:
    """Two rows of a shop at most, shop by shop and in the order of time, however the webhooks came."""
    came = [shown("2", 5), shown("1", 9), shown("2", 3), shown("1", 7, ended=True), shown("1", 2, ended=True)]
    assert latest_access(came) == [shown("1", 7, ended=True), shown("1", 9), shown("2", 5)]
    assert latest_access([]) == []
