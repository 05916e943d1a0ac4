"""What an agent takes of a batch: what is fresh, what is new, what makes sense."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from aggregates.event_store.consumer_offsets import Advance, Place
from schemas import codec
from schemas.commands import HoldOrder, RecordTracking
from schemas.envelope import CODE
from schemas.topics import ORDERS_COMMANDS
from streams.consuming import (
    NewerCode,
    PartitionBroken,
    Received,
    Slice,
    advances,
    decode,
    fresh,
    highest_position,
    is_new,
    with_value,
)
from tests.builders import an_order
from tests.records import ARecord, an_envelope, carrying, relayed

HOLD = HoldOrder(order_id=UUID(int=1), reason="look at it")


def records(*offsets: int) -> list[ARecord]:
    """Records at these offsets."""
    return [ARecord(ORDERS_COMMANDS, offset=offset) for offset in offsets]


def received(position: int | None, previous: int = 0) -> Received:
    """A decoded record with a place in the log."""
    envelope = an_envelope(HOLD, log_position=position, previous_position=previous)
    return Received(carrying(HOLD), envelope, HOLD)


# fresh


def test_batch_that_starts_at_the_place_is_taken_whole() -> None:
    """Records from the next offset on, without a hole, are all fresh."""
    assert fresh(records(5, 6, 7), Place(5, 0)) == (records(5, 6, 7), None)


def test_records_before_the_place_are_dropped() -> None:
    """What lies before the next offset was processed."""
    assert fresh(records(3, 4, 5, 6), Place(5, 0)) == (records(5, 6), None)


def test_batch_of_repeats_is_nothing() -> None:
    """A batch that lies wholly before the place leaves nothing, and is no gap."""
    assert fresh(records(3, 4), Place(5, 0)) == ([], None)


def test_batch_that_starts_behind_the_place_is_a_gap() -> None:
    """Nothing is taken over a hole; the offset behind it is told."""
    assert fresh(records(7, 8), Place(5, 0)) == ([], 7)


def test_batch_is_taken_up_to_its_gap() -> None:
    """What comes before a hole is taken, what comes after it is not."""
    assert fresh(records(5, 6, 9, 10), Place(5, 0)) == (records(5, 6), 9)


# is_new


def test_message_without_position_is_new() -> None:
    """What did not come from the log is told apart by the inbox, not here."""
    assert is_new(received(None), 99, equal_is_new=False)


def test_position_above_the_seen_one_is_new() -> None:
    """The log only grows."""
    assert is_new(received(8, previous=7), 7, equal_is_new=False)


def test_position_below_the_seen_one_is_a_repeat() -> None:
    """The relay sends again after a crash; what was seen is dropped."""
    assert not is_new(received(6, previous=5), 7, equal_is_new=True)


@pytest.mark.parametrize("equal_is_new", [True, False])
def test_equal_position_is_for_the_reader_to_judge(*, equal_is_new: bool) -> None:
    """Several commands may follow one event, and one public event only."""
    assert is_new(received(7, previous=6), 7, equal_is_new=equal_is_new) is equal_is_new


def test_message_that_follows_one_that_never_came_breaks_the_partition() -> None:
    """A record that names a predecessor above the seen position says that a record was lost."""
    with pytest.raises(PartitionBroken, match="position 9 was sent and never came"):
        is_new(received(10, previous=9), 7, equal_is_new=True)


def test_unknown_seen_position_believes_any_predecessor() -> None:
    """Before an agent has seen anything it cannot miss anything."""
    assert is_new(received(10, previous=9), -1, equal_is_new=True)


# decode


def test_record_decodes_to_its_message() -> None:
    """Headers and value give the message and its envelope."""
    order = an_order().record()
    one = decode(carrying(order, id="E1"))
    assert one.message == order
    assert one.envelope.id == "E1"


def test_record_without_value_is_counted_and_passed() -> None:
    """A tombstone means nothing here, and what stands beside it is kept."""

    def counted() -> float:
        return REGISTRY.get_sample_value("creatorflow_records_without_value_total", {"agent": "orders.decide"}) or 0.0

    before = counted()
    batch = records(0, 1, 2)
    batch[1].value = None
    assert [record.offset for record in with_value("orders.decide", batch)] == [0, 2]
    assert counted() - before == 1


BODY = carrying(HOLD).value or b""


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "not JSON"),
        (b'{"reason": "x", ' + BODY[1:], "reason: is there twice"),
        (BODY[:-1] + b', "more": ' + b"[" * 40 + b"]" * 40 + b"}", "deeper"),
        (BODY[:-1] + b', "more": "\xff"}', "UTF-8"),
        (BODY.replace(b"look", b"lo\\u0000ok"), "NUL"),
        (BODY.replace(b"look", b"lo\\ud800ok"), "surrogate"),
    ],
)
def test_message_that_the_relay_did_not_send_is_judged_as_a_whole(value: bytes, reason: str) -> None:
    """Anybody may have written it; a program that speaks in messages is mended, its text is not."""
    with pytest.raises(codec.BadMessage, match=reason):
        decode(replace(carrying(HOLD), value=value))


def test_escaped_backslash_before_u0000_is_no_nul() -> None:
    """The name of an escape is text like any other."""
    one = decode(replace(carrying(HOLD), value=BODY.replace(b"look", b"lo\\\\u0000ok")))
    assert one.message.reason == "lo\\u0000ok at it"


def test_reason_quotes_no_value() -> None:
    """A value that is none of those that are known may be anything, even a name."""
    moved = RecordTracking(
        order_id=HOLD.order_id,
        shipment_id=HOLD.order_id,
        status="77 Marker Street' - at `$.x`",  # type: ignore[arg-type]
        occurred_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    with pytest.raises(codec.BadMessage) as refused:
        decode(carrying(moved))
    assert "Marker" not in str(refused.value)
    assert "status" in str(refused.value)


@pytest.mark.parametrize(
    "missing",
    ["ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_correlationid", "ce_dataschema", "ce_code"],
)
def test_missing_header_is_named(missing: str) -> None:
    """A record without one of its attributes is bad, and the reason says which."""
    whole = carrying(HOLD)
    headers = [header for header in whole.headers if header[0] != missing]
    with pytest.raises(codec.BadMessage, match=missing):
        decode(ARecord(whole.topic, value=whole.value, headers=headers))


@pytest.mark.parametrize(
    "header",
    [
        ("ce_time", b"yesterday"),
        ("ce_code", b"one"),
        ("ce_dataschema", b"HoldOrder:first"),
        ("ce_dataschema", b"HoldOrder"),
        ("ce_id", b"\xff\xfe"),
        ("ce_logposition", b"far"),
    ],
)
def test_header_that_does_not_parse_is_bad(header: tuple[str, bytes]) -> None:
    """A malformed attribute is a bad record, never another exception; it is named, its value is not."""
    whole = relayed(HOLD, 0, position=1)
    with pytest.raises(codec.BadMessage, match=rf"^header {header[0]} does not parse$"):
        decode(ARecord(whole.topic, value=whole.value, headers=[*whole.headers, header]))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe{}", b"[]", b'{"order_id": 7}', b"{\x00}"])
def test_body_that_is_no_message_is_bad(body: bytes) -> None:
    """Whatever is wrong with the bytes is one kind of error."""
    whole = carrying(HOLD)
    with pytest.raises(codec.BadMessage):
        decode(ARecord(whole.topic, value=body, headers=whole.headers))


def test_type_that_nobody_knows_is_bad() -> None:
    """Code of our own number wrote a type that does not exist: something is wrong with the record."""
    with pytest.raises(codec.UnknownType):
        decode(carrying(HOLD, type="Nonsense"))


@pytest.mark.parametrize("other", [{"type": "SomethingNew"}, {"version": 2}])
def test_type_that_newer_code_wrote_must_not_be_taken(other: dict[str, Any]) -> None:
    """A type or version from a later release stops the process before it passes the record."""
    with pytest.raises(NewerCode):
        decode(carrying(HOLD, code=CODE + 1, **other))


def test_newer_code_may_write_what_we_know() -> None:
    """A later release that writes a known type is understood."""
    assert decode(carrying(HOLD, code=CODE + 1)).message == HOLD


# advances


def test_row_moves_past_every_record_of_its_slice() -> None:
    """The move starts at the place, ends behind the last record, and carries the highest position."""
    at = datetime.now(UTC)
    part = Slice(2, Place(5, 1), [relayed(HOLD, 5, 11, time=at), relayed(HOLD, 6, 12, 11, time=at)])
    assert advances([part]) == [Advance(2, 5, 7, 12)]


def test_positions_of_records_without_one_are_zero() -> None:
    """A record from outside has no place in the log."""
    assert highest_position([carrying(HOLD)]) == 0


@pytest.mark.parametrize("position", [b"far", b"", b"\xff", b"-5", b"9" * 30])
def test_position_that_does_not_parse_is_no_position(position: bytes) -> None:
    """A malformed log position must not stop the row from moving past its record."""
    assert highest_position([ARecord(ORDERS_COMMANDS, headers=[("ce_logposition", position)])]) == 0
