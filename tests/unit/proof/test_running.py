"""A proof is believed only where its last line and its exit code agree, and the catalogue names what exists."""

from __future__ import annotations

from importlib import import_module
from random import Random

import pytest

from proof.catalogue import PROOFS, Proof
from proof.nemesis import FAULTS, shuffled
from proof.running import as_said


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: str(proof.name))
def test_each_proof_says_what_it_claims_and_what_not(proof: Proof) -> None:
    """Every proof of the catalogue has its module, with a claim, with what it does not cover, and with a measure."""
    assert proof.claim
    assert proof.not_covered
    assert callable(import_module(proof.module).measure)


def test_last_line_and_exit_code_agree() -> None:
    """Both say that it holds."""
    assert as_said('{"figure": 1, "holds": true}', 0) == {"figure": 1, "holds": True}


@pytest.mark.parametrize(("line", "exit_code"), [('{"holds": true}', 1), ('{"holds": false}', 0), ("no JSON", 0)])
def test_anything_else_does_not_hold(line: str, exit_code: int) -> None:
    """A claim does not hold where either of the two says so, or where there is no verdict."""
    assert as_said(line, exit_code)["holds"] is False


def test_faults_are_enough_and_repeated_by_their_seed() -> None:
    """A full run has at least twenty faults, each kind among them, in an order that the seed repeats."""
    kinds = shuffled(Random(7))
    assert len(kinds) >= 20
    assert set(kinds) == set(FAULTS)
    assert kinds == shuffled(Random(7))
