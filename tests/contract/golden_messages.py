"""
One golden file per message and version, written once and kept for ever: `python -m tests.contract.golden_messages`.

It writes files that are missing and touches no other, those of stored events (`golden_stored.py`) and the list of what
each code number brought (`codes.py`) too. A golden file is what old records on a topic look like: whoever changes a
message so that its golden file no longer decodes has broken every consumer.
"""

from __future__ import annotations

import dataclasses
import types
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from eventsourcing.domain import TAggregateID

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
        return tuple(example(each, name, full=full) for each in arguments if each is not Ellipsis)
    if origin is dict:
        key = "term" if arguments[0] is str else example(arguments[0], name)
        return {key: example(arguments[1], name, full=full)}
    if isinstance(kind, type) and issubclass(kind, tuple):
        return kind(*(example(each, field, full=full) for field, each in get_type_hints(kind).items()))
    if dataclasses.is_dataclass(kind):
        return _example_event(kind, full=full)
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


def _example_event(kind: Any, *, full: bool) -> Any:
    """A stored event; of a field with a default the least form says nothing."""
    hints = get_type_hints(kind)
    return kind(
        **{
            field.name: example(hints[field.name], field.name, full=full)
            for field in dataclasses.fields(kind)
            if full or field.default is dataclasses.MISSING
        }
    )


PLAIN: dict[Any, Any] = {
    TAggregateID: lambda name: uuid5(NAMESPACE_URL, name),
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
    from tests.contract.codes import list_missing
    from tests.contract.golden_stored import write_missing_stored

    write_missing()
    write_missing_stored()
    list_missing()
