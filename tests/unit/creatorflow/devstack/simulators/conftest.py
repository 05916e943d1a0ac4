"""One world per test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.creatorflow.devstack.simulators.tiktok_world import TikTokWorld


@pytest.fixture
def world(tmp_path: Path) -> TikTokWorld:
    """TikTok in the US, where paid orders are held and a parcel exists only once it is shipped."""
    return TikTokWorld(tmp_path / "record.jsonl")


@pytest.fixture
def elsewhere(tmp_path: Path) -> TikTokWorld:
    """TikTok in Germany: nothing is held, and an order has a parcel from its payment."""
    return TikTokWorld(tmp_path / "record.jsonl", region="DE")
