"""
Which code number brought which types and versions: `codes.json`, kept by `python -m tests.contract.golden_messages`.

A number up to `released` is in use somewhere: its list is closed, and what is new waits for a higher `CODE`. Whoever
releases sets `released` to it.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from aggregates.publication import STORED
from schemas.envelope import CODE
from tests.contract.golden_messages import KINDS
from tests.contract.golden_stored import version_of

FILE = Path(__file__).parent / "codes.json"


class Codes(msgspec.Struct):
    """The file: the highest released number, and what each number brought."""

    released: int
    brought: dict[int, list[str]]


class CodeIsReleased(Exception):
    """Something is new, and the number it would come under is in use already."""


def read() -> Codes:
    """What stands in the file."""
    return msgspec.json.decode(FILE.read_bytes(), type=Codes)


def written_now() -> set[str]:
    """Every type and version that this code writes; a stored event by its stored name."""
    return {f"{kind.__name__}:{kind.VERSION}" for kind in KINDS} | {
        f"{topic}:{version_of(kind)}" for topic, kind in STORED.items()
    }


def not_listed(codes: Codes) -> set[str]:
    """What no number brought."""
    return written_now() - {each for brought in codes.brought.values() for each in brought}


def with_missing(codes: Codes, code: int) -> Codes:
    """The list with what is new under this number. Raises `CodeIsReleased`."""
    missing = not_listed(codes)
    if missing and code <= codes.released:
        raise CodeIsReleased(
            f"raise CODE in schemas/envelope.py above {codes.released} for {', '.join(sorted(missing))}"
        )
    brought = {**codes.brought, code: sorted({*codes.brought.get(code, []), *missing})}
    return Codes(codes.released, dict(sorted(brought.items())))


def list_missing() -> None:
    """Write what is new under the present number."""
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(with_missing(read(), CODE)), indent=1) + b"\n")
