"""CloudEvents 1.0 attributes in binary mode, with the store's epoch and log position beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

Headers = Sequence[tuple[str, bytes]]

MAX_ATTRIBUTE_BYTES = 500
"""Two of them make an index key, of which PostgreSQL takes 2,700 bytes."""

POSITION_HEADERS = frozenset({"ce_epoch", "ce_logposition", "ce_previousposition"})
"""The place in the log of what the relay sent; everything else has none."""

CODE = 2
"""
This code's number. Every release that adds a type or a version raises it by one; `tests/contract/codes.json` says which
number brought what.
"""


class Envelope(NamedTuple):
    """
    What travels beside a message.

    `id` names the message, `causation_id` the message or call that led to it, `correlation_id` the outside
    event at the start of the chain. `log_position` and `previous_position` (the one sent to the same
    partition before) are set on what the relay sends and None on everything else. `payload_hash` is of the bytes
    that the
    outside sent, where a message stands for them: what was sealed in between differs every time.
    """

    id: str
    type: str
    source: str
    time: datetime
    subject: str
    correlation_id: str
    causation_id: str
    version: int = 1
    code: int = CODE
    epoch: int | None = None
    log_position: int | None = None
    previous_position: int | None = None
    payload_hash: bytes = b""


def to_headers(envelope: Envelope) -> list[tuple[str, bytes]]:
    """The Kafka headers of an envelope."""
    headers = [
        *_of_type(envelope.type, envelope.version, envelope.source, envelope.code),
        ("ce_id", envelope.id.encode()),
        ("ce_time", envelope.time.isoformat().encode()),
        ("ce_subject", envelope.subject.encode()),
        ("ce_correlationid", envelope.correlation_id.encode()),
        ("ce_causationid", envelope.causation_id.encode()),
    ]
    if envelope.payload_hash:
        headers.append(("ce_payloadhash", envelope.payload_hash))
    if envelope.log_position is not None:
        headers += [
            ("ce_epoch", b"%d" % (envelope.epoch or 0)),
            ("ce_logposition", b"%d" % envelope.log_position),
            ("ce_previousposition", b"%d" % (envelope.previous_position or 0)),
        ]
    return headers


@lru_cache(maxsize=1000)
def _of_type(name: str, version: int, source: str, code: int) -> tuple[tuple[str, bytes], ...]:
    """The headers that all messages of one type from one source share."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_type", name.encode()),
        ("ce_source", source.encode()),
        ("ce_dataschema", b"%s:%d" % (name.encode(), version)),
        ("ce_code", b"%d" % code),
    )


def from_headers(headers: Headers) -> Envelope:
    """
    The envelope of a record.

    Raises `KeyError` naming the missing header, or `ValueError` for one that does not parse. Where a header
    comes twice the last one counts.
    """
    found = dict(headers)
    _name, _, version = found["ce_dataschema"].partition(b":")
    position = found.get("ce_logposition")
    return Envelope(
        id=_text(found["ce_id"]),
        type=_text(found["ce_type"]),
        source=_text(found["ce_source"]),
        time=datetime.fromisoformat(found["ce_time"].decode()),
        subject=_text(found["ce_subject"]),
        correlation_id=_text(found["ce_correlationid"]),
        causation_id=_text(found["ce_causationid"]),
        version=int(version),
        code=int(found["ce_code"]),
        epoch=None if position is None else int(found["ce_epoch"]),
        log_position=None if position is None else _position(position),
        previous_position=None if position is None else _position(found["ce_previousposition"]),
        payload_hash=found.get("ce_payloadhash", b""),
    )


def odd_header(headers: Headers) -> str:
    """The name of the attribute on which `from_headers` fails: its own words would quote the value."""
    parts: dict[str, Callable[[bytes], object]] = {
        **dict.fromkeys(("ce_id", "ce_type", "ce_source", "ce_subject", "ce_correlationid", "ce_causationid"), _text),
        **dict.fromkeys(("ce_logposition", "ce_previousposition"), _position),
        **dict.fromkeys(("ce_code", "ce_epoch"), int),
        "ce_dataschema": lambda value: int(value.partition(b":")[2]),
        "ce_time": lambda value: datetime.fromisoformat(value.decode()),
    }
    found = dict(headers)
    for name, read in parts.items():
        try:
            read(found.get(name, b""))
        except ValueError:
            if name in found:
                return name
    return "ce_?"


def _text(value: bytes) -> str:
    """An attribute that can be stored and indexed."""
    if len(value) > MAX_ATTRIBUTE_BYTES or b"\x00" in value:
        raise ValueError(f"an attribute has at most {MAX_ATTRIBUTE_BYTES} bytes, none of them NUL")
    return value.decode()


def _position(value: bytes) -> int:
    if not value.isdigit() or int(value) >= 2**63:
        raise ValueError("a log position is a whole number of at most 63 bits")
    return int(value)
