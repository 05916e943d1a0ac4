"""
Bytes to message and back, in one place. Everything that is wrong with bytes is a `BadMessage` naming field
and reason.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec

from schemas import inputs
from schemas.commands import Command
from schemas.events import Event
from schemas.topics import CATALOGUE
from schemas.upcasters import UPCASTERS, upcast

Message = Command | Event

_encoder = msgspec.json.Encoder()
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_ENUM_VALUE = re.compile(r"(?<=enum value ).*(?= - at `)", re.DOTALL)
_TYPES: dict[str, type[Any]] = {kind.__name__: kind for topic in CATALOGUE for kind in topic.types}


class BadMessage(ValueError):
    """Bytes that are not a message of their declared type. Carries no value of the message, which may be personal."""


class UnknownType(BadMessage):
    """
    A type or version that this code does not know.

    `code` in the envelope tells whether newer code wrote it: then the process must not take it.
    """


def encode(message: msgspec.Struct) -> bytes:
    """The JSON of a message."""
    return _encoder.encode(message)


def is_known(name: str) -> bool:
    """Whether this code knows a type of this name."""
    return name in _TYPES


@cache
def _decoder(name: str, version: int) -> msgspec.json.Decoder[Any]:
    kind = _TYPES.get(name)
    if kind is None:
        raise UnknownType(f"type {name!r} is not known")
    if version > kind.VERSION:
        raise UnknownType(f"version {version} of {name} is newer than {kind.VERSION}")
    return msgspec.json.Decoder(kind)


def decode(name: str, version: int, body: bytes | str) -> Message:
    """
    The message of a type and version, lifted to the present one.

    Raises `UnknownType` for a type or version that is not known, `BadMessage` naming the field for the rest.
    Unknown fields are ignored: fields are only ever added.
    """
    decoder = _decoder(name, version)
    try:
        if version < _TYPES[name].VERSION:
            body = _lifted(name, version, body)
        message: Message = decoder.decode(body)
    except msgspec.ValidationError as error:
        raise BadMessage(f"{name}: {_ENUM_VALUE.sub('that is not known', str(error))}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadMessage(f"{name}: the body is not JSON in UTF-8") from None
    return message


def decode_from_outside(name: str, version: int, body: bytes) -> Message:
    """
    As `decode`, of a body that anybody may have written: judged as a whole, and without text that cannot be stored.

    Raises as `decode`. Who speaks in messages is a program that can be mended, so nothing is removed as from webhooks.
    """
    try:
        text = inputs.well_formed(body)
    except inputs.BadInput as error:
        raise BadMessage(f"{name}: {error}") from None
    if _NUL.search(text):
        raise BadMessage(f"{name}: a text holds NUL or a lone surrogate")
    return decode(name, version, text)


def _lifted(name: str, version: int, body: bytes | str) -> bytes:
    if (name, version) not in UPCASTERS:
        raise UnknownType(f"version {version} of {name} never was")
    lifted = upcast(name, version, _TYPES[name].VERSION, msgspec.json.decode(body, type=dict[str, Any]), UPCASTERS)
    return _encoder.encode(lifted)
