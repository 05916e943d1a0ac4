"""Any value of a type, for property tests: text of any characters, exact decimals, times to the microsecond."""

from __future__ import annotations

import dataclasses
import types
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from eventsourcing.domain import TAggregateID
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
"""Control characters, both directions, any plane; no NUL and no lone surrogate, which intake takes out."""

MANY = 3

PLAIN: dict[Any, SearchStrategy[Any]] = {
    UUID: st.uuids(),
    TAggregateID: st.uuids(),
    str: ANY_TEXT,
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**64 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bytes: st.binary(max_size=40),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
}


def any_of(kind: Any) -> SearchStrategy[Any]:
    """Any value of a type."""
    return _any_of(kind)


@cache
def _any_of(kind: Any) -> SearchStrategy[Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in PLAIN:
        return PLAIN[kind]
    if kind is type(None):
        return st.none()
    if origin in {Union, types.UnionType}:
        return st.one_of(*map(any_of, arguments))
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(any_of(arguments[0]), max_size=MANY).map(tuple)
    if origin is tuple:
        return st.tuples(*map(any_of, arguments))
    if origin is dict:
        return st.dictionaries(any_of(arguments[0]), any_of(arguments[1]), max_size=MANY)
    return st.builds(kind, **{name: any_of(hint) for name, hint in _fields(kind).items()})


def _fields(kind: Any) -> dict[str, Any]:
    """The fields of a message, a value, a stored event or a named tuple, with their types."""
    hints = get_type_hints(kind)
    if dataclasses.is_dataclass(kind):
        return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    if issubclass(kind, msgspec.Struct):
        return {field.name: hints[field.name] for field in msgspec.structs.fields(kind)}
    return {name: hints[name] for name in kind._fields}
