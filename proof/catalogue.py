"""Which proofs there are, in the order in which they run."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

MINUTE = 60


class Proof(NamedTuple):
    """
    One proof. `limit_seconds` is when the runner ends it, which is later than it should take: a machine that is slow
    still gets its figure. `claim` and `not_covered` are said by the proof's own module.
    """

    name: str
    limit_seconds: int = 8 * MINUTE
    by_default: bool = True

    @property
    def module(self) -> str:
        """The module that is run."""
        return f"proof.{self.name.replace('-', '_')}"

    @property
    def claim(self) -> str:
        """What is claimed."""
        return str(import_module(self.module).CLAIM)

    @property
    def not_covered(self) -> str:
        """What the claim does not say."""
        return str(import_module(self.module).NOT_COVERED)


PROOFS = (
    Proof("never-skips"),
    Proof("field-cases-1"),
    Proof("field-cases-2"),
    Proof("outside-client"),
    Proof("bad-input"),
    Proof("last-units"),
    Proof("viral-windows"),
    Proof("count-in-the-evening"),
    Proof("quota-shared"),
    Proof("buying-table"),
    Proof("latency"),
    Proof("ingress"),
    Proof("main-job"),
    Proof("peer-ratio"),
    Proof("rolling"),
    Proof("chaos", limit_seconds=25 * MINUTE),
    Proof("invariants", limit_seconds=15 * MINUTE),
    Proof("fresh-clone", limit_seconds=45 * MINUTE, by_default=False),
)
