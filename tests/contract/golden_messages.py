"""
One golden file per message and version, written once and kept for ever: `python -m tests.contract.golden_messages`.

It writes files that are missing and touches no other. A golden file is what old records on a topic look like: whoever
changes a message so that its golden file no longer decodes has broken every consumer.
"""

from __future__ import annotations

import types
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from schemas.codec import encode
from schemas.topics import CATALOGUE

FOLDER = Path(__file__).parent / "golden"
KINDS: list[type[Any]] = [kind for topic in CATALOGUE for kind in topic.types]


class Golden(NamedTuple):
    """One file: a type's version, with every field (`full`) and with those that it must have (`least`)."""

    kind: type[Any]
    version: int

    @property
    def path(self) -> Path:
        """Where it lies."""
        return FOLDER / f"{self.kind.__name__}.v{self.version}.json"

    def forms(self) -> dict[str, bytes]:
        """Its two forms as they stand on the topic."""
        content: dict[str, msgspec.Raw] = msgspec.json.decode(self.path.read_bytes(), type=dict[str, msgspec.Raw])
        return {name: bytes(raw) for name, raw in content.items()}


def every() -> list[Golden]:
    """The golden files that must be there: each version that this code ever wrote."""
    return [Golden(kind, version) for kind in KINDS for version in range(1, kind.VERSION + 1)]


def example(kind: Any, name: str = "", *, full: bool = True) -> Any:
    """A value of a type, always the same for the same field."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return example(next(each for each in arguments if each is not type(None)), name, full=full)
    if origin is Literal:
        return arguments[-1]
    if origin is tuple:
        return (example(arguments[0], name, full=full),)
    if origin is dict:
        return {"term": example(arguments[1], name, full=full)}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        fields = [field for field in msgspec.structs.fields(kind) if full or field.required]
        # A truth value that is the default would not show on the wire.
        return kind(
            **{
                field.name: False if field.default is True else example(hints[field.name], field.name, full=full)
                for field in fields
            }
        )
    return PLAIN[kind](name)


PLAIN: dict[Any, Any] = {
    UUID: lambda name: uuid5(NAMESPACE_URL, name),
    str: lambda name: f"a {name} ☕",
    int: lambda name: 40 + len(name),
    float: lambda name: len(name) + 0.25,
    bool: lambda name: True,
    bytes: lambda name: name.encode() + b"\x00\xff",
    Decimal: lambda name: Decimal("19.90"),
    datetime: lambda name: datetime(2026, 3, 2, 12, 30, 15, 250_000, tzinfo=UTC),
}


def write_missing() -> list[Path]:
    """Write what is missing for the present versions, and return it."""
    FOLDER.mkdir(exist_ok=True)
    written = []
    for golden in every():
        if golden.version == golden.kind.VERSION and not golden.path.exists():
            forms = {name: msgspec.Raw(encode(example(golden.kind, full=name == "full"))) for name in ("full", "least")}
            golden.path.write_bytes(msgspec.json.format(msgspec.json.encode(forms)) + b"\n")
            written.append(golden.path)
    return written


if __name__ == "__main__":
    write_missing()
