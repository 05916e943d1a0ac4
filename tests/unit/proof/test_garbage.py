"""The garbage of a proof is the same for a seed, and is what it says it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateways.tiktok import webhooks
from proof.garbage import Garbage
from schemas.codec import BadMessage
from schemas.inputs import BadInput

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_seed_gives_the_same_again() -> None:
    """Another seed gives something else."""
    first, second, other = (list(Garbage(seed, NOW).webhooks(300)) for seed in (1, 1, 2))
    assert first == second != other
    assert list(Garbage(1, NOW).records(100, 4)) == list(Garbage(1, NOW).records(100, 4))


def test_every_kind_is_there() -> None:
    """Even in a short run."""
    kinds = {each.kind for each in Garbage(1, NOW).webhooks(200)}
    assert kinds >= {"order", "stranger", "odd", "spoilt", "cut", "twice", "deep", "noise", "forged", "large"}
    assert {each.becomes for each in Garbage(1, NOW).records(100, 4)} == {"order", "letter", "nothing"}


@pytest.mark.parametrize("seed", range(5))
def test_what_must_become_an_order_can_be_read_and_what_must_not_cannot(seed: int) -> None:
    """Only of a shop that is unknown nothing is wrong but that."""
    for each in Garbage(seed, NOW).webhooks(400):
        if each.becomes == "order" or each.kind == "stranger":
            assert webhooks.parse(each.body, NOW)
        elif each.becomes == "letter":
            with pytest.raises((BadInput, BadMessage)):
                webhooks.parse(each.body, NOW)
