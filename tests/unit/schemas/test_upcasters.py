"""Bodies of older versions become those of the present one, step by step."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import codec
from schemas.upcasters import UPCASTERS, upcast
from tests.contract.golden_messages import KINDS

VERSIONS = {kind.__name__: kind.VERSION for kind in KINDS}


def cents(body: dict[str, Any]) -> dict[str, Any]:
    """A first step."""
    return {"cents": body["dollars"] * 100}


def renamed(body: dict[str, Any]) -> dict[str, Any]:
    """A second step."""
    return {"amount_cents": body["cents"]}


STEPS = {("Paid", 1): cents, ("Paid", 2): renamed}


@pytest.mark.parametrize(("version", "body"), [(1, {"dollars": 7}), (2, {"cents": 700}), (3, {"amount_cents": 700})])
def test_every_version_becomes_the_present_one(version: int, body: dict[str, Any]) -> None:
    """Each step leads to the next version; the present one is left alone."""
    assert upcast("Paid", version, 3, body, STEPS) == {"amount_cents": 700}


def test_every_older_version_has_its_step() -> None:
    """Whoever raises a `VERSION` says how the one before it is read."""
    older = {(name, version) for name, present in VERSIONS.items() for version in range(1, present)}
    assert set(UPCASTERS) == older


@pytest.mark.parametrize("version", [0, -1, -999])
def test_version_that_never_was_is_unknown(version: int) -> None:
    """Versions begin with 1; what is below is no older version."""
    with pytest.raises(codec.UnknownType, match="never was"):
        codec.decode("HoldOrder", version, b"{}")
