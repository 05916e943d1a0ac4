"""
What stands on a topic can be read for ever.

`tests/contract/golden` holds one file per message and version, made once by `python -m tests.contract.golden_messages`.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from schemas import codec, commands, events, timers, topics
from schemas.commands import Command
from schemas.envelope import CODE, Envelope, from_headers, to_headers
from schemas.events import Event
from schemas.topics import CATALOGUE, MAX_RECORD_BYTES
from tests.contract.golden_messages import FOLDER, KINDS, Golden, every, example

each_golden = pytest.mark.parametrize("golden", every(), ids=lambda golden: golden.path.stem)
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def plain(body: bytes) -> Any:
    """JSON without its layout."""
    return msgspec.json.decode(body)


@each_golden
def test_golden_message_decodes_and_encodes_to_itself(golden: Golden) -> None:
    """What was once written is read today, and written again it is the same JSON."""
    for form in golden.forms().values():
        message = codec.decode(golden.kind.__name__, golden.version, form)
        assert type(message) is golden.kind
        assert plain(codec.encode(message)) == plain(form)


def test_golden_files_are_of_messages_that_exist() -> None:
    """A message that is taken away keeps its file, and then this test says that somebody still sends it."""
    assert {path.name for path in FOLDER.glob("*.json")} == {golden.path.name for golden in every()}


@each_kind
def test_unknown_fields_are_ignored(kind: type[Any]) -> None:
    """Fields are only ever added, so a reader of today meets those of tomorrow."""
    message = example(kind)
    more = msgspec.json.encode({**plain(codec.encode(message)), "added_tomorrow": {"x": [1]}})
    assert codec.decode(kind.__name__, kind.VERSION, more) == message


@each_kind
def test_message_round_trips(kind: type[Any]) -> None:
    """Encoded and decoded it is equal, with all fields and with the least."""
    for full in (True, False):
        message = example(kind, full=full)
        assert codec.decode(kind.__name__, kind.VERSION, codec.encode(message)) == message


@each_kind
def test_key_is_the_aggregate(kind: type[Any]) -> None:
    """A message is keyed by its first field, an id."""
    message = example(kind)
    assert kind.__struct_fields__[0].endswith("_id")
    assert topics.key_of(message) == str(getattr(message, kind.__struct_fields__[0]))


def test_every_message_stands_on_exactly_one_topic() -> None:
    """Each command and each event of `schemas` is listed once, and nothing else is."""
    listed = Counter(KINDS)
    said = {
        kind
        for module in (commands, events, timers)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, (Command, Event)) and kind not in {Command, Event}
    }
    assert set(listed) == said
    assert set(listed.values()) == {1}


def test_names_of_messages_differ() -> None:
    """A name alone tells the type, on whatever topic."""
    assert len({kind.__name__ for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("topic", CATALOGUE, ids=lambda topic: topic.name)
def test_topic_holds_commands_or_events(topic: topics.Topic) -> None:
    """Its name says which, and it has a reader and no underscore; events may have several."""
    for kind in topic.types:
        assert issubclass(kind, Command if ".commands." in topic.name else Event)
    assert len(topic.readers) == 1 or ".events." in topic.name
    assert "_" not in topic.name


def test_agents_have_names_of_their_own() -> None:
    """An agent's name is the key of its offset rows."""
    names = [name for topic in CATALOGUE for name in topic.readers]
    assert len(set(names)) == len(names)


@each_kind
def test_message_is_far_from_the_limit(kind: type[Any]) -> None:
    """A plain message is a small part of what a record may be."""
    assert len(codec.encode(example(kind))) < MAX_RECORD_BYTES / 1000


ENVELOPE = Envelope(
    id="E1 ☕",
    type="HoldOrder",
    source="tiktok.webhooks.v1:7490",
    time=datetime(2026, 3, 2, 12, 0, 0, 123_456, tzinfo=UTC),
    subject="subject",
    correlation_id="outside",
    causation_id="tiktok.webhooks.v1/3/17",
    payload_hash=b"\x00\xff" * 16,
)


@pytest.mark.parametrize(
    "envelope",
    [
        ENVELOPE,
        ENVELOPE._replace(payload_hash=b""),
        ENVELOPE._replace(epoch=2, log_position=7, previous_position=3),
        ENVELOPE._replace(epoch=2, log_position=1, previous_position=0, version=4, code=CODE + 5),
    ],
)
def test_envelope_round_trips(envelope: Envelope) -> None:
    """Headers give the same attributes back."""
    assert from_headers(to_headers(envelope)) == envelope


def test_envelope_speaks_cloudevents() -> None:
    """Binary mode of CloudEvents 1.0 over Kafka: every required attribute, by its name."""
    headers = dict(to_headers(ENVELOPE))
    assert headers["ce_specversion"] == b"1.0"
    assert {"ce_id", "ce_source", "ce_type", "ce_time", "ce_subject"} <= headers.keys()


def test_last_of_two_headers_counts() -> None:
    """As with every Kafka client that keeps headers in a map."""
    headers = [*to_headers(ENVELOPE), ("ce_id", b"E2")]
    assert from_headers(headers).id == "E2"
