"""
`python -m proof` proves every claim in turn and writes docs/proof.md; `python -m proof NAME` proves one.

A run that ORDERS= or SECONDS= shortens is printed and not written down.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from proof.catalogue import PROOFS, Proof
from proof.machine import machine
from proof.page import Result, read, write
from proof.running import run
from proof.verdict import end_when_told

PAGE = Path("docs/proof.md")
SHORTENED_BY = ("ORDERS", "SECONDS")


def main(arguments: list[str]) -> int:
    """0 if every claim that was asked about holds."""
    end_when_told()
    asked = arguments[0].replace("_", "-") if arguments else ""
    chosen = [proof for proof in PROOFS if proof.name == asked or (not asked and proof.by_default)]
    if not chosen:
        print(f"there is no proof {asked!r}; there are {', '.join(proof.name for proof in PROOFS)}", file=sys.stderr)
        return 2
    holds = [_prove(proof) for proof in chosen]
    return 0 if all(holds) else 1


def _prove(proof: Proof) -> bool:
    shortened = {name: value for name in SHORTENED_BY if (value := os.environ.get(name))}
    command = " ".join([*(f"{name}={value}" for name, value in shortened.items()), f"make prove NAME={proof.name}"])
    print(f"\n== {command}", flush=True)
    started = datetime.now(UTC)
    said = run(proof)
    result = Result(
        proof=proof.name,
        command=command,
        at=started.isoformat(timespec="minutes"),
        took_seconds=round((datetime.now(UTC) - started).total_seconds()),
        machine=machine(),
        not_covered=proof.not_covered,
        said={"claim": proof.claim, **said},
    )
    print(f"== {proof.name}: {'holds' if result.holds else 'DOES NOT HOLD'}", flush=True)
    if not shortened:
        results = {**read(PAGE), proof.name: result}
        write(PAGE, [results[each.name] for each in PROOFS if each.name in results])
    return result.holds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
